from __future__ import annotations

import csv
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
    ("options", "number"),
    [
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
