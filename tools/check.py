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


@dataclass(frozen=True)
class Check:
    """One check: its name and the program that makes it."""

    name: str
    command: Sequence[str]

    def passes(self) -> bool:
        """Run it and print, in one piece, what it says and how long it took; tell whether it passed."""
        started = time.monotonic()
        ran = subprocess.run(  # noqa: S603  # our own commands, of fixed words
            [_PROGRAMS / self.command[0], *self.command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
        )
        passed = ran.returncode == 0
        head = f"{'passed' if passed else 'FAILED'}: {self.name} ({time.monotonic() - started:.0f} s)"
        print(f"== {head}\n{ran.stdout}", end="" if ran.stdout.endswith("\n") else "\n", flush=True)
        return passed


TYPES = Check("types", ["basedpyright"])
QUICK = [
    Check("format", ["ruff", "format", "--check", "--quiet"]),
    Check("lint", ["ruff", "check", "--quiet"]),
    Check("imports", ["lint-imports"]),
    Check(
        "unit, components and providers",
        ["pytest", "-q", "-n", "2", "tests/unit", "tests/components", "tests/providers"],
    ),
]
ON_THE_SANDBOX = Check("sandbox and e2e", ["pytest", "-n", "2", "--dist", "loadfile", "tests/sandbox", "tests/e2e"])
"""Tests of one file share its servers, so a file stays on one worker."""


def run_fast_checks() -> bool:
    """Run the fast checks, all of them whatever fails; tell whether all passed."""
    with ThreadPoolExecutor(max_workers=2) as lanes:
        types = lanes.submit(TYPES.passes)
        quick = [check.passes() for check in QUICK]
    return types.result() and all(quick)


def main(arguments: Sequence[str]) -> int:
    """Run the checks that the arguments ask for; give the exit code."""
    passed = run_fast_checks()
    if "--all" in arguments:
        print("== sandbox and e2e: running (some minutes)", flush=True)
        passed = ON_THE_SANDBOX.passes() and passed
    print("all checks passed" if passed else "some checks FAILED; see the lines that say so above", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
