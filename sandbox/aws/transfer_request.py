# botocore is not typed: _Shape says what is read of it.
# pyright: reportUnknownMemberType=false
"""What Transfer's API refuses before it does anything, told by the API's own model in botocore."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, cast

import botocore.session
from moto.core.exceptions import JsonRESTError

KEYS = frozenset({"SshPublicKeyBody", "HostKey"})
"""Shapes whose value no error repeats."""


class TransferError(JsonRESTError):
    """An error as Transfer words it: a code, a message, and the members that the code's shape has."""

    code = 400

    def __init__(self, error: str, message: str, **members: str) -> None:
        super().__init__(error, message)
        self.description = json.dumps({"__type": error, "message": message, "Message": message, **members})


def not_found(kind: str, resource: str) -> TransferError:
    """Say that the `kind` ("Server", "User") named `resource` is not there."""
    return TransferError("ResourceNotFoundException", f"Unknown {kind.lower()}", Resource=resource, ResourceType=kind)


def already_exists(kind: str, resource: str) -> TransferError:
    """Say that there is a `kind` named `resource` already."""
    return TransferError("ResourceExistsException", f"{kind} already exists", Resource=resource, ResourceType=kind)


def invalid(message: str) -> TransferError:
    """Say what is wrong with a request."""
    return TransferError("InvalidRequestException", message)


def check(operation: str, parameters: Mapping[str, object]) -> None:
    """Hold `parameters` against the model of `operation`; every fault goes into one ValidationException."""
    shape = _input_shape(operation)
    faults = list(_faults(shape, parameters, "")) if shape else []
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise TransferError("ValidationException", f"{count}: {'; '.join(faults)}")


class _Shape(Protocol):
    """What is read here of botocore's shapes, which are not typed."""

    name: str
    type_name: str
    metadata: Mapping[str, int]
    required_members: Sequence[str]
    members: Mapping[str, _Shape]
    member: _Shape


@functools.cache
def _input_shape(operation: str) -> _Shape | None:
    model = botocore.session.get_session().get_service_model("transfer")
    return cast("_Shape | None", model.operation_model(operation).input_shape)


def _faults(shape: _Shape, value: object, at: str) -> Iterator[str]:
    match shape.type_name, value:
        case "structure", dict():
            yield from _structure_faults(shape, cast("dict[str, object]", value), at)
        case "list", list():
            items = cast("list[object]", value)
            yield from (_fault(at, items, rule) for rule in _length_rules(shape, len(items)))
            for index, item in enumerate(items, start=1):
                yield from _faults(shape.member, item, f"{at}.{index}.member")
        case "string", str():
            shown = None if shape.name in KEYS else value
            yield from (_fault(at, shown, rule) for rule in (*_length_rules(shape, len(value)), *_rules(shape, value)))
        case _:
            pass


def _structure_faults(shape: _Shape, value: Mapping[str, object], at: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_member(at, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _faults(member, value[name], _member(at, name))


def _rules(shape: _Shape, value: str) -> Iterator[str]:
    rules = cast("Mapping[str, str]", shape.metadata)
    pattern = rules.get("pattern", "")
    # Some patterns use Java's classes, such as \p{Graph}, which Python cannot read: those texts go unchecked.
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value, re.ASCII):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]"


def _length_rules(shape: _Shape, length: int) -> Iterator[str]:
    if length < shape.metadata.get("min", 0):
        yield f"Member must have length greater than or equal to {shape.metadata['min']}"
    if length > shape.metadata.get("max", length):
        yield f"Member must have length less than or equal to {shape.metadata['max']}"


def _member(at: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{at}.{name}" if at else name


def _fault(at: str, value: object, rule: str) -> str:
    shown = "Value" if value is None else f"Value '{value}'"
    return f"{shown} at '{at}' failed to satisfy constraint: {rule}"
