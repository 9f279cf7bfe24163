"""What the engine's Check asks: are these inputs what the type takes, and which of them are still to be filled in."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from sandbox.plugins.sdk import Kind, Sdk, Shape
from sandbox.plugins.table import Property
from sandbox.plugins.wire import Properties, Unknown, Value


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with a resource's inputs."""

    property: str
    """Where: `protocolDetails.setStatOption`; empty for the resource as a whole."""
    reason: str


@dataclass(frozen=True)
class Checker:
    """Checks values against what the package's SDK knows."""

    sdk: Sdk

    def check(
        self, token: str, shape: Shape, inputs: Properties, served: Mapping[str, Property]
    ) -> tuple[Properties, list[Fault]]:
        """Give the inputs with every value in its own kind, and all faults at once."""
        faults = list(_not_served(token, shape, inputs, served))
        kept, more = self.check_object(token, shape, inputs, path="")
        return kept, faults + more

    def check_object(
        self, token: str, shape: Shape, values: Mapping[str, Value], *, path: str
    ) -> tuple[Properties, list[Fault]]:
        """Check an object's properties: each known, none missing that is required, each of its kind."""
        faults: list[Fault] = []
        kept: Properties = {}
        for name, value in values.items():
            if name.startswith("__"):
                kept[name] = value
            elif name not in shape:
                where = f"{path}{name}"
                faults.append(Fault(property=where, reason=f"{token} knows no property {where!r}{_near(name, shape)}"))
            else:
                kept[name], more = self._value(token, shape[name].kind, value, f"{path}{name}")
                faults.extend(more)
        faults.extend(
            Fault(property=f"{path}{name}", reason=f"{token} needs the property '{path}{name}', which is not given")
            for name, known in shape.items()
            if known.required and name not in values
        )
        return kept, faults

    def _value(self, token: str, kind: Kind, value: Value, path: str) -> tuple[Value, list[Fault]]:
        match kind.name, value:
            case ("any", _) | (_, Unknown()):
                return value, []
            case "document", dict():
                return json.dumps(value), []
            case "list", list():
                items = cast("list[Value]", value)
                return self._each(token, kind, ((f"{path}[{i}]", item) for i, item in enumerate(items)))
            case "map", dict():
                entries = cast("Properties", value)
                items, faults = self._each(token, kind, ((f"{path}.{key}", item) for key, item in entries.items()))
                return dict(zip(entries, items, strict=True)), faults
            case "object", dict():
                entries = cast("Properties", value)
                shape = self.sdk.nested(token, kind.shape)
                return self.check_object(token, shape, entries, path=f"{path}.") if shape else (entries, [])
            case _:
                return _scalar(kind, value, path)

    def _each(self, token: str, kind: Kind, items: Iterable[tuple[str, Value]]) -> tuple[list[Value], list[Fault]]:
        of = kind.of or Kind(name="any")
        checked = [self._value(token, of, item, path) for path, item in items]
        return [value for value, _ in checked], [fault for _, faults in checked for fault in faults]


def _not_served(token: str, shape: Shape, inputs: Properties, served: Mapping[str, Property]) -> Iterator[Fault]:
    """Find what the package knows and the sandbox does not do: passing it over would be a lie."""
    ours = ", ".join(sorted(name for name, prop in served.items() if not prop.derived))
    for name, value in inputs.items():
        inside = served[name].inside if name in served else None
        if name in shape and name not in served:
            yield Fault(
                property=name,
                reason=f"the sandbox does not serve {name!r} of {token}, only {ours}; see docs/deviations.md",
            )
        elif inside is not None and isinstance(value, list):
            for index, item in enumerate(cast("list[Value]", value)):
                for key in sorted(set(cast("Properties", item)) - inside) if isinstance(item, dict) else ():
                    yield Fault(
                        property=f"{name}[{index}].{key}",
                        reason=f"the sandbox does not serve {key!r} in {name!r} of {token},"
                        f" only {', '.join(sorted(inside))}; see docs/deviations.md",
                    )


def provider_faults(sdk: Sdk, config: Properties) -> Iterator[Fault]:
    """Find the keys of a provider's config that the package does not know."""
    shape = sdk.provider() or {}
    package = sdk.distribution.removeprefix("pulumi_")
    for name in config:
        if name not in shape and name != "version" and not name.startswith("__"):
            yield Fault(property=name, reason=f"{package} has no config key '{package}:{name}'{_near(name, shape)}")


def _scalar(kind: Kind, value: Value, path: str) -> tuple[Value, list[Fault]]:
    """Check a single value; text that says a number or a boolean is one, as in the official plug-ins."""
    kept = value
    match kind.name, value:
        case (("string" | "document"), str()) | ("boolean", bool()):
            pass
        case "string", bool():
            kept = str(value).lower()
        case "string", int() | float():
            kept = str(value)
        case "boolean", "true" | "false":
            kept = value == "true"
        case (("integer" | "number"), int() | float()) if not isinstance(value, bool):
            pass
        case (("integer" | "number"), str()) if _is_number(value):
            kept = int(float(value)) if float(value).is_integer() else float(value)
        case _:
            article = "an" if kind.name[0] in "aeiou" else "a"
            shown = json.dumps(value, default=str)
            return value, [Fault(property=path, reason=f"{path!r} takes {article} {kind.name}, not {shown}")]
    return kept, []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _near(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; it knows {', '.join(names)}"
