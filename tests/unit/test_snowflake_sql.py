"""Snowflake statements: quoting that nothing gets out of, and the texts that pipes are made of."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from domain.feeds import Column, Feed
from domain.snowflake_sql import (
    SchemaName,
    copy_statement,
    qualified,
    quote_identifier,
    quote_text,
)

NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=60)
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60)


@given(NAMES, NAMES)
def test_identifiers_survive_the_parser_whatever_is_in_them(schema: str, name: str) -> None:
    statements = sqlglot.parse(f"DROP TABLE {qualified(schema, name)}", read="snowflake")
    assert len(statements) == 1
    table = statements[0].find(exp.Table) if statements[0] else None
    assert table is not None
    assert (table.db, table.name) == (schema, name)


@given(TEXTS)
def test_texts_survive_the_parser_whatever_is_in_them(text: str) -> None:
    statements = sqlglot.parse(f"SELECT {quote_text(text)}", read="snowflake")
    assert len(statements) == 1
    literal = statements[0].find(exp.Literal) if statements[0] else None
    assert literal is not None
    assert literal.this == text


@pytest.mark.parametrize("name", ["", "a" * 256, "nul\0"])
def test_a_name_that_snowflake_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a Snowflake identifier"):
        quote_identifier(name)


def feed(format_: str = "csv") -> Feed:
    columns = (Column(name="ID", type="NUMBER"),)
    return Feed.model_validate({"name": "orders", "format": format_, "columns": columns})


def test_a_pipe_copies_from_its_own_folder_alone() -> None:
    text = copy_statement(
        SchemaName(database="LANDING", schema="RAW"), table="A_ORDERS", stage="PARTNERS", path="a/orders/", feed=feed()
    )
    assert text == (
        'COPY INTO "LANDING"."RAW"."A_ORDERS" FROM @"LANDING"."RAW"."PARTNERS"/a/orders/ '
        "PATTERN = '.*[^/]' FILE_FORMAT = (TYPE = CSV FIELD_DELIMITER = ',' "
        "SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = (''))"
    )


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_formats_with_names_of_their_own_are_matched_by_name(format_: str) -> None:
    text = copy_statement(SchemaName(database="D", schema="S"), table="T", stage="ST", path="p/", feed=feed(format_))
    assert text.endswith("MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE")


def test_a_folder_without_its_slash_would_match_a_neighbour() -> None:
    with pytest.raises(ValueError, match="must end with a slash"):
        copy_statement(SchemaName(database="D", schema="S"), table="T", stage="ST", path="p", feed=feed())
