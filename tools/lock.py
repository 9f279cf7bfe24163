"""Compile `requirements*.in` to locks: exact versions with hashes, for every supported Python, without addresses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.installation.layout import Layout
from tools.setup import OLDEST_PYTHON

LOCKS = ("requirements", "requirements-dev", "requirements-uv", "requirements-data")
ALONE = frozenset({"requirements-data"})
"""Locks that leave out what their packages ask for: the flights ask for pandas, and only their table is read."""


def compile_command(layout: Layout, lock: str, *, upgrade: bool) -> list[str | Path]:
    """Give the command that compiles one lock; versions stay as they are unless `upgrade`."""
    return [
        layout.uv / "bin" / "uv",
        *("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate", "--no-header"),
        *("--no-emit-index-url", "--no-emit-find-links", "--python-version", ".".join(map(str, OLDEST_PYTHON))),
        *(["--upgrade"] if upgrade else []),
        *(["--no-deps"] if lock in ALONE else []),
        *("--output-file", f"{lock}.txt", f"{lock}.in"),
    ]


def main(arguments: Sequence[str]) -> int:
    """Compile every lock; give the exit code of the first that fails."""
    layout = Layout(Path.cwd())
    for lock in LOCKS:
        command = compile_command(layout, lock, upgrade="--upgrade" in arguments)
        ran = subprocess.run(command, check=False)  # noqa: S603  # our own command, of fixed words
        if ran.returncode != 0:
            return ran.returncode
        print(f"{lock}.txt is compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
