"""What the sandbox's Snowflake does not know, it refuses at once and in Snowflake's words."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.sandbox.snowflake_account import SnowflakeAccount, snowflake_account

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        yield running


@pytest.mark.parametrize(
    ("sql", "number", "words"),
    [
        ("SELECT FOO(1)", 2140, "Unknown function FOO"),
        ("SELECT GET_DDL('TABLE', 'T')", 2140, "Unknown function GET_DDL"),
        ("DESC ROLE PUBLIC", 2, "Unsupported feature 'DESC ROLE'"),
        ("DESCRIBE WAREHOUSE W", 2, "Unsupported feature 'DESCRIBE WAREHOUSE'"),
        ("CREATE TASK T AS SELECT 1", 2, "Unsupported feature 'CREATE TASK'"),
        ("FROBNICATE THE WAREHOUSE", 1003, "unexpected 'WAREHOUSE'"),
    ],
)
def test_it_is_refused_with_number_and_words(account: SnowflakeAccount, sql: str, number: int, words: str) -> None:
    with pytest.raises(ProgrammingError) as caught:
        account.run(sql)
    assert caught.value.errno == number
    assert words in str(caught.value)
