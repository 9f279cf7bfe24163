"""The parts of a resource's name (URN), `urn:pulumi:stack::project::parent$type::name`."""

from __future__ import annotations


def type_of(urn: str) -> str:
    """Give the resource type, without its parents' types."""
    return urn.split("::")[2].rpartition("$")[2]


def name_of(urn: str) -> str:
    """Give the name that the program gave; it may hold `::` itself."""
    return urn.split("::", 3)[3]


def shown(urn: str) -> str:
    """Give the resource as messages name it."""
    return f"{type_of(urn)} {name_of(urn)!r}"
