"""A table that is there is a feed's own, or a stranger that nobody takes over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.copy_statement import copy_statement
from domain.kept_tables import KeptObjects, strangers
from domain.snowflake_sql import SchemaName
from tests.stack_values import feed, partner, read_partners

HOME = SchemaName(database="LANDING", schema="RAW")
LOADED = {"LOADED_FILE": "VARCHAR(16777216)", "LOADED_ROW": "NUMBER(38,0)", "LOADED_AT": "TIMESTAMP_LTZ(9)"}
ORDERS = '"LANDING"."RAW"."SKYWAY_ORDERS"'


def a_partner(columns: dict[str, str]) -> dict[str, object]:
    return partner(feeds=[feed(columns=[{"name": name, "type": type_} for name, type_ in columns.items()])])


def told(wanted: dict[str, str], there: dict[str, str]) -> list[str]:
    kept = KeptObjects(home=HOME, tables={"SKYWAY_ORDERS": there})
    return [str(fault) for fault in strangers(read_partners(a_partner(wanted)), kept, "PARTNERS", "landing:partners")]


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({"ID": "NUMBER"}, {"ID": "NUMBER(38,0)", **LOADED}),
        ({"ID": "NUMBER(5)"}, {"ID": "NUMBER(5,0)", **LOADED}),
        ({"A": "VARCHAR", "B": "TIME"}, {**LOADED, "B": "TIME(9)", "A": "VARCHAR(16777216)"}),
        ({"ID": "NUMBER", "NEW": "FLOAT"}, {"ID": "NUMBER(38,0)", **LOADED}),
    ],
)
def test_a_table_of_the_feeds_columns_in_whatever_order_is_its_own(
    wanted: dict[str, str], there: dict[str, str]
) -> None:
    assert told(wanted, there) == []


@pytest.mark.parametrize(
    ("there", "differs"),
    [
        ({"ID": "NUMBER(38,0)", "OLD": "DATE", **LOADED}, "it has OLD DATE, which the feed lacks"),
        ({"ID": "VARCHAR(10)", **LOADED}, "ID is VARCHAR(10) and not NUMBER"),
        ({"ID": "NUMBER(38,2)", **LOADED}, "ID is NUMBER(38,2) and not NUMBER"),
        ({"ID": "NUMBER(38,0)"}, "it lacks LOADED_FILE, LOADED_ROW, LOADED_AT, which each table made here has"),
        ({**LOADED, "id": "NUMBER(38,0)"}, "it has id NUMBER(38,0), which the feed lacks"),
    ],
)
def test_what_else_is_there_is_refused_with_what_differs_and_the_ways_out(there: dict[str, str], differs: str) -> None:
    (fault,) = told({"ID": "NUMBER"}, there)
    assert fault == (
        f"landing:partners[0].feeds[0].name: the table {ORDERS} is there already, and is not this feed's: {differs}. "
        "Give the feed the table's columns (they may change in a later `up`), move the table away (ALTER TABLE "
        f"{ORDERS} RENAME TO ...), drop it, or name the feed otherwise"
    )


TYPES = {"NUMBER": "NUMBER(38,0)", "VARCHAR(7)": "VARCHAR(7)", "BOOLEAN": "BOOLEAN", "TIMESTAMP_TZ": "TIMESTAMP_TZ(9)"}
TABLES = st.dictionaries(st.sampled_from("ABCDEF"), st.sampled_from(sorted(TYPES)), min_size=1)


@given(wanted=TABLES, had=TABLES)
def test_a_table_is_taken_over_where_no_column_would_be_dropped_or_changed(
    wanted: dict[str, str], had: dict[str, str]
) -> None:
    there = {**{name: TYPES[type_] for name, type_ in had.items()}, **LOADED}
    assert (told(wanted, there) == []) == (had.items() <= wanted.items())


def test_every_stranger_is_told_of_at_once() -> None:
    entries = [a_partner({"ID": "NUMBER"}), {**a_partner({"ID": "NUMBER"}), "name": "rail"}]
    kept = KeptObjects(home=HOME, tables={"SKYWAY_ORDERS": {}, "RAIL_ORDERS": {}}, pipes={"RAIL_ORDERS": "COPY INTO X"})
    faults = strangers(read_partners(*entries), kept, "PARTNERS", "landing:partners")
    assert [fault.key for fault in faults] == [f"landing:partners[{i}].feeds[0].name" for i in (0, 1, 1)]


@pytest.mark.parametrize("spaces", [" ", "\n  "])
def test_a_pipe_that_copies_the_same_is_its_own(spaces: str) -> None:
    (skyway,) = read_partners(a_partner({"ID": "NUMBER"}))
    copy: dict[str, Any] = {"stage": "PARTNERS", "path": "skyway/orders/", "feed": skyway.feeds[0]}
    for pipe, strange in (
        (copy_statement(HOME, table="SKYWAY_ORDERS", **copy), False),
        (copy_statement(HOME, table="OTHER", **copy), True),
    ):
        kept = KeptObjects(home=HOME, pipes={"SKYWAY_ORDERS": pipe.replace(" ", spaces)})
        assert [f"DROP PIPE {ORDERS}" in str(f) for f in strangers([skyway], kept, "PARTNERS", "k")] == [True] * strange


def test_what_is_there_has_the_id_by_which_the_official_provider_knows_it() -> None:
    kept = KeptObjects(home=HOME, tables={"A": {"ID": "DATE"}}, pipes={"B": ""})
    assert (kept.table_id("A"), kept.pipe_id("B")) == ("LANDING|RAW|A", "LANDING|RAW|B")
    assert (kept.table_id("B"), kept.pipe_id("A")) == (None, None)
    assert kept.columns == {"A": ("ID",)}
