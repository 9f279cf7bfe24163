"""The product's quoting, read by the sandbox's parser: names and texts come out as they went in, and no more."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from domain.snowflake_sql import qualified, quote_identifier, quote_text
from domain.storage_integration import describe_integration, validate_integration
from sandbox.plugins.snowflake import sql as stand_in
from sandbox.snowflake.admission import admit
from sandbox.snowflake.names import Name
from sandbox.snowflake.statement import Statement

CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
HOSTILE = [
    '"', '""', "'", ";", '"; DROP TABLE "T', "--", "/*", "*/", "$$", "\\", "\\'", "\n", ".", "@", "%", "_", "select",
]  # fmt: skip
LONGEST_NAME = 255
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), min_size=1).map("".join),
    st.text(CHARACTERS, min_size=1),
).filter(lambda name: len(name) <= LONGEST_NAME)
TEXTS = st.one_of(st.lists(st.sampled_from(HOSTILE)).map("".join), st.text(CHARACTERS))

FORMS = [
    "CREATE TABLE {}",
    "CREATE OR REPLACE STAGE {}",
    "ALTER PIPE {}",
    "DROP FILE FORMAT {}",
    "DESCRIBE TABLE {}",
    "TRUNCATE TABLE {}",
    "GRANT SELECT ON TABLE {}",
]
"""Beginnings of statements about an object in a schema."""


def opened(form: str, name: str) -> Statement:
    """Read a statement up to its name."""
    statement = Statement(form.format(name))
    statement.expect(*form.removesuffix(" {}").split())
    return statement


@pytest.mark.parametrize("form", FORMS)
@given(NAMES, NAMES, NAMES)
def test_a_full_name_is_read_as_it_was_meant(form: str, database: str, schema: str, name: str) -> None:
    statement = opened(form, qualified(database, schema, name))
    assert statement.identifiers() == (database, schema, name)
    statement.end()


@pytest.mark.parametrize("kind", ["DATABASE", "ROLE", "STORAGE INTEGRATION", "WAREHOUSE", "USER"])
@given(NAMES)
def test_the_name_of_an_account_s_object_is_read_as_it_was_meant(kind: str, name: str) -> None:
    statement = opened(f"CREATE {kind} {{}}", quote_identifier(name))
    assert statement.identifier() == name
    statement.end()


@given(NAMES, st.lists(NAMES, min_size=1, max_size=4), TEXTS)
@example("T", ["a"], "\\'; DROP TABLE T; --")
def test_columns_and_comments_end_where_they_end(table: str, columns: list[str], comment: str) -> None:
    listed = ", ".join(quote_identifier(column) for column in columns)
    statement = opened("COPY INTO {}", f"{quote_identifier(table)} ({listed}) COMMENT = {quote_text(comment)}")
    assert statement.identifier() == table
    assert statement.column_list() == tuple(columns)
    assert statement.properties() == {"COMMENT": comment}
    statement.end()


@given(NAMES, NAMES, NAMES, TEXTS)
def test_a_stage_s_path_does_not_swallow_the_statement(database: str, schema: str, name: str, text: str) -> None:
    statement = opened("LIST {}", f"@{qualified(database, schema, name)}/a/b/ PATTERN = {quote_text(text)}")
    reference = statement.stage()
    assert (reference.name, reference.path) == ((database, schema, name), "a/b/")
    assert statement.properties() == {"PATTERN": text}
    statement.end()


@given(NAMES, NAMES, NAMES)
def test_a_query_reads_one_table(database: str, schema: str, name: str) -> None:
    query = admit(f"SELECT {quote_identifier(name)} FROM {qualified(database, schema, name)}")  # noqa: S608 - the quoting under test
    (table,) = query.find_all(exp.Table)
    assert tuple(part.name for part in table.parts) == (database, schema, name)
    (again,) = sqlglot.parse(query.sql(dialect="snowflake"), read="snowflake")
    assert again == query


@given(NAMES, TEXTS)
def test_the_trust_s_own_statements_hold_what_they_are_given(name: str, location: str) -> None:
    description = opened(
        "DESCRIBE STORAGE INTEGRATION {}", describe_integration(name).removeprefix("DESCRIBE STORAGE INTEGRATION ")
    )
    assert description.identifier() == name
    description.end()
    query = admit(validate_integration(name, location))
    function = query.find(exp.Anonymous)
    assert function is not None
    assert [argument.name for argument in function.expressions] == [name, location, "landing-zone", "list"]


@given(NAMES, NAMES, NAMES, TEXTS)
def test_the_stand_in_quotes_alike(database: str, schema: str, name: str, text: str) -> None:
    full = stand_in.quoted(database, schema, name)
    assert full == qualified(database, schema, name) == Name.of(database, schema, name).sql()
    assert stand_in.unquoted(full) == (database, schema, name)
    statement = Statement(f"X COMMENT = {stand_in.text(text)}")
    statement.expect("X")
    assert statement.properties() == {"COMMENT": text}
    statement.end()
