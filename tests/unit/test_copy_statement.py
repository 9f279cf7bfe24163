"""The texts that pipes are made of."""

from __future__ import annotations

import pytest

from domain.copy_statement import copy_statement
from domain.feeds import METADATA, Column, Feed
from domain.snowflake_sql import SchemaName
from domain.unfinished import finished_names

HOME = SchemaName(database="LANDING", schema="RAW")


def feed(format_: str = "csv", *names: str) -> Feed:
    columns = tuple(Column(name=name, type="NUMBER") for name in names or ("ID",))
    return Feed.model_validate({"name": "orders", "format": format_, "columns": columns})


def copy(feed: Feed, path: str = "a/orders/") -> str:
    return copy_statement(HOME, table="A_ORDERS", stage="PARTNERS", path=path, feed=feed)


def test_a_pipe_copies_from_its_own_folder_alone_and_says_where_each_row_is_from() -> None:
    into, _, rest = copy(feed("csv", "ID", "AT")).partition(" FROM ")
    assert into == ('COPY INTO "LANDING"."RAW"."A_ORDERS" ("ID", "AT", "LOADED_FILE", "LOADED_ROW", "LOADED_AT")')
    selected, _, files = rest.partition(" PATTERN = ")
    assert selected == (
        "(SELECT NULLIF($1, ''), NULLIF($2, ''), METADATA$FILENAME, IFF($2 IS NULL OR $3 IS NOT NULL, "
        "TO_NUMBER('a row of more or fewer than 2 fields, which begins with ' || $1), METADATA$FILE_ROW_NUMBER), "
        'METADATA$START_SCAN_TIME FROM @"LANDING"."RAW"."PARTNERS"/a/orders/)'
    )
    assert files == (
        f"'{finished_names()}' FILE_FORMAT = (TYPE = CSV FIELD_DELIMITER = ',' SKIP_HEADER = 1 "
        "FIELD_OPTIONALLY_ENCLOSED_BY = '\"' SKIP_BLANK_LINES = TRUE EMPTY_FIELD_AS_NULL = FALSE NULL_IF = ())"
    )


@pytest.mark.parametrize(
    ("type_", "null_texts", "value"),
    [
        ("NUMBER", ["NA", ""], "NULLIF(NULLIF($1, 'NA'), '')"),
        ("NUMBER", ["it's"], "NULLIF(NULLIF($1, 'it''s'), '')"),
        ("VARCHAR(3)", ["NA"], "NULLIF($1, 'NA')"),
        ("VARCHAR", [], "$1"),
        ("DATE", [], "NULLIF($1, '')"),
        ("VARIANT", [""], "PARSE_JSON(NULLIF($1, ''))"),
    ],
)
def test_a_text_for_no_value_becomes_null_and_an_empty_one_does_where_it_is_no_value(
    type_: str, null_texts: list[str], value: str
) -> None:
    columns = [{"name": "ID", "type": type_}]
    one = Feed.model_validate({"name": "orders", "columns": columns, "csv": {"nullTexts": null_texts}})
    assert f"(SELECT {value}, METADATA$FILENAME" in copy(one)


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_formats_with_names_of_their_own_are_matched_by_name(format_: str) -> None:
    assert copy(feed(format_)).endswith(
        "MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE INCLUDE_METADATA = (LOADED_FILE = METADATA$FILENAME, "
        "LOADED_ROW = METADATA$FILE_ROW_NUMBER, LOADED_AT = METADATA$START_SCAN_TIME)"
    )


def test_a_folder_without_its_slash_would_match_a_neighbour() -> None:
    with pytest.raises(ValueError, match="must end with a slash"):
        copy(feed(), "p")


def test_a_stage_of_ones_own_needs_no_folder() -> None:
    assert ' FROM @"LANDING"."RAW"."PARTNERS"/) ' in copy(feed(), "")


def names(*earlier: str) -> list[str]:
    return [column.name for column in feed("csv", "A", "B", "C").table_columns(earlier)]


def test_a_new_table_ends_with_the_columns_of_where_and_when() -> None:
    assert names() == ["A", "B", "C", *METADATA]


def test_a_column_that_comes_later_stands_where_snowflake_puts_it() -> None:
    assert names("A", "B", *METADATA) == ["A", "B", *METADATA, "C"]


def test_a_column_that_went_leaves_the_others_in_their_places() -> None:
    assert names("A", "X", "C", *METADATA, "B") == ["A", "C", *METADATA, "B"]
