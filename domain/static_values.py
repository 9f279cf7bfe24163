"""Values that a Python file's text alone gives: literals, constants of the file, dates and the like."""

from __future__ import annotations

import ast
import datetime as dt
import operator
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum, auto
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from domain.module_names import ModuleNames

_MOST_STEPS = 200
"""How deep a value may be: nobody's default is deeper, and Python's own limit is near."""
_LARGEST = 10**18
"""Up to where sums and products are computed: a text must not keep us busy."""

_MAKERS: dict[str, Callable[..., object]] = {
    "datetime.date": dt.date,
    "datetime.datetime": dt.datetime,
    "datetime.time": dt.time,
    "datetime.timedelta": dt.timedelta,
    "decimal.Decimal": Decimal,
    "pathlib.Path": Path,
    "uuid.UUID": UUID,
    "builtins.list": list,
    "builtins.dict": dict,
    "builtins.set": set,
    "builtins.frozenset": frozenset,
    "builtins.tuple": tuple,
}
"""Calls that give the same everywhere and touch nothing."""

_VALUES = {"datetime.UTC": dt.UTC, "datetime.timezone.utc": dt.UTC}
_ENUMS: dict[str, type] = {"enum.Enum": Enum, "enum.IntEnum": IntEnum, "enum.StrEnum": StrEnum, "enum.Flag": Flag}
_MIXED_IN: dict[str, type] = {"builtins.str": str, "builtins.int": int, "builtins.float": float}

_COLLECTIONS: dict[type[ast.expr], Callable[[Iterable[Any]], Any]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
}


class UnknownError(Exception):
    """The text alone does not say what this is."""


class StaticValues:
    """What expressions of a file give, where its text says it; UnknownError where it does not."""

    def __init__(self, names: ModuleNames) -> None:
        self.names = names
        self._enums: dict[str, type[Enum]] = {}

    def of(self, node: ast.expr, depth: int = _MOST_STEPS) -> Any:  # noqa: ANN401  # any Python value
        """Give the value of an expression."""
        if not depth:
            raise UnknownError

        def inner(part: ast.expr | None) -> Any:  # noqa: ANN401  # as above
            if part is None or isinstance(part, ast.Starred):
                raise UnknownError
            return self.of(part, depth - 1)

        match node:
            case ast.Constant():
                return node.value
            case ast.List() | ast.Tuple() | ast.Set():
                return _COLLECTIONS[type(node)](map(inner, node.elts))
            case ast.Dict():
                return {inner(key): inner(value) for key, value in zip(node.keys, node.values, strict=True)}
            case ast.Call():
                return self._made(node, inner)
            case ast.Name() | ast.Attribute():
                return self._named(node, inner)
            case _:
                return _combined(node, inner)

    def enum(self, name: str) -> type[Enum] | None:
        """Give an enumeration that the file defines, with its members and nothing else; None when it defines none."""
        definition = self.names.only(name)
        if name not in self._enums and isinstance(definition, ast.ClassDef):
            bases = [self.names.origin(base) for base in definition.bases]
            if bases and bases[-1] in _ENUMS and all(base in _MIXED_IN for base in bases[:-1]):
                self._enums[name] = self._enumeration(definition, bases)
        return self._enums.get(name)

    def _made(self, call: ast.Call, inner: Callable[[ast.expr | None], Any]) -> object:
        maker = _MAKERS.get(self.names.origin(call.func) or "")
        if maker is None or any(keyword.arg is None for keyword in call.keywords):
            raise UnknownError
        keywords = {str(keyword.arg): inner(keyword.value) for keyword in call.keywords}
        try:
            return maker(*map(inner, call.args), **keywords)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise UnknownError from error

    def _named(self, node: ast.Name | ast.Attribute, inner: Callable[[ast.expr | None], Any]) -> object:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            members = self.enum(node.value.id)
            if members and node.attr in members.__members__:
                return members[node.attr]
        if isinstance(node, ast.Name):
            bound = self.names.only(node.id)
            if isinstance(bound, ast.expr):
                return inner(bound)
        try:
            return _VALUES[self.names.origin(node) or ""]
        except KeyError:
            raise UnknownError from None

    def _enumeration(self, definition: ast.ClassDef, bases: Sequence[str | None]) -> type[Enum]:
        members: list[tuple[str, object]] = []
        for statement in definition.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    is_auto = isinstance(value, ast.Call) and self.names.origin(value.func) == "enum.auto"
                    members.append((name, auto() if is_auto else self.of(value)))
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    pass
                case ast.FunctionDef(name=name) if not name.startswith("_"):
                    pass
                case _:
                    raise UnknownError
        kind = cast("Any", _ENUMS[bases[-1] or ""])
        mixed_in = [_MIXED_IN[base or ""] for base in bases[:-1]]
        try:
            made = kind(definition.name, members, type=mixed_in[0]) if mixed_in else kind(definition.name, members)
        except (TypeError, ValueError) as error:
            raise UnknownError from error
        made.__doc__ = ast.get_docstring(definition)
        return cast("type[Enum]", made)


def _combined(node: ast.expr, inner: Callable[[ast.expr], Any]) -> object:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(inner(operand))
        case ast.BinOp():
            return _computed(node.op, _number(inner(node.left)), _number(inner(node.right)))
        case ast.JoinedStr():
            return "".join(_piece(each, inner) for each in node.values)
        case _:
            raise UnknownError


def _piece(part: ast.expr, inner: Callable[[ast.expr], Any]) -> str:
    """Give a part of an f-string: its own text, or a text that it names."""
    if isinstance(part, ast.FormattedValue):
        named = inner(part.value) if part.conversion == -1 and not part.format_spec else None
        if isinstance(named, str):
            return named
    elif isinstance(part, ast.Constant):
        return str(part.value)
    raise UnknownError


def _number(value: object) -> int | float:
    if isinstance(value, int | float) and abs(value) <= _LARGEST:
        return value
    raise UnknownError


def _computed(operation: ast.operator, left: float, right: float) -> int | float:
    try:
        return _OPERATIONS[type(operation)](left, right)
    except (KeyError, ArithmeticError) as error:
        raise UnknownError from error
