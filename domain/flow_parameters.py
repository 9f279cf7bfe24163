"""The parameters of a flow, and the JSON schema that Prefect makes of them.

The rules are those of `prefect.utilities.callables.generate_parameter_schema` in Prefect 3.8, which importing the flow
would end in; it builds the schema with pydantic too. A type that the text alone does not tell is any type.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pydantic
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, PydanticJsonSchemaWarning
from pydantic_core import PydanticUndefined, core_schema

from domain.static_types import StaticTypes
from domain.static_values import UnknownError

_DOCUMENTED = re.compile(r"^\s*(args|arguments|params|parameters)\s*:", re.IGNORECASE | re.MULTILINE)
"""Where a docstring in Google's style begins to tell of parameters."""
_OMITTED = object()


@dataclass(frozen=True)
class FlowParameters:
    """What a flow takes."""

    model: type[pydantic.BaseModel]
    """One field a parameter."""
    schema: dict[str, Any]
    """As Prefect keeps it with a deployment, and draws the form for a run from."""

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in their order."""
        return tuple(field.alias or name for name, field in self.model.model_fields.items())

    @property
    def required(self) -> tuple[str, ...]:
        """Those without a default."""
        return tuple(field.alias or name for name, field in self.model.model_fields.items() if field.is_required())


def read_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef, types: StaticTypes) -> FlowParameters:
    """Read the parameters of a function from its definition."""
    documented = _documented(ast.get_docstring(function))
    fields: dict[str, Any] = {}
    for position, (argument, default) in enumerate(arguments_of(function)):
        if argument.arg in {"self", "cls"}:
            continue
        # Prefect, too, gives a parameter another name where pydantic's models have the name for themselves.
        taken = hasattr(pydantic.BaseModel, argument.arg)
        name = f"{argument.arg}__" if taken else argument.arg
        field = _field(argument.arg, position, _default(default, types), documented, alias=taken)
        fields[name] = (_annotated(argument, types), field)
    try:
        model, schema = _model_and_schema(fields)
    except _NO_SCHEMA:
        fitting = {name: (_fitting(name, kind, field), field) for name, (kind, field) in fields.items()}
        model, schema = _model_and_schema(fitting)
    kept = ("title", "type", "properties", "required")
    definitions = schema.get("$defs", {})
    return FlowParameters(model, {**{key: schema[key] for key in kept if key in schema}, "definitions": definitions})


_CONFIG = pydantic.ConfigDict(arbitrary_types_allowed=True)


def arguments_of(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Give all arguments of a function in their order, each with its default."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    yield from zip(positional, defaults, strict=True)
    if arguments.vararg:
        yield arguments.vararg, None
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    if arguments.kwarg:
        yield arguments.kwarg, None


def _annotated(argument: ast.arg, types: StaticTypes) -> Any:  # noqa: ANN401  # a type, whatever kind
    try:
        return types.of(argument.annotation) if argument.annotation else Any
    except UnknownError:
        return Any


def _default(default: ast.expr | None, types: StaticTypes) -> Any:  # noqa: ANN401  # any value
    """Give a default's value; `...` where there is none, and a mark where the text alone does not tell it."""
    if default is None:
        return ...
    try:
        if isinstance(default, ast.Call) and types.names.origin(default.func) == "pydantic.Field":
            return types.condition(default)
        return types.values.of(default)
    except UnknownError:
        return _OMITTED


def _field(name: str, position: int, default: Any, documented: Mapping[str, str], *, alias: bool) -> Any:  # noqa: ANN401  # as above
    given = default if isinstance(default, FieldInfo) else None
    value = given.default if given else default
    extra: dict[str, Any] = {"position": position}
    if given and isinstance(given.json_schema_extra, dict):  # pyright: ignore[reportUnknownMemberType]
        extra |= cast("dict[str, Any]", given.json_schema_extra)
    common: dict[str, Any] = {
        "title": name,
        "description": (given.description if given else None) or documented.get(name),
        "alias": name if alias else None,
        "json_schema_extra": extra,
    }
    if value is _OMITTED:
        # A schema without a default: a wrong one would be sent with each run that is started in Prefect's page.
        return pydantic.Field(default_factory=lambda: None, **common)
    return pydantic.Field(default=... if value is PydanticUndefined else value, **common)


def _fitting(name: str, kind: Any, field: Any) -> Any:  # noqa: ANN401  # as above
    """Give the type, or any type where pydantic makes no schema of it."""
    try:
        _model_and_schema({name: (kind, field)})
    except _NO_SCHEMA:
        return Any
    return kind


_NO_SCHEMA = (ValueError, TypeError, pydantic.errors.PydanticUserError)


def _model_and_schema(fields: dict[str, Any]) -> tuple[type[pydantic.BaseModel], dict[str, Any]]:
    model = pydantic.create_model("Parameters", __config__=_CONFIG, **fields)
    with warnings.catch_warnings():
        # A default that JSON has no form for is left out.
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        return model, model.model_json_schema(
            by_alias=True, ref_template="#/definitions/{model}", schema_generator=_PrefectsSchema
        )


class _PrefectsSchema(GenerateJsonSchema):
    """Gives an empty schema for classes that pydantic does not know, as Prefect does."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:  # noqa: ARG002  # the base's signature
        return {}


def _documented(docstring: str | None) -> dict[str, str]:
    """Give what a docstring says of each parameter."""
    if not docstring or not _DOCUMENTED.search(docstring):
        return {}
    # A sixth of a second to import, for docstrings that need it.
    import logging  # noqa: PLC0415

    from griffe import Docstring, DocstringSectionParameters, parse_google  # noqa: PLC0415

    logger = logging.getLogger("griffe")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        sections = parse_google(Docstring(docstring))
    finally:
        logger.disabled = was_disabled
    described: dict[str, str] = {}
    for section in sections:
        if isinstance(section, DocstringSectionParameters):
            described = {parameter.name: parameter.description for parameter in section.value}
    return described
