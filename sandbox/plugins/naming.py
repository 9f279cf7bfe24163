"""Names for resources that the program leaves unnamed, made as the official plug-ins make them."""

from __future__ import annotations

import random
import string
from typing import Any

from sandbox.plugins.table import Row
from sandbox.plugins.wire import Properties

NAMED_BY_US = "__defaults"
"""The input that lists what Check filled in."""
_LETTERS = 7


def with_name(row: Row[Any], resource: str, inputs: Properties, olds: Properties, seed: bytes) -> Properties:
    """Fill in the name that the program left out: the one it had, or the resource's own with seven letters."""
    name = row.auto_name
    if name is None or name in inputs or f"{name}Prefix" in inputs:
        return {NAMED_BY_US: [], **inputs}
    old = olds.get(name) if name in olds.get(NAMED_BY_US, []) else None
    chance = random.Random(seed or None)  # noqa: S311 - the engine's seed makes a name, not a secret
    letters = "".join(chance.choice(string.hexdigits[:16]) for _ in range(_LETTERS))
    return {**inputs, name: old or f"{row.auto_name_prefix}{resource}-{letters}", NAMED_BY_US: [name]}


def keeps_its_name(row: Row[Any], state: Properties, inputs: Properties) -> bool:
    """Say whether a replacement would bear the name of what it replaces: the program gave it, and it stays."""
    name = row.auto_name
    if name is None or name in inputs.get(NAMED_BY_US, []):
        return False
    return name in inputs and inputs[name] == state.get(name)
