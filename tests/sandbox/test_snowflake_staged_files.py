# ruff: noqa: S608 # the names in the statements are the tests' own
"""Looking at staged files, and loading them by expressions, by name and with metadata, against the real AWS part."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from snowflake.connector.errors import ProgrammingError

from tests.sandbox.snowflake_account import (
    CSV,
    STAGE,
    SnowflakeAccount,
    build_landing,
    flights,
    snowflake_account,
)

pytestmark = pytest.mark.sandbox

SINCE = "START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP())"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        build_landing(running)
        for sql in (
            "CREATE FILE FORMAT LANDING.RAW.PLAIN TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
            "CREATE FILE FORMAT LANDING.RAW.HEADED TYPE = CSV PARSE_HEADER = TRUE FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
            "CREATE FILE FORMAT LANDING.RAW.DOCUMENTS TYPE = JSON",
            "CREATE FILE FORMAT LANDING.RAW.ARRAYS TYPE = JSON STRIP_OUTER_ARRAY = TRUE",
            "CREATE FILE FORMAT LANDING.RAW.COLUMNAR TYPE = PARQUET",
            "USE SCHEMA LANDING.RAW",
        ):
            running.run(sql)
        yield running


def table(account: SnowflakeAccount, name: str, columns: str) -> str:
    account.run(f"CREATE OR REPLACE TABLE LANDING.RAW.{name} ({columns})")
    return f"LANDING.RAW.{name}"


LOADED = "ID NUMBER, NAME VARCHAR, DAY DATE, FILE_NAME VARCHAR, ROW_NUMBER NUMBER, LOADED_AT TIMESTAMP_LTZ"
QUERY = "$1, $2::VARCHAR, $3, METADATA$FILENAME, METADATA$FILE_ROW_NUMBER, METADATA$START_SCAN_TIME"


def test_a_copy_with_a_query_fills_columns_and_metadata(account: SnowflakeAccount) -> None:
    name = table(account, "BY_QUERY", LOADED)
    account.put("query/a.csv", flights(1, 2))
    account.put("query/b.csv", flights(3, "x", 5))
    columns = "(ID, NAME, DAY, FILE_NAME, ROW_NUMBER, LOADED_AT)"
    rows = account.rows(
        f"COPY INTO {name} {columns} FROM (SELECT {QUERY} FROM @{STAGE}/query/) {CSV} ON_ERROR = CONTINUE"
    )
    assert [(row["status"], row["rows_parsed"], row["rows_loaded"]) for row in rows] == [
        ("LOADED", 2, 2),
        ("PARTIALLY_LOADED", 3, 2),
    ]
    assert rows[1]["first_error"] == "Numeric value 'x' is not recognized"
    assert (rows[1]["first_error_line"], rows[1]["first_error_column_name"]) == (3, '"BY_QUERY"["ID":1]')
    told = account.run(f"SELECT ID, NAME, DAY, FILE_NAME, LOADED_AT FROM {name} ORDER BY ID")
    assert [row[0] for row in told] == [1, 2, 3, 5]
    assert told[0][1:4] == ("name, 1", dt.date(2013, 1, 1), "partners/query/a.csv")
    assert abs(told[0][4] - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)
    numbers = account.run(f"SELECT ID, ROW_NUMBER FROM {name} WHERE FILE_NAME LIKE '%a.csv' ORDER BY ID")
    assert numbers == [(1, 1), (2, 2)]


def test_expressions_are_computed_and_their_faults_told(account: SnowflakeAccount) -> None:
    name = table(account, "COMPUTED", "A VARCHAR, B NUMBER(10,2), C DATE NOT NULL")
    account.put("computed/a.csv", "x,1,01.02.2024\ny,no,02.02.2024\nz,3,\n")
    copy = (
        f"COPY INTO {name} FROM (SELECT UPPER(t.$1), t.$2::NUMBER(10,2) + 1, TO_DATE(t.$3, 'DD.MM.YYYY') "
        f"FROM @{STAGE}/computed/ t) FILE_FORMAT = (FORMAT_NAME = LANDING.RAW.PLAIN)"
    )
    with pytest.raises(ProgrammingError, match="is not recognized") as refused:
        account.run(copy)
    assert refused.value.errno == 100038
    (row,) = account.rows(f"{copy} ON_ERROR = CONTINUE")
    assert (row["rows_parsed"], row["rows_loaded"], row["errors_seen"]) == (3, 1, 2)
    assert [str(cell) for cell in account.run(f"SELECT * FROM {name}")[0]] == ["X", "2.00", "2024-02-01"]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("$1", 2020),
        ("$1, NO_SUCH_FUNCTION($2)", 904),
        ("$1, ID", 904),
    ],
)
def test_a_query_that_cannot_be_is_refused_before_any_file_is_read(
    account: SnowflakeAccount, query: str, number: int
) -> None:
    name = table(account, "REFUSED", "A VARCHAR, B VARCHAR")
    for statement in (
        f"COPY INTO {name} FROM (SELECT {query} FROM @{STAGE}/none/)",
        f"CREATE PIPE LANDING.RAW.REFUSED AS COPY INTO {name} FROM (SELECT {query} FROM @{STAGE}/none/)",
    ):
        with pytest.raises(ProgrammingError) as refused:
            account.run(statement)
        assert refused.value.errno == number


def test_documents_are_loaded_by_their_fields(account: SnowflakeAccount, tmp_path: Path) -> None:
    documents = [{"id": 1, "name": "one", "when": "2024-01-02", "more": {"a": [1]}}, {"id": "2", "name": None}]
    account.put("fields/a.json", "\n".join(json.dumps(each) for each in documents))
    file = tmp_path / "a.parquet"
    write_parquet(file, "SELECT 3 AS id, 'three' AS name, DATE '2024-01-03' AS \"when\", {'a': [3]} AS more")
    account.put("fields/b.parquet", file.read_bytes())
    name = table(account, "FIELDS", "ID NUMBER, NAME VARCHAR, D DATE, M VARIANT, F VARCHAR")
    query = '$1:id::NUMBER, $1:name, $1:"when"::DATE, $1:more, METADATA$FILENAME'
    for pattern, kind in ((".*json", "DOCUMENTS"), (".*parquet", "COLUMNAR")):
        account.run(
            f"COPY INTO {name} FROM (SELECT {query} FROM @{STAGE}/fields/) PATTERN = '{pattern}' "
            f"FILE_FORMAT = (FORMAT_NAME = 'LANDING.RAW.{kind}')"
        )
    assert account.run(f"SELECT ID, NAME, D, M:a[0]::INT, F FROM {name} ORDER BY ID") == [
        (1, "one", dt.date(2024, 1, 2), 1, "partners/fields/a.json"),
        (2, None, None, None, "partners/fields/a.json"),
        (3, "three", dt.date(2024, 1, 3), 3, "partners/fields/b.parquet"),
    ]


def test_a_document_that_does_not_fit_is_told(account: SnowflakeAccount) -> None:
    account.put("unfit/a.json", '{"id": 1}\n{"id": "abc"}\n{"id": 3}\n')
    account.put("unfit/b.json", '{"id": 4}\n{"id": \n')
    name = table(account, "UNFIT", "ID NUMBER")
    rows = account.rows(
        f"COPY INTO {name} FROM (SELECT $1:id FROM @{STAGE}/unfit/) ON_ERROR = CONTINUE "
        "FILE_FORMAT = (FORMAT_NAME = LANDING.RAW.DOCUMENTS)"
    )
    assert (rows[0]["rows_loaded"], rows[0]["first_error"]) == (2, 'Failed to cast variant value "abc" to FIXED')
    assert rows[0]["first_error_line"] == 2
    assert rows[1]["status"] == "LOAD_FAILED"
    assert rows[1]["first_error"].startswith("Error parsing JSON: ")


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        ("a.csv", 'name,ID,Extra\n"one, 1",1,x\n', "HEADED"),
        ("a.json", '{"name": "one, 1", "ID": 1, "Extra": 2}', "DOCUMENTS"),
    ],
)
def test_columns_are_matched_by_name_with_metadata(account: SnowflakeAccount, file: str, text: str, kind: str) -> None:
    account.put(f"named/{kind}/{file}", text)
    name = table(account, "NAMED", 'ID NUMBER, NAME VARCHAR, MISSING VARCHAR, "f" VARCHAR, N NUMBER')
    copy = (
        f"COPY INTO {name} FROM @{STAGE}/named/{kind}/ MATCH_BY_COLUMN_NAME = {{}} FORCE = TRUE "
        'INCLUDE_METADATA = ("f" = METADATA$FILENAME, N = METADATA$FILE_ROW_NUMBER) '
        f"FILE_FORMAT = (FORMAT_NAME = LANDING.RAW.{kind})"
    )
    account.run(copy.format("CASE_INSENSITIVE"))
    place = f"partners/named/{kind}/{file}"
    assert account.run(f"SELECT * FROM {name}") == [(1, "one, 1", None, place, 1)]
    account.run(copy.format("CASE_SENSITIVE"))
    assert (1, None, None, place, 1) in account.run(f"SELECT * FROM {name}")


def test_validation_mode_tells_all_faults_and_loads_nothing(account: SnowflakeAccount) -> None:
    name = table(account, "CHECKED", "ID NUMBER, NAME VARCHAR, DAY DATE, AT TIMESTAMP, F FLOAT")
    account.put("checked/a.csv", flights(1, "x", 2, "y"))
    copy = f"COPY INTO {name} FROM @{STAGE}/checked/ {CSV}"
    rows = account.rows(f"{copy} VALIDATION_MODE = RETURN_ERRORS")
    assert list(rows[0]) == [
        "ERROR", "FILE", "LINE", "CHARACTER", "BYTE_OFFSET", "CATEGORY", "CODE", "SQL_STATE", "COLUMN_NAME",
        "ROW_NUMBER", "ROW_START_LINE", "REJECTED_RECORD",
    ]  # fmt: skip
    assert [(row["ERROR"], row["LINE"], row["ROW_NUMBER"], row["CODE"]) for row in rows] == [
        ("Numeric value 'x' is not recognized", 3, 2, 100038),
        ("Numeric value 'y' is not recognized", 5, 4, 100038),
    ]
    assert rows[0]["FILE"] == "partners/checked/a.csv"
    assert rows[0]["REJECTED_RECORD"].startswith('x,"name, x"')
    first = account.rows(f"{copy} VALIDATION_MODE = RETURN_1_ROWS")
    assert [(row["ID"], row["NAME"]) for row in first] == [("1", "name, 1")]
    with pytest.raises(ProgrammingError, match="Numeric value 'x' is not recognized"):
        account.run(f"{copy} VALIDATION_MODE = RETURN_2_ROWS")
    assert account.count(name) == 0
    account.run(f"{copy} ON_ERROR = CONTINUE")
    assert account.run(f"{copy} VALIDATION_MODE = RETURN_ERRORS") == []
    assert len(account.run(f"{copy} VALIDATION_MODE = RETURN_ALL_ERRORS")) == 2
    told = account.rows(f"SELECT * FROM TABLE(VALIDATE({name}, JOB_ID => '_last'))")
    assert [row["ERROR"] for row in told] == [row["ERROR"] for row in rows]


def write_parquet(file: Path, query: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")


def test_a_stage_is_queried(account: SnowflakeAccount) -> None:
    account.put("asked/a.csv", '1,"one, 1"\n2,two\n')
    account.put("asked/b.csv", "3,three\n")
    account.put("asked/c.txt", "nothing")
    rows = account.rows(
        f"SELECT t.$1, $2 AS name, METADATA$FILENAME, METADATA$FILE_ROW_NUMBER FROM @{STAGE}/asked/ "
        "(FILE_FORMAT => 'PLAIN', PATTERN => '.*[.]csv') t WHERE t.$1::INT > 1 ORDER BY 1 LIMIT 5"
    )
    assert rows == [
        {
            "T.$1": "2",
            "NAME": "two",
            "METADATA$FILENAME": "partners/asked/a.csv",
            "METADATA$FILE_ROW_NUMBER": 2,
        },
        {
            "T.$1": "3",
            "NAME": "three",
            "METADATA$FILENAME": "partners/asked/b.csv",
            "METADATA$FILE_ROW_NUMBER": 1,
        },
    ]
    assert account.run(f"SELECT COUNT(*) FROM @{STAGE}/asked/a.csv") == [(2,)]
    account.put("asked/d/x y.json", '[{"a": {"b": 5}}, {"a": null}]')
    quoted = f"'@{STAGE}/asked/d/x y.json'"
    assert account.run(f"SELECT $1:a.b::INT FROM {quoted} (FILE_FORMAT => LANDING.RAW.ARRAYS)") == [(5,), (None,)]
    with pytest.raises(ProgrammingError, match="Error parsing JSON"):
        account.run(f"SELECT $1 FROM @{STAGE}/asked/a.csv (FILE_FORMAT => DOCUMENTS)")
    with pytest.raises(ProgrammingError, match=r"Stage 'LANDING\.RAW\.NOPE' does not exist"):
        account.run("SELECT $1 FROM @NOPE")


def infer(account: SnowflakeAccount, location: str, kind: str, more: str = "") -> list[tuple[Any, ...]]:
    return account.run(
        "SELECT COLUMN_NAME, TYPE, NULLABLE, EXPRESSION, FILENAMES, ORDER_ID FROM TABLE(INFER_SCHEMA("
        f"LOCATION => '@{STAGE}/{location}', FILE_FORMAT => '{kind}'{more})) ORDER BY ORDER_ID"
    )


def test_a_schema_is_inferred(account: SnowflakeAccount, tmp_path: Path) -> None:
    account.put("inferred/a.csv", "id,When Seen,f\n1,2024-01-01,1.5\n")
    account.put(
        "inferred/a.json", '{"id": 1, "at": "2024-01-01 10:00:00", "o": {"x": 1}, "t": "x", "l": [1], "b": true}'
    )
    file = tmp_path / "a.parquet"
    write_parquet(file, "SELECT 3 AS id, 1.25::DECIMAL(8,2) AS amount, TIMESTAMPTZ '2024-01-03' AS at")
    account.put("inferred/a.parquet", file.read_bytes())
    place = "partners/inferred/a.csv"
    assert infer(account, "inferred/a.csv", "HEADED") == [
        ("id", "NUMBER(38, 0)", True, "$1::NUMBER(38, 0)", place, 0),
        ("When Seen", "DATE", True, "$2::DATE", place, 1),
        ("f", "REAL", True, "$3::REAL", place, 2),
    ]
    rows = infer(account, "inferred/", "LANDING.RAW.DOCUMENTS", ", FILES => ('a.json')")
    assert [row[:2] for row in rows] == [
        ("id", "NUMBER(38, 0)"),
        ("at", "TIMESTAMP_NTZ"),
        ("o", "VARIANT"),
        ("t", "TEXT"),
        ("l", "VARIANT"),
        ("b", "BOOLEAN"),
    ]
    assert rows[1][3] == "$1:at::TIMESTAMP_NTZ"
    rows = infer(account, "inferred/a.parquet", "COLUMNAR", ", IGNORE_CASE => TRUE")
    assert [row[:4] for row in rows] == [
        ("ID", "NUMBER(38, 0)", True, "GET_IGNORE_CASE ($1, 'ID')::NUMBER(38, 0)"),
        ("AMOUNT", "NUMBER(8, 2)", True, "GET_IGNORE_CASE ($1, 'AMOUNT')::NUMBER(8, 2)"),
        ("AT", "TIMESTAMP_LTZ", True, "GET_IGNORE_CASE ($1, 'AT')::TIMESTAMP_LTZ"),
    ]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("SELECT $1", 904),
        (f"SELECT * FROM @{STAGE}/odd/", 2028),
        (f"SELECT METADATA$SIZE FROM @{STAGE}/odd/", 904),
        (f"SELECT $1 FROM @{STAGE}/odd/ (PATTERN => '(')", 100048),
        (f"SELECT $1 FROM @{STAGE}/odd/ (FILE_FORMAT => 'NOPE')", 2003),
        (f"CREATE VIEW V AS SELECT $1 AS A FROM @{STAGE}/odd/", 2),
        (f"COPY INTO ODD FROM (SELECT $1::FOO FROM @{STAGE}/odd/)", 1003),
        (f"COPY INTO ODD FROM @{STAGE}/odd/ MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE", 2300),
        (f"COPY INTO ODD FROM @{STAGE}/odd/ FILE_FORMAT = (FORMAT_NAME = NOPE)", 2003),
        ("COPY INTO ODD FROM 's3://elsewhere/odd/'", 2),
        ("SELECT * FROM TABLE(INFER_SCHEMA(FILE_FORMAT => 'PLAIN'))", 938),
        (f"SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@{STAGE}/none/', FILE_FORMAT => 'PLAIN'))", 100318),
        ("SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => 'none', FILE_FORMAT => 'PLAIN'))", 1003),
        (f"SELECT * FROM TABLE(VALIDATE_PIPE_LOAD(PIPE_NAME => 'NOPE', {SINCE}))", 2003),
        ("SELECT * FROM TABLE(VALIDATE(ODD))", 938),
        ("ALTER PIPE SKYWAY_FLIGHTS REFRESH MODIFIED_AFTER = 'yesterday'", 1008),
        (f"CREATE PIPE P AS COPY INTO ODD FROM @{STAGE}/odd/ ON_ERROR = ABORT_STATEMENT", 2300),
    ],
)
def test_what_cannot_be_is_refused_at_once(account: SnowflakeAccount, statement: str, number: int) -> None:
    table(account, "ODD", "A VARCHAR")
    with pytest.raises(ProgrammingError) as refused:
        account.run(statement)
    assert refused.value.errno == number
    assert "\x1b" not in str(refused.value)
