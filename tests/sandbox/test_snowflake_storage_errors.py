"""What Snowflake says when the way to the files is not open: each fault with its own words and number."""

from __future__ import annotations

import json
from collections.abc import Generator

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.sandbox.snowflake_account import (
    BUCKET,
    COPY,
    ROLE,
    STAGE,
    SnowflakeAccount,
    build_landing,
    flights,
    snowflake_account,
)

pytestmark = pytest.mark.sandbox

ASSUMES, NOT_ALLOWED, STAGE_AREA = 3167, 3127, 91003


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        build_landing(running)
        running.put("other/a.csv", flights(1))
        yield running


@pytest.fixture
def own_integration(account: SnowflakeAccount) -> Generator[str]:
    """A stage through an integration of its own, so that no role that was assumed before is used again."""
    account.run(
        "CREATE OR REPLACE STORAGE INTEGRATION FRESH TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = true "
        f"STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::123456789012:role/{ROLE}' "
        f"STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/partners/')"
    )
    account.run(
        f"CREATE OR REPLACE STAGE LANDING.RAW.FRESH URL = 's3://{BUCKET}/partners/other/' STORAGE_INTEGRATION = FRESH"
    )
    told = {row[0]: row[2] for row in account.run("DESC INTEGRATION FRESH")}
    yield told["STORAGE_AWS_EXTERNAL_ID"]
    account.trust()


def refused(account: SnowflakeAccount, sql: str, number: int, words: str) -> None:
    with pytest.raises(ProgrammingError) as error:
        account.run(sql)
    assert (error.value.errno, words in str(error.value)) == (number, True), str(error.value)


def validated(account: SnowflakeAccount, action: str = "list", integration: str = "FRESH") -> str:
    place = f"'{integration}', 's3://{BUCKET}/partners/other/', 'a.csv', '{action}'"
    answer = json.loads(account.run(f"SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION({place})")[0][0])
    return answer["actions"][action.upper()].get("message", answer["status"])


def trust(account: SnowflakeAccount, user: str, external_id: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": user},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    account.aws("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)


@pytest.mark.parametrize(
    ("user", "external_id"),
    [("arn:aws:iam::999999999999:user/snowflake", "somebody-else"), ("arn:aws:iam::123456789012:root", None)],
    ids=["a wrong external id", "a trust that does not name the user"],
)
def test_a_role_that_is_not_assumed(
    account: SnowflakeAccount, own_integration: str, user: str, external_id: str | None
) -> None:
    trust(account, user, external_id or own_integration)
    words = "Error assuming AWS_ROLE:\nUser: arn:aws:iam::999999999999:user/snowflake is not authorized to perform: "
    words += f"sts:AssumeRole on resource: arn:aws:iam::123456789012:role/{ROLE}"
    assert validated(account) == words
    refused(account, "LIST @LANDING.RAW.FRESH", ASSUMES, words)
    refused(account, COPY.replace(f"@{STAGE}/skyway/flights/", "@LANDING.RAW.FRESH"), ASSUMES, words)
    pipe = f"CREATE PIPE LANDING.RAW.FRESH AUTO_INGEST = true AS {COPY.replace(STAGE, 'LANDING.RAW.FRESH')}"
    refused(account, pipe, ASSUMES, words)
    trust(account, "arn:aws:iam::999999999999:user/snowflake", own_integration)
    assert validated(account) == "success"
    account.run(pipe)
    account.run("DROP PIPE LANDING.RAW.FRESH")
    assert len(account.run("LIST @LANDING.RAW.FRESH")) == 1


def test_a_role_that_may_not_decrypt_lists_and_does_not_read(account: SnowflakeAccount, own_integration: str) -> None:
    trust(account, "arn:aws:iam::999999999999:user/snowflake", own_integration)
    key = account.aws("kms").create_key()["KeyMetadata"]["Arn"]
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    account.aws("s3").put_object(Bucket=BUCKET, Key="partners/other/a.csv", Body=flights(1).encode(), **encrypted)
    copy = COPY.replace(f"@{STAGE}/skyway/flights/", "@LANDING.RAW.FRESH")
    words = "Failure using stage area. Cause: ["
    assert validated(account) == "success"
    assert validated(account, "read").startswith(words)
    assert validated(account, "read").endswith("(Status Code: 403; Error Code: AccessDenied)]")
    refused(account, copy, STAGE_AREA, words)
    allow = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    account.aws("iam").put_role_policy(
        RoleName=ROLE, PolicyName="decrypt", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    assert validated(account, "read") == "success"
    assert account.run(copy)[0][1] == "LOADED"


@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE STAGE LANDING.RAW.X URL = 's3://{BUCKET}/elsewhere/' STORAGE_INTEGRATION = LANDING_S3",
        f"ALTER STAGE {STAGE} SET URL = 's3://{BUCKET}/elsewhere/' STORAGE_INTEGRATION = LANDING_S3",
    ],
)
def test_a_stage_outside_the_allowed_locations(account: SnowflakeAccount, sql: str) -> None:
    words = f"Location 's3://{BUCKET}/elsewhere/' is not allowed by integration 'LANDING_S3'."
    refused(account, sql, NOT_ALLOWED, words)


def test_a_location_that_is_allowed_no_longer(account: SnowflakeAccount, own_integration: str) -> None:
    trust(account, "arn:aws:iam::999999999999:user/snowflake", own_integration)
    account.run(f"ALTER STORAGE INTEGRATION FRESH SET STORAGE_BLOCKED_LOCATIONS = ('s3://{BUCKET}/partners/other/')")
    words = f"Location 's3://{BUCKET}/partners/other/' is not allowed by integration 'FRESH'"
    refused(account, "LIST @LANDING.RAW.FRESH", NOT_ALLOWED, words)
    assert validated(account).startswith(words)
    account.run("ALTER STORAGE INTEGRATION FRESH UNSET STORAGE_BLOCKED_LOCATIONS")
    account.run("ALTER STORAGE INTEGRATION FRESH SET ENABLED = FALSE")
    with pytest.raises(ProgrammingError, match="not enabled"):
        account.run("LIST @LANDING.RAW.FRESH")
