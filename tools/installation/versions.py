"""Read and compare the versions that tools print and that go.mod asks for."""

from __future__ import annotations

import re
from pathlib import Path

_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def version_in(text: str) -> tuple[int, int, int] | None:
    """Give the first `major.minor[.patch]` in the text (`v3.259.0`, `go1.26.8`), or None where there is none."""
    found = _NUMBERS.search(text)
    if found is None:
        return None
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)


def dotted(version: tuple[int, int, int]) -> str:
    """Write a version as people do."""
    return ".".join(str(number) for number in version)


def required_module(go_mod: Path, module: str) -> tuple[int, int, int]:
    """Give the version at which `go_mod` pins a module; ValueError where it does not name it."""
    return _pinned(go_mod, rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)")


def required_go(go_mod: Path) -> tuple[int, int, int]:
    """Give the oldest Go that `go_mod` lets build it."""
    return _pinned(go_mod, r"^go\s+(\S+)")


def _pinned(go_mod: Path, pattern: str) -> tuple[int, int, int]:
    line = re.search(pattern, go_mod.read_text(), re.MULTILINE)
    version = version_in(line[1]) if line else None
    if version is None:
        raise ValueError(f"{go_mod} pins nothing that matches {pattern}")
    return version
