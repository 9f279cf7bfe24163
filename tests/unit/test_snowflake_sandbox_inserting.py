from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Generator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.faults import Target
from sandbox.snowflake.formats import complete
from sandbox.snowflake.history import FileLoad
from sandbox.snowflake.inserting import insert
from sandbox.snowflake.names import Name
from sandbox.snowflake.reading import Reading
from sandbox.snowflake.statement import Option
from sandbox.snowflake.storage import Location, StoredFile

TABLE = Name.of("memory", "main", "T")
QUOTED: dict[str, Option] = {"FIELD_OPTIONALLY_ENCLOSED_BY": '"', "NULL_IF": ["NA", ""]}
CELLS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1, max_size=12).filter(
    lambda text: text not in {"NA", "\\N"}
)


@pytest.fixture
def cursor() -> Generator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def load(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, options: dict[str, Option], **kinds: str
) -> FileLoad:
    file = tmp_path / "file.csv"
    file.write_bytes(text.encode())
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    cursor.execute(f"CREATE OR REPLACE TABLE T ({columns})")
    stored = StoredFile(Location("b", "file.csv"), len(text.encode()), "e", 0.0)
    targets = [Target(name, kind) for name, kind in kinds.items()]
    return insert(cursor, Reading(table=TABLE, targets=targets, options=complete(options)), stored, file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), CELLS), max_size=20))
def test_what_a_csv_writer_writes_is_what_the_table_holds(tmp_path: Path, rows: list[tuple[int, str | None]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["ID", "NAME"])
    writer.writerows((number, "NA" if name is None else name) for number, name in rows)
    with duckdb.connect() as cursor:
        told = load(cursor, tmp_path, text.getvalue(), {"SKIP_HEADER": 1, **QUOTED}, ID="BIGINT", NAME="VARCHAR")
        assert (told.errors, told.loaded, told.parsed) == (0, len(rows), len(rows)), told.faults
        assert cursor.execute("SELECT * FROM T").fetchall() == rows


COUNT = (
    "Number of columns in file ({}) does not match that of the corresponding table (2), use file format option "
    "error_on_column_count_mismatch=false to ignore this error"
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1,2024-01-01\nx,2024-01-01\n", ("Numeric value 'x' is not recognized", 2, '"T"["A":1]')),
        ("1,2024-13-01\n", ("Date '2024-13-01' is not recognized", 1, '"T"["B":2]')),
        ("1\n", (COUNT.format(1), 1, '"T"["B":2]')),
        ("1,2024-01-01,3\n", (COUNT.format(3), 1, None)),
    ],
)
def test_the_first_fault_is_told_as_snowflake_tells_it(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, fault: tuple[str, int, str | None]
) -> None:
    told = load(cursor, tmp_path, text, {}, A="BIGINT", B="DATE")
    assert told.faults
    assert (told.first.message, told.first.line, told.first.column) == fault
    assert told.errors == 1


@pytest.mark.parametrize(
    ("options", "text", "rows"),
    [
        ({}, '1,""\n2,\n3,\\N\n', [(1, '""'), (2, None), (3, None)]),
        ({"FIELD_OPTIONALLY_ENCLOSED_BY": '"'}, '1,""\n2,\n', [(1, ""), (2, None)]),
        ({"FIELD_OPTIONALLY_ENCLOSED_BY": '"', "NULL_IF": ["x"]}, '1,"x"\n2,y\n', [(1, None), (2, "y")]),
        ({"EMPTY_FIELD_AS_NULL": False, "NULL_IF": []}, "1,\n", [(1, "")]),
        ({"FIELD_DELIMITER": "\t"}, "1\ta,b\n", [(1, "a,b")]),
        ({"FIELD_DELIMITER": "|", "SKIP_HEADER": 2}, "h\r\nh|h\r\n1|a\r\n", [(1, "a")]),
        ({"TRIM_SPACE": True}, " 1 , a b \n", [(1, "a b")]),
        ({"PARSE_HEADER": True}, "h,h\n1,a\n", [(1, "a")]),
        ({"ERROR_ON_COLUMN_COUNT_MISMATCH": False}, "1\n2,b,more\n", [(1, None), (2, "b")]),
    ],
)
def test_each_option_does_what_it_says(
    cursor: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    options: dict[str, Option],
    text: str,
    rows: list[tuple[int, str | None]],
) -> None:
    told = load(cursor, tmp_path, text, options, A="BIGINT", B="VARCHAR")
    assert told.errors == 0, told.faults
    assert cursor.execute("SELECT * FROM T").fetchall() == rows


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"DATE_FORMAT": "DD.MM.YYYY"}, "31.12.2013,2013-12-31 10:00:00\n"),
        ({"TIMESTAMP_FORMAT": "MM/DD/YYYY HH24:MI:SS"}, "2013-12-31,12/31/2013 10:00:00\n"),
        ({"TIMESTAMP_FORMAT": "YYYYMMDD HH24:MI:SS.FF3"}, "2013-12-31,20131231 10:00:00.000\n"),
    ],
)
def test_dates_and_times_are_read_as_their_formats_say(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, options: dict[str, Option], text: str
) -> None:
    told = load(cursor, tmp_path, text, options, A="DATE", B="TIMESTAMP")
    assert told.errors == 0, told.faults
    assert cursor.execute("SELECT * FROM T").fetchall() == [(dt.date(2013, 12, 31), dt.datetime(2013, 12, 31, 10))]  # noqa: DTZ001


def test_a_null_is_refused_where_none_may_be(cursor: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("1,a\n,b\n3,c\n")
    cursor.execute("CREATE TABLE T (A BIGINT NOT NULL, B VARCHAR)")
    targets = [Target("A", "BIGINT", nullable=False), Target("B", "VARCHAR")]
    reading = Reading(table=TABLE, targets=targets, options=complete({}))
    stored = StoredFile(Location("b", "file.csv"), 12, "e", 0.0)
    told = insert(cursor, reading, stored, file)
    assert (told.failed, told.parsed, told.errors) == (True, 3, 1)
    assert (told.first.message, told.first.number, told.first.line) == (
        "NULL result in a non-nullable column",
        100072,
        2,
    )
    told = insert(cursor, reading, stored, file, sound_alone=True)
    assert (told.loaded, told.errors) == (2, 1)
    assert cursor.execute("SELECT A FROM T").fetchall() == [(1,), (3,)]


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({"DATE_FORMAT": "whenever"}, 1008),
        ({"PARSE_HEADER": True, "SKIP_HEADER": 1}, 1008),
        ({"TYPE": "JSON", "TRIM_SPACE": True}, 2),
        ({"TYPE": "ORC"}, 2),
        ({"COLOUR": "x"}, 1420),
        ({"SKIP_HEADER": "one"}, 1008),
        ({"TIME_FORMAT": "HH24"}, 2),
    ],
)
def test_an_option_without_effect_here_is_refused(options: dict[str, Option], number: int) -> None:
    with pytest.raises(SnowflakeError) as refused:
        complete(options)
    assert refused.value.number == number
