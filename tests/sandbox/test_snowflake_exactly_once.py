"""Each event has its effect exactly once, over rights that come and go; over kills: test_snowflake_thousand_files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox.snowflake_account import (
    ROLE,
    TABLE,
    build_landing,
    flights,
    snowflake_account,
    until,
)

pytestmark = pytest.mark.sandbox

HISTORY = (
    "SELECT FILE_NAME, STATUS, FIRST_ERROR_MESSAGE FROM TABLE(LANDING.INFORMATION_SCHEMA.COPY_HISTORY("
    "TABLE_NAME => 'RAW.SKYWAY_FLIGHTS', START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP())))"
)


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
