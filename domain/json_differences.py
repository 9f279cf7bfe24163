"""What is different in a JSON document, leaf by leaf: the engine shows a document that changes as a whole otherwise."""

from __future__ import annotations

import copy
from typing import Any, cast

Differences = dict[str, Any]
"""New values by where they stand, as a JSON pointer (RFC 6901): `/variables/properties/image/default`."""

REMOVED = "<removed>"
"""Stands for a value that is there no longer."""

_NOTHING = object()


def differences(old: object, new: object, pointer: str = "") -> Differences:
    """Give the leaves of `new` that `old` does not have, and REMOVED for those that only `old` has."""
    if isinstance(new, dict) and (isinstance(old, dict) or (old is _NOTHING and new)):
        before = cast("dict[str, object]", old) if isinstance(old, dict) else {}
        after = cast("dict[str, object]", new)
        names = [*after, *(name for name in before if name not in after)]
        return _joined(
            [
                differences(before.get(name, _NOTHING), after.get(name, _NOTHING), _below(pointer, name))
                for name in names
            ]
        )
    if isinstance(new, list) and isinstance(old, list):
        ours, theirs = cast("list[object]", old), cast("list[object]", new)
        if len(ours) == len(theirs):
            pairs = zip(ours, theirs, strict=True)
            return _joined([differences(a, b, _below(pointer, str(index))) for index, (a, b) in enumerate(pairs)])
    if new is _NOTHING:
        return {pointer: REMOVED}
    return {} if old == new else {pointer: new}


def applied(document: dict[str, Any], changes: Differences) -> dict[str, Any]:
    """Give a copy of the document with the changes in it; for changes without REMOVED."""
    changed = copy.deepcopy(document)
    for pointer, value in changes.items():
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        here: Any = changed
        for step in way:
            here = cast("Any", here[int(step)] if isinstance(here, list) else here.setdefault(step, {}))
        here[int(last) if isinstance(here, list) else last] = copy.deepcopy(value)
    return changed


def _below(pointer: str, name: str) -> str:
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def _joined(parts: list[Differences]) -> Differences:
    return {pointer: value for part in parts for pointer, value in part.items()}
