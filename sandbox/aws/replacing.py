"""Putting something of ours in the place of something of moto's."""

from __future__ import annotations


def replace(owner: object, name: str, value: object) -> None:
    """Replace `owner.name`; raises AttributeError where moto, in a newer version, no longer has it."""
    if not hasattr(owner, name):
        raise AttributeError(f"moto's {owner!r} has no {name!r} any more: see why the sandbox replaces it")
    setattr(owner, name, value)
