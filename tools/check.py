"""Run the checks of this checkout: `python -m tools.check` the fast part, with `--all` the whole suite.

The type checker takes as long as the other fast checks together and keeps one core busy, so the two run side by side.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: its name and the program that makes it."""

    name: str
    command: Sequence[str]
    tells: bool = False
    """Whether what it says is worth reading when it passes."""
    live: bool = False
    """Whether what it says is shown as it comes: for a long one that runs alone. Else it comes in one piece."""

    def passes(self) -> bool:
        """Run it, print what it says and how long it took, and tell whether it passed."""
        started = time.monotonic()
        ran = subprocess.run(  # noqa: S603  # our own commands, of fixed words
            [_PROGRAMS / self.command[0], *self.command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=None if self.live else subprocess.PIPE,
            stderr=None if self.live else subprocess.STDOUT,
            check=False,
            text=True,
        )
        passed = ran.returncode == 0
        print(f"== {'passed' if passed else 'FAILED'}: {self.name} ({time.monotonic() - started:.0f} s)")
        print(ran.stdout if ran.stdout and (self.tells or not passed) else "", end="", flush=True)
        return passed


TYPES = Check(name="types", command=["basedpyright"])
QUICK = [
    Check(name="format", command=["ruff", "format", "--check", "--quiet"]),
    Check(name="lint", command=["ruff", "check", "--quiet"]),
    Check(name="imports", command=["lint-imports"]),
    Check(
        name="unit, components and providers",
        command=["pytest", "-q", "-n", "2", "tests/unit", "tests/components", "tests/providers"],
        tells=True,
    ),
]
ON_THE_SANDBOX = Check(
    name="sandbox and e2e",
    command=["pytest", "-n", "2", "--dist", "loadfile", "tests/sandbox", "tests/e2e"],
    live=True,
)
"""Tests of one file share its servers, so a file stays on one worker."""


def run_fast_checks() -> list[str]:
    """Run the fast checks, all of them whatever fails; give the names of those that failed."""
    with ThreadPoolExecutor(max_workers=2) as lanes:
        types = lanes.submit(TYPES.passes)
        failed = [check.name for check in QUICK if not check.passes()]
    return failed if types.result() else [*failed, TYPES.name]


def main(arguments: Sequence[str]) -> int:
    """Run the checks that the arguments ask for; give the exit code."""
    failed = run_fast_checks()
    if "--all" in arguments:
        print(f"== {ON_THE_SANDBOX.name}: running (some minutes)", flush=True)
        if not ON_THE_SANDBOX.passes():
            failed.append(ON_THE_SANDBOX.name)
    print(f"FAILED: {'; '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
