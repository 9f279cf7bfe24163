"""Parameters read from a flow's text, against what Prefect itself makes of the same function once it is imported."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prefect.utilities.callables import parameter_schema

from domain.flow_source import read_flow

HEAD = '''
import datetime as dt
import typing
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from typing import Annotated, Any, Dict, List, Literal, Optional, Union
from annotated_types import Ge, MaxLen
from prefect import flow
from pydantic import Field, HttpUrl, PositiveInt

class Colour(Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"

class Size(IntEnum):
    SMALL = 1
    LARGE = 2

class Fruit(str, Enum):
    APPLE = "apple"

    def peeled(self): ...

class Speed(StrEnum):
    SLOW = auto()

Format = Literal["csv", "json"]
MINUTE = 60
'''

leaves = st.sampled_from([
    *("str", "int", "float", "bool", "bytes", "object", "Any", "None", "date", "dt.datetime", "dt.time", "timedelta"),
    *("uuid.UUID", "Path", "Decimal", "list", "dict", "set", "tuple", "List", "Dict"),
    *("Colour", "Size", "Fruit", "Speed"),
    *('Literal["a", 1]', 'Literal["only"]', "Format", "HttpUrl", "PositiveInt", '"int"', "typing.Text"),
    *("Annotated[int, Field(ge=1, description='How many')]", "Annotated[str, MaxLen(3)]", "Annotated[int, Ge(0), 'x']"),
])  # fmt: skip
types = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("list[{}]".format, inner),
        st.builds("dict[str, {}]".format, inner),
        st.builds("Mapping[str, {}]".format, inner),
        st.builds("Sequence[{}]".format, inner),
        st.builds("tuple[{}, {}]".format, inner, inner),
        st.builds("tuple[{}, ...]".format, inner),
        st.builds("Optional[{}]".format, inner),
        st.builds("Union[{}, {}]".format, inner, inner),
        st.builds("{} | None".format, st.sampled_from(["str", "int", "date", "list[int]", "Colour", "Format"])),
    ),
    max_leaves=4,
)
defaults = st.sampled_from([
    *("None", "1", "-2.5", '"x"', "True", "[1, 2]", '{"a": 1}', "(1, 'b')", "{1}", "b'x'", "2 * MINUTE", "f'{\"a\"}b'"),
    *("date(2024, 2, 29)", "dt.datetime(2024, 1, 1, tzinfo=dt.UTC)", "timedelta(days=1)", 'Path("in")', "Colour.RED"),
    *("Size.LARGE", "uuid.UUID(int=1)", "Decimal('1.5')", "list()", "Field(default=3, description='Said here', ge=1)"),
    *("Field(...)", "Field('a', json_schema_extra={'position': 7, 'more': 1})", "MINUTE"),
])  # fmt: skip
names = st.sampled_from(["a", "b", "copy", "json", "schema", "partner_name", "model_config", "x1", "Straße", "fields"])


@st.composite
def signatures(draw: st.DrawFn) -> str:
    """Draw the text between a function's parentheses."""
    chosen = draw(st.lists(names, max_size=6, unique=True))
    positional_only, positional = sorted(draw(st.integers(0, len(chosen))) for _ in range(2))
    has_star = draw(st.booleans())
    parts: list[str] = []
    must_have_default = False
    for index, name in enumerate(chosen):
        if index == positional:
            parts.append("*args: int" if has_star else "*")
        annotation = draw(st.none() | types)
        text = name if annotation is None else f"{name}: {annotation}"
        keyword_only = index >= positional
        if draw(st.booleans()) or (must_have_default and not keyword_only):
            text += f" = {draw(defaults)}"
            must_have_default = True
        parts.append(text)
        if index + 1 == positional_only:
            parts.append("/")
    if draw(st.booleans()):
        parts.append("**more: str")
    return ", ".join(parts)


docstrings = st.sampled_from([
    "",
    '    """Load."""\n',
    '    """Load.\n\n    Args:\n        a: 1st,\n            more\n        copy (int): B\n        no: No.\n    """\n',
    '    """Load.\n\n    Parameters:\n        b: In bytes\n\n    Returns:\n        a: nothing\n    """\n',
])  # fmt: skip


def prefects(text: str) -> dict[str, Any]:
    """Give what Prefect makes of the function once its code has run."""
    namespace: dict[str, Any] = {"__name__": "flows_of_a_test"}
    exec(compile(text, "flows.py", "exec", dont_inherit=True), namespace)  # noqa: S102  # a test's own text
    return parameter_schema(namespace["load"]).model_dump_for_openapi()


def ours(text: str) -> dict[str, Any]:
    return read_flow(
        text.replace("def load", "@flow\ndef load").replace("async @flow\ndef", "@flow\nasync def"), "load"
    ).parameters_schema


@settings(max_examples=80, deadline=None)
@given(signature=signatures(), docstring=docstrings, later=st.booleans(), word=st.sampled_from(["def", "async def"]))
def test_the_schema_is_prefects(signature: str, docstring: str, later: bool, word: str) -> None:  # noqa: FBT001
    future = "from __future__ import annotations\n" if later else ""
    text = f"{future}{HEAD}\n{word} load({signature}):\n{docstring}    ...\n"
    assert ours(text) == prefects(text)
