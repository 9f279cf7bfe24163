from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.snowflake.columns import declared, read_columns
from sandbox.snowflake.copying import chosen, parse_copy, source
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.names import Name, literal, matches_like, quoted
from sandbox.snowflake.objects import Stage
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.dispatch import handler_of
from sandbox.snowflake.storage import Location

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
COPY = (
    'COPY INTO "LANDING"."RAW"."T" (a, "b") FROM @"LANDING"."RAW"."S"/sky-way/fl_1.2/ FILES = (\'x.csv\', \'y.csv\') '
    "FILE_FORMAT = (TYPE = CSV SKIP_HEADER = 1 NULL_IF = ('NA', '')) ON_ERROR = SKIP_FILE_10% FORCE = TRUE"
)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_a_quoted_name_reads_back_as_itself(parts: list[str]) -> None:
    statement = Statement(f"DROP TABLE {Name(tuple(parts)).sql()};")
    statement.expect("DROP", "TABLE")
    assert statement.identifiers() == tuple(parts)
    statement.end()


@given(NAMES, st.from_regex(r"[a-zA-Z0-9_.=-]{1,8}(/[a-zA-Z0-9_.=][a-zA-Z0-9_.=-]{0,8}){0,3}/?", fullmatch=True))
def test_a_stage_reference_reads_back_bare_and_in_quotes(name: str, path: str) -> None:
    if "--" in path:
        path = path.replace("--", "-")
    for written in (f"@{quoted(name)}/{path}", f"'@{quoted(name)}/{path}'"):
        if written.startswith("'") and ("'" in name or "\\" in name):
            continue
        reference = Statement(f"LIST {written} PATTERN = '.*'")
        reference.expect("LIST")
        stage = reference.stage()
        assert (stage.name, stage.path) == ((name,), path)
        assert reference.properties() == {"PATTERN": ".*"}


@given(st.text(max_size=30))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    with suppress(SnowflakeError):
        handler_of(Statement(text))


@given(NAMES)
def test_like_matches_itself_whatever_the_case(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    assert matches_like(escaped, text)
    assert matches_like("%", text)
    assert matches_like("_" * len(text), text)
    assert not matches_like(escaped + "_", text)


@given(st.text(max_size=20))
def test_a_literal_stays_one(text: str) -> None:
    body = literal(text)
    assert body[0] == body[-1] == "'"
    assert body[1:-1].replace("''", "") == text.replace("'", "")


def test_a_copy_says_all_that_it_says() -> None:
    command = parse_copy(Statement(COPY))
    assert command.table == ("LANDING", "RAW", "T")
    assert command.columns == ("A", "b")
    assert (command.stage.name, command.stage.path) == (("LANDING", "RAW", "S"), "sky-way/fl_1.2/")
    assert command.files == ("x.csv", "y.csv")
    assert command.file_format == {"TYPE": "CSV", "SKIP_HEADER": 1, "NULL_IF": ["NA", ""]}
    assert (command.on_error, command.force) == ("SKIP_FILE_10%", True)


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("COPY INTO @S FROM T", 2),
        ("COPY INTO T FROM (SELECT $1 FROM T)", 1003),
        ("COPY INTO T FROM @S PURGE = TRUE", 2),
        ("COPY INTO T FROM @S COLOUR = 1", 1420),
        ("COPY INTO T FROM @S ON_ERROR = GIVE_UP", 1008),
        ("COPY INTO T FROM @S PATTERN = '('", 100048),
        ("COPY INTO T FROM @S ; DROP TABLE T", 1003),
    ],
)
def test_a_copy_that_asks_for_more_is_refused(sql: str, number: int) -> None:
    with pytest.raises(SnowflakeError) as refused:
        parse_copy(Statement(sql))
    assert refused.value.number == number


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("partners/skyway/flights/a.csv", True),
        ("partners/skyway/flights/sub/a.csv", True),
        ("partners/skyway/flights/a.txt", False),
        ("partners/skyway/flights/", False),
        ("partners/skyway/flights2/a.csv", False),
    ],
)
def test_a_pipe_takes_the_keys_of_its_place(key: str, taken: bool) -> None:  # noqa: FBT001 - the expected answer
    command = parse_copy(Statement("COPY INTO T FROM @S/skyway/flights/ PATTERN = '.*[.]csv'"))
    stage = Stage(name=Name.of("D", "R", "S"), url="s3://b/partners/")
    assert chosen(command, source(stage, command.stage.path), key) is taken


def test_a_stage_without_a_closing_slash_gets_one_before_its_path() -> None:
    assert source(Stage(name=Name.of("S"), url="s3://b/p"), "x/") == Location("b", "p/x/")
    assert source(Stage(name=Name.of("S"), url="s3://b"), "x/") == Location("b", "x/")


@pytest.mark.parametrize(
    ("typed", "spelled", "engine"),
    [
        ("A INT", "NUMBER(38,0)", '"A" BIGINT'),
        ("A NUMBER(10, 2) NOT NULL", "NUMBER(10,2)", '"A" DECIMAL(10,2) NOT NULL'),
        ("A NUMBER(9)", "NUMBER(9,0)", '"A" BIGINT'),
        ("\"a b\" STRING COMMENT 'x'", "VARCHAR(16777216)", '"a b" VARCHAR'),
        ("A CHAR", "VARCHAR(1)", '"A" VARCHAR'),
        ("A DOUBLE PRECISION", "FLOAT", '"A" DOUBLE'),
        ("A TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(3)", '"A" TIMESTAMPTZ'),
        ("A VARIANT", "VARIANT", '"A" JSON'),
        ("A DATE DEFAULT '2024-01-01'::DATE", "DATE", "\"A\" DATE DEFAULT CAST('2024-01-01' AS DATE)"),
        ("A INT DEFAULT -1 NOT NULL", "NUMBER(38,0)", '"A" BIGINT DEFAULT -1 NOT NULL'),
    ],
)
def test_a_column_has_its_full_type_and_an_engine_type(typed: str, spelled: str, engine: str) -> None:
    (column,) = read_columns(Statement(f"({typed})"))
    assert (column.type, declared(column)) == (spelled, engine)


def test_keys_of_a_table_reach_their_columns() -> None:
    columns = read_columns(Statement('(A INT, B INT UNIQUE, C INT, CONSTRAINT k PRIMARY KEY (A, "C"))'))
    assert [(column.primary_key, column.unique_key, column.nullable) for column in columns] == [
        (True, False, False),
        (False, True, True),
        (True, False, False),
    ]
