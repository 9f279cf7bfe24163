"""Which of this machine's processes belong to a sandbox, and how much memory they hold.

Every process of a sandbox carries the sandbox's root in its environment, and hands it on to its children. That mark
outlives what process groups and parents do not: a flow run has a session of its own, and a child whose parent was
killed belongs to nobody. Read from /proc, so on Linux; elsewhere no process is found and no memory is known.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

ROOT_MARK = "LANDING_SANDBOX_ROOT"
"""Environment variable that names the root folder of the sandbox to which a process belongs."""

PART_MARK = "LANDING_SANDBOX_PART"
"""Environment variable that names the part to which a process belongs."""

_PROC = Path("/proc")
_KIB = 1024


def find(root: Path, part: str | None = None) -> frozenset[int]:
    """Give the ids of the living processes of the sandbox in `root`, or of one of its parts; never our own."""
    wanted = {f"{ROOT_MARK}={root}".encode()}
    if part is not None:
        wanted.add(f"{PART_MARK}={part}".encode())
    found: set[int] = set()
    for entry in _PROC.glob("[0-9]*"):
        # A process may end while it is looked at, and those of other users are not ours to read.
        with suppress(OSError):
            if wanted <= set((entry / "environ").read_bytes().split(b"\0")):
                found.add(int(entry.name))
    return frozenset(found - {os.getpid()})


def end(root: Path, part: str | None = None, *, grace: float) -> frozenset[int]:
    """End the processes that `find` gives: ask first, and insist after `grace` seconds. Gives those that were there."""
    there = find(root, part)
    if there and grace > 0:
        _signal(there, signal.SIGTERM)
        _wait_until_gone(root, part, seconds=grace)
    if left := find(root, part):
        _signal(left, signal.SIGKILL)
        _wait_until_gone(root, part, seconds=5)
    return there


def memory(pids: Iterable[int]) -> int | None:
    """Give the bytes that these processes hold, pages that they share counted by share (PSS); None where unknown."""
    total: int | None = None
    for pid in pids:
        with suppress(OSError):
            for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total = (total or 0) + int(line.split()[1]) * _KIB
    return total


def holder_of_port(port: int) -> str | None:
    """Say which process listens on the loopback `port`, as 'name (pid N)', where that can be read."""
    inodes = {
        fields[9]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, _read(_PROC / "net" / table).splitlines()[1:])
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port
    }
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for entry in _PROC.glob("[0-9]*") if sockets else ():
        with suppress(OSError):
            if any(str(descriptor.readlink()) in sockets for descriptor in (entry / "fd").iterdir()):
                return f"{_read(entry / 'comm').strip()} (pid {entry.name})"
    return None


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait_until_gone(root: Path, part: str | None, *, seconds: float) -> None:
    Retrying(
        retry=retry_if_result(bool),
        wait=wait_fixed(0.05),
        stop=stop_after_delay(seconds),
        retry_error_callback=lambda _: None,
    )(find, root, part)
