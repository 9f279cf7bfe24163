"""What the official provider sends when a resource changes, as it was seen on the wire by running it."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.sandbox.snowflake_account import SnowflakeAccount, snowflake_account

pytestmark = pytest.mark.sandbox

TABLE = '"LANDING"."RAW"."CARGO"'
INTEGRATION = (
    "CREATE STORAGE INTEGRATION \"LANDING_S3\" TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' STORAGE_AWS_ROLE_ARN = "
    "'arn:aws:iam::123456789012:role/r' ENABLED = true STORAGE_ALLOWED_LOCATIONS = ('s3://b/partners/')"
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
            "CREATE WAREHOUSE \"LOAD_WH\" WAREHOUSE_SIZE = 'XSMALL' AUTO_SUSPEND = 60",
            'CREATE ROLE "LOADER"',
            'GRANT USAGE ON WAREHOUSE "LOAD_WH" TO ROLE "LOADER"',
            'GRANT USAGE ON STAGE "LANDING"."RAW"."S" TO ROLE "LOADER"',
            'GRANT SELECT ON FUTURE TABLES IN SCHEMA "LANDING"."RAW" TO ROLE "LOADER"',
            'GRANT ROLE "LOADER" TO ROLE "SYSADMIN"',
        ):
            running.run(sql)
        yield running


@pytest.fixture
def cargo(account: SnowflakeAccount) -> Generator[SnowflakeAccount]:
    account.run(f"CREATE TABLE {TABLE} (\"ID\" NUMBER(38,0) COMMENT '', \"NOTE\" VARCHAR(10) COLLATE '' COMMENT '')")
    yield account
    account.run(f"DROP TABLE IF EXISTS {TABLE}")


def described(account: SnowflakeAccount) -> dict[str, tuple[str, str, object]]:
    rows = account.rows(f"DESCRIBE TABLE {TABLE} TYPE = COLUMNS")
    return {row["name"]: (row["type"], row["null?"], row["comment"]) for row in rows}


def test_an_integration_is_described_without_nulls(account: SnowflakeAccount) -> None:
    rows = account.rows('DESCRIBE STORAGE INTEGRATION "LANDING_S3"')
    assert [row["property"] for row in rows if None in row.values()] == []


def test_a_column_gets_another_type_size_nullability_and_comment(cargo: SnowflakeAccount) -> None:
    for change in (
        'ALTER COLUMN "ID" SET DATA TYPE NUMBER(20,0)',
        'ALTER COLUMN "NOTE" SET DATA TYPE VARCHAR(20)',
        'ALTER COLUMN "NOTE" SET NOT NULL',
        "ALTER COLUMN \"NOTE\" COMMENT 'what it says'",
        'ADD COLUMN "MORE" VARCHAR',
    ):
        cargo.run(f"ALTER TABLE {TABLE} {change}")
    assert described(cargo) == {
        "ID": ("NUMBER(20,0)", "Y", None),
        "NOTE": ("VARCHAR(20)", "N", "what it says"),
        "MORE": ("VARCHAR(16777216)", "Y", None),
    }
    for change in ('"NOTE" DROP NOT NULL', '"NOTE" UNSET COMMENT', '"MORE" DROP DEFAULT'):
        cargo.run(f"ALTER TABLE {TABLE} ALTER COLUMN {change}")
    assert described(cargo)["NOTE"] == ("VARCHAR(20)", "Y", None)
    cargo.run(f'ALTER TABLE {TABLE} DROP COLUMN "MORE", "NOTE"')
    assert list(described(cargo)) == ["ID"]


@pytest.mark.parametrize(
    ("column", "kind", "number", "words"),
    [
        ("ID", "VARCHAR", 2108, "cannot change column ID from type NUMBER(38,0) to VARCHAR(16777216)"),
        ("ID", "NUMBER(38,2)", 2108, "cannot change column ID from type NUMBER(38,0) to NUMBER(38,2)"),
        ("NOTE", "VARCHAR(5)", 40050, "reducing the byte-length of varchar is not supported"),
    ],
)
def test_a_column_keeps_its_family_of_types(
    cargo: SnowflakeAccount, column: str, kind: str, number: int, words: str
) -> None:
    with pytest.raises(ProgrammingError) as refused:
        cargo.run(f'ALTER TABLE {TABLE} ALTER COLUMN "{column}" SET DATA TYPE {kind}')
    assert refused.value.errno == number
    assert words in str(refused.value)
    assert described(cargo)["ID"][0] == "NUMBER(38,0)"


def test_a_warehouse_and_a_stage_keep_their_grants_under_another_name(account: SnowflakeAccount) -> None:
    account.run('ALTER WAREHOUSE "LOAD_WH" RENAME TO "OTHER_WH"')
    account.run('ALTER STAGE "LANDING"."RAW"."S" RENAME TO "LANDING"."RAW"."S2"')
    assert account.rows("SHOW WAREHOUSES LIKE 'LOAD_WH'") == []
    (warehouse,) = account.rows("SHOW WAREHOUSES LIKE 'OTHER_WH'")
    (stage,) = account.rows('SHOW STAGES LIKE \'S2\' IN SCHEMA "LANDING"."RAW"')
    assert (warehouse["auto_suspend"], stage["url"]) == (60, "s3://b/partners/")
    for on in ('WAREHOUSE "OTHER_WH"', 'STAGE "LANDING"."RAW"."S2"'):
        held = account.rows(f"SHOW GRANTS ON {on}")
        assert ("USAGE", "LOADER") in {(row["privilege"], row["grantee_name"]) for row in held}
    account.run('ALTER WAREHOUSE "OTHER_WH" RENAME TO "LOAD_WH"')


def test_a_role_keeps_what_it_has_and_who_has_it_under_another_name(account: SnowflakeAccount) -> None:
    before = account.rows('SHOW GRANTS TO ROLE "LOADER"')
    account.run('ALTER ROLE "LOADER" RENAME TO "OTHER"')
    after = account.rows('SHOW GRANTS TO ROLE "OTHER"')
    assert [(row["privilege"], row["name"]) for row in after] == [(row["privilege"], row["name"]) for row in before]
    (future,) = account.rows('SHOW FUTURE GRANTS IN SCHEMA "LANDING"."RAW"')
    (member,) = account.rows('SHOW GRANTS OF ROLE "OTHER"')
    assert (future["grantee_name"], member["grantee_name"]) == ("OTHER", "SYSADMIN")
    account.run('ALTER ROLE "OTHER" RENAME TO "LOADER"')


def test_a_name_in_use_is_not_taken(account: SnowflakeAccount) -> None:
    account.run('CREATE ROLE "TAKEN"')
    with pytest.raises(ProgrammingError, match="Object 'TAKEN' already exists"):
        account.run('ALTER ROLE "LOADER" RENAME TO "TAKEN"')
    assert account.rows("SHOW ROLES LIKE 'LOADER'") != []


def test_privileges_on_pipes_are_granted_one_by_one(account: SnowflakeAccount) -> None:
    for statement in ("GRANT MONITOR ON ALL PIPES IN SCHEMA {} TO", "REVOKE MONITOR ON ALL PIPES IN SCHEMA {} FROM"):
        with pytest.raises(ProgrammingError, match="ALL PIPES"):
            account.run(statement.format('"LANDING"."RAW"') + ' ROLE "LOADER"')
