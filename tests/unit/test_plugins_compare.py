"""When two property values mean the same, and what a difference makes of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.plugins.compare import same, same_in_order, same_where_both_say, same_words
from sandbox.plugins.difference import compare, inputs_from, keep_spelling
from sandbox.plugins.naming import keeps_its_name, with_name
from sandbox.plugins.snowflake.sql import canonical_type, quoted, same_name, text, unquoted
from sandbox.plugins.snowflake.tables import same_columns
from sandbox.plugins.table import COMPUTED, FORCE_NEW, KEPT, PLAIN, Property, Row
from sandbox.plugins.wire import UNKNOWN, Properties, Value, from_struct, to_struct

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def statement(**more: Value) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **more}]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (True, "true"),
        (None, ""),
        (None, False),
        (None, []),
        ({"a": None}, {}),
        (["a", "b"], ["b", "a"]),
        (statement(Action="s3:*"), statement(Action=["s3:*"])),
        (statement(Action=["a:x", "a:y"]), statement(Action=["a:y", "a:x"])),
        (statement(Action="s3:*"), json.dumps(json.loads(statement(Action="s3:*")), indent=2)),
        (
            statement(Condition={"Bool": {"aws:SecureTransport": False}}),
            statement(Condition={"Bool": {"aws:SecureTransport": "false"}}),
        ),
    ],
)
def test_spellings_of_one_value(one: Value, other: Value) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (0, None),
        ("a", "A"),
        ({"a": 1}, {"a": 1, "b": 2}),
        (["a"], ["a", "a"]),
        (statement(Action="s3:*"), statement(Action="s3:Get*")),
        (statement(Effect="Deny"), statement()),
        (UNKNOWN, UNKNOWN),
        ({"a": [UNKNOWN]}, {"a": [UNKNOWN]}),
    ],
)
def test_different_values(one: Value, other: Value) -> None:
    assert not same(one, other)
    assert not same(other, one)


@given(VALUES)
def test_a_value_is_the_same_as_itself(value: Value) -> None:
    assert same(value, value)
    assert same_in_order(value, value)


def test_order_counts_where_it_should() -> None:
    assert not same_in_order(["a", "b"], ["b", "a"])


def test_objects_are_compared_where_both_say() -> None:
    assert same_where_both_say({"a": 1, "b": 2}, {"a": 1})
    assert not same_where_both_say({"a": 1}, {"a": 2})


def test_statements_are_compared_by_their_words() -> None:
    assert same_words("COPY INTO a\n  FROM b;", "COPY INTO a FROM b")
    assert not same_words("COPY INTO a FROM b", "COPY INTO a FROM c")


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_properties_survive_the_wire_but_for_nulls(properties: Properties) -> None:
    def without_nulls(value: Value) -> Value:
        if isinstance(value, dict):
            return {key: without_nulls(item) for key, item in value.items() if item is not None}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # any JSON
        return [without_nulls(item) for item in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # any JSON

    assert from_struct(to_struct(properties)) == without_nulls(properties)


def test_unknowns_survive_the_wire() -> None:
    assert from_struct(to_struct({"a": [UNKNOWN]}))["a"][0] is UNKNOWN


TABLE = {
    "name": FORCE_NEW,
    "tags": PLAIN,
    "policy": COMPUTED,
    "forceDestroy": KEPT,
    "size": Property(default=3),
}

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("state", "inputs", "changed", "replaces"),
    [
        ({"name": "a"}, {"name": "a"}, NOTHING, NOTHING),
        ({"name": "a"}, {"name": "b"}, {"name"}, {"name"}),
        ({"name": "a"}, {"name": UNKNOWN}, {"name"}, {"name"}),
        ({"name": "a", "policy": "{}"}, {"name": "a"}, NOTHING, NOTHING),
        ({"name": "a", "tags": {"by": "hand"}}, {"name": "a"}, {"tags"}, NOTHING),
        ({"name": "a", "size": 3}, {"name": "a"}, NOTHING, NOTHING),
        ({"name": "a", "size": 4}, {"name": "a"}, {"size"}, NOTHING),
        ({"name": "a"}, {"name": "a", "forceDestroy": True}, {"forceDestroy"}, NOTHING),
    ],
)
def test_what_differs_and_what_it_forces(
    state: Properties, inputs: Properties, changed: frozenset[str], replaces: frozenset[str]
) -> None:
    found = compare(TABLE, state, inputs)
    assert (found.properties, found.replaces) == (changed, replaces)


def test_ignored_properties_never_differ() -> None:
    assert not compare(TABLE, {"name": "a"}, {"name": "b", "tags": {"a": "1"}}, ["name", "tags.a"]).properties


def test_the_program_s_spelling_stands_where_it_means_the_same() -> None:
    spaced = json.dumps({"Version": "2012-10-17"}, indent=4)
    live = {"name": "a", "policy": '{"Version":"2012-10-17"}', "arn": "arn"}
    kept = keep_spelling(TABLE, {"policy": spaced, "forceDestroy": True}, live)
    assert kept == {**live, "policy": spaced, "forceDestroy": True}
    assert keep_spelling(TABLE, {"policy": '{"Version":"other"}'}, live) == live


def test_an_import_takes_every_input_that_is_not_at_its_default() -> None:
    live: Properties = {"name": "a", "policy": "{}", "size": 3, "tags": {}, "arn": "arn"}
    assert inputs_from(TABLE, {}, live) == {"name": "a", "policy": "{}"}


def test_a_refresh_leaves_to_the_service_what_was_left_to_it() -> None:
    live = {"name": "a", "policy": "{}", "tags": {"by": "hand"}, "size": 4}
    assert inputs_from(TABLE, {"name": "a", "forceDestroy": True}, live) == {
        "name": "a",
        "forceDestroy": True,
        "tags": {"by": "hand"},
        "size": 4,
    }


def named_row() -> Row[None]:
    return Row(
        type="aws:x/y:Z",
        properties=TABLE,
        create=lambda _cloud, _inputs: "",
        read=lambda _cloud, _id: None,
        delete=lambda _cloud, _id, _state: None,
        auto_name="name",
    )


def test_a_name_left_out_is_made_once_and_then_kept() -> None:
    row = named_row()
    first = with_name(row, "landing", {}, {}, b"seed")
    assert first["name"].startswith("landing-")
    assert len(first["name"]) == len("landing-") + 7
    assert with_name(row, "landing", {}, first, b"other") == first
    assert with_name(row, "landing", {"name": "own"}, first, b"")["name"] == "own"


def test_only_a_given_name_that_stays_clashes() -> None:
    row = named_row()
    assert keeps_its_name(row, {"name": "a"}, {"name": "a", "__defaults": []})
    assert not keeps_its_name(row, {"name": "a"}, {"name": "b", "__defaults": []})
    assert not keeps_its_name(row, {"name": "a"}, {"name": "a", "__defaults": ["name"]})


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_a_quoted_name_gives_its_parts_back(parts: list[str]) -> None:
    assert unquoted(quoted(*parts)) == tuple(parts)


def test_snowflake_names_types_and_texts() -> None:
    assert same_name('"LANDING"', "LANDING")
    assert not same_name("LANDING", "landing")
    assert text("it's a \\") == "'it\\'s a \\\\'"
    for spelled, meant in (
        ("int", "NUMBER(38,0)"),
        ("NUMBER", "NUMBER(38,0)"),
        ("NUMBER(10)", "NUMBER(10,0)"),
        ("number( 10, 2 )", "NUMBER(10,2)"),
        ("STRING", "VARCHAR"),
        ("VARCHAR(16777216)", "VARCHAR"),
        ("VARCHAR(100)", "VARCHAR(100)"),
        ("TIMESTAMP_NTZ", "TIMESTAMP_NTZ(9)"),
        ("DATETIME", "TIMESTAMP_NTZ(9)"),
        ("double", "FLOAT"),
        ("VARIANT", "VARIANT"),
    ):
        assert canonical_type(spelled) == meant


def test_columns_are_compared_in_order_by_meaning() -> None:
    plain = [{"name": "A", "type": "INT"}, {"name": "B", "type": "STRING"}]
    full = [
        {"name": "A", "type": "NUMBER(38,0)", "nullable": True},
        {"name": "B", "type": "VARCHAR(16777216)", "comment": ""},
    ]
    assert same_columns(plain, full)
    assert not same_columns(plain, full[::-1])
    assert not same_columns(plain, [*full[:1], {**full[1], "nullable": False}])
