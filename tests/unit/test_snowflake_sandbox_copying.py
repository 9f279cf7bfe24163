from __future__ import annotations

import pytest

from sandbox.snowflake.copying import CopyCommand, parse_copy
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.statement import Statement


def read(options: str) -> CopyCommand:
    return parse_copy(Statement(f"COPY INTO T FROM @S {options}"))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ("RETURN_FAILED_ONLY = TRUE", "COPY option RETURN_FAILED_ONLY"),
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
    assert read("MATCH_BY_COLUMN_NAME = case_insensitive").match_by_column_name
