# pyright: reportUnknownMemberType=false
# the connector is not typed
"""Who may do what in the sandbox's Snowflake: privileges, ownership, the role hierarchy, in Snowflake's words."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.sandbox.snowflake_account import (
    STAGE,
    TABLE,
    SnowflakeAccount,
    build_landing,
    flights,
    snowflake_account,
    until,
)

pytestmark = pytest.mark.sandbox

MISSING, DENIED, UNGRANTED = 2003, 3001, 3102


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        build_landing(running)
        running.run("CREATE FILE FORMAT LANDING.RAW.LINES TYPE = CSV SKIP_HEADER = 1")
        running.run("CREATE WAREHOUSE LOAD_WH")
        yield running


class Actor:
    """A session as one role, with no other roles beside it."""

    def __init__(self, account: SnowflakeAccount, role: str) -> None:
        self._connection = account.connect(role=role, database="LANDING", schema="RAW")
        self.run("USE SECONDARY ROLES NONE")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.cursor().execute(sql).fetchall()

    def refused(self, sql: str, number: int, words: str) -> None:
        with pytest.raises(ProgrammingError) as refused:
            self.run(sql)
        assert (refused.value.errno, words in str(refused.value)) == (number, True), str(refused.value)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def acting(account: SnowflakeAccount, role: str, *grants: str) -> Generator[Actor]:
    """Act as a new role with these grants."""
    account.run(f"CREATE ROLE {role}")
    account.run(f"GRANT ROLE {role} TO USER LANDING")
    for grant in grants:
        account.run(f"GRANT {grant} TO ROLE {role}")
    actor = Actor(account, role)
    try:
        yield actor
    finally:
        actor.close()
        account.run(f"DROP ROLE {role}")


INSIDE = ("USAGE ON DATABASE LANDING", "USAGE ON SCHEMA LANDING.RAW")


def test_a_role_without_privileges_sees_nothing(account: SnowflakeAccount) -> None:
    with acting(account, "NOBODY") as nobody:
        assert nobody.run("SHOW DATABASES LIKE 'LANDING'") == []
        assert nobody.run("SHOW INTEGRATIONS") == []
        nobody.refused("USE DATABASE LANDING", 2043, "Object does not exist, or operation cannot be performed")
        nobody.refused(f"SELECT * FROM {TABLE}", MISSING, "Object 'LANDING.RAW.SKYWAY_FLIGHTS' does not exist or not")  # noqa: S608 - a constant
        nobody.refused(f"DESC TABLE {TABLE}", MISSING, "Table 'LANDING.RAW.SKYWAY_FLIGHTS' does not exist or not")
        nobody.refused(f"DROP TABLE {TABLE}", MISSING, "does not exist or not authorized")
        nobody.refused("DESC INTEGRATION LANDING_S3", MISSING, "Integration 'LANDING_S3' does not exist or not")
        nobody.refused(f"LIST @{STAGE}", MISSING, "Stage 'LANDING.RAW.PARTNERS' does not exist or not authorized")
        nobody.refused("CREATE DATABASE D", DENIED, "Insufficient privileges to operate on account 'LANDING'")
        nobody.refused("SELECT SYSTEM$PIPE_STATUS('LANDING.RAW.SKYWAY_FLIGHTS')", MISSING, "does not exist or not")
        assert "already dropped" in nobody.run(f"DROP TABLE IF EXISTS {TABLE}")[0][0]
    assert account.count() == 0


def test_a_reader_reads_and_does_nothing_else(account: SnowflakeAccount) -> None:
    with acting(account, "READER", *INSIDE, f"SELECT ON TABLE {TABLE}") as reader:
        assert reader.run("SELECT COUNT(*) FROM SKYWAY_FLIGHTS") == [(0,)]
        assert [row[1] for row in reader.run("SHOW TABLES")] == ["SKYWAY_FLIGHTS"]
        words = "Insufficient privileges to operate on table 'SKYWAY_FLIGHTS'"
        reader.refused("INSERT INTO SKYWAY_FLIGHTS (ID) VALUES (1)", DENIED, words)
        reader.refused("UPDATE SKYWAY_FLIGHTS SET ID = 2", DENIED, words)
        reader.refused("DELETE FROM SKYWAY_FLIGHTS", DENIED, words)
        reader.refused("TRUNCATE TABLE SKYWAY_FLIGHTS", DENIED, words)
        reader.refused("ALTER TABLE SKYWAY_FLIGHTS ADD COLUMN X INT", DENIED, words)
        reader.refused("DROP TABLE IF EXISTS SKYWAY_FLIGHTS", DENIED, words)
        reader.refused("CREATE TABLE X (A INT)", DENIED, "Insufficient privileges to operate on schema 'RAW'")
        reader.refused("CREATE TABLE X AS SELECT * FROM SKYWAY_FLIGHTS", DENIED, "schema 'RAW'")
        reader.refused("CREATE VIEW V AS SELECT * FROM SKYWAY_FLIGHTS", DENIED, "schema 'RAW'")
        reader.refused("CREATE SCHEMA LANDING.X", DENIED, "Insufficient privileges to operate on database 'LANDING'")
        account.run(f"REVOKE SELECT ON TABLE {TABLE} FROM ROLE READER")  # noqa: S608 - a constant
        reader.refused("SELECT * FROM SKYWAY_FLIGHTS", MISSING, "does not exist or not authorized")


def test_a_privilege_without_a_way_to_it_is_none(account: SnowflakeAccount) -> None:
    with acting(account, "LOST", f"SELECT ON TABLE {TABLE}", "USAGE ON DATABASE LANDING") as lost:
        lost.refused(f"SELECT * FROM {TABLE}", MISSING, "does not exist or not authorized")  # noqa: S608 - a constant
        account.run("GRANT USAGE ON SCHEMA LANDING.RAW TO ROLE LOST")
        assert lost.run(f"SELECT COUNT(*) FROM {TABLE}") == [(0,)]  # noqa: S608 - a constant


def test_joins_views_and_subqueries_need_each_table(account: SnowflakeAccount) -> None:
    account.run("CREATE TABLE LANDING.RAW.OTHER (A INT)")
    account.run("CREATE VIEW LANDING.RAW.SEEN AS SELECT A FROM LANDING.RAW.OTHER")
    with acting(account, "JOINER", *INSIDE, f"SELECT ON TABLE {TABLE}", "SELECT ON VIEW LANDING.RAW.SEEN") as joiner:
        assert joiner.run("WITH C AS (SELECT ID FROM SKYWAY_FLIGHTS) SELECT COUNT(*) FROM C") == [(0,)]
        assert joiner.run("SELECT COUNT(*) FROM SEEN") == [(0,)]  # a view reads with its owner's rights
        for query in (
            "SELECT * FROM SKYWAY_FLIGHTS F JOIN OTHER O ON O.A = F.ID",
            "SELECT ID FROM SKYWAY_FLIGHTS WHERE ID IN (SELECT A FROM OTHER)",
            "SELECT 1 UNION ALL SELECT A FROM OTHER",
        ):
            joiner.refused(query, MISSING, "Object 'LANDING.RAW.OTHER' does not exist or not authorized")
    account.run("DROP VIEW LANDING.RAW.SEEN")
    account.run("DROP TABLE LANDING.RAW.OTHER")


def test_a_loader_makes_a_pipe_only_with_all_that_the_pipe_needs(account: SnowflakeAccount) -> None:
    pipe = f"CREATE PIPE LANDING.RAW.P AS COPY INTO {TABLE} FROM @{STAGE}/p/ FILE_FORMAT = (FORMAT_NAME = LINES)"
    steps = (
        ("CREATE PIPE ON SCHEMA LANDING.RAW", MISSING, "Table"),
        (f"INSERT ON TABLE {TABLE}", MISSING, "Stage"),
        (f"USAGE ON STAGE {STAGE}", MISSING, "File format"),
        ("USAGE ON FILE FORMAT LANDING.RAW.LINES", DENIED, "table 'SKYWAY_FLIGHTS'"),
        (f"SELECT ON TABLE {TABLE}", None, ""),
    )
    with acting(account, "PIPER", *INSIDE) as piper:
        piper.refused(pipe, DENIED, "Insufficient privileges to operate on schema 'RAW'")
        for grant, number, words in steps:
            account.run(f"GRANT {grant} TO ROLE PIPER")
            if number is not None:
                piper.refused(pipe, number, words)
        piper.run(pipe)
        assert account.rows("SHOW GRANTS ON PIPE LANDING.RAW.P")[0]["grantee_name"] == "PIPER"
        piper.run("DROP PIPE LANDING.RAW.P")


def test_an_operator_pauses_a_pipe_and_changes_nothing_else(account: SnowflakeAccount) -> None:
    with acting(account, "OPERATOR", *INSIDE, f"OPERATE ON PIPE {TABLE}") as operator:
        operator.run(f"ALTER PIPE {TABLE} SET PIPE_EXECUTION_PAUSED = true")
        assert '"PAUSED"' in operator.run("SELECT SYSTEM$PIPE_STATUS('SKYWAY_FLIGHTS')")[0][0]
        operator.run(f"ALTER PIPE {TABLE} SET PIPE_EXECUTION_PAUSED = false")
        words = "Insufficient privileges to operate on pipe 'SKYWAY_FLIGHTS'"
        operator.refused(f"ALTER PIPE {TABLE} SET COMMENT = 'x'", DENIED, words)
        operator.refused(f"DROP PIPE {TABLE}", DENIED, words)


def test_a_stage_needs_its_integration(account: SnowflakeAccount) -> None:
    stage = "CREATE STAGE LANDING.RAW.MINE URL = 's3://landing-files/partners/x/' STORAGE_INTEGRATION = LANDING_S3"
    with acting(account, "STAGER", *INSIDE, "CREATE STAGE ON SCHEMA LANDING.RAW") as stager:
        stager.refused(stage, DENIED, "Insufficient privileges to operate on integration 'LANDING_S3'")
        stager.refused(
            "SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('LANDING_S3', 's3://landing-files/partners/', 'f', 'list')",
            MISSING,
            "Integration 'LANDING_S3' does not exist or not authorized",
        )
        account.run("GRANT USAGE ON INTEGRATION LANDING_S3 TO ROLE STAGER")
        stager.run(stage)
        stager.refused(
            "CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = true "
            "STORAGE_AWS_ROLE_ARN = 'r' STORAGE_ALLOWED_LOCATIONS = ('s3://b/')",
            DENIED,
            "Insufficient privileges to operate on account 'LANDING'",
        )
        (shown,) = account.rows("SHOW STAGES LIKE 'MINE' IN SCHEMA LANDING.RAW")
        assert shown["owner"] == "STAGER"
        stager.run("DROP STAGE LANDING.RAW.MINE")


def test_roles_pass_on_what_they_have(account: SnowflakeAccount) -> None:
    account.run("CREATE ROLE BASE")
    for grant in (*INSIDE, f"SELECT ON TABLE {TABLE}"):
        account.run(f"GRANT {grant} TO ROLE BASE")
    with acting(account, "MIDDLE") as middle, acting(account, "TOP") as top:
        query = f"SELECT COUNT(*) FROM {TABLE}"  # noqa: S608 - a constant
        top.refused(query, MISSING, "does not exist or not authorized")
        account.run("GRANT ROLE BASE TO ROLE MIDDLE")
        account.run("GRANT ROLE MIDDLE TO ROLE TOP")
        assert top.run(query) == middle.run(query) == [(0,)]
        top.run("USE ROLE BASE")
        assert top.run("SELECT CURRENT_ROLE()") == [("BASE",)]
        top.run("USE ROLE TOP")
        with pytest.raises(ProgrammingError):
            account.run("GRANT ROLE TOP TO ROLE BASE")  # a circle
        account.run("REVOKE ROLE BASE FROM ROLE MIDDLE")
        top.refused(query, MISSING, "does not exist or not authorized")
        top.run("USE SECONDARY ROLES ALL")
        assert top.run(query) == [(0,)]  # by way of ACCOUNTADMIN, another role of the user
    account.run("DROP ROLE BASE")


def test_a_role_of_others_is_not_taken_on(account: SnowflakeAccount) -> None:
    account.run("CREATE ROLE STRANGER")
    with pytest.raises(ProgrammingError, match="'STRANGER' is not assigned to the executing user") as refused:
        account.run("USE ROLE STRANGER")
    assert refused.value.errno == 3013
    with pytest.raises(ProgrammingError, match="Object does not exist, or operation cannot be performed"):
        account.run("USE ROLE NOT_THERE")
    account.run("DROP ROLE STRANGER")


def test_future_grants_fall_on_what_is_made_and_a_schema_s_own_come_first(account: SnowflakeAccount) -> None:
    account.run("CREATE SCHEMA LANDING.NEXT")
    with acting(account, "FUTURE_READER", *INSIDE, "USAGE ON SCHEMA LANDING.NEXT") as reader:
        account.run("GRANT SELECT ON FUTURE TABLES IN DATABASE LANDING TO ROLE FUTURE_READER")
        account.run("CREATE TABLE LANDING.NEXT.ONE (A INT)")
        account.run("CREATE TABLE LANDING.NEXT.MADE AS SELECT 1 AS A")
        assert reader.run("SELECT COUNT(*) FROM LANDING.NEXT.ONE") == [(0,)]
        assert reader.run("SELECT COUNT(*) FROM LANDING.NEXT.MADE") == [(1,)]
        account.run("GRANT INSERT ON FUTURE TABLES IN SCHEMA LANDING.NEXT TO ROLE SYSADMIN")
        account.run("CREATE TABLE LANDING.NEXT.TWO (A INT)")
        reader.refused("SELECT * FROM LANDING.NEXT.TWO", MISSING, "does not exist or not authorized")
        account.run("GRANT SELECT ON ALL TABLES IN SCHEMA LANDING.NEXT TO ROLE FUTURE_READER")
        assert reader.run("SELECT COUNT(*) FROM LANDING.NEXT.TWO") == [(0,)]
        account.run("CREATE OR REPLACE TABLE LANDING.NEXT.TWO (A INT)")
        reader.refused("SELECT * FROM LANDING.NEXT.TWO", MISSING, "does not exist or not authorized")
        (future,) = account.rows("SHOW FUTURE GRANTS IN SCHEMA LANDING.NEXT")
        assert (future["privilege"], future["grant_on"], future["name"], future["grantee_name"]) == (
            "INSERT",
            "TABLE",
            "LANDING.NEXT.<TABLE>",
            "SYSADMIN",
        )
        reader.refused("GRANT SELECT ON FUTURE TABLES IN SCHEMA LANDING.NEXT TO ROLE PUBLIC", UNGRANTED, "Grant not")
    account.run("DROP SCHEMA LANDING.NEXT")
    assert account.run("SHOW FUTURE GRANTS IN DATABASE LANDING") == []


def test_only_who_may_gives_privileges_away(account: SnowflakeAccount) -> None:
    grant = f"GRANT SELECT ON TABLE {TABLE} TO ROLE PUBLIC"
    with acting(account, "GIVER", *INSIDE, f"SELECT ON TABLE {TABLE}") as giver:
        giver.refused(grant, UNGRANTED, "Grant not executed: Insufficient privileges.")
        account.run(f"GRANT SELECT ON TABLE {TABLE} TO ROLE GIVER WITH GRANT OPTION")
        giver.run(grant)
        given = [row for row in account.rows(f"SHOW GRANTS ON TABLE {TABLE}") if row["grantee_name"] == "PUBLIC"]
        assert [(row["privilege"], row["granted_by"]) for row in given] == [("SELECT", "GIVER")]
        giver.run(grant.replace("GRANT", "REVOKE").replace("TO ROLE", "FROM ROLE"))
    assert not [row for row in account.rows(f"SHOW GRANTS ON TABLE {TABLE}") if row["grantee_name"] == "PUBLIC"]


@pytest.mark.parametrize(
    ("grant", "number", "words"),
    [
        ("SELECT ON TABLE LANDING.RAW.NOPE TO ROLE PUBLIC", MISSING, "Table 'LANDING.RAW.NOPE' does not exist or not"),
        ("USAGE ON DATABASE NOPE TO ROLE PUBLIC", MISSING, "Database 'NOPE' does not exist or not authorized"),
        ("USAGE ON INTEGRATION NOPE TO ROLE PUBLIC", MISSING, "Integration 'NOPE' does not exist or not authorized"),
        ("USAGE ON DATABASE LANDING TO ROLE NOPE", MISSING, "Role 'NOPE' does not exist or not authorized"),
        ("ROLE NOPE TO ROLE PUBLIC", MISSING, "Role 'NOPE' does not exist or not authorized"),
        ("ROLE SYSADMIN TO USER NOPE", MISSING, "User 'NOPE' does not exist or not authorized"),
        (f"USAGE ON TABLE {TABLE} TO ROLE PUBLIC", 2087, "Invalid object type 'TABLE' for privilege 'USAGE'."),
        ("DATABASE ROLE LANDING.R TO ROLE PUBLIC", 2, "Unsupported feature"),
        ("USAGE ON DATABASE LANDING TO DATABASE ROLE R", 2, "Unsupported feature"),
    ],
)
def test_what_a_grant_speaks_of_must_exist(account: SnowflakeAccount, grant: str, number: int, words: str) -> None:
    with pytest.raises(ProgrammingError) as refused:
        account.run(f"GRANT {grant}")
    assert (refused.value.errno, words in str(refused.value)) == (number, True), str(refused.value)


def test_ownership_changes_hands(account: SnowflakeAccount) -> None:
    account.run("CREATE TABLE LANDING.RAW.PASSED (A INT)")
    account.run("GRANT SELECT ON TABLE LANDING.RAW.PASSED TO ROLE PUBLIC")
    with acting(account, "HEIR", *INSIDE) as heir:
        give = "GRANT OWNERSHIP ON TABLE LANDING.RAW.PASSED TO ROLE HEIR"
        with pytest.raises(ProgrammingError, match="Dependent grant of privilege 'SELECT' on securable") as refused:
            account.run(give)
        assert refused.value.errno == 3036
        account.run(f"{give} COPY CURRENT GRANTS")
        grants = account.rows("SHOW GRANTS ON TABLE LANDING.RAW.PASSED")
        assert [(row["privilege"], row["grantee_name"]) for row in grants] == [
            ("OWNERSHIP", "HEIR"),
            ("SELECT", "PUBLIC"),
        ]
        heir.run("ALTER TABLE PASSED ADD COLUMN B INT")
        with pytest.raises(ProgrammingError, match="Insufficient privileges to operate on table 'PASSED'"):
            account.run("DROP TABLE LANDING.RAW.PASSED")
    (shown,) = account.rows("SHOW TABLES LIKE 'PASSED' IN SCHEMA LANDING.RAW")
    assert shown["owner"] == "ACCOUNTADMIN"  # who dropped the role has what it owned
    account.run("DROP TABLE LANDING.RAW.PASSED")


def test_the_built_in_roles_have_their_parts(account: SnowflakeAccount) -> None:
    duties = {
        "SYSADMIN": ("CREATE DATABASE DUTY", "DROP DATABASE DUTY"),
        "USERADMIN": ("CREATE ROLE DUTY", "DROP ROLE DUTY", "CREATE USER DUTY", "DROP USER DUTY"),
        "SECURITYADMIN": ("CREATE ROLE DUTY", "GRANT USAGE ON DATABASE LANDING TO ROLE DUTY", "DROP ROLE DUTY"),
    }
    for role, statements in duties.items():
        actor = Actor(account, role)
        for statement in statements:
            actor.run(statement)
        if role != "SYSADMIN":
            actor.refused("CREATE DATABASE DUTY", DENIED, "Insufficient privileges to operate on account 'LANDING'")
        if role == "USERADMIN":
            actor.refused("GRANT USAGE ON DATABASE LANDING TO ROLE PUBLIC", MISSING, "Database 'LANDING'")
        actor.close()


def test_a_warehouse_is_used_by_who_may(account: SnowflakeAccount) -> None:
    with acting(account, "WORKER") as worker:
        worker.refused("USE WAREHOUSE LOAD_WH", 2043, "Object does not exist, or operation cannot be performed")
        account.run("GRANT USAGE ON WAREHOUSE LOAD_WH TO ROLE WORKER")
        worker.run("USE WAREHOUSE LOAD_WH")
        words = "Insufficient privileges to operate on warehouse 'LOAD_WH'"
        worker.refused("ALTER WAREHOUSE LOAD_WH SUSPEND", DENIED, words)
        account.run("GRANT OPERATE ON WAREHOUSE LOAD_WH TO ROLE WORKER")
        worker.run("ALTER WAREHOUSE LOAD_WH SUSPEND")
        worker.refused("ALTER WAREHOUSE LOAD_WH SET AUTO_SUSPEND = 1", DENIED, words)


def test_grants_of_roles_and_users_are_shown(account: SnowflakeAccount) -> None:
    with acting(account, "SHOWN", "USAGE ON DATABASE LANDING"):
        (of,) = account.rows("SHOW GRANTS OF ROLE SHOWN")
        assert {name: of[name] for name in ("role", "granted_to", "grantee_name", "granted_by")} == {
            "role": "SHOWN",
            "granted_to": "USER",
            "grantee_name": "LANDING",
            "granted_by": "ACCOUNTADMIN",
        }
        (to,) = account.rows("SHOW GRANTS TO ROLE SHOWN")
        assert (to["privilege"], to["granted_on"], to["name"]) == ("USAGE", "DATABASE", "LANDING")
        assert {row["role"] for row in account.rows("SHOW GRANTS TO USER LANDING")} >= {"ACCOUNTADMIN", "SHOWN"}


def test_a_pipe_loads_with_its_owner_s_rights(account: SnowflakeAccount) -> None:
    account.run("CREATE TABLE LANDING.RAW.OWNED (ID INT)")
    grants = (
        *INSIDE,
        "CREATE PIPE ON SCHEMA LANDING.RAW",
        f"USAGE ON STAGE {STAGE}",
        "SELECT ON TABLE LANDING.RAW.OWNED",
        "INSERT ON TABLE LANDING.RAW.OWNED",
    )
    with acting(account, "PIPE_OWNER", *grants) as owner:
        copy = f"COPY INTO LANDING.RAW.OWNED FROM @{STAGE}/owned/ FILE_FORMAT = (TYPE = CSV)"
        owner.run(f"CREATE PIPE LANDING.RAW.OWNED AUTO_INGEST = true AS {copy}")
        account.put("owned/1.csv", "1\n")
        until(lambda: account.count("LANDING.RAW.OWNED") == 1)
        account.run("REVOKE INSERT ON TABLE LANDING.RAW.OWNED FROM ROLE PIPE_OWNER")
        account.put("owned/2.csv", "2\n")
        owner.refused("ALTER PIPE OWNED REFRESH", DENIED, "Insufficient privileges to operate on table 'OWNED'")
        assert account.count("LANDING.RAW.OWNED") == 1
        account.run("GRANT INSERT ON TABLE LANDING.RAW.OWNED TO ROLE PIPE_OWNER")
        until(lambda: account.count("LANDING.RAW.OWNED") == 2)
        owner.run("DROP PIPE LANDING.RAW.OWNED")
    account.run("DROP TABLE LANDING.RAW.OWNED")


def test_everything_of_it_is_there_after_a_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    with snowflake_account(tmp_path_factory.mktemp("again"), "aws", "snowflake") as account:
        build_landing(account)
        account.run("CREATE ROLE KEPT")
        account.run("GRANT ROLE KEPT TO USER LANDING")
        for grant in (*INSIDE, f"SELECT ON TABLE {TABLE}"):
            account.run(f"GRANT {grant} TO ROLE KEPT")
        account.put("skyway/flights/a.csv", flights(1))
        until(lambda: account.count() == 1)
        account.end("snowflake")
        account.start("snowflake")
        kept = Actor(account, "KEPT")
        assert kept.run("SELECT COUNT(*) FROM SKYWAY_FLIGHTS") == [(1,)]
        kept.refused("DELETE FROM SKYWAY_FLIGHTS", DENIED, "table 'SKYWAY_FLIGHTS'")
        kept.close()
