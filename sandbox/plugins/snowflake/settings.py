"""Objects that are a name, a comment and a list of settings: their clauses in SQL, and their values read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from sandbox.plugins.compare import same
from sandbox.plugins.snowflake.sql import text, texts
from sandbox.plugins.table import Property
from sandbox.plugins.wire import Properties, Value


def _folded(value: Value) -> Value:
    """Give a word without its case and signs: `X-Small` is `XSMALL`, True is `true`."""
    return str(value).upper().replace("-", "") if isinstance(value, str | bool) else value


FOLDED = Property(computed=True, same=lambda one, other: same(_folded(one), _folded(other)))
"""A setting whose value is a word: in any case, left out it is the service's."""


@dataclass(frozen=True)
class Setting:
    """One setting: its name in SQL and how its value is written."""

    name: str
    kind: Literal["text", "word", "list"] = "text"
    property: Property = FOLDED

    def clause(self, value: Value) -> str:
        """Write the setting."""
        match self.kind:
            case "text":
                return f"{self.name} = {text(str(value))}"
            case "list":
                return f"{self.name} = {texts(cast('list[str]', value))}"
            case "word":
                return f"{self.name} = {_folded(value)}"

    def read(self, shown: object) -> Value:
        """Give a value as SHOW or DESCRIBE tells it, in the form of an input."""
        if self.kind == "list":
            inner = str(shown or "").strip("[]")
            return [each.strip() for each in inner.split(",")] if inner else []
        return str(shown)


def properties(settings: Mapping[str, Setting]) -> dict[str, Property]:
    """Give the properties of a type that these settings are."""
    return {name: setting.property for name, setting in settings.items()}


def clauses(settings: Mapping[str, Setting], inputs: Properties, state: Properties | None = None) -> str:
    """Write the settings that the inputs have, those alone that differ from the state when there is one."""
    written = [
        setting.clause(inputs[name])
        for name, setting in settings.items()
        if inputs.get(name) is not None and (state is None or not setting.property.same(state.get(name), inputs[name]))
    ]
    return "".join(f" {clause}" for clause in written)
