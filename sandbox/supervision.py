"""The sandbox's one supervisor: supervisord with a configuration made from the table of parts.

It restarts a part that dies, gives up on one that keeps dying, rotates the logs, and is spoken to over a Unix socket
that only its owner may open. What is said to it, and what it answers, is narrowed here: the library is not typed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Generator, Iterable
from configparser import ConfigParser
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypedDict, cast
from xmlrpc.client import Fault, ServerProxy  # its only peer is our own supervisor, on a private socket

from supervisor.xmlrpc import SupervisorTransport  # pyright: ignore[reportUnknownVariableType]  # not typed

from sandbox.errors import SandboxError
from sandbox.home import SandboxHome
from sandbox.part import GRACE_SECONDS
from sandbox.parts import PARTS, Part
from sandbox.processes import PART_MARK, ROOT_MARK

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder from which the parts import their code."""

_LONGEST_SOCKET_PATH = 100
"""In bytes: the kernel takes 107, and supervisord adds its process id while it makes the socket."""

_KEPT_VARIABLES = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LANDING_TOOLS")
"""What the parts get of the caller's environment: not its AWS profile, its proxies or its Pulumi settings."""


class State(StrEnum):
    """What supervisord says of a process."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True)
class Process:
    """A part's process as the supervisor sees it."""

    state: State
    pid: int | None
    uptime_seconds: int | None


class _Info(TypedDict):
    name: str
    statename: str
    pid: int
    start: int
    now: int


class _Calls(Protocol):
    """The calls of supervisord's interface that are used here."""

    def getState(self) -> object: ...  # noqa: N802  # the names are supervisord's
    def getAllProcessInfo(self) -> list[_Info]: ...  # noqa: N802
    def startProcess(self, name: str, wait: bool, /) -> bool: ...  # noqa: N802, FBT001
    def stopProcess(self, name: str, wait: bool, /) -> bool: ...  # noqa: N802, FBT001
    def shutdown(self) -> bool: ...


class Supervisor:
    """The supervisor of one sandbox, whether it runs or not."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._folder = home.folder("supervisor")

    def is_running(self) -> bool:
        """Say whether the supervisor answers."""
        try:
            with self._connected() as supervisor:
                supervisor.getState()
        except (OSError, Fault):
            return False
        return True

    def launch(self) -> None:
        """Start the supervisor as a daemon with no part running; returns when it answers, or raises SandboxError."""
        self.forget_socket()
        configuration = self._write_configuration()
        environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        done = subprocess.run(  # noqa: S603  # nothing of a stranger's is in the command
            [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(configuration)],
            env={**environment, ROOT_MARK: str(self._home.root), "PYTHONUNBUFFERED": "1"},
            cwd=self._home.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SandboxError(f"the sandbox's supervisor did not start: {(done.stderr or done.stdout).strip()}")

    def processes(self) -> dict[str, Process]:
        """Give the process of each part by the part's name; none when the supervisor does not run."""
        try:
            with self._connected() as supervisor:
                return {info["name"]: _process(info) for info in supervisor.getAllProcessInfo()}
        except OSError:
            return {}

    def start(self, parts: Iterable[Part]) -> None:
        """Start parts that do not run, without waiting until they are ready."""
        for part in parts:
            with self._connected() as supervisor, suppress(Fault):  # it is faster, or the part's state will tell
                supervisor.startProcess(_full_name(part), False)

    def stop(self, parts: Collection[Part]) -> None:
        """Stop parts that run, those that wait for others first; returns when they have ended."""
        for part in sorted(parts, key=lambda part: not part.waits_for):
            with self._connected() as supervisor, suppress(Fault):  # the part does not run
                supervisor.stopProcess(_full_name(part), True)

    def shut_down(self) -> None:
        """Tell the supervisor to stop all parts and to end; returns at once, also when it does not run."""
        with suppress(OSError, Fault), self._connected() as supervisor:
            supervisor.shutdown()

    def forget_socket(self) -> None:
        """Remove the folder outside of the sandbox's own that a socket with a long path needed, if there is one."""
        note = self._folder / "socket"
        if note.exists():
            shutil.rmtree(Path(note.read_text()).parent, ignore_errors=True)
            note.unlink()

    @contextmanager
    def _connected(self) -> Generator[_Calls]:
        transport = SupervisorTransport(serverurl=f"unix://{self._socket()}")
        with ServerProxy("http://supervisor", transport=transport) as server:
            yield cast("_Calls", server.supervisor)

    def _socket(self) -> Path:
        inside = self._folder / "control.sock"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
            return inside
        note = self._folder / "socket"
        if not note.exists():
            temporary = tempfile.gettempdir()
            short = temporary if len(temporary) < _LONGEST_SOCKET_PATH // 2 else "/tmp"  # noqa: S108  # mkdtemp's is private
            note.write_text(str(Path(tempfile.mkdtemp(prefix="landing-", dir=short)) / "control.sock"))
        return Path(note.read_text())

    def _write_configuration(self) -> Path:
        written = ConfigParser(interpolation=None)
        written["supervisord"] = {
            "identifier": "landing-sandbox",
            "pidfile": _escaped(self._folder / "supervisord.pid"),
            "logfile": _escaped(self._home.log("supervisor")),
            "logfile_maxbytes": "1MB",
            "logfile_backups": "1",
            "childlogdir": _escaped(self._folder),
            "minfds": "512",
        }
        if os.getuid() == 0:
            written["supervisord"]["user"] = "root"  # meant so: without it, a warning
        written["unix_http_server"] = {"file": _escaped(self._socket()), "chmod": "0600"}
        written["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        for priority, group in enumerate(("first", "second"), start=1):
            members = [part.name for part in PARTS if _group(part) == group]
            written[f"group:{group}"] = {"programs": ",".join(members), "priority": str(priority)}
        for part in PARTS:
            written[f"program:{part.name}"] = self._program(part)
        file = self._folder / "supervisord.conf"
        with file.open("w") as stream:
            written.write(stream)
        return file

    def _program(self, part: Part) -> dict[str, str]:
        command = shlex.join([sys.executable, "-m", "sandbox.part", part.name, str(self._home.root)])
        return {
            "command": _escaped(command),
            "directory": _escaped(CHECKOUT),
            "environment": f'{PART_MARK}="{part.name}"',
            "autostart": "false",
            "autorestart": "true",
            "startsecs": "10",  # imports take seconds: what dies within them has failed to start
            "startretries": "3",
            "stopsignal": "TERM",
            "stopwaitsecs": f"{GRACE_SECONDS:.0f}",
            "stopasgroup": "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            # From the root, where the supervisor starts: it expands this value twice, so a % in it cannot be escaped.
            "stdout_logfile": str(self._home.log(part.name).relative_to(self._home.root)),
            "stdout_logfile_maxbytes": "5MB",
            "stdout_logfile_backups": "2",
        }


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def _group(part: Part) -> str:
    """Name the part's group: the second is stopped before the first."""
    return "second" if part.waits_for else "first"


def _full_name(part: Part) -> str:
    return f"{_group(part)}:{part.name}"


def _process(info: _Info) -> Process:
    runs = info["pid"] > 0
    return Process(
        state=State(info["statename"]),
        pid=info["pid"] if runs else None,
        uptime_seconds=info["now"] - info["start"] if runs else None,
    )
