from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.snowflake.copying import CopyCommand, parse_copy
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.names import quoted
from sandbox.snowflake.projection import to_engine
from sandbox.snowflake.stage_reference import StageReference
from sandbox.snowflake.statement import Statement


def read(options: str) -> CopyCommand:
    return parse_copy(Statement(f"COPY INTO T FROM @S {options}"))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ("SIZE_LIMIT = big", r"invalid value \[BIG\] for parameter 'SIZE_LIMIT'"),
        ("VALIDATION_MODE = RETURN_0_ROWS", r"invalid value \[RETURN_0_ROWS\]"),
        ("INCLUDE_METADATA = (F = METADATA$FILENAME)", "INCLUDE_METADATA can only be used with MATCH_BY_COLUMN_NAME"),
        (
            "MATCH_BY_COLUMN_NAME = CASE_SENSITIVE INCLUDE_METADATA = (F = METADATA$SIZE)",
            r"invalid value \[METADATA\$SIZE\] for parameter 'INCLUDE_METADATA'",
        ),
        ("VALIDATION_MODE = RETURN_ERRORS MATCH_BY_COLUMN_NAME = CASE_SENSITIVE", "VALIDATION_MODE is not supported"),
        ("PURGE = TRUE", "COPY option PURGE"),
        ("MATCH_BY_COLUMN_NAME = ALWAYS", r"invalid value \[ALWAYS\] for parameter 'MATCH_BY_COLUMN_NAME'"),
        ("ON_ERROR = IGNORE", r"invalid value \[IGNORE\] for parameter 'ON_ERROR'"),
        ("FASTER = TRUE", "invalid property 'FASTER'"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(options: str, fault: str) -> None:
    with pytest.raises(SnowflakeError, match=fault):
        read(options)


def test_an_option_that_says_what_is_so_anyway_is_taken() -> None:
    assert read("RETURN_FAILED_ONLY = FALSE PURGE = FALSE MATCH_BY_COLUMN_NAME = NONE") == read("")
    assert read("MATCH_BY_COLUMN_NAME = case_insensitive").match_by_column_name == "CASE_INSENSITIVE"


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("SELECT COUNT(*) FROM @S", r"COUNT\(\*\) in the query of a COPY"),
        ("SELECT DISTINCT $1 FROM @S", "this query over staged files in COPY"),
        ("SELECT * FROM @S", "in the query of a COPY"),
        ("SELECT METADATA$SIZE FROM @S", "invalid identifier 'METADATA\\$SIZE'"),
        ("SELECT $1 FROM @S WHERE $2 = 1", "unexpected 'WHERE'"),
        ("SELECT $1 FROM @S", "unexpected '<EOF>'"),
        ("SELECT FROM @S", "unexpected 'FROM'"),
    ],
)
def test_a_query_that_a_load_cannot_compute_row_by_row_is_refused(query: str, fault: str) -> None:
    closing = "" if "EOF" in fault else ")"
    with pytest.raises(SnowflakeError, match=fault):
        parse_copy(Statement(f"COPY INTO T FROM ({query}{closing}"))


def test_a_query_gives_its_columns_and_its_stage() -> None:
    text = 'COPY INTO T (A, "b") FROM (SELECT s.$1:"x y"::DATE AS a, METADATA$FILENAME FROM @D.S."T"/p s) FORCE = TRUE'
    command = parse_copy(Statement(text))
    assert command.columns == ("A", "b")
    assert command.stage == StageReference(("D", "S", "T"), "p")
    assert [to_engine(each) for each in command.expressions or ()] == [
        'CAST(("c1" ->> \'$."x y"\') AS DATE)',
        '"METADATA$FILENAME"',
    ]
    assert command.force


def test_metadata_columns_are_named_as_identifiers_are() -> None:
    read_ = read(
        'MATCH_BY_COLUMN_NAME = CASE_SENSITIVE INCLUDE_METADATA = ("f"=METADATA$FILENAME, n= metadata$file_row_number)'
    )
    assert read_.include_metadata == {"f": "METADATA$FILENAME", "N": "METADATA$FILE_ROW_NUMBER"}


TYPED = """
    COPY INTO T FROM @S ( ) SELECT $1 , :: . : NUMBER 'x' "q" FILES = PATTERN FILE_FORMAT TYPE CSV FORMAT_NAME ON_ERROR
    CONTINUE SKIP_FILE_5% VALIDATION_MODE RETURN_ERRORS MATCH_BY_COLUMN_NAME INCLUDE_METADATA METADATA$FILENAME FORCE
    TRUE 1 ; -- /* $$ ' @S/p/ AS WHERE [ ] ->> || CAST CASE WHEN
"""


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TYPED.split()), max_size=14))
def test_whatever_is_typed_is_read_or_refused(words: list[str]) -> None:
    with contextlib.suppress(SnowflakeError):
        parse_copy(Statement(" ".join(["COPY INTO T FROM", *words])))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_names_of_all_kinds_stay_names(text: str) -> None:
    quoted_ = quoted(text or "x")
    try:
        command = parse_copy(Statement(f"COPY INTO {quoted_} ({quoted_}) FROM (SELECT $1 FROM @{quoted_}.{quoted_}.S)"))  # noqa: S608
    except SnowflakeError:
        assert "\x00" in text or not text.isprintable()
        return
    assert command.table == command.columns == (text or "x",)
    assert command.stage.name[:2] == (text or "x", text or "x")
