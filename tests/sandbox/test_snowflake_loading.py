"""Files on their way into tables: trust, listing, COPY, pipes, the load history, against the real AWS part."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Generator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.sandbox.snowflake_account import (
    BUCKET,
    COPY,
    CSV,
    ROLE,
    STAGE,
    TABLE,
    SnowflakeAccount,
    build_landing,
    flights,
    snowflake_account,
    until,
)

pytestmark = pytest.mark.sandbox

HISTORY = (
    'SELECT * FROM TABLE("LANDING".INFORMATION_SCHEMA.COPY_HISTORY('
    "TABLE_NAME => 'RAW.{table}', START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP()))) ORDER BY last_load_time"
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        build_landing(running)
        yield running


def history(account: SnowflakeAccount, table: str = "SKYWAY_FLIGHTS") -> dict[str, dict[str, Any]]:
    return {row["FILE_NAME"]: row for row in account.rows(HISTORY.format(table=table))}


def validate(account: SnowflakeAccount, actions: str = "list", url: str = f"s3://{BUCKET}/partners/") -> dict[str, Any]:
    sql = f"SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('LANDING_S3', '{url}', 'probe.txt', '{actions}')"
    return json.loads(account.run(sql)[0][0])


def test_the_integration_works_with_its_own_external_id_alone(account: SnowflakeAccount) -> None:
    assert validate(account)["status"] == "success"
    account.trust("another-id")
    refused = validate(account)
    assert refused["status"] == "failure"
    assert refused["actions"]["LIST"]["message"].startswith(
        "Error assuming AWS_ROLE:\nUser: arn:aws:iam::999999999999:"
    )
    account.trust()
    assert validate(account)["status"] == "success"


def test_each_action_is_really_tried(account: SnowflakeAccount) -> None:
    told = validate(account, "all")
    assert told["status"] == "failure"
    assert {name: action["status"] for name, action in told["actions"].items()} == {
        "READ": "failure",
        "WRITE": "failure",
        "LIST": "success",
        "DELETE": "failure",
    }
    account.put("probe.txt", "here")
    assert validate(account, "read")["status"] == "success"
    assert "is not allowed" in validate(account, url="s3://elsewhere/")["message"]


def test_a_new_file_is_loaded_without_being_asked(account: SnowflakeAccount) -> None:
    account.put("skyway/flights/a b+ü.csv", flights(1, 2))
    until(lambda: account.count() == 2)
    (row,) = account.run(f"SELECT * FROM {TABLE} WHERE ID = 1")  # noqa: S608 - a constant
    assert (row[1], str(row[2]), str(row[3]), row[4]) == ("name, 1", "2013-01-01", "2013-01-01 10:00:00", 1.5)
    loaded = history(account)["skyway/flights/a b+ü.csv"]
    assert (loaded["STATUS"], loaded["ROW_COUNT"], loaded["ROW_PARSED"], loaded["ERROR_COUNT"]) == ("Loaded", 2, 2, 0)
    assert (loaded["STAGE_LOCATION"], loaded["PIPE_NAME"]) == (f"s3://{BUCKET}/partners/", "SKYWAY_FLIGHTS")


def test_the_history_answers_a_session_that_stands_nowhere(account: SnowflakeAccount) -> None:
    with account.connect() as connection, connection.cursor() as cursor:
        cursor.execute(HISTORY.format(table="SKYWAY_FLIGHTS"))
        assert cursor.fetchall()


def test_a_pipe_takes_its_own_folder_and_no_placeholders(account: SnowflakeAccount) -> None:
    before = account.count()
    account.put("skyway/other/c.csv", flights(1))
    account.put("skyway/flights/", "")
    account.put("skyway/flights/empty.csv", "")
    account.put("skyway/flights/last.csv", flights(3))
    until(lambda: account.count() == before + 1)
    names = history(account)
    assert names["skyway/flights/empty.csv"]["ROW_COUNT"] == 0
    assert not {"skyway/flights/", "skyway/other/c.csv"} & set(names)


def test_a_pipe_loads_a_name_once_and_copy_a_changed_file_again(account: SnowflakeAccount) -> None:
    before = account.count()
    account.put("skyway/flights/again.csv", flights(10))
    until(lambda: account.count() == before + 1)
    account.put("skyway/flights/again.csv", flights(10))
    account.put("skyway/flights/mark.csv", flights(11))
    until(lambda: account.count() == before + 2)
    account.put("skyway/flights/again.csv", flights(10, 12))
    account.put("skyway/flights/last mark.csv", flights(13))
    until(lambda: account.count() == before + 3)
    assert account.run(f"ALTER PIPE {TABLE} REFRESH PREFIX = 'again'") == []
    (row,) = account.rows(f"{COPY} FILES = ('again.csv')")
    assert row["rows_loaded"] == 2
    assert account.run(f"{COPY} FILES = ('again.csv')") == [("Copy executed with 0 files processed.",)]
    account.put("skyway/flights/again.csv", flights(14))
    (row,) = account.rows(f"{COPY} FILES = ('again.csv')")
    assert account.count() == before + 6


def test_a_malformed_file_is_told_in_the_history_and_the_others_go_on(account: SnowflakeAccount) -> None:
    before = account.count()
    account.put("skyway/flights/bad.csv", flights(20, "abc", 21))
    account.put("skyway/flights/good.csv", flights(22))
    until(lambda: account.count() == before + 1)
    told = history(account)["skyway/flights/bad.csv"]
    assert (told["STATUS"], told["ROW_COUNT"], told["ROW_PARSED"], told["ERROR_COUNT"]) == ("Load failed", 0, 3, 1)
    assert told["FIRST_ERROR_MESSAGE"] == "Numeric value 'abc' is not recognized"
    assert (told["FIRST_ERROR_LINE_NUMBER"], told["FIRST_ERROR_COLUMN_NAME"]) == (3, '"SKYWAY_FLIGHTS"["ID":1]')


def test_a_paused_pipe_loads_later_what_came_meanwhile(account: SnowflakeAccount) -> None:
    before = account.count()
    account.run(f"ALTER PIPE {TABLE} SET PIPE_EXECUTION_PAUSED = true")
    account.put("skyway/flights/missed.csv", flights(30))
    account.put("other/table/x.csv", flights(1))
    until(lambda: waiting(account) > 0)
    assert account.count() == before
    account.run(f"ALTER PIPE {TABLE} SET PIPE_EXECUTION_PAUSED = false")
    until(lambda: account.count() == before + 1, seconds=30)


def test_a_refresh_loads_what_no_event_told_of_and_nothing_twice(account: SnowflakeAccount) -> None:
    account.put("skyway/late/a.csv", flights(40, 41))
    account.put("skyway/late/b.csv", flights(42))
    table = fresh_table(account, "LATE")
    account.run(f"CREATE PIPE {table} AUTO_INGEST = TRUE AS COPY INTO {table} FROM @{STAGE}/skyway/late/ {CSV}")
    assert account.run(f"ALTER PIPE {table} REFRESH PREFIX = 'b'") == [("partners/skyway/late/b.csv", "SENT")]
    until(lambda: account.count(table) == 1)
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
    assert account.run(f"ALTER PIPE {table} REFRESH MODIFIED_AFTER = '{tomorrow}'") == []
    assert account.run(f"ALTER PIPE {table} REFRESH") == [("partners/skyway/late/a.csv", "SENT")]
    until(lambda: account.count(table) == 3)
    assert account.run(f"ALTER PIPE {table} REFRESH") == []
    account.run(f"DROP PIPE {table}")


def waiting(account: SnowflakeAccount) -> int:
    """Count the messages that the pipes' queue holds and that are in hand."""
    pair = account.home.credentials.snowflake
    sqs = account.aws("sqs", pair)
    url = sqs.get_queue_url(QueueName="sf-snowpipe-LANDING")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(
        int(count) for count in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()
    )


def test_list_tells_the_files_that_match(account: SnowflakeAccount) -> None:
    account.put("listed/a.csv", flights(1))
    account.put("listed/b.txt", "x")
    (row,) = account.run(f"LIST @{STAGE}/listed PATTERN = '.*[.]csv'")
    assert (row[0], row[1]) == (f"s3://{BUCKET}/partners/listed/a.csv", len(flights(1)))
    assert len(account.run(f"LIST @{STAGE}/listed/")) == 2


def fresh_table(account: SnowflakeAccount, name: str) -> str:
    table = f'"LANDING"."RAW"."{name}"'
    account.run(
        f'CREATE OR REPLACE TABLE {table} ("ID" NUMBER(38,0), "NAME" VARCHAR, "DAY" DATE, "AT" TIMESTAMP, F FLOAT)'
    )
    return table


def test_copy_tells_what_became_of_each_file(account: SnowflakeAccount) -> None:
    table = fresh_table(account, "COPIED")
    account.put("copied/a.csv", flights(1, 2))
    account.put("copied/b.csv.gz", gzip.compress(flights(3).encode()))
    account.put("copied/skip.txt", "nothing")
    copy = f"COPY INTO {table} FROM @{STAGE}/copied/ {CSV}"
    rows = account.rows(f"{copy} PATTERN = '.*[.]csv([.]gz)?'")
    assert list(rows[0]) == [
        "file", "status", "rows_parsed", "rows_loaded", "error_limit", "errors_seen", "first_error", "first_error_line",
        "first_error_character", "first_error_column_name",
    ]  # fmt: skip
    assert [(row["file"].rpartition("/")[2], row["status"], row["rows_loaded"]) for row in rows] == [
        ("a.csv", "LOADED", 2),
        ("b.csv.gz", "LOADED", 1),
    ]
    assert account.run(f"{copy} FILES = ('a.csv')") == [("Copy executed with 0 files processed.",)]
    assert len(account.run(f"{copy} FILES = ('a.csv') FORCE = TRUE")) == 1
    assert account.count(table) == 5
    account.run(f"TRUNCATE TABLE {table}")
    assert len(account.run(f"{copy} FILES = ('a.csv')")) == 1


def test_copy_aborts_skips_or_continues(account: SnowflakeAccount) -> None:
    table = fresh_table(account, "FAULTY")
    account.put("faulty/a.csv", flights(1))
    account.put("faulty/b.csv", flights(2, "x", 3))
    copy = f"COPY INTO {table} FROM @{STAGE}/faulty/ {CSV}"
    with pytest.raises(ProgrammingError, match="Numeric value 'x' is not recognized") as refused:
        account.run(copy)
    assert refused.value.errno == 100038
    assert account.count(table) == 0
    skipped = account.rows(f"{copy} ON_ERROR = SKIP_FILE")
    assert [(row["status"], row["rows_loaded"]) for row in skipped] == [("LOADED", 1), ("LOAD_FAILED", 0)]
    (went_on,) = account.rows(f"{copy} ON_ERROR = CONTINUE")
    assert (went_on["status"], went_on["rows_parsed"], went_on["rows_loaded"], went_on["errors_seen"]) == (
        "PARTIALLY_LOADED", 3, 2, 1,
    )  # fmt: skip
    assert account.count(table) == 3


def test_a_named_format_and_chosen_columns(account: SnowflakeAccount) -> None:
    table = fresh_table(account, "CHOSEN")
    account.run("CREATE OR REPLACE FILE FORMAT LANDING.RAW.\"semi\" TYPE = CSV FIELD_DELIMITER = ';' NULL_IF = ('-')")
    account.put("chosen/a.csv", "7;-\n8;eight\n")
    account.run(
        f'COPY INTO {table} ("ID", "NAME") FROM @{STAGE}/chosen/ FILE_FORMAT = (FORMAT_NAME = LANDING.RAW."semi")'
    )
    assert account.run(f"SELECT ID, NAME FROM {table} ORDER BY ID") == [(7, None), (8, "eight")]  # noqa: S608


def test_json_goes_into_one_variant_or_by_name(account: SnowflakeAccount) -> None:
    account.put("json/a.json", '{"id": 1, "name": "one"}\n{"id": 2, "name": null}\n')
    account.run("CREATE OR REPLACE TABLE LANDING.RAW.DOCS (V VARIANT)")
    account.run(f"COPY INTO LANDING.RAW.DOCS FROM @{STAGE}/json/ FILE_FORMAT = (TYPE = JSON)")
    assert account.run("SELECT V:id::INT FROM LANDING.RAW.DOCS ORDER BY 1") == [(1,), (2,)]
    table = fresh_table(account, "BY_NAME")
    account.run(
        f"COPY INTO {table} FROM @{STAGE}/json/ FILE_FORMAT = (TYPE = JSON) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
    )
    assert account.run(f"SELECT ID, NAME FROM {table} ORDER BY ID") == [(1, "one"), (2, None)]  # noqa: S608


def test_what_the_role_may_not_read_is_denied_in_snowflakes_words(account: SnowflakeAccount) -> None:
    iam = account.aws("iam")
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName="read")["PolicyDocument"]
    iam.delete_role_policy(RoleName=ROLE, PolicyName="read")
    try:
        with pytest.raises(ProgrammingError, match=r"Access Denied .Status Code: 403; Error Code: AccessDenied.") as no:
            account.run(f"LIST @{STAGE}")
        assert no.value.errno == 91003
        with pytest.raises(ProgrammingError, match="Failure using stage area"):
            account.run(f"{COPY} FILES = ('good.csv') FORCE = TRUE")
    finally:
        iam.put_role_policy(RoleName=ROLE, PolicyName="read", PolicyDocument=json.dumps(policy))
    with pytest.raises(ProgrammingError, match=r"Remote file 's3://.*/nope.csv' was not found"):
        account.run(f"{COPY} FILES = ('nope.csv')")


def test_a_pipe_whose_stage_is_gone_says_so(account: SnowflakeAccount) -> None:
    account.run(
        f"CREATE STAGE LANDING.RAW.GOING URL = 's3://{BUCKET}/partners/going/' STORAGE_INTEGRATION = LANDING_S3"
    )
    account.run(f"CREATE PIPE LANDING.RAW.GOING AUTO_INGEST = TRUE AS COPY INTO {TABLE} FROM @LANDING.RAW.GOING {CSV}")
    account.run("DROP STAGE LANDING.RAW.GOING")
    assert "STOPPED_STAGE_DROPPED" in account.run("SELECT SYSTEM$PIPE_STATUS('LANDING.RAW.GOING')")[0][0]
    account.run("DROP PIPE LANDING.RAW.GOING")
