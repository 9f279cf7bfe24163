"""Types that a Python file's annotations name, as far as its text alone says it.

Known are the types of the standard library that a flow's parameters usually have, what pydantic adds to them, and
enumerations of the file itself. Everything else could only be known by running the code.
"""

from __future__ import annotations

import ast
import collections.abc
import datetime as dt
import decimal
import pathlib
import typing
import uuid
from functools import reduce
from typing import Annotated, Any, Literal, cast

import annotated_types
import pydantic

from domain.static_values import StaticValues, UnknownError

_MOST_STEPS = 100

_PLAIN: dict[str, Any] = {
    **{f"builtins.{kind.__name__}": kind for kind in (str, int, float, bool, bytes, object)},
    **{f"datetime.{kind.__name__}": kind for kind in (dt.date, dt.datetime, dt.time, dt.timedelta)},
    "decimal.Decimal": decimal.Decimal,
    "pathlib.Path": pathlib.Path,
    "typing.Any": Any,
    "typing.Text": str,
    "uuid.UUID": uuid.UUID,
    **{
        f"pydantic.{name}": getattr(pydantic, name)
        for name in (
            *("AnyUrl", "AnyHttpUrl", "HttpUrl", "FileUrl", "UUID1", "UUID3", "UUID4", "UUID5", "JsonValue"),
            *("PositiveInt", "NegativeInt", "NonNegativeInt", "NonPositiveInt", "StrictInt", "StrictStr", "StrictBool"),
            *("PositiveFloat", "NegativeFloat", "NonNegativeFloat", "NonPositiveFloat", "FiniteFloat", "StrictFloat"),
            *("AwareDatetime", "NaiveDatetime", "PastDatetime", "FutureDatetime", "PastDate", "FutureDate"),
            *("SecretStr", "ByteSize"),
        )
    },
    # Pydantic looks for these on the machine that it runs on, which is not the one that the flow runs on.
    **{
        f"pydantic.{name}": Annotated[pathlib.Path, pydantic.WithJsonSchema({"type": "string", "format": form})]
        for name, form in (("FilePath", "file-path"), ("DirectoryPath", "directory-path"))
    },
}

_GENERIC: dict[str, Any] = {
    **{f"builtins.{kind.__name__}": kind for kind in (list, dict, set, frozenset, tuple)},
    **{f"typing.{name}": getattr(typing, name) for name in ("List", "Dict", "Set", "FrozenSet", "Tuple")},
    **{
        f"{module}.{name}": getattr(collections.abc, name)
        for module in ("typing", "collections.abc")
        for name in ("Sequence", "MutableSequence", "Mapping", "MutableMapping", "Iterable")
    },
}

_CONDITIONS: dict[str, Any] = {
    "pydantic.Field": pydantic.Field,
    **{
        f"annotated_types.{name}": getattr(annotated_types, name)
        for name in ("Ge", "Gt", "Le", "Lt", "Interval", "MultipleOf", "MinLen", "MaxLen", "Len")
    },
}


class StaticTypes:
    """What annotations of a file mean, where its text says it; UnknownError where it does not."""

    def __init__(self, values: StaticValues) -> None:
        self.values = values
        self.names = values.names

    def of(self, node: ast.expr, depth: int = _MOST_STEPS) -> Any:  # noqa: ANN401  # a type, a union, None, Annotated[...]
        """Give the type that an annotation names."""
        if not depth:
            raise UnknownError
        match node:
            case ast.Constant(value=None):
                return None
            case ast.Constant(value=str(text)):
                return self.of(_parsed(text), depth - 1)
            case ast.BinOp(op=ast.BitOr()):
                return _union([self.of(node.left, depth - 1), self.of(node.right, depth - 1)])
            case ast.Subscript():
                inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                return self._subscripted(self.names.origin(node.value) or "", inside, depth - 1)
            case ast.Name() | ast.Attribute():
                return self._named(node, depth - 1)
            case _:
                raise UnknownError

    def _named(self, node: ast.Name | ast.Attribute, depth: int) -> Any:  # noqa: ANN401  # as `of`
        if isinstance(node, ast.Name):
            bound = self.names.only(node.id)
            if isinstance(bound, ast.expr):
                return self.of(bound, depth)
            members = self.values.enum(node.id)
            if members:
                return members
        origin = self.names.origin(node) or ""
        if origin in _PLAIN:
            return _PLAIN[origin]
        if origin in _GENERIC:
            return _GENERIC[origin]
        raise UnknownError

    def _subscripted(self, origin: str, inside: list[ast.expr], depth: int) -> Any:  # noqa: ANN401  # as `of`
        if origin == "typing.Literal":
            return _literal(tuple(self.values.of(each) for each in inside))
        if origin == "typing.Annotated":
            return self._annotated(inside, depth)
        empty = isinstance(inside[-1], ast.Constant) and inside[-1].value is ...
        parts = [self.of(each, depth) for each in inside[: -1 if empty else None]]
        if origin in {"typing.Optional", "typing.Union"} and parts and not empty:
            return _union([*parts, None] if origin == "typing.Optional" else parts)
        if origin not in _GENERIC:
            raise UnknownError
        try:
            return _GENERIC[origin][tuple([*parts, ...] if empty else parts)]
        except TypeError as error:
            raise UnknownError from error

    def _annotated(self, inside: list[ast.expr], depth: int) -> Any:  # noqa: ANN401  # as `of`
        # What is no condition that is known here may be one that changes the type: then the whole is not known.
        conditions = [self.condition(each) for each in inside[1:]]
        made = self.of(inside[0], depth)
        return reduce(lambda whole, each: cast("Any", Annotated[whole, each]), conditions, made)

    def condition(self, node: ast.expr) -> Any:  # noqa: ANN401  # pydantic's FieldInfo, or one of annotated-types
        """Give a condition on a type, such as `Field(ge=1)`."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        make = _CONDITIONS.get(self.names.origin(node.func) or "") if isinstance(node, ast.Call) else None
        if make is None or not isinstance(node, ast.Call) or any(each.arg is None for each in node.keywords):
            raise UnknownError
        given = {str(each.arg): self.values.of(each.value) for each in node.keywords}
        try:
            return make(*(self.values.of(each) for each in node.args), **given)
        except (TypeError, ValueError, pydantic.errors.PydanticUserError) as error:
            raise UnknownError from error


def _literal(options: tuple[Any, ...]) -> Any:  # noqa: ANN401  # a type
    """Give a Literal that tells True from 1: to Python they are equal, to JSON and Prefect's API they are not."""

    def check(value: object) -> object:
        if isinstance(value, bool) and not any(option is value for option in options):
            raise ValueError(f"Input should be {' or '.join(map(repr, options))}")
        return value

    return Annotated[Literal[options], pydantic.BeforeValidator(check)]


def _union(parts: list[Any]) -> Any:  # noqa: ANN401  # a union of types
    return typing.Union[tuple(parts)]  # noqa: UP007  # `|` is not defined between all of what stands here


def _parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise UnknownError from error
