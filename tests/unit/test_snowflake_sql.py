"""Snowflake statements: quoting that nothing gets out of, and the texts that pipes are made of."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from domain.snowflake_sql import (
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
