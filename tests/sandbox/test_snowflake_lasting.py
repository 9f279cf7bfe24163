"""What the sandbox's Snowflake keeps: over a stop, over a kill, and while AWS is away."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.sandbox.snowflake_account import (
    STAGE,
    TABLE,
    build_landing,
    flights,
    snowflake_account,
    until,
)

pytestmark = pytest.mark.sandbox

FILES = 60


def test_everything_is_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    with snowflake_account(tmp_path, "aws", "snowflake") as account:
        build_landing(account)
        account.put("skyway/flights/a.csv", flights(1, 2))
        until(lambda: account.count() == 2)
        before = account.run("DESC INTEGRATION LANDING_S3")
        assert account.end("snowflake") == 0
        account.start("snowflake")
        assert account.run("DESC INTEGRATION LANDING_S3") == before
        assert account.count() == 2
        assert account.run(f"ALTER PIPE {TABLE} REFRESH") == []
        account.put("skyway/flights/b.csv", flights(3))
        until(lambda: account.count() == 3)


def test_a_kill_in_the_middle_loads_every_file_exactly_once(tmp_path: Path) -> None:
    with snowflake_account(tmp_path, "aws", "snowflake") as account:
        build_landing(account)
        for number in range(FILES):
            account.put(f"skyway/flights/{number}.csv", flights(number))
            if number == FILES // 2:
                until(lambda: account.count() > 0)
                account.end("snowflake", signal.SIGKILL)
                account.start("snowflake")
        until(lambda: account.count() >= FILES, seconds=60)
        account.run(f"ALTER PIPE {TABLE} REFRESH")
        ids = account.run(f"SELECT ID, COUNT(*) FROM {TABLE} GROUP BY ID ORDER BY ID")  # noqa: S608 - a constant
        assert ids == [(number, 1) for number in range(FILES)]
        assert len(account.run(f"LIST @{STAGE}")) == FILES


def test_files_that_come_while_aws_restarts_are_loaded(tmp_path: Path) -> None:
    with snowflake_account(tmp_path, "aws", "snowflake") as account:
        build_landing(account)
        account.put("skyway/flights/a.csv", flights(1))
        until(lambda: account.count() == 1)
        account.end("aws")
        account.start("aws")
        account.put("skyway/flights/b.csv", flights(2))
        until(lambda: account.count() == 2)
