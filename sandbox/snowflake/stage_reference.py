"""How a stage and a path on it are named in a statement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StageReference:
    """`@database.schema.stage/path`, as typed: the name's parts and the path without its first slash."""

    name: tuple[str, ...]
    path: str


def split_stage_text(text: str) -> tuple[str, bool, str]:
    """Split `@"a/b".c/path` at the first slash outside double quotes."""
    inside = False
    for at, character in enumerate(text):
        if character == '"':
            inside = not inside
        elif character == "/" and not inside:
            return text[:at], True, text[at + 1 :]
    return text, False, ""
