# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (botocore's shapes are not typed; what leaves this file is)
"""What Transfer's API refuses before it does anything, told by the API's own model in botocore."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence

import botocore.session
from botocore.model import ListShape, Shape, StringShape, StructureShape
from moto.core.exceptions import JsonRESTError

SELF_CHECKED = frozenset({"SshPublicKeyBody", "HostKey"})
"""Shapes that Transfer reads as keys, with an error of its own, rather than matching a pattern."""


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
    shape = _service_model().operation_model(operation).input_shape
    faults = list(_faults(shape, parameters, "")) if shape else []
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise TransferError("ValidationException", f"{count}: {'; '.join(faults)}")


@functools.cache
def _service_model() -> botocore.session.ServiceModel:
    return botocore.session.get_session().get_service_model("transfer")


def _faults(shape: Shape, value: object, at: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value null at '{_member(at, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _faults(member, value[name], _member(at, name))
    elif isinstance(shape, ListShape) and isinstance(value, Sequence):
        yield from (_fault(at, value, rule) for rule in _length_rules(shape, len(value)))
        for index, item in enumerate(value, start=1):
            yield from _faults(shape.member, item, f"{at}.{index}.member")
    elif isinstance(shape, StringShape) and isinstance(value, str) and shape.name not in SELF_CHECKED:
        yield from (_fault(at, value, rule) for rule in _length_rules(shape, len(value)))
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value, re.ASCII):
            yield _fault(at, value, f"Member must satisfy regular expression pattern: {pattern}")
        if shape.enum and value not in shape.enum:
            yield _fault(at, value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _member(at: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{at}.{name}" if at else name


def _fault(at: str, value: object, rule: str) -> str:
    return f"Value '{value}' at '{at}' failed to satisfy constraint: {rule}"


def _length_rules(shape: Shape, length: int) -> Iterator[str]:
    if length < shape.metadata.get("min", 0):
        yield f"Member must have length greater than or equal to {shape.metadata['min']}"
    if length > shape.metadata.get("max", length):
        yield f"Member must have length less than or equal to {shape.metadata['max']}"
