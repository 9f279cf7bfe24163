"""Run the Pulumi engine on the `dev` stack as a person would, and read what it says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from sandbox.home import SandboxHome
from tools.workspace import process_environment

STACK = "dev"


class EngineError(Exception):
    """A Pulumi command failed; the message is what it said."""


class Engine:
    """Pulumi commands on one stack of one checkout."""

    def __init__(self, checkout: Path, home: SandboxHome, stack: str = STACK) -> None:
        self._checkout = checkout
        self.stack = stack
        self._environment = process_environment(checkout, home)

    def run(self, *arguments: str, log: Path | None = None) -> str:
        """Run a command to its end and give what it printed; also kept in `log`.

        Raises EngineError with the engine's own words when it fails.
        """
        ended = self._run(arguments)
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(ended.stdout + ended.stderr)
        if ended.returncode:
            raise EngineError((ended.stdout + ended.stderr).strip())
        return ended.stdout

    def select(self) -> None:
        """Select the stack, made when it is not there yet."""
        self.run("stack", "select", "--create", self.stack)

    def outputs(self) -> dict[str, Any]:
        """Give the stack's outputs."""
        return cast("dict[str, Any]", json.loads(self.run("stack", "output", "--json", "--stack", self.stack)))

    def state(self) -> dict[str, Any]:
        """Give the stack's state as the backend holds it."""
        return cast("dict[str, Any]", json.loads(self.run("stack", "export", "--stack", self.stack)))

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # our own words
            [str(self._checkout / ".tools" / "bin" / "pulumi"), "--non-interactive", "--color", "never", *arguments],
            cwd=self._checkout,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
        )
