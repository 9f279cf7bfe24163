# pyright: reportUnknownMemberType=false, reportAttributeAccessIssue=false
# the connector and boto3 are not typed
"""Runs the sandbox's Snowflake, with the AWS that it reads from, as processes that a test may kill and start again."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import snowflake.connector
from tenacity import retry, stop_after_delay, wait_fixed

from sandbox.home import LOOPBACK, REGION, KeyPair, SandboxHome
from sandbox.snowflake.objects import IAM_USER_ARN
from tests.ports import own_base_port
from tests.sandbox.running_part import start_part

BUCKET = "landing-files"
ROLE = "landing-stage"
ROLE_ARN = f"arn:aws:iam::123456789012:role/{ROLE}"
TABLE = '"LANDING"."RAW"."SKYWAY_FLIGHTS"'
STAGE = '"LANDING"."RAW"."PARTNERS"'
CSV = "FILE_FORMAT = (TYPE = CSV SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = ('NA', ''))"
COPY = f"COPY INTO {TABLE} FROM @{STAGE}/skyway/flights/ {CSV}"

Row = tuple[Any, ...]


class SnowflakeAccount:
    """An account under test: its processes, a connection, and the AWS account beside it."""

    def __init__(self, root: Path) -> None:
        self.home = SandboxHome.open(root, own_base_port())
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._connection: Any = None
        self._clients: dict[tuple[str, str], Any] = {}

    def start(self, part: str) -> None:
        self._running[part] = start_part(self.home, part)
        until(lambda: httpx.get(f"{self.home.url(part)}/_sandbox/health").is_success, seconds=60)

    def end(self, part: str, how: signal.Signals = signal.SIGTERM) -> int:
        process = self._running.pop(part)
        if self._connection and part == "snowflake" and how == signal.SIGTERM:
            self._connection.close()
        process.send_signal(how)
        self._connection = None
        with process:
            return process.wait(20)

    def end_all(self) -> None:
        for part in list(self._running):
            self.end(part)

    def connect(self, **more: str | bytes | None) -> Any:  # noqa: ANN401 - the connector is not typed
        given = {"user": "LANDING", "password": self.home.credentials.snowflake_password, **more}
        return snowflake.connector.connect(
            account="SANDBOX-LANDING",
            host=LOOPBACK,
            port=self.home.ports.snowflake,
            protocol="http",
            login_timeout=30,
            network_timeout=30,
            **given,
        )

    def cursor(self, sql: str) -> Any:  # noqa: ANN401 - the connector is not typed
        self._connection = self._connection or self.connect()
        return self._connection.cursor().execute(sql)

    def run(self, sql: str) -> list[Row]:
        return self.cursor(sql).fetchall()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        answer = self.cursor(sql)
        names = [column.name for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def count(self, table: str = TABLE) -> int:
        return self.run(f"SELECT COUNT(*) FROM {table}")[0][0]  # noqa: S608 - a test's own table

    def aws(self, service: str, pair: KeyPair | None = None) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Give a client of the landing zone's administrator, or of another key."""
        pair = pair or self.home.credentials.deployer
        known = (service, pair.access_key_id)
        if known not in self._clients:
            self._clients[known] = boto3.session.Session().client(
                service,
                region_name=REGION,
                endpoint_url=self.home.url("aws"),
                aws_access_key_id=pair.access_key_id,
                aws_secret_access_key=pair.secret_access_key,
            )
        return self._clients[known]

    def trust(self, external_id: str | None = None) -> None:
        """Let the role trust the integration's user with the integration's external id, or with another one."""
        told = {row[0]: row[2] for row in self.run('DESC INTEGRATION "LANDING_S3"')}
        condition = {"sts:ExternalId": external_id or told["STORAGE_AWS_EXTERNAL_ID"]}
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": told["STORAGE_AWS_IAM_USER_ARN"]},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": condition},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.aws("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)

    def make_role(self, name: str) -> None:
        """Make a role that trusts Snowflake's user, whatever the external id, and may do nothing."""
        statement = {"Effect": "Allow", "Principal": {"AWS": IAM_USER_ARN}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)

    def put(self, key: str, text: str | bytes) -> None:
        body = text.encode() if isinstance(text, str) else text
        self.aws("s3").put_object(Bucket=BUCKET, Key=f"partners/{key}", Body=body)


@contextmanager
def snowflake_account(root: Path, *parts: str) -> Generator[SnowflakeAccount]:
    account = SnowflakeAccount(root)
    try:
        for part in parts:
            account.start(part)
        yield account
    finally:
        account.end_all()


def build_landing(account: SnowflakeAccount) -> None:
    """Make what the program makes: bucket, role, integration, trust, stage, table, pipe, notification."""
    s3, iam = account.aws("s3"), account.aws("iam")
    s3.create_bucket(Bucket=BUCKET)
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
    bucket = f"arn:aws:s3:::{BUCKET}"
    reads = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/partners/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": reads})
    iam.put_role_policy(RoleName=ROLE, PolicyName="read", PolicyDocument=policy)
    integration = (
        "CREATE STORAGE INTEGRATION \"LANDING_S3\" TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = true "
        f"STORAGE_AWS_ROLE_ARN = '{ROLE_ARN}' STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/partners/')"
    )
    columns = '"ID" NUMBER(38,0), "NAME" VARCHAR(100), "DAY" DATE, "AT" TIMESTAMP_NTZ(9), "F" FLOAT'
    for sql in (
        'CREATE DATABASE "LANDING"',
        'CREATE SCHEMA "LANDING"."RAW"',
        integration,
        f"CREATE STAGE {STAGE} URL = 's3://{BUCKET}/partners/' STORAGE_INTEGRATION = \"LANDING_S3\"",
        f"CREATE TABLE {TABLE} ({columns})",
    ):
        account.run(sql)
    account.trust()
    account.run(f"CREATE PIPE {TABLE} AUTO_INGEST = true AS {COPY}")
    (pipe,) = account.rows(f"DESC PIPE {TABLE}")
    queue = {
        "QueueArn": pipe["notification_channel"],
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "partners/"}]}},
    }
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [queue]})


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until the condition holds; whatever it raises is a not yet."""

    @retry(stop=stop_after_delay(seconds), wait=wait_fixed(0.03), reraise=True)
    def check() -> None:
        assert condition()

    check()


def flights(*ids: object) -> str:
    """Make a delivery with these ids."""
    lines = [f'{each},"name, {each}",2013-01-0{1},2013-01-01T10:00:00Z,1.5' for each in ids]
    return "\n".join(["ID,NAME,DAY,AT,F", *lines, ""])
