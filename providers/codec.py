"""Between the engine's property bags and our frozen dataclasses, in both directions.

The rules are pydantic's: a dataclass's annotations, its `__post_init__`, its defaults. Unknown values of a preview go
through untouched.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_type_hints

import pulumi

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter, ValidationError

Properties = dict[str, Any]
"""Properties as they travel to and from the engine; a value may be unknown in a preview."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of a spec; the value itself is left out, since it may be a secret."""

    field: str
    reason: str


def decoded(spec_type: type[Any], props: Properties) -> Any:  # noqa: ANN401  # an instance of `spec_type`
    """Give the instance that known `props` describe; raise pydantic's ValidationError when they describe none."""
    return _adapter(spec_type).validate_python(_whole_numbers(props))


def encoded(value: DataclassInstance) -> Properties:
    """Give the properties that describe `value`: JSON's types alone."""
    return cast("Properties", _adapter(type(value)).dump_python(value, mode="json"))


def normalised(spec_type: type[Any], props: Properties) -> tuple[Properties, list[Fault]]:
    """Give the fields of `spec_type` that are in `props` in their one normal form, with defaults, and what is wrong.

    While a field holds an unknown value the rules across fields wait, and each known field is checked by itself.
    A field with a fault stays as it is; properties that are no fields are left out.
    """
    from pydantic import ValidationError  # noqa: PLC0415  # as in `_adapter`

    types = _field_types(spec_type)
    fields = {name: value for name, value in props.items() if name in types}
    unknown = {name for name, value in fields.items() if pulumi.contains_unknowns(value)}
    if not unknown:
        try:
            return encoded(decoded(spec_type, fields)), []
        except ValidationError as error:
            return fields, _faults(error)
    faults: list[Fault] = []
    for name in fields.keys() - unknown:
        adapter = _adapter(types[name])
        try:
            value = adapter.validate_python(_whole_numbers(fields[name]))
            fields[name] = adapter.dump_python(value, mode="json")
        except ValidationError as error:
            faults += [Fault(name, fault.reason) for fault in _faults(error, below=name)]
    return fields, faults


@functools.cache
def _adapter(type_: Any) -> TypeAdapter[Any]:  # noqa: ANN401  # any annotation
    from pydantic import TypeAdapter  # noqa: PLC0415  # 130 ms that a program which only names a provider need not pay

    return TypeAdapter(type_)


@functools.cache
def _field_types(spec_type: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(spec_type, include_extras=True)


def _faults(error: ValidationError, below: str = "") -> list[Fault]:
    """Say each fault of a validation; `below` names the field when it is that field's own validation."""
    told: list[Fault] = []
    for fault in error.errors(include_url=False, include_input=False):
        field, *rest = [below, *map(str, fault["loc"])] if below else [*map(str, fault["loc"])] or [""]
        reason = fault["msg"].removeprefix("Value error, ")
        told.append(Fault(field, f"{'.'.join(rest)}: {reason}" if rest else reason))
    return told


def _whole_numbers(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Give whole numbers back as int: the engine carries every number as a float."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in cast("Properties", value).items()}
    if isinstance(value, (list, tuple)):
        return [_whole_numbers(item) for item in cast("list[Any]", value)]
    return value
