"""What is told of a flow's arguments, against Prefect's API (by the schema) and against a run (by the function)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from prefect import Flow
from prefect.exceptions import ParameterTypeError

from domain.flow_arguments import argument_faults, missing_arguments
from domain.flow_source import read_flow

HEAD = """
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID
from prefect import flow
from pydantic import Field

class Colour(Enum):
    RED = "red"
"""

TYPES = (
    *("str", "int", "float", "bool", "date", "datetime", "timedelta", "UUID", "Path", "Any", "Colour", "list", "dict"),
    *("list[int]", "dict[str, bool]", "tuple[int, str]", "int | None", "int | list[str]", "dict[int, date]"),
    *("Literal['a', 1]", "Annotated[int, Field(ge=1)]", "list[dict[str, float]]", "date | None", "bool | str"),
)
FLOWS = {kind: read_flow(f"{HEAD}\n@flow\ndef load(value: {kind}): ...", "load") for kind in TYPES}

texts = st.sampled_from(["", "a", "red", "1", "-2", "true", "2024-02-29", "2024-02-30", "2024-01-01T00:00:00Z", "P1D"])
values = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(-3, 3), texts, st.just("9b2c1c4e-7f0f-4b0e-8d51-f3b3ff2fd5aa")),
        # A number such as 5.0 is an integer to the API, a run and YAML's readers; nobody means a fraction by it.
        st.sampled_from([0.5, -1.25]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)


def checked_by_a_run(kind: str) -> Callable[[dict[str, Any]], Any]:
    """Give what Prefect does with a run's parameters before it calls the flow."""
    namespace: dict[str, Any] = {"__name__": "flows_of_a_test"}
    exec(f"{HEAD}\ndef load(value: {kind}): ...", namespace)  # noqa: S102  # a test's own text
    return Flow[Any, Any](namespace["load"]).validate_parameters


RUNS = {kind: checked_by_a_run(kind) for kind in TYPES}
APIS = {kind: Draft202012Validator(FLOWS[kind].parameters_schema) for kind in TYPES}


@pytest.mark.usefixtures("quiet")
@example(kind="Literal['a', 1]", value=True)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(TYPES), value=values)
def test_what_is_told_is_what_the_api_or_a_run_refuses(kind: str, value: Any) -> None:  # noqa: ANN401  # any JSON
    refused = not APIS[kind].is_valid({"value": value})  # pyright: ignore[reportUnknownMemberType]
    try:
        RUNS[kind]({"value": value})
    except ParameterTypeError:
        refused = True
    told = bool(list(argument_faults(FLOWS[kind], {"value": value}, key="p")))
    # A run also takes a day for a text of a moment, and a moment for one of seconds; here they are written plainly.
    assert told or not refused
    assert refused or not told or "date" in kind or "timedelta" in kind


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Have Prefect not log each refusal."""
    caplog.set_level("CRITICAL", logger="prefect.flows")


def told(signature: str, given: dict[str, Any]) -> list[str]:
    read = read_flow(f"{HEAD}\n@flow\ndef load({signature}): ...", "load")
    return [str(fault) for fault in argument_faults(read, given, key="p")]


def test_names_that_the_flow_does_not_have_are_told() -> None:
    assert told("partner: str", {"partnr": 1}) == [
        "p.partnr: is not a parameter of the flow 'load'; did you mean 'partner'?"
    ]
    assert told("a: str, b=1", {"zzz": 1}) == ["p.zzz: is not a parameter of the flow 'load'; it has a, b"]
    assert told("", {"zzz": 1}) == ["p.zzz: is not a parameter of the flow 'load'; it has none"]
    assert told("**more", {"zzz": 1}) == ["p.zzz: is not a parameter of the flow 'load'; it has more"]


def test_names_that_pydantic_keeps_for_itself_are_parameters_too() -> None:
    assert told("copy: int, json: str", {"copy": 1, "json": "x"}) == []
    assert told("copy: int", {"copy": "x"}) == ["p.copy: 'x' is not allowed: input should be a valid integer"]


def test_a_missing_one_is_told_apart() -> None:
    read = read_flow(f"{HEAD}\n@flow\ndef load(a, b: int, copy, c=compute(), *, d=1): ...", "load")
    assert list(argument_faults(read, {"a": 1}, key="p")) == []
    assert missing_arguments(read, {"a": 1}) == ["b", "copy"]
