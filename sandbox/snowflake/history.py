# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""The load history: what was loaded from which file into which table, kept in the same database as the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from sandbox.snowflake.engine import HIDDEN_SCHEMA
from sandbox.snowflake.faults import Fault
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.storage import Location, StoredFile

LOADED = "Loaded"
PARTIALLY_LOADED = "Partially loaded"
LOAD_FAILED = "Load failed"


@dataclass(frozen=True, kw_only=True)
class FileLoad:
    """What became of one file."""

    file: StoredFile
    parsed: int
    loaded: int
    errors: int = 0
    """How many of its records were faulty."""
    error_limit: int = 1
    faults: tuple[Fault, ...] = ()
    """The faults, the first of the file first; of a very faulty file not all."""
    failed: bool = False

    @property
    def status(self) -> str:
        """The status in the words of COPY_HISTORY; COPY's own reply has them in capitals, with underscores."""
        if self.failed:
            return LOAD_FAILED
        return PARTIALLY_LOADED if self.errors else LOADED

    @property
    def first(self) -> Fault:
        """The first fault, one without a message where there is none."""
        return self.faults[0] if self.faults else Fault(message="")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a load comes from."""

    stage: Location
    pipe: Pipe | None
    job: str
    """The id of the query."""


def table_of(database: str) -> str:
    """Give the history's place in a database, as SQL."""
    return f"{quoted(database)}.{HIDDEN_SCHEMA}._load_history"


def faults_of(database: str) -> str:
    """Give the place of the faults of past loads in a database, as SQL."""
    return f"{quoted(database)}.{HIDDEN_SCHEMA}._load_faults"


def record(cursor: duckdb.DuckDBPyConnection, table: Name, load: FileLoad, origin: Origin) -> None:
    """Note a load and its faults, within the transaction that holds its rows."""
    error, moment, pipe = load.first, dt.datetime.now(dt.UTC), origin.pipe
    name = load.file.location.key.removeprefix(origin.stage.key)
    cursor.execute(
        f"INSERT INTO {table_of(table.database)} VALUES ({', '.join('?' * 20)})",  # noqa: S608 # quoted
        [
            table.schema,
            table.own,
            origin.stage.url,
            name,
            load.file.etag,
            load.file.size,
            moment,
            load.status,
            load.loaded,
            load.parsed,
            load.errors,
            load.error_limit,
            error.message or None,
            error.line,
            error.character,
            error.column,
            *(pipe.name.parts if pipe else (None, None, None)),
            pipe.identity if pipe else None,
        ],
    )
    for fault in load.faults:
        cursor.execute(
            f"INSERT INTO {faults_of(table.database)} VALUES ({', '.join('?' * 17)})",  # noqa: S608 # quoted
            [
                table.schema,
                table.own,
                origin.job,
                pipe.identity if pipe else None,
                moment,
                *fault_cells(fault, load.file.location.key),
            ],
        )


def fault_cells(fault: Fault, file: str) -> list[str | int | None]:
    """Give a fault as VALIDATION_MODE and VALIDATE show it."""
    return [
        fault.message, file, fault.line, fault.character, fault.byte_offset, fault.category, fault.number,
        fault.sql_state, fault.column, fault.row, fault.line, fault.record,
    ]  # fmt: skip


def loaded_before(
    cursor: duckdb.DuckDBPyConnection, table: Name, files: Sequence[StoredFile], pipe: Pipe | None
) -> set[str]:
    """Give the URLs of the files that need no load.

    COPY passes over what COPY loaded, by name and ETag. A pipe passes over that too, and over what this same pipe
    loaded by name alone, even when the file was changed since; both as Snowflake's documentation says.
    """
    if not files:
        return set()
    rows = cursor.execute(
        "SELECT DISTINCT stage_location || file_name, CASE WHEN pipe_identity IS NULL THEN etag END "  # noqa: S608
        f"FROM {table_of(table.database)} "
        "WHERE schema_name = ? AND table_name = ? AND status <> ? AND (pipe_identity IS NULL OR pipe_identity = ?) "
        "AND stage_location || file_name IN (SELECT unnest(?))",
        [table.schema, table.own, LOAD_FAILED, pipe.identity if pipe else "", [file.location.url for file in files]],
    ).fetchall()
    known = {(str(url), etag) for url, etag in rows}
    return {file.location.url for file in files if {(file.location.url, file.etag), (file.location.url, None)} & known}


def failed_before(
    cursor: duckdb.DuckDBPyConnection, table: Name, file: StoredFile, pipe: Pipe, since: dt.datetime
) -> bool:
    """Tell whether a pipe has noted, after `since`, that it cannot load this file as it is."""
    found = cursor.execute(
        f"SELECT count(*) FROM {table_of(table.database)} WHERE pipe_identity = ? AND status = ? AND etag = ? "  # noqa: S608
        "AND stage_location || file_name = ? AND last_load_time >= ?",
        [pipe.identity, LOAD_FAILED, file.etag, file.location.url, since],
    ).fetchone()
    return bool(found and found[0])


def last_loaded(cursor: duckdb.DuckDBPyConnection, database: str, pipe: Pipe) -> tuple[dt.datetime, str] | None:
    """Give when a pipe last loaded a file, and its path below the stage."""
    return cursor.execute(
        f"SELECT last_load_time, file_name FROM {table_of(database)} WHERE pipe_identity = ? AND status <> ? "  # noqa: S608
        "ORDER BY last_load_time DESC LIMIT 1",
        [pipe.identity, LOAD_FAILED],
    ).fetchone()


def forget(cursor: duckdb.DuckDBPyConnection, table: Name) -> None:
    """Forget what COPY loaded into a table, as dropping, replacing or truncating it does; pipes keep their own."""
    for place in (table_of(table.database), faults_of(table.database)):
        cursor.execute(
            f"DELETE FROM {place} WHERE schema_name = ? AND table_name = ? AND pipe_identity IS NULL",  # noqa: S608
            [table.schema, table.own],
        )
