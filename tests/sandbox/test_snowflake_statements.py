"""The statements of the official provider and of people, over the connector, against the running part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.errors import DatabaseError, ProgrammingError

from tests.sandbox.snowflake_account import SnowflakeAccount, snowflake_account

pytestmark = pytest.mark.sandbox

TRACKING = ' --terraform_provider_usage_tracking {"json_schema_version":"1"}'
INTEGRATION = (
    "CREATE STORAGE INTEGRATION \"LANDING_S3\" TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' STORAGE_AWS_ROLE_ARN = "
    "'arn:aws:iam::123456789012:role/r' ENABLED = true STORAGE_ALLOWED_LOCATIONS = ('s3://b/partners/')"
)
PIPE = (
    'CREATE PIPE "LANDING"."RAW"."P" AUTO_INGEST = true AS COPY INTO "LANDING"."RAW"."T" FROM @"LANDING"."RAW"."S"/p/ '
    "FILE_FORMAT = (TYPE = CSV)"
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        running.make_role("r")
        for sql in (
            'CREATE DATABASE "LANDING"',
            'CREATE SCHEMA "LANDING"."RAW"',
            INTEGRATION,
            'CREATE STAGE "LANDING"."RAW"."S" URL = \'s3://b/partners/\' STORAGE_INTEGRATION = "LANDING_S3"',
            'CREATE TABLE "LANDING"."RAW"."T" ("ID" NUMBER(38,0) COMMENT \'\', "N" VARCHAR(10) NOT NULL)',
            PIPE,
            'CREATE FILE FORMAT "LANDING"."RAW"."CSV" TYPE = CSV SKIP_HEADER = 1',
            "CREATE WAREHOUSE \"LOAD_WH\" WAREHOUSE_SIZE = 'XSMALL' AUTO_SUSPEND = 60",
            'CREATE ROLE "LOADER"',
            'GRANT USAGE ON DATABASE "LANDING" TO ROLE "LOADER"',
            'GRANT SELECT ON FUTURE TABLES IN SCHEMA "LANDING"."RAW" TO ROLE "LOADER"',
        ):
            running.run(sql + TRACKING)
        yield running


def test_a_wrong_password_is_refused(account: SnowflakeAccount) -> None:
    with pytest.raises(DatabaseError, match="Incorrect username or password was specified") as refused:
        account.connect(password="wrong")
    assert refused.value.errno == 390100
    with pytest.raises(DatabaseError, match="Incorrect username"):
        account.connect(user="SOMEBODY")


def test_the_session_tells_where_it_is(account: SnowflakeAccount) -> None:
    (row,) = account.rows(
        "SELECT CURRENT_ACCOUNT() as CURRENT_ACCOUNT, CURRENT_ROLE() as CURRENT_ROLE, CURRENT_REGION() AS "
        "CURRENT_REGION, CURRENT_USER() as CURRENT_USER, CURRENT_ACCOUNT_NAME() as CURRENT_ACCOUNT_NAME, "
        "CURRENT_ORGANIZATION_NAME() as CURRENT_ORGANIZATION_NAME" + TRACKING
    )
    assert row == {
        "CURRENT_ACCOUNT": "LANDING",
        "CURRENT_ROLE": "ACCOUNTADMIN",
        "CURRENT_REGION": "AWS_US_EAST_1",
        "CURRENT_USER": "LANDING",
        "CURRENT_ACCOUNT_NAME": "LANDING",
        "CURRENT_ORGANIZATION_NAME": "SANDBOX",
    }
    assert account.rows("SELECT CURRENT_DATABASE()") == [{"CURRENT_DATABASE()": "LANDING"}]
    assert account.rows("SELECT count(*) FROM LANDING.RAW.T") == [{"COUNT(*)": 0}]


LISTINGS = {
    "SHOW DATABASES LIKE 'landing'": """
        created_on name is_default is_current origin owner comment options retention_time kind owner_role_type""",
    "SHOW SCHEMAS LIKE 'RAW' IN DATABASE \"LANDING\"": """
        created_on name is_default is_current database_name owner comment options retention_time owner_role_type""",
    'SHOW PARAMETERS IN DATABASE "LANDING"': "key value default level description type",
    'SHOW PARAMETERS IN SCHEMA "LANDING"."RAW"': "key value default level description type",
    'SHOW PARAMETERS IN WAREHOUSE "LOAD_WH"': "key value default level description type",
    "SHOW ROLES LIKE 'LOADER'": """
        created_on name is_default is_current is_inherited assigned_to_users granted_to_roles granted_roles owner
        comment""",
    "SHOW WAREHOUSES LIKE 'LOAD_WH'": """
        name state type size min_cluster_count max_cluster_count started_clusters running queued is_default is_current
        auto_suspend auto_resume available provisioning quiescing other created_on resumed_on updated_on owner comment
        enable_query_acceleration query_acceleration_max_scale_factor resource_monitor scaling_policy owner_role_type
        generation resource_constraint""",
    "SHOW STORAGE INTEGRATIONS LIKE 'LANDING_S3'": "name type category enabled comment created_on",
    'DESCRIBE STORAGE INTEGRATION "LANDING_S3"': "property property_type property_value property_default",
    'SHOW STAGES LIKE \'S\' IN SCHEMA "LANDING"."RAW"': """
        created_on name database_name schema_name url has_credentials has_encryption_key owner comment region type cloud
        notification_channel storage_integration endpoint owner_role_type directory_enabled""",
    'DESCRIBE STAGE "LANDING"."RAW"."S"': "parent_property property property_type property_value property_default",
    'SHOW FILE FORMATS LIKE \'CSV\' IN SCHEMA "LANDING"."RAW"': """
        created_on name database_name schema_name type owner comment format_options owner_role_type""",
    'SHOW TABLES LIKE \'T\' IN SCHEMA "LANDING"."RAW"': """
        created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time
        automatic_clustering change_tracking is_external owner_role_type""",
    'SHOW PIPES LIKE \'P\' IN SCHEMA "LANDING"."RAW"': """
        created_on name database_name schema_name definition owner notification_channel comment integration pattern
        error_integration owner_role_type invalid_reason kind""",
    'SHOW GRANTS ON DATABASE "LANDING"': """
        created_on privilege granted_on name granted_to grantee_name grant_option granted_by""",
}


@pytest.mark.parametrize(("sql", "names"), LISTINGS.items())
def test_a_listing_has_the_columns_that_the_provider_reads(account: SnowflakeAccount, sql: str, names: str) -> None:
    answer = account.cursor(sql + TRACKING)
    assert [column.name for column in answer.description] == names.split()
    kinds = {column.name: FIELD_ID_TO_NAME[column.type_code] for column in answer.description}
    assert {kinds[name] for name in kinds if name in {"created_on", "resumed_on", "updated_on"}} <= {"TIMESTAMP_LTZ"}
    rows = answer.fetchall()
    assert rows
    for name, value in zip(kinds, rows[0], strict=True):
        assert name != "created_on" or dt.datetime.now(dt.UTC) - value < dt.timedelta(minutes=5)


def test_a_table_is_described_with_null_where_nothing_is_set(account: SnowflakeAccount) -> None:
    rows = account.rows('DESCRIBE TABLE "LANDING"."RAW"."T" TYPE = COLUMNS' + TRACKING)
    assert list(rows[0]) == [
        "name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment",
        "policy name", "privacy domain",
    ]  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [
        ("ID", "NUMBER(38,0)", "COLUMN", "Y", None, "N", "N", None, None, None, None, None),
        ("N", "VARCHAR(10)", "COLUMN", "N", None, "N", "N", None, None, None, None, None),
    ]


def test_a_table_gains_and_loses_columns(account: SnowflakeAccount) -> None:
    account.run("CREATE OR REPLACE TABLE LANDING.RAW.COLS (A INT DEFAULT 1, B STRING)")
    account.run("INSERT INTO LANDING.RAW.COLS (B) VALUES ('x')")
    account.run('ALTER TABLE LANDING.RAW.COLS ADD COLUMN "c" TIMESTAMP_LTZ')
    account.run("ALTER TABLE LANDING.RAW.COLS RENAME COLUMN B TO D")
    described = account.run("DESC TABLE LANDING.RAW.COLS")
    assert [(row[0], row[1]) for row in described] == [
        ("A", "NUMBER(38,0)"),
        ("D", "VARCHAR(16777216)"),
        ("c", "TIMESTAMP_LTZ(9)"),
    ]
    account.run('ALTER TABLE LANDING.RAW.COLS DROP COLUMN "c"')
    assert account.run("SELECT * FROM LANDING.RAW.COLS") == [(1, "x")]
    account.run("TRUNCATE TABLE LANDING.RAW.COLS")
    assert account.count("LANDING.RAW.COLS") == 0
    account.run("DROP TABLE LANDING.RAW.COLS")


def test_an_integration_keeps_its_external_id_unless_told(account: SnowflakeAccount) -> None:
    def told() -> dict[str, str]:
        return {row[0]: row[2] for row in account.run("DESC INTEGRATION OTHER")}

    account.run(INTEGRATION.replace('"LANDING_S3"', "OTHER"))
    first = told()
    assert first["STORAGE_AWS_IAM_USER_ARN"] == "arn:aws:iam::999999999999:user/snowflake"
    assert first["STORAGE_AWS_EXTERNAL_ID"].startswith("SANDBOX_SFCRole=")
    account.run(
        "ALTER STORAGE INTEGRATION OTHER SET STORAGE_ALLOWED_LOCATIONS = ('s3://b/a/', 's3://c/') COMMENT = 'x'"
    )
    changed = told()
    assert changed["STORAGE_AWS_EXTERNAL_ID"] == first["STORAGE_AWS_EXTERNAL_ID"]
    assert changed["STORAGE_ALLOWED_LOCATIONS"] == "s3://b/a/,s3://c/"
    account.run("ALTER STORAGE INTEGRATION OTHER SET STORAGE_AWS_EXTERNAL_ID = 'mine'")
    assert told()["STORAGE_AWS_EXTERNAL_ID"] == "mine"
    account.run("CREATE OR REPLACE" + INTEGRATION.removeprefix("CREATE").replace('"LANDING_S3"', "OTHER"))
    assert told()["STORAGE_AWS_EXTERNAL_ID"] not in {"mine", first["STORAGE_AWS_EXTERNAL_ID"]}
    account.run("DROP STORAGE INTEGRATION IF EXISTS OTHER")


def test_a_pipe_names_its_queue_and_can_be_paused(account: SnowflakeAccount) -> None:
    (pipe,) = account.rows('DESC PIPE "LANDING"."RAW"."P"')
    assert pipe["notification_channel"] == "arn:aws:sqs:us-east-1:999999999999:sf-snowpipe-LANDING"
    assert pipe["definition"].endswith("FILE_FORMAT = (TYPE = CSV)")
    account.run('ALTER PIPE "LANDING"."RAW"."P" SET PIPE_EXECUTION_PAUSED = true')
    assert '"PAUSED"' in account.run("SELECT SYSTEM$PIPE_STATUS('LANDING.RAW.P')")[0][0]
    account.run('ALTER PIPE "LANDING"."RAW"."P" SET PIPE_EXECUTION_PAUSED = false COMMENT = \'pc\'')
    assert '"RUNNING"' in account.run("SELECT SYSTEM$PIPE_STATUS('LANDING.RAW.P')")[0][0]


@pytest.mark.parametrize(
    ("sql", "number", "words"),
    [
        ("FOO BAR", 1003, "syntax error line 1 at position 0 unexpected 'FOO'"),
        ("CREATE TASK T AS SELECT 1", 2, "Unsupported feature 'CREATE TASK'"),
        ("EXPLAIN SELECT 1", 2, "Unsupported feature 'EXPLAIN'"),
        ("CREATE TABLE T (A INT", 1003, "unexpected '<EOF>'"),
        ("CREATE TABLE LANDING.RAW.X (A FOO)", 2040, "Unsupported data type 'FOO'"),
        ("SELECT * FROM LANDING.RAW.NOTHING", 2003, "does not exist or not authorized"),
        ("DESCRIBE STORAGE INTEGRATION NOPE", 2003, "Integration 'NOPE' does not exist or not authorized"),
        ('DROP TABLE "LANDING"."RAW"."nope"', 2003, "Table 'LANDING.RAW.\"nope\"' does not exist"),
        ("SHOW PIPES IN SCHEMA LANDING.NOPE", 2043, "Object does not exist, or operation cannot be performed"),
        ("CREATE SCHEMA LANDING.RAW", 2002, "Object 'LANDING.RAW' already exists"),
        (
            "CREATE STAGE LANDING.RAW.X URL='s3://b/other/' STORAGE_INTEGRATION=LANDING_S3",
            3127,
            "not allowed by integration",
        ),
        ("CREATE STAGE LANDING.RAW.X URL='s3://b/partners/' STORAGE_INTEGRATION=NOPE", 2003, "Integration 'NOPE'"),
        ("ALTER STAGE LANDING.RAW.S SET COLOUR = 'x'", 1420, "invalid property 'COLOUR' for 'STAGE'"),
        ("COPY INTO LANDING.RAW.T FROM @LANDING.RAW.NOPE", 2003, "Stage 'LANDING.RAW.NOPE' does not exist"),
        (
            "CREATE PIPE LANDING.RAW.Q AS COPY INTO LANDING.RAW.NOPE FROM @LANDING.RAW.S",
            2003,
            "Table 'LANDING.RAW.NOPE'",
        ),
        ("SELECT SYSTEM$NOPE('x')", 2140, "Unknown function SYSTEM$NOPE"),
        ("SELECT 1/'x' FROM", 1003, "syntax error"),
    ],
)
def test_a_refusal_comes_at_once_with_its_number(account: SnowflakeAccount, sql: str, number: int, words: str) -> None:
    with pytest.raises(ProgrammingError) as refused:
        account.run(sql)
    assert (refused.value.errno, words in str(refused.value)) == (number, True), str(refused.value)


def test_if_exists_and_if_not_exists_forgive(account: SnowflakeAccount) -> None:
    assert account.run("DROP PIPE IF EXISTS LANDING.RAW.NOPE") == [
        ("Drop statement executed successfully (NOPE already dropped).",)
    ]
    assert account.run("CREATE SCHEMA IF NOT EXISTS LANDING.RAW") == [("RAW already exists, statement succeeded.",)]


@pytest.mark.parametrize("name", ["select", "Mixed Case", 'quo"te', "semi;colon", "naïve", "-- dash", "a.b", "$1"])
def test_any_name_works_when_quoted(account: SnowflakeAccount, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    for sql in (
        f"CREATE DATABASE {quoted}",
        f"CREATE SCHEMA {quoted}.{quoted}",
        f"CREATE TABLE {quoted}.{quoted}.{quoted} ({quoted} NUMBER(10,2))",
        f"INSERT INTO {quoted}.{quoted}.{quoted} VALUES (1.5)",  # noqa: S608 - quoted
    ):
        account.run(sql)
    ((value,),) = account.run(f"SELECT {quoted} FROM {quoted}.{quoted}.{quoted}")  # noqa: S608 - quoted
    assert float(value) == 1.5
    (shown,) = account.rows(f"SHOW TABLES IN SCHEMA {quoted}.{quoted}")
    assert (shown["name"], shown["schema_name"], shown["database_name"]) == (name, name, name)
    account.run(f"DROP DATABASE {quoted}")
    account.run("USE SCHEMA LANDING.RAW")


@pytest.mark.parametrize(
    "name", ["role", "it's", 'quo"te', "semi;colon", "naïve 名", "-- dash", "a.b", "per%cent_", "$1"]
)
def test_any_name_works_for_whatever_is_not_a_table(account: SnowflakeAccount, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    inside = f'"LANDING"."RAW".{quoted}'
    made = {
        "ROLES": f"CREATE ROLE {quoted}",
        "WAREHOUSES": f"CREATE WAREHOUSE {quoted}",
        "USERS": f"CREATE USER {quoted} DEFAULT_ROLE = {quoted}",
        "STORAGE INTEGRATIONS": INTEGRATION.replace('"LANDING_S3"', quoted),
        "STAGES": f"CREATE STAGE {inside} URL = 's3://b/partners/' STORAGE_INTEGRATION = {quoted}",
        "FILE FORMATS": f"CREATE FILE FORMAT {inside} TYPE = CSV",
        "PIPES": PIPE.replace('"P"', quoted).replace('@"LANDING"."RAW"."S"', f"@{inside}"),
    }
    for kind, creation in made.items():
        account.run(creation)
        shown = [row["name"] for row in account.rows(f"SHOW {kind} IN ACCOUNT")]
        assert shown.count(name) == 1, kind
    for grant in (f"ROLE {quoted} TO USER {quoted}", f"USAGE ON STAGE {inside} TO ROLE {quoted}"):
        account.run(f"GRANT {grant}")
    (granted,) = [row for row in account.rows(f"SHOW GRANTS ON STAGE {inside}") if row["privilege"] == "USAGE"]
    assert granted["grantee_name"] == name
    for kind in reversed(made):
        singular = kind.removesuffix("S")
        account.run(f"DROP {singular} {inside if kind in {'STAGES', 'FILE FORMATS', 'PIPES'} else quoted}")


def test_many_connections_change_things_at_once(account: SnowflakeAccount) -> None:
    def work(number: int) -> int:
        with account.connect(database="LANDING", schema="RAW") as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE AT_ONCE_{number} (A INT)")
            cursor.execute(f"INSERT INTO AT_ONCE_{number} VALUES ({number})")  # noqa: S608 - a number
            cursor.execute(f"ALTER TABLE AT_ONCE_{number} ADD COLUMN B INT")
            cursor.execute("SHOW TABLES LIKE 'AT_ONCE_%' IN SCHEMA LANDING.RAW")
            cursor.execute(f"SELECT A FROM AT_ONCE_{number}")  # noqa: S608 - a number
            return cursor.fetchone()[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == list(range(16))
    assert len(account.run("SHOW TABLES LIKE 'AT_ONCE_%' IN SCHEMA LANDING.RAW")) == 16


def test_a_session_that_is_gone_is_told_so_without_a_server_error(account: SnowflakeAccount) -> None:
    answer = httpx.post(
        f"{account.home.url('snowflake')}/queries/v1/query-request",
        headers={"Authorization": 'Snowflake Token="gone"'},
        json={"sqlText": "SELECT 1"},
    )
    assert (answer.status_code, answer.json()["code"]) == (200, "390111")
