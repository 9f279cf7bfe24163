"""Flows as their file's text defines them: name, description and parameters.

Nothing is executed or imported: the code may need packages that only its runs have, and must not act before them.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from domain.flow_parameters import FlowParameters, arguments_of, read_parameters
from domain.module_names import ModuleNames
from domain.static_types import StaticTypes
from domain.static_values import StaticValues, UnknownError

_FLOW = "prefect.flow"
_RESERVED = ("return_state", "wait_for")
"""Names that Prefect takes for itself when a flow is called."""


class FlowSourceError(Exception):
    """A file has no such flow; the message goes on after the file's name."""


@dataclass(frozen=True, kw_only=True)
class FlowDefinition:
    """A flow as Prefect would see it once its code ran."""

    name: str
    """Its name in Prefect."""
    description: str
    parameters: FlowParameters
    doubt: str | None = None
    """Why the text alone does not say that it is a flow; goes on after the file's name."""

    @property
    def parameters_schema(self) -> dict[str, Any]:
        """The JSON schema of its parameters, as Prefect keeps it with a deployment."""
        return self.parameters.schema


def read_flow(text: str, function: str) -> FlowDefinition:
    """Read one flow of a file; raises FlowSourceError."""
    return FlowFile(text).flow(function)


class FlowFile:
    """A Python file with flows, parsed once; raises FlowSourceError when it is none."""

    def __init__(self, text: str) -> None:
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            why = f"{error.msg} in line {error.lineno}" if isinstance(error, SyntaxError) else str(error)
            version = ".".join(map(str, sys.version_info[:2]))
            raise FlowSourceError(f"is not Python: {why} (read by Python {version})") from error
        self._names = ModuleNames.of(module)
        self._types = StaticTypes(StaticValues(self._names))
        self._flows: dict[str, FlowDefinition | None] = {}

    def flow(self, function: str) -> FlowDefinition:
        """Read a flow; raises FlowSourceError when the file does not define it."""
        if function not in self._flows:
            self._flows[function] = None
            self._flows[function] = self._read(function)
        known = self._flows[function]
        if known is None:
            raise FlowSourceError(f"defines {function!r} by itself")
        return known

    def _read(self, function: str) -> FlowDefinition:
        if "." in function:
            raise FlowSourceError(
                f"is asked for the method {function!r}, and Prefect cannot read a method's parameters; name a function"
            )
        if function not in self._names.bindings:
            close = get_close_matches(function, self._names.bindings, n=1)
            raise FlowSourceError(f"defines no {function!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
        match self._names.last(function):
            case ast.FunctionDef() | ast.AsyncFunctionDef() as definition:
                return self._decorated(definition)
            case ast.ClassDef():
                raise FlowSourceError(f"defines {function!r} as a class, which is not a flow; {_DECORATE}")
            case str(origin):
                module = origin.rpartition(".")[0]
                raise FlowSourceError(
                    f"only imports {function!r}, from {module!r}; name the file that defines it as the entry point"
                )
            case ast.expr() as value:
                return self._assigned(function, value)
            case None:
                raise _not_a_flow(function)

    def _decorated(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> FlowDefinition:
        for decorator in function.decorator_list:
            options = self._options(decorator)
            if options is not None:
                return self._defined(function, options)
        for decorator in function.decorator_list:
            maker = decorator.func if isinstance(decorator, ast.Call) else decorator
            if not self._is_harmless(maker):
                doubt = (
                    f"gives {function.name!r} the decorator @{ast.unparse(maker)}, and only running the code tells "
                    f"whether that makes a flow; it is registered as the flow {_plain_name(function.name)!r}"
                )
                return replace(self._defined(function, []), doubt=doubt)
        raise _not_a_flow(function.name)

    def _assigned(self, name: str, value: ast.expr) -> FlowDefinition:
        """Read `f = flow(function)`, `f = flow(name="f")(function)` and `f = other_flow.with_options(name="f")`."""
        match value:
            case ast.Name(id=other) if other in self._names.bindings:
                return self.flow(other)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=other), attr="with_options"), keywords=options):
                flow = self.flow(other)
                return replace(flow, name=self._text(options, "name") or flow.name)
            case ast.Call(args=[ast.Name(id=other)]):
                options = self._options(value)
                function = self._names.only(other)
                if options is not None and isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    return self._defined(function, options)
            case _:
                pass
        raise _not_a_flow(name)

    def _options(self, maker: ast.expr) -> list[ast.keyword] | None:
        """Give what Prefect's `flow` is told where this is it, called or not; None where it is something else."""
        if self._names.origin(maker) == _FLOW:
            return []
        if isinstance(maker, ast.Name):
            bound = self._names.only(maker.id)
            return self._options(bound) if isinstance(bound, ast.Call) else None
        if not isinstance(maker, ast.Call):
            return None
        is_partial = self._names.origin(maker.func) == "functools.partial" and len(maker.args) == 1
        inner = self._options(maker.args[0] if is_partial else maker.func)
        return None if inner is None else [*maker.keywords, *inner]

    def _is_harmless(self, decorator: ast.expr) -> bool:
        """Whether a decorator is known not to make a flow."""
        origin = self._names.origin(decorator) or ""
        return origin.partition(".")[0] in {*sys.stdlib_module_names, "prefect"}

    def _defined(self, function: ast.FunctionDef | ast.AsyncFunctionDef, options: list[ast.keyword]) -> FlowDefinition:
        name = self._text(options, "name") or _plain_name(function.name)
        if banned := re.search(r"[/%&<>]", name):
            raise FlowSourceError(f"names its flow {name!r}, and Prefect takes no {banned[0]!r} in a name; change it")
        for argument, _ in arguments_of(function):
            if argument.arg in _RESERVED or argument.arg.startswith("_"):
                raise FlowSourceError(
                    f"gives {function.name!r} the parameter {argument.arg!r}, which Prefect does not take "
                    f"(neither {' nor '.join(_RESERVED)}, nor a first underscore); rename it"
                )
        documented = inspect.cleandoc(ast.get_docstring(function, clean=False) or "")
        try:
            description = self._text(options, "description") or documented
        except FlowSourceError:
            description = documented
        return FlowDefinition(name=name, description=description, parameters=read_parameters(function, self._types))

    def _text(self, options: list[ast.keyword], key: str) -> str | None:
        for option in options:
            if option.arg == key:
                try:
                    value = self._types.values.of(option.value)
                except UnknownError:
                    value = ...
                if value is None or isinstance(value, str):
                    return value
                raise FlowSourceError(
                    f"computes its flow's {key} ({ast.unparse(option.value)}), which only running the code tells; "
                    f'write it as a plain text: @flow({key}="...")'
                )
        return None


_DECORATE = "put @flow above a function (from prefect import flow), and name the function"


def _not_a_flow(name: str) -> FlowSourceError:
    return FlowSourceError(f"defines {name!r}, which is not a flow; {_DECORATE}")


def _plain_name(function: str) -> str:
    """Give the name that Prefect gives to a flow whose decorator says none."""
    return function.replace("_", "-")
