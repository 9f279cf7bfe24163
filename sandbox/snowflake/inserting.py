# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (DuckDB's results are not typed)
"""Reading one local file into a table, and telling what was wrong with its records."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from sandbox.snowflake.faults import (
    MAX_FAULTS,
    Fault,
    column_label,
    fields_miscounted,
    not_recognized,
    null_refused,
    unreadable,
    variant_not_cast,
)
from sandbox.snowflake.history import FileLoad
from sandbox.snowflake.lines import records_at
from sandbox.snowflake.names import quoted
from sandbox.snowflake.reading import Reading, Scan, scan_of
from sandbox.snowflake.records import REJECTS
from sandbox.snowflake.storage import StoredFile

DATA_ERRORS = (
    duckdb.ConstraintException,
    duckdb.DataError,
    duckdb.InvalidInputException,
    duckdb.IOException,
)
"""What DuckDB raises for a faulty file."""


@dataclass(frozen=True)
class Found:
    """What a look at a file's records found."""

    parsed: int
    faulty: int
    faults: tuple[Fault, ...]


def insert(
    cursor: duckdb.DuckDBPyConnection, reading: Reading, file: StoredFile, local: Path, *, sound_alone: bool = False
) -> FileLoad:
    """Insert a file's records within the transaction, and tell what was wrong.

    A CSV file's lines that the reader cannot convert are left out. Any other fault leaves the transaction unusable and
    comes back as a failed load; `sound_alone` leaves such records out too.
    """
    if file.size == 0:
        return FileLoad(file=file, parsed=0, loaded=0)
    into = f"INSERT INTO {reading.table.sql()} ({', '.join(quoted(target.name) for target in reading.targets)})"
    try:
        scan = scan_of(cursor, reading, file, local)
        values = ", ".join(_converted(reading, scan))
        where = f" WHERE NOT list_contains([{', '.join(_flags(reading, scan))}], true)" if sound_alone else ""
        answer = cursor.execute(f"{into} SELECT {values} FROM {scan.relation}{where}").fetchone()  # noqa: S608
        (loaded,) = answer or (0,)
    except DATA_ERRORS as error:
        found = validated(cursor, reading, file, local)
        if not found.faults:
            found = Found(0, 1, (unreadable(str(error), str(local)),))
        return FileLoad(file=file, parsed=found.parsed, loaded=0, errors=found.faulty, faults=found.faults, failed=True)
    if sound_alone:
        found = validated(cursor, reading, file, local)
    elif scan.notes_rejects:
        found = _rejects(cursor, reading, scan)
        found = replace(found, parsed=loaded + found.faulty)
    else:
        found = Found(loaded, 0, ())
    return FileLoad(file=file, parsed=found.parsed, loaded=loaded, errors=found.faulty, faults=found.faults)


def validated(cursor: duckdb.DuckDBPyConnection, reading: Reading, file: StoredFile, local: Path) -> Found:
    """Look at all records of a file without loading any."""
    if file.size == 0:
        return Found(0, 0, ())
    with cursor.cursor() as own:
        try:
            return _inspect(own, reading, file, local)
        except DATA_ERRORS as error:
            return Found(0, 1, (unreadable(str(error), str(local)),))


def first_rows(
    cursor: duckdb.DuckDBPyConnection, reading: Reading, file: StoredFile, local: Path, limit: int
) -> list[tuple[str | None, ...]]:
    """Give the first rows that a file would make, as texts."""
    scan = scan_of(cursor, reading, file, local)
    values = ", ".join(f"CAST({value} AS VARCHAR)" for value in _converted(reading, scan))
    return cursor.execute(f"SELECT {values} FROM {scan.relation} LIMIT {limit}").fetchall()  # noqa: S608 # quoted


def rejected(cursor: duckdb.DuckDBPyConnection, reading: Reading) -> tuple[Fault, ...]:
    """Tell of the lines of a CSV file that could not be read as texts, and forget them."""
    return _rejects(cursor, reading, Scan("", (), "", notes_rejects=True)).faults


def _converted(reading: Reading, scan: Scan) -> list[str]:
    return [
        value.sql if value.is_field and target.type != "JSON" else f"CAST({value.sql} AS {target.type})"
        for target, value in zip(reading.targets, scan.values, strict=True)
    ]


def _flags(reading: Reading, scan: Scan) -> list[str]:
    """Give a condition for each target that is true where a record has no value for it that it takes."""
    flags: list[str] = []
    for target, value in zip(reading.targets, _converted(reading, scan), strict=True):
        # inside a list NULL stays apart from what TRY makes of an error
        flags.append(f"TRY([{value}]) IS NULL" if target.nullable else f"TRY({value}) IS NULL")
    return flags


def _inspect(cursor: duckdb.DuckDBPyConnection, reading: Reading, file: StoredFile, local: Path) -> Found:
    scan = scan_of(cursor, reading, file, local)
    flags, raws = ", ".join(_flags(reading, scan)), ", ".join(f"TRY({value.raw})" for value in scan.values)
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE _inspected AS SELECT *, list_contains(faulty, true) AS bad FROM (SELECT "  # noqa: S608
        f"row_number() OVER () AS n, [{flags}] AS faulty, [{raws}] AS raw, {scan.record} AS record "
        f"FROM {scan.relation})"
    )
    parsed, faulty = _pair(cursor, "SELECT count(*), count(*) FILTER (bad) FROM _inspected")
    rows = cursor.execute(
        f"SELECT n, faulty, raw, record FROM _inspected WHERE bad ORDER BY n LIMIT {MAX_FAULTS}"  # noqa: S608 # constants
    ).fetchall()
    cursor.execute("DROP TABLE _inspected")
    rejected = _rejects(cursor, reading, scan) if scan.notes_rejects else Found(0, 0, ())
    places = records_at(reading.options, local, [row[0] for row in rows]) if reading.kind == "CSV" else {}
    told = [_fault(reading, row, *places.get(row[0], (row[0], row[3]))) for row in rows]
    faults = sorted((*told, *rejected.faults), key=lambda fault: (fault.line or 0, fault.column or ""))
    return Found(parsed + rejected.faulty, faulty + rejected.faulty, tuple(faults[:MAX_FAULTS]))


def _fault(reading: Reading, row: tuple[Any, ...], line: int, record: str | None) -> Fault:
    number, flags, raws, _ = row
    at = flags.index(True)
    target, raw = reading.targets[at], raws[at]
    if raw is None and not target.nullable:
        fault = null_refused()
    elif reading.kind == "CSV":
        fault = not_recognized(str(raw), target.type)
    else:
        text = str(raw)
        fault = variant_not_cast(text if text.startswith(("{", "[")) else f'"{text}"', target.type)
    label = column_label(reading.table, target, at + 1)
    return replace(fault, line=line, row=number, column=label, character=1, record=record)


def _rejects(cursor: duckdb.DuckDBPyConnection, reading: Reading, scan: Scan) -> Found:
    """Tell of the lines that DuckDB's CSV reader noted, and forget them."""
    (count, _) = _pair(cursor, f"SELECT count(DISTINCT line), 0 FROM {REJECTS}")  # noqa: S608 # a constant
    rows: list[tuple[Any, ...]] = []
    if count:
        rows = cursor.execute(
            "SELECT line, byte_position - line_byte_position + 1, byte_position, column_idx, error_type, "  # noqa: S608
            f"error_message, csv_line FROM {REJECTS} QUALIFY row_number() OVER (PARTITION BY line ORDER BY column_idx) "
            f"= 1 ORDER BY line LIMIT {MAX_FAULTS}"
        ).fetchall()
    cursor.execute(f"DROP TABLE {REJECTS}")
    cursor.execute(f"DROP TABLE {REJECTS}_scan")
    return Found(count, count, tuple(_rejected(reading, scan, row) for row in rows))


def _rejected(reading: Reading, scan: Scan, row: tuple[Any, ...]) -> Fault:
    line, character, offset, place, kind, message, record = row
    if kind == "MISSING COLUMNS":
        place += 1  # which DuckDB counts from 0, unlike the others
    at = next((at for at, value in enumerate(scan.values) if place and value.place == place), None)
    skipped = int(str(reading.options["SKIP_HEADER"])) + bool(reading.options["PARSE_HEADER"])
    return replace(
        _reason(kind, message, reading, at),
        line=line,
        character=character,
        byte_offset=offset,
        column=column_label(reading.table, reading.targets[at], at + 1) if at is not None else None,
        row=line - skipped,
        record=record,
    )


def _reason(kind: str, message: str, reading: Reading, at: int | None) -> Fault:
    """Say what is wrong with a line as Snowflake says it."""
    if found := re.search(r"Expected Number of Columns: \d+ Found: (\d+)", message):
        return fields_miscounted(int(found[1]), len(reading.targets))
    value = re.search(r"Could not convert string \"(.*)\" to \'", message, re.DOTALL)
    if kind == "CAST" and value:
        return not_recognized(value[1], reading.targets[at].type if at is not None else "")
    return Fault(message=message.splitlines()[0], number=100016, sql_state="22000")


def _pair(cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, int]:
    row = cursor.execute(sql).fetchone() or (0, 0)
    return int(row[0]), int(row[1])
