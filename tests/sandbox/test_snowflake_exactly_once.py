"""Each event has its effect exactly once: over kills, faulty files and rights that come and go."""

# ruff: noqa: S608 # the names in the statements are the tests' own

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox.snowflake_account import (
    ROLE,
    TABLE,
    SnowflakeAccount,
    build_landing,
    flights,
    snowflake_account,
    until,
)

pytestmark = pytest.mark.sandbox

FILES = 120
HISTORY = (
    "SELECT FILE_NAME, STATUS, FIRST_ERROR_MESSAGE FROM TABLE(LANDING.INFORMATION_SCHEMA.COPY_HISTORY("
    "TABLE_NAME => 'RAW.SKYWAY_FLIGHTS', START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP())))"
)


def expected(number: int) -> tuple[str, str]:
    """Give what a file holds and how its load ends: every tenth is empty, every seventh faulty."""
    if number % 10 == 0:
        return "", "Loaded"
    if number % 7 == 0:
        return flights(number, "x"), "Load failed"
    return flights(number), "Loaded"


def test_kills_load_no_file_twice_and_note_no_fault_twice(tmp_path: Path) -> None:
    with snowflake_account(tmp_path, "aws", "snowflake") as account:
        build_landing(account)
        for number in range(FILES):
            text, _ = expected(number)
            account.put(f"skyway/flights/{number}.csv", text)
            if number % 3 == 0:  # a duplicate, of which S3 tells again
                account.put(f"skyway/flights/{number}.csv", text)
            if number in {FILES // 4, FILES // 2}:
                until(lambda: account.count() > 0)
                account.end("snowflake", signal.SIGKILL)
                account.start("snowflake")
        until(lambda: pending(account) == 0 and len(account.run(HISTORY)) >= FILES, seconds=120)
        told = account.run(HISTORY)
        names = Counter(name for name, status, _ in told if status != "Load failed")
        assert set(names.values()) == {1}
        ends = {name: status for name, status, _ in told}
        assert ends == {f"skyway/flights/{number}.csv": expected(number)[1] for number in range(FILES)}
        # a faulty file that was delivered twice is tried twice at most
        assert max(Counter(name for name, *_ in told).values()) <= 2
        ids = account.run(f"SELECT ID, COUNT(*) FROM {TABLE} GROUP BY ID ORDER BY ID")
        assert ids == [(number, 1) for number in range(FILES) if expected(number) == (flights(number), "Loaded")]


def pending(account: SnowflakeAccount) -> int:
    told = json.loads(account.run(f"SELECT SYSTEM$PIPE_STATUS('{TABLE}')")[0][0])
    return told["pendingFileCount"] + told["numOutstandingMessagesOnChannel"]


def test_rights_that_are_taken_and_given_again(tmp_path: Path) -> None:
    with snowflake_account(tmp_path, "aws", "snowflake") as account:
        build_landing(account)
        iam = account.aws("iam")
        policy = iam.get_role_policy(RoleName=ROLE, PolicyName="read")["PolicyDocument"]
        iam.delete_role_policy(RoleName=ROLE, PolicyName="read")
        account.put("skyway/flights/denied.csv", flights(1))
        until(lambda: bool(account.run(HISTORY)))
        ((name, status, message),) = account.run(HISTORY)
        assert (name, status) == ("skyway/flights/denied.csv", "Load failed")
        assert "Access Denied" in message
        told = json.loads(account.run(f"SELECT SYSTEM$PIPE_STATUS('{TABLE}')")[0][0])
        assert (told["executionState"], told["pendingFileCount"]) == ("RUNNING", 1)
        assert "Access Denied" in told["error"]
        account.put("skyway/flights/second.csv", flights(2))
        until(lambda: len(account.run(HISTORY)) == 2)
        iam.put_role_policy(RoleName=ROLE, PolicyName="read", PolicyDocument=json.dumps(policy))
        until(lambda: account.count() == 2, seconds=90)
        assert Counter(status for _, status, _ in account.run(HISTORY)) == {"Load failed": 2, "Loaded": 2}
        log = account.home.log("snowflake").read_text()
        assert log.count("cannot load s3://landing-files/partners/skyway/flights/denied.csv") == 1
        assert "Traceback" not in log
