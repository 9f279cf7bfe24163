"""Property values as the engine sends them, and as the rows of a table see them.

Secrets never arrive: the stand-ins do not accept them, so the engine takes the marks off before a call and puts them
back on what comes out under the same name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from google.protobuf import json_format, struct_pb2

Value: TypeAlias = Any
"""A JSON value, with `UNKNOWN` wherever a preview does not know it yet."""

Properties: TypeAlias = dict[str, Value]
"""A resource's properties by the names that the engine uses (`homeDirectoryType`)."""


class Unknown:
    """The value of a property that is known only after other resources are made."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
_UNKNOWN_ON_THE_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Read the properties that the engine sent; nulls are left out, as the official plug-ins do."""
    return _read(json_format.MessageToDict(struct))


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """Write properties for the engine."""
    struct = struct_pb2.Struct()
    struct.update(_write(properties))
    return struct


def has_unknown(value: Value) -> bool:
    """Say whether anything in `value` is not known yet."""
    match value:
        case Unknown():
            return True
        case dict():
            return any(has_unknown(item) for item in _items(value).values())
        case list():
            return any(has_unknown(item) for item in _list(value))
        case _:
            return False


def decoded(value: Value) -> Value:
    """Read a value of a provider's config: whatever is not text comes from the engine as JSON text."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _items(value: Value) -> Mapping[str, Value]:
    return value


def _list(value: Value) -> list[Value]:
    return value


def _read(value: Value) -> Value:
    match value:
        case str() if value == _UNKNOWN_ON_THE_WIRE:
            return UNKNOWN
        case float() if value.is_integer():
            return int(value)
        case dict() if _SIGNATURE in value:
            # Only values that name another resource or an asset are signed here; no served property takes either.
            return _read(_items(value).get("value"))
        case dict():
            return {key: _read(item) for key, item in _items(value).items() if item is not None}
        case list():
            return [_read(item) for item in _list(value)]
        case _:
            return value


def _write(value: Value) -> Value:
    match value:
        case Unknown():
            return _UNKNOWN_ON_THE_WIRE
        case dict():
            return {key: _write(item) for key, item in _items(value).items() if item is not None}
        case list() | tuple():
            return [_write(item) for item in _list(value)]
        case _:
            return value
