# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# boto3 makes its clients at run time
"""Each Snowflake type of the stand-in, through its whole life, against the sandbox's own Snowflake."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import grpc
import pytest

from sandbox.home import REGION, SandboxHome, new_private_key
from sandbox.plugins.ledger import Ledger
from sandbox.plugins.server import served
from sandbox.plugins.snowflake.cloud import RefusedError as CloudRefusedError
from sandbox.plugins.snowflake.package import SnowflakePackage
from sandbox.plugins.wire import Properties
from sandbox.snowflake.objects import IAM_USER_ARN
from tests.ports import closed_port
from tests.sandbox.plugin_engine import Engine, Life, RefusedError, attached, engine, live_through
from tests.sandbox.plugin_parts import parts

pytestmark = pytest.mark.sandbox

FEATURES = [
    "snowflake_table_resource",
    "snowflake_pipe_resource",
    "snowflake_file_format_csv_resource",
    "snowflake_file_format_json_resource",
    "snowflake_file_format_parquet_resource",
]
ROLE = "arn:aws:iam::123456789012:role/stage"
RAW = {"database": "LANDING", "schema": "RAW"}
COLUMNS = [
    {"name": "YEAR", "type": "NUMBER(38,0)"},
    {"name": "CARRIER", "type": "VARCHAR", "nullable": False},
    {"name": "TIME_HOUR", "type": "TIMESTAMP_NTZ"},
]
COPY = (
    'COPY INTO "LANDING"."RAW"."SKYWAY_FLIGHTS" FROM @"LANDING"."RAW"."PARTNERS"/skyway/flights/'
    " FILE_FORMAT = (TYPE = CSV SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = ('NA', ''))"
)
INTEGRATION: Properties = {
    "name": "LANDING_S3",
    "enabled": True,
    "storageProvider": "S3",
    "storageAwsRoleArn": ROLE,
    "storageAllowedLocations": ["s3://landing/partners/"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[SandboxHome]:
    with parts(tmp_path_factory.mktemp("plugins"), "aws", "snowflake") as home:
        yield home


def config(home: SandboxHome, **more: str) -> dict[str, Any]:
    return {
        "organizationName": "SANDBOX",
        "accountName": "LANDING",
        "user": "LANDING",
        "host": "127.0.0.1",
        "port": str(home.ports.snowflake),
        "protocol": "http",
        "previewFeaturesEnabled": json.dumps(FEATURES),
        **more,
    }


@pytest.fixture(scope="module")
def run(home: SandboxHome, tmp_path_factory: pytest.TempPathFactory) -> Generator[Engine]:
    with engine(SnowflakePackage(home), tmp_path_factory.mktemp("ledger"), config(home)) as attached:
        yield attached


@pytest.fixture(scope="module")
def ground(run: Engine, home: SandboxHome) -> None:
    """What the lives stand on: a database with its objects, and an IAM role that lets itself be assumed."""
    statement = {"Effect": "Allow", "Principal": {"AWS": IAM_USER_ARN}, "Action": "sts:AssumeRole"}
    iam = boto3.client(
        "iam",
        region_name=REGION,
        endpoint_url=home.url("aws"),
        aws_access_key_id=home.credentials.deployer.access_key_id,
        aws_secret_access_key=home.credentials.deployer.secret_access_key,
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="stage", AssumeRolePolicyDocument=document)
    for token, name, inputs in (
        ("snowflake:index/database:Database", "database", {"name": "LANDING"}),
        ("snowflake:index/schema:Schema", "schema", {"name": "RAW", "database": "LANDING"}),
        ("snowflake:index/table:Table", "table", {**RAW, "name": "SKYWAY_FLIGHTS", "columns": COLUMNS}),
        ("snowflake:index/storageIntegrationAws:StorageIntegrationAws", "integration", INTEGRATION),
        (
            "snowflake:index/stageExternalS3:StageExternalS3",
            "stage",
            {**RAW, "name": "PARTNERS", "url": "s3://landing/partners/", "storageIntegration": "LANDING_S3"},
        ),
        ("snowflake:index/accountRole:AccountRole", "role", {"name": "LOADER"}),
        ("snowflake:index/pipe:Pipe", "pipe", {**RAW, "name": "ORDERS", "autoIngest": True, "copyStatement": COPY}),
    ):
        run.resource(token, name).create(inputs)


DEFAULTED = [
    {"name": "SOURCE", "type": "VARCHAR(20)", "default": {"constant": "it's \\ here"}},
    {"name": "COUNT", "type": "NUMBER(38,0)", "default": {"constant": "7"}},
    {"name": "LOADED_AT", "type": "TIMESTAMP_LTZ(9)", "default": {"expression": "CURRENT_TIMESTAMP()"}},
]

GRANTS: list[tuple[list[str], list[str], Properties, str]] = [
    (["CREATE DATABASE"], ["CREATE DATABASE", "CREATE ROLE"], {"onAccount": True}, "OnAccount"),
    (
        ["USAGE"],
        ["USAGE", "MONITOR"],
        {"onAccountObject": {"objectType": "DATABASE", "objectName": "LANDING"}},
        'OnAccountObject|DATABASE|"LANDING"',
    ),
    (
        ["USAGE"],
        ["USE_ANY_ROLE"],
        {"onAccountObject": {"objectType": "INTEGRATION", "objectName": "LANDING_S3"}},
        'OnAccountObject|INTEGRATION|"LANDING_S3"',
    ),
    (
        ["USAGE"],
        ["CREATE TABLE", "USAGE"],
        {"onSchema": {"schemaName": '"LANDING"."RAW"'}},
        'OnSchema|OnSchema|"LANDING"."RAW"',
    ),
    (
        ["USAGE"],
        ["MONITOR"],
        {"onSchema": {"futureSchemasInDatabase": "LANDING"}},
        'OnSchema|OnFutureSchemasInDatabase|"LANDING"',
    ),
    (
        ["OPERATE"],
        ["MONITOR"],
        {"onSchemaObject": {"objectType": "PIPE", "objectName": '"LANDING"."RAW"."ORDERS"'}},
        'OnSchemaObject|OnObject|PIPE|"LANDING"."RAW"."ORDERS"',
    ),
    (
        ["SELECT"],
        ["INSERT", "SELECT"],
        {"onSchemaObject": {"future": {"objectTypePlural": "TABLES", "inSchema": '"LANDING"."RAW"'}}},
        'OnSchemaObject|OnFuture|TABLES|InSchema|"LANDING"."RAW"',
    ),
    (
        ["SELECT"],
        ["SELECT", "UPDATE"],
        {"onSchemaObject": {"future": {"objectTypePlural": "TABLES", "inDatabase": "LANDING"}}},
        'OnSchemaObject|OnFuture|TABLES|InDatabase|"LANDING"',
    ),
]

LIVES = [
    Life(
        token="snowflake:index/database:Database",
        first={"name": "LIFE", "comment": "one"},
        then={"name": "LIFE"},
        outputs=("fullyQualifiedName",),
        id='"LIFE"',
    ),
    Life(
        token="snowflake:index/schema:Schema",
        first={"name": "LIFE", "database": "LANDING"},
        then={"name": "LIFE", "database": "LANDING", "comment": "it's two"},
        outputs=("fullyQualifiedName",),
        id='"LANDING"."LIFE"',
    ),
    Life(
        token="snowflake:index/storageIntegrationAws:StorageIntegrationAws",
        first={**INTEGRATION, "name": "LIFE"},
        then={**INTEGRATION, "name": "LIFE", "storageAllowedLocations": ["s3://a/", "s3://b/"], "comment": "x"},
        outputs=("fullyQualifiedName", "describeOutputs"),
        id='"LIFE"',
    ),
    Life(
        token="snowflake:index/stageExternalS3:StageExternalS3",
        first={**RAW, "name": "LIFE", "url": "s3://landing/partners/life/", "storageIntegration": "LANDING_S3"},
        then={
            **RAW,
            "name": "LIFE",
            "url": "s3://landing/partners/other/",
            "storageIntegration": '"LANDING_S3"',
            "comment": "c",
        },
        outputs=("fullyQualifiedName",),
        id='"LANDING"."RAW"."LIFE"',
    ),
    Life(
        token="snowflake:index/table:Table",
        first={**RAW, "name": "LIFE", "columns": COLUMNS},
        then={**RAW, "name": "LIFE", "columns": [*COLUMNS, {"name": "MORE", "type": "VARCHAR(100)"}]},
        outputs=("fullyQualifiedName", "owner"),
        id="LANDING|RAW|LIFE",
    ),
    Life(
        token="snowflake:index/table:Table",
        first={**RAW, "name": "DEFAULTS", "columns": [*COLUMNS, *DEFAULTED]},
        then={**RAW, "name": "DEFAULTS", "columns": COLUMNS},
        id="LANDING|RAW|DEFAULTS",
    ),
    Life(
        token="snowflake:index/warehouse:Warehouse",
        first={"name": "LIFE", "warehouseSize": "XSMALL", "autoSuspend": 60, "initiallySuspended": True},
        then={"name": "LIFE", "warehouseSize": "X-SMALL", "autoSuspend": 120, "autoResume": "false", "comment": "c"},
        outputs=("fullyQualifiedName",),
        id='"LIFE"',
        kept=frozenset({"initiallySuspended"}),
    ),
    Life(
        token="snowflake:index/accountRole:AccountRole",
        first={"name": "LIFE", "comment": "one"},
        then={"name": "LIFE", "comment": "two"},
        outputs=("fullyQualifiedName",),
        id='"LIFE"',
    ),
    Life(
        token="snowflake:index/grantAccountRole:GrantAccountRole",
        first={"roleName": "LOADER", "parentRoleName": "SYSADMIN"},
        id='"LOADER"|ROLE|"SYSADMIN"',
    ),
    Life(
        token="snowflake:index/grantAccountRole:GrantAccountRole",
        first={"roleName": '"LOADER"', "userName": "LANDING"},
        id='"LOADER"|USER|"LANDING"',
    ),
    Life(
        token="snowflake:index/fileFormatCsv:FileFormatCsv",
        first={
            **RAW,
            "name": "CSV",
            "skipHeader": 1,
            "fieldOptionallyEnclosedBy": '"',
            "nullIfs": ["NA", ""],
            "trimSpace": "true",
        },
        then={**RAW, "name": "CSV", "skipHeader": 0, "parseHeader": "true", "fieldDelimiter": "|", "comment": "c"},
        outputs=("fullyQualifiedName",),
        id='"LANDING"."RAW"."CSV"',
        kept=frozenset({"nullIfs"}),
    ),
    Life(
        token="snowflake:index/fileFormatJson:FileFormatJson",
        first={**RAW, "name": "JSON", "stripOuterArray": "true"},
        then={**RAW, "name": "JSON", "stripOuterArray": "false", "comment": "c"},
        id='"LANDING"."RAW"."JSON"',
    ),
    Life(
        token="snowflake:index/fileFormatParquet:FileFormatParquet",
        first={**RAW, "name": "PARQUET"},
        then={**RAW, "name": "PARQUET", "compression": "SNAPPY"},
        id='"LANDING"."RAW"."PARQUET"',
    ),
    *(
        Life(
            token="snowflake:index/grantPrivilegesToAccountRole:GrantPrivilegesToAccountRole",
            first={"accountRoleName": "LOADER", "privileges": first, **on},
            then={"accountRoleName": "LOADER", "privileges": then, **on},
            id=f'"LOADER"|false|false|{first[0]}|{of}',
            kept=frozenset({"privileges"}),
        )
        for first, then, on, of in GRANTS
    ),
    Life(
        token="snowflake:index/grantPrivilegesToAccountRole:GrantPrivilegesToAccountRole",
        first={"accountRoleName": "LOADER", "allPrivileges": True, "onSchema": {"schemaName": '"LANDING"."RAW"'}},
        id='"LOADER"|false|false|ALL|OnSchema|OnSchema|"LANDING"."RAW"',
    ),
    Life(
        token="snowflake:index/pipe:Pipe",
        first={**RAW, "name": "LIFE", "autoIngest": True, "copyStatement": COPY},
        then={**RAW, "name": "LIFE", "autoIngest": True, "copyStatement": COPY, "comment": "pc"},
        outputs=("fullyQualifiedName", "notificationChannel"),
        id="LANDING|RAW|LIFE",
    ),
]


@pytest.mark.usefixtures("ground")
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.token.rpartition(":")[2])
def test_a_life_leaves_no_difference(run: Engine, life: Life) -> None:
    live_through(run.resource(life.token), life)


def test_an_integration_says_who_comes_and_with_which_id(run: Engine) -> None:
    integration = run.resource("snowflake:index/storageIntegrationAws:StorageIntegrationAws", "who")
    (about,) = integration.create({**INTEGRATION, "name": "WHO"})["describeOutputs"]
    assert about["iamUserArn"] == "arn:aws:iam::999999999999:user/snowflake"
    assert about["externalId"]
    assert (about["roleArn"], about["allowedLocations"]) == (ROLE, ["s3://landing/partners/"])
    before = about["externalId"]
    wanted = {**INTEGRATION, "name": "WHO", "storageAwsRoleArn": f"{ROLE}-2"}
    (after,) = integration.update(wanted)["describeOutputs"]
    assert (after["externalId"], after["roleArn"]) == (before, f"{ROLE}-2")
    integration.delete()


@pytest.mark.usefixtures("ground")
def test_a_pipe_with_another_statement_is_replaced_and_its_old_self_goes_first(run: Engine) -> None:
    pipe = run.resource("snowflake:index/pipe:Pipe", "replaced")
    wanted = {**RAW, "name": "REPLACED", "autoIngest": True, "copyStatement": COPY}
    pipe.create(wanted)
    assert pipe.state["notificationChannel"] == "arn:aws:sqs:us-east-1:999999999999:sf-snowpipe-LANDING"
    spaced = pipe.diff({**wanted, "copyStatement": COPY.replace(" FROM", "\n  FROM") + ";"})
    assert not spaced.diffs
    other = pipe.diff({**wanted, "copyStatement": COPY.replace("SKIP_HEADER = 1", "SKIP_HEADER = 2")})
    assert (list(other.replaces), other.deleteBeforeReplace) == (["copyStatement"], True)
    pipe.delete()


@pytest.mark.usefixtures("ground")
def test_privileges_granted_by_hand_are_left_alone_and_those_taken_are_granted_again(
    run: Engine, home: SandboxHome
) -> None:
    grant = run.resource("snowflake:index/grantPrivilegesToAccountRole:GrantPrivilegesToAccountRole", "by-hand")
    on = {"onAccountObject": {"objectType": "DATABASE", "objectName": "LANDING"}}
    wanted = {"accountRoleName": "LOADER", "privileges": ["USAGE", "MONITOR"], **on}
    grant.create(wanted)
    package = SnowflakePackage(home)
    by_hand = package.connect(config(home, authenticator="SNOWFLAKE_JWT"))
    by_hand.run('GRANT CREATE SCHEMA ON DATABASE "LANDING" TO ROLE "LOADER"')
    grant.refresh()
    assert grant.changed(wanted) == []
    by_hand.run('REVOKE MONITOR ON DATABASE "LANDING" FROM ROLE "LOADER"')
    grant.refresh()
    assert grant.changed(wanted) == ["privileges"]
    grant.update(wanted)
    assert grant.changed(wanted) == []
    grant.delete()
    held = {row["privilege"] for row in by_hand.run('SHOW GRANTS ON DATABASE "LANDING"')}
    assert held == {"OWNERSHIP", "CREATE SCHEMA"}
    by_hand.run('REVOKE CREATE SCHEMA ON DATABASE "LANDING" FROM ROLE "LOADER"')
    package.close(by_hand)


def test_a_provider_with_a_key_comes_by_key_pair(home: SandboxHome) -> None:
    package = SnowflakePackage(home)
    ours = package.connect(config(home, authenticator="SNOWFLAKE_JWT"))
    assert ours.run("SELECT CURRENT_USER() AS WHO") == [{"who": "LANDING"}]
    package.close(ours)
    other = package.connect(config(home, authenticator="SNOWFLAKE_JWT", privateKey=new_private_key()))
    with pytest.raises(CloudRefusedError, match="JWT token is invalid"):
        other.run("SELECT 1")
    with pytest.raises(CloudRefusedError, match="privateKey is no PEM private key"):
        package.connect(config(home, authenticator="SNOWFLAKE_JWT", privateKey="hunter2"))


def test_drift_in_snowflake_is_seen(run: Engine, home: SandboxHome) -> None:
    database = run.resource("snowflake:index/database:Database", "drift")
    database.create({"name": "DRIFT", "comment": "ours"})
    package = SnowflakePackage(home)
    by_hand = package.connect(config(home))
    by_hand.run("ALTER DATABASE \"DRIFT\" SET COMMENT = 'by hand'")
    database.refresh()
    assert database.changed({"name": "DRIFT", "comment": "ours"}) == ["comment"]
    by_hand.run('DROP DATABASE "DRIFT"')
    package.close(by_hand)
    database.refresh()
    assert database.id == ""


def test_a_preview_resource_needs_its_feature(home: SandboxHome, tmp_path: Path) -> None:
    without = config(home, previewFeaturesEnabled=json.dumps(["snowflake_pipe_resource"]))
    with engine(SnowflakePackage(home), tmp_path, without) as run, pytest.raises(RefusedError) as refusal:
        run.resource("snowflake:index/table:Table").check({**RAW, "columns": COLUMNS})
    ((_, reason),) = refusal.value.faults
    assert reason.startswith(
        "snowflake_table_resource is currently a preview feature, and must be enabled by adding"
        " snowflake_table_resource to `preview_features_enabled` in Terraform configuration"
    )


def test_snowflake_s_own_error_comes_out_whole(run: Engine) -> None:
    schema = run.resource("snowflake:index/schema:Schema", "nowhere")
    with pytest.raises(grpc.RpcError) as failure:
        schema.create({"name": "RAW", "database": "NOWHERE"})
    message = str(failure.value)
    assert "creating snowflake:index/schema:Schema 'nowhere'" in message
    assert "does not exist" in message


def test_a_snowflake_that_does_not_answer_is_named(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path / "home", closed_port())
    with engine(SnowflakePackage(home), tmp_path, config(home)) as run, pytest.raises(grpc.RpcError) as failure:
        run.resource("snowflake:index/database:Database").create({"name": "X"})
    assert f"Snowflake at {home.url('snowflake')} does not answer" in str(failure.value)
    assert "python -m sandbox status" in str(failure.value)


def test_an_older_run_goes_on_when_newer_ones_took_its_session(home: SandboxHome, tmp_path: Path) -> None:
    package, port = SnowflakePackage(home), closed_port()
    with served(package, Ledger(tmp_path / "snowflake.json"), port), ExitStack() as runs:
        oldest, *newer = (runs.enter_context(attached(port, config(home))) for _ in range(4))
        for index, attached_run in enumerate([oldest, *newer, oldest]):
            database = attached_run.resource("snowflake:index/database:Database", f"run{index}")
            database.create({"name": f"RUN_{index}"})
            database.delete()
