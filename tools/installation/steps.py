"""Run the steps of set-up: output goes to a log, progress to the terminal, a failure into one sentence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_HEARTBEAT_SECONDS = 15.0
_LINES_OF_A_FAILURE = 12


class SetupError(Exception):
    """A step that failed; the message says which, why, and what to do."""


def say(text: str) -> None:
    """Tell the person in front of the terminal, at once."""
    print(f"set-up: {text}", flush=True)


def answer(
    *command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> str | None:
    """Ask a program something quick: what it printed, or None where it is not there or ends with an error."""
    try:
        said = subprocess.run(  # noqa: S603  # our own commands, of fixed words and our own paths
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of set-up and what to tell about it."""

    title: str
    """What it does, as in `packages: installing`."""
    usually: str
    """How long it takes where nothing is cached, as in `about 20 s`."""
    command: Sequence[str | Path]
    log: Path
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    counts: str | None = None
    """What each line of its output stands for, as in `packages compiled`; None where lines mean nothing."""

    async def run(self) -> None:
        """Run it to its end; SetupError where it does not end well. Its processes end with it, whatever ends it."""
        say(f"{self.title} ({self.usually})")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with self.log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                close_fds=False,  # a set-up that is killed leaves its lock to the step that it has begun
            )
            try:
                code = await self._wait(process, started)
            finally:
                _end(process)
        if code != 0:
            raise SetupError(f"{self.title} failed (exit code {code}); {self.log} ends with:\n{self._last_lines()}")
        say(f"{self.title}: done in {time.monotonic() - started:.0f} s")

    async def _wait(self, process: asyncio.subprocess.Process, started: float) -> int:
        ended = asyncio.ensure_future(process.wait())
        try:
            while not (await asyncio.wait({ended}, timeout=_HEARTBEAT_SECONDS))[0]:
                lines = self.log.read_bytes().count(b"\n") if self.counts else 0
                so_far = f", {lines} {self.counts}" if lines else ""
                say(f"{self.title}: {time.monotonic() - started:.0f} s{so_far}")
            return ended.result()
        finally:
            ended.cancel()

    def _last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-_LINES_OF_A_FAILURE:])


def _end(process: asyncio.subprocess.Process) -> None:
    """End a step's whole process group, where any of it is left."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
