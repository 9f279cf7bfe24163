# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (DuckDB's results are not typed)
"""Reading one local file into a table, and saying in Snowflake's words what was wrong with its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from sandbox.snowflake.formats import REJECTS, Target, scan
from sandbox.snowflake.history import FileLoad, FirstError
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.statement import Option
from sandbox.snowflake.storage import StoredFile

_WORDS = {"DATE": "Date", "TIMESTAMP": "Timestamp", "TIME": "Time", "BOOLEAN": "Boolean value"}


def insert(
    cursor: duckdb.DuckDBPyConnection,
    table: Name,
    targets: Sequence[Target],
    options: dict[str, Option],
    *,
    file: StoredFile,
    local: Path,
    by_name: bool,
) -> FileLoad:
    """Insert a file's readable rows within the transaction, and tell what was wrong with the others."""
    if file.size == 0:
        return FileLoad(file=file, parsed=0, loaded=0)
    into = f"INSERT INTO {table.sql()} ({', '.join(quoted(target.name) for target in targets)})"
    try:
        read = scan(cursor, options, local, targets, by_name=by_name)
        (loaded,) = cursor.execute(f"{into} {read.sql}").fetchone() or (0,)
    except (duckdb.ConstraintException, duckdb.DataError, duckdb.InvalidInputException, duckdb.IOException) as error:
        message = str(error).splitlines()[0]
        return FileLoad(file=file, parsed=0, loaded=0, errors=1, first_error=FirstError(message=message), failed=True)
    if not read.notes_rejects:
        return FileLoad(file=file, parsed=loaded, loaded=loaded)
    errors, first = _rejects(cursor, table, targets)
    return FileLoad(file=file, parsed=loaded + errors, loaded=loaded, errors=errors, first_error=first)


def _rejects(
    cursor: duckdb.DuckDBPyConnection, table: Name, targets: Sequence[Target]
) -> tuple[int, FirstError | None]:
    (errors,) = cursor.execute(f"SELECT count(DISTINCT line) FROM {REJECTS}").fetchone() or (0,)  # noqa: S608 # constant
    fields = "line, byte_position - line_byte_position + 1, column_idx, error_type, error_message"
    row = cursor.execute(f"SELECT {fields} FROM {REJECTS} ORDER BY line, column_idx LIMIT 1").fetchone()  # noqa: S608
    cursor.execute(f"DROP TABLE {REJECTS}")
    cursor.execute(f"DROP TABLE {REJECTS}_scan")
    if row is None:
        return 0, None
    line, character, place, kind, message = row
    if kind == "MISSING COLUMNS":
        place += 1  # which DuckDB counts from 0, unlike the others
    target = targets[place - 1] if place and place <= len(targets) else None
    return errors, FirstError(
        message=_reason(kind, message, target, len(targets)),
        line=line,
        character=character,
        column=f"{quoted(table.own)}[{quoted(target.name)}:{place}]" if target else None,
    )


def _reason(kind: str, message: str, target: Target | None, expected: int) -> str:
    """Say what is wrong with a line as Snowflake says it."""
    if found := re.search(r"Expected Number of Columns: \d+ Found: (\d+)", message):
        return (
            f"Number of columns in file ({found[1]}) does not match that of the corresponding table ({expected}), "
            "use file format option error_on_column_count_mismatch=false to ignore this error"
        )
    value = re.search(r'Could not convert string "(.*)" to \'', message, re.DOTALL)
    if kind == "CAST" and value and target:
        what = next((word for start, word in _WORDS.items() if target.type.startswith(start)), "Numeric value")
        return f"{what} '{value[1]}' is not recognized"
    return message.splitlines()[0]
