"""Bring the sandbox up, take it down, and say how it is: what the command line does, without its words."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from sandbox import processes
from sandbox.errors import SandboxError
from sandbox.free_ports import require_free_ports
from sandbox.home import SandboxHome
from sandbox.part import GRACE_SECONDS
from sandbox.parts import Part
from sandbox.supervision import Process, State, Supervisor

READY_SECONDS = 90.0
"""How long all parts may take to be ready, on a slow or busy machine."""

_LAST_LINES = 15
_FAILED = frozenset({State.BACKOFF, State.EXITED, State.FATAL})
_AT_REST = frozenset({State.STOPPED, State.EXITED, State.FATAL})


@dataclass(frozen=True, kw_only=True)
class Survey:
    """How a part is at this moment."""

    part: Part
    process: Process | None
    ready: bool
    memory_bytes: int | None


def up(home: SandboxHome, parts: Collection[Part], on_ready: Callable[[Part], None]) -> bool:
    """Start the parts that do not run, and return when all are ready; False if they all were.

    `on_ready` hears of each part when it is ready. When SandboxError or an interrupt ends this, what it started is
    stopped again.
    """
    supervisor = Supervisor(home)
    with _alone(home):
        launched = not supervisor.is_running()
        running = supervisor.processes()
        if not launched and any(part.name not in running for part in parts):
            raise SandboxError("the sandbox that runs is another version's: run `python -m sandbox down` first")
        resting = [part for part in parts if launched or running[part.name].state in _AT_REST]
        if launched:
            processes.end(home.root, grace=GRACE_SECONDS)  # of a supervisor that was killed
        try:
            require_free_ports(home.ports, resting)
            if launched:
                supervisor.launch()
            supervisor.start(resting)
            _wait_until_ready(home, supervisor, parts, on_ready)
        except BaseException:
            if launched:
                _end(home, supervisor)
            else:
                supervisor.stop(resting)
            raise
    return bool(resting)


def down(home: SandboxHome) -> bool:
    """Stop everything and return when no process is left; False if nothing ran. What the parts keep stays."""
    with _alone(home):
        return _end(home, Supervisor(home))


def survey(home: SandboxHome, parts: Collection[Part]) -> list[Survey]:
    """Look at each part."""
    seen = Supervisor(home).processes()
    return [
        Survey(
            part=part,
            process=seen.get(part.name),
            ready=part.name in seen and seen[part.name].pid is not None and part.ready(home),
            memory_bytes=processes.memory(processes.find(home.root, part.name)),
        )
        for part in parts
    ]


def _wait_until_ready(
    home: SandboxHome, supervisor: Supervisor, parts: Collection[Part], on_ready: Callable[[Part], None]
) -> None:
    waiting = list(parts)

    def look() -> list[Part]:
        seen = supervisor.processes()
        for part in tuple(waiting):
            process = seen.get(part.name)
            if process is None or process.state in _FAILED:
                raise SandboxError(f"the sandbox's '{part.name}' does not start.{_last_lines(home.log(part.name))}")
            if process.pid is not None and part.ready(home):
                waiting.remove(part)
                on_ready(part)
        return waiting

    try:
        Retrying(retry=retry_if_result(bool), wait=wait_fixed(0.1), stop=stop_after_delay(READY_SECONDS))(look)
    except RetryError as error:
        late = ", ".join(f"'{part.name}'" for part in waiting)
        raise SandboxError(
            f"after {READY_SECONDS:.0f} s the sandbox's {late} is not ready.{_last_lines(home.log(waiting[0].name))}"
        ) from error


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:] if log.exists() else []
    return "".join(f"\n  {line}" for line in (f"the last lines of {log}:", *lines))


def _end(home: SandboxHome, supervisor: Supervisor) -> bool:
    ran = supervisor.is_running() or processes.find(home.root)
    supervisor.shut_down()
    _wait_for_supervisor(supervisor)
    left = processes.end(home.root, grace=GRACE_SECONDS)
    supervisor.forget_socket()
    return bool(ran or left)


def _wait_for_supervisor(supervisor: Supervisor) -> None:
    Retrying(
        retry=retry_if_result(bool),
        wait=wait_fixed(0.05),
        stop=stop_after_delay(2 * GRACE_SECONDS + 2),  # two groups of parts, one after the other
        retry_error_callback=lambda _: None,
    )(supervisor.is_running)


@contextmanager
def _alone(home: SandboxHome) -> Generator[None]:
    """Let one command at a time start or stop this sandbox."""
    descriptor = os.open(home.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
