"""Install what the checkout needs, inside the checkout: `.venv` (Python packages) and `.tools` (the Pulumi engine).

This is the one module that an older Python must be able to read, since it is the one that tells its user so: nothing
newer than Python 3.7 in it, and nothing that it loads before the version check but the standard library.
"""

from __future__ import annotations

import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)


def python_fault(version: tuple[int, int], executable: str) -> str | None:
    """Say what is wrong with an interpreter of this version, or None where it will do."""
    if version >= OLDEST_PYTHON:
        return None
    return (
        f"Python 3.11 or later is needed, and {executable} is {version[0]}.{version[1]}: "
        "install it, or name one that is there, as in `make PYTHON=python3.12 setup`"
    )


def main() -> int:
    """Install what is missing or out of date; give the process's exit code."""
    fault = python_fault(sys.version_info[:2], sys.executable)
    if fault is not None:
        print(f"set-up: {fault}", file=sys.stderr)
        return 1
    from tools.installation.lanes import install  # noqa: PLC0415  # an older Python could not load it

    return install(Path.cwd())


if __name__ == "__main__":
    sys.exit(main())
