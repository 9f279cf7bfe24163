"""What a package's own Python SDK knows of a type: its input properties, read from the SDK's source text.

The SDK is not imported: `pulumi_aws` alone would cost more memory than the whole sandbox part. The class of one type is
cut out of its module and parsed, once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

KindName = Literal["string", "integer", "number", "boolean", "list", "map", "object", "document", "any"]
_SCALARS: Mapping[str, KindName] = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The kind of value that a property takes."""

    name: KindName
    of: Kind | None = None
    """What a list or a map holds."""
    shape: str = ""
    """The SDK's class that describes an object."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input property of a type."""

    kind: Kind
    required: bool


Shape = Mapping[str, Field]


@dataclass(frozen=True)
class Sdk:
    """The installed SDK of one package, by the name of its distribution (`pulumi_aws`)."""

    distribution: str

    @property
    def version(self) -> str:
        """The installed version."""
        return version(self.distribution)

    def resource(self, token: str) -> Shape | None:
        """Give the input properties of a resource type, or None for a type that the SDK does not have."""
        _, member, class_name = token.split(":")
        folder, _, stem = member.rpartition("/")
        file = self._file(folder, stem)
        return _shape(file, f"{class_name}InitArgs") or _shape(file, f"{class_name}Args")

    def outputs(self, token: str) -> Shape | None:
        """Give all properties, inputs and outputs, of a resource type's state."""
        _, member, class_name = token.split(":")
        folder, _, stem = member.rpartition("/")
        return _shape(self._file(folder, stem), f"_{class_name}State")

    def nested(self, token: str, shape: str) -> Shape | None:
        """Give the properties of an object inside a property of the type `token`."""
        folder = token.split(":")[1].rpartition("/")[0]
        return _shape(self._file(folder, "_inputs"), shape)

    def provider(self) -> Shape | None:
        """Give the keys of the provider's own config."""
        return _shape(self._file("index", "provider"), "ProviderArgs")

    def arguments(self, token: str) -> frozenset[str]:
        """Give the argument names of a function, none for a function that the SDK does not have."""
        folder, _, stem = token.split(":")[1].rpartition("/")
        return _arguments(self._file(folder, stem))

    def _file(self, folder: str, stem: str) -> Path:
        spec = find_spec(self.distribution)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{self.distribution} is not installed; run `make setup`")
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", stem).lower()
        root = Path(spec.origin).parent
        return (root if folder == "index" else root / folder) / f"{module}.py"


@cache
def _arguments(file: Path) -> frozenset[str]:
    if not file.exists():
        return frozenset()
    return frozenset(re.findall(r"__args__\['(\w+)'\]", file.read_text(encoding="utf-8")))


@cache
def _shape(file: Path, class_name: str) -> Shape | None:
    if not file.exists():
        return None
    text = file.read_text(encoding="utf-8")
    start = text.find(f"\nclass {class_name}:")
    if start < 0:
        return None
    end = text.find("\n@pulumi.", start)
    other = text.find("\nclass ", start + 1)
    bounds = [bound for bound in (end, other) if bound > 0]
    body = ast.parse(text[start : min(bounds, default=len(text))]).body[0]
    if not isinstance(body, ast.ClassDef):
        return None
    functions = [item for item in body.body if isinstance(item, ast.FunctionDef)]
    wire = {function.name: name for function in functions if (name := _wire_name(function)) is not None}
    init = next(function for function in functions if function.name == "__init__")
    return {
        wire[argument.arg]: Field(kind=_kind(argument.annotation), required=default is None)
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
    }


def _wire_name(function: ast.FunctionDef) -> str | None:
    """Give the engine's name of a property from its `@pulumi.getter`, or None for any other method."""
    for decorator in function.decorator_list:
        match decorator:
            case ast.Attribute(attr="getter"):
                return function.name
            case ast.Call(func=ast.Attribute(attr="getter"), keywords=[ast.keyword(value=ast.Constant(value=name))]):
                return str(name)
            case _:
                continue
    return None


def _kind(annotation: ast.expr | None) -> Kind:
    match annotation:
        case ast.Attribute(attr=name) if name in _SCALARS:
            return Kind(name=_SCALARS[name])
        case ast.Constant(value=str(name)):
            return Kind(name="object", shape=name)
        case ast.Subscript(value=outer, slice=inner):
            return _generic(outer, inner)
        case _:
            return Kind(name="any")


def _generic(outer: ast.expr, inner: ast.expr) -> Kind:
    name = outer.attr if isinstance(outer, ast.Attribute) else outer.id if isinstance(outer, ast.Name) else ""
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    match name:
        case "Input" | "Optional":
            return _kind(inner)
        case "Sequence":
            return Kind(name="list", of=_kind(inner))
        case "Mapping":
            return Kind(name="map", of=_kind(parts[-1]))
        case "Union":
            kinds = [_kind(part) for part in parts]
            documents = any(kind.shape == "PolicyDocumentArgs" for kind in kinds)
            return Kind(name="document") if documents else kinds[0]
        case _:
            return Kind(name="any")
