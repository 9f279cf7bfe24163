# ruff: noqa: S608 # the names in the statements are the tests' own
"""What pipes tell of themselves: what waits, what went wrong, what stops them, against the real AWS part."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Generator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.sandbox.snowflake_account import (
    BUCKET,
    CSV,
    STAGE,
    SnowflakeAccount,
    build_landing,
    flights,
    snowflake_account,
    until,
)

pytestmark = pytest.mark.sandbox

SINCE = "START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP())"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        build_landing(running)
        running.run("USE SCHEMA LANDING.RAW")
        yield running


def table(account: SnowflakeAccount, name: str, columns: str) -> str:
    account.run(f"CREATE OR REPLACE TABLE LANDING.RAW.{name} ({columns})")
    return f"LANDING.RAW.{name}"


LOADED = "ID NUMBER, NAME VARCHAR, DAY DATE, FILE_NAME VARCHAR, ROW_NUMBER NUMBER, LOADED_AT TIMESTAMP_LTZ"
QUERY = "$1, $2::VARCHAR, $3, METADATA$FILENAME, METADATA$FILE_ROW_NUMBER, METADATA$START_SCAN_TIME"


def test_what_a_pipe_could_not_load_is_told(account: SnowflakeAccount) -> None:
    name = table(account, "PIPED", LOADED)
    account.run(
        f"CREATE PIPE {name} AUTO_INGEST = TRUE AS COPY INTO {name} (ID, NAME, DAY) FROM @{STAGE}/piped/ "
        "FILE_FORMAT = (TYPE = CSV ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE) ON_ERROR = SKIP_FILE_2"
    )
    account.put("piped/a.csv", "1,a,2024-01-01\nx,b,2024-01-01\n")
    account.put("piped/b.csv", "1,a,2024-01-01\nx,b,2024-01-01\n2,c,never\n")
    account.put("piped/c.csv", "3,d,2024-01-01\n")
    until(lambda: account.count(name) == 2)
    until(lambda: status(account, name)["pendingFileCount"] == 0)
    loads = account.rows(
        "SELECT * FROM TABLE(LANDING.INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => 'RAW.PIPED', "
        f"PIPE_NAME => 'LANDING.RAW.PIPED', {SINCE})) ORDER BY FILE_NAME"
    )
    assert [(row["STATUS"], row["ROW_COUNT"], row["ERROR_COUNT"], row["ERROR_LIMIT"]) for row in loads] == [
        ("Partially loaded", 1, 1, 2),
        ("Load failed", 0, 2, 2),
        ("Loaded", 1, 0, 2),
    ]
    told = account.rows(
        "SELECT * FROM TABLE(LANDING.INFORMATION_SCHEMA.VALIDATE_PIPE_LOAD("
        f"PIPE_NAME => 'LANDING.RAW.PIPED', {SINCE})) ORDER BY FILE, LINE"
    )
    assert [(row["FILE"], row["LINE"], row["ERROR"]) for row in told] == [
        ("partners/piped/a.csv", 2, "Numeric value 'x' is not recognized"),
        ("partners/piped/b.csv", 2, "Numeric value 'x' is not recognized"),
        ("partners/piped/b.csv", 3, "Date 'never' is not recognized"),
    ]
    now = status(account, name)
    assert now["executionState"] == "RUNNING"
    assert now["lastIngestedFilePath"] == "piped/c.csv"
    for moment in ("lastIngestedTimestamp", "lastReceivedMessageTimestamp", "lastForwardedMessageTimestamp"):
        assert dt.datetime.fromisoformat(now[moment]).tzinfo
    account.run(f"DROP PIPE {name}")


def status(account: SnowflakeAccount, pipe: str) -> dict[str, Any]:
    return json.loads(account.run(f"SELECT SYSTEM$PIPE_STATUS('{pipe}')")[0][0])


def test_a_paused_pipe_counts_what_waits(account: SnowflakeAccount) -> None:
    name = table(account, "PAUSED", LOADED)
    copy = f"COPY INTO {name} FROM (SELECT {QUERY} FROM @{STAGE}/paused/) {CSV}"
    account.run(f"CREATE PIPE {name} AUTO_INGEST = TRUE AS {copy}")
    account.run(f"ALTER PIPE {name} SET PIPE_EXECUTION_PAUSED = TRUE")
    account.put("paused/a.csv", flights(1))
    account.put("paused/b.csv", flights(2))
    until(lambda: status(account, name)["pendingFileCount"] == 2)
    now = status(account, name)
    assert (now["executionState"], now["oldestPendingFilePath"]) == (
        "PAUSED",
        f"s3://{BUCKET}/partners/paused/a.csv",
    )
    assert account.count(name) == 0
    account.run(f"ALTER PIPE {name} SET PIPE_EXECUTION_PAUSED = FALSE")
    until(lambda: account.count(name) == 2)
    until(lambda: status(account, name)["pendingFileCount"] == 0)
    with pytest.raises(ProgrammingError, match="VALIDATE_PIPE_LOAD does not support"):
        account.run(f"SELECT * FROM TABLE(VALIDATE_PIPE_LOAD(PIPE_NAME => '{name}', {SINCE}))")
    account.run(f"DROP PIPE {name}")


def test_a_stage_made_again_needs_its_pipe_made_again(account: SnowflakeAccount) -> None:
    stage = f"CREATE OR REPLACE STAGE AGAIN URL = 's3://{BUCKET}/partners/again/' STORAGE_INTEGRATION = LANDING_S3"
    name = table(account, "AGAIN", "ID NUMBER")
    pipe = f"CREATE OR REPLACE PIPE {name} AUTO_INGEST = TRUE AS COPY INTO {name} FROM @AGAIN"
    for sql in (stage, pipe, "ALTER STAGE AGAIN SET COMMENT = 'kept'"):
        account.run(sql)
    assert status(account, name)["executionState"] == "RUNNING"
    account.run(stage)
    assert status(account, name)["executionState"] == "STOPPED_STAGE_DROPPED"
    (row,) = account.rows(f"DESC PIPE {name}")
    assert row["invalid_reason"] == "Stage was dropped"
    with pytest.raises(ProgrammingError, match="Stage was dropped"):
        account.run(f"ALTER PIPE {name} REFRESH")
    account.put("again/a.csv", "1\n")
    account.run(pipe)
    assert status(account, name)["executionState"] == "RUNNING"
    account.run(f"ALTER PIPE {name} REFRESH")
    until(lambda: account.count(name) == 1)
    account.run(f"DROP PIPE {name}")


def test_a_pipe_is_resumed_by_force(account: SnowflakeAccount) -> None:
    account.run("ALTER PIPE SKYWAY_FLIGHTS SET PIPE_EXECUTION_PAUSED = TRUE")
    assert status(account, "SKYWAY_FLIGHTS")["executionState"] == "PAUSED"
    account.run("SELECT SYSTEM$PIPE_FORCE_RESUME('SKYWAY_FLIGHTS')")
    assert status(account, "SKYWAY_FLIGHTS")["executionState"] == "RUNNING"
