# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""The load history: what was loaded from which file into which table, kept in the same database as the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from sandbox.snowflake.engine import HIDDEN_SCHEMA
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.storage import Location, StoredFile

LOADED = "Loaded"
PARTIALLY_LOADED = "Partially loaded"
LOAD_FAILED = "Load failed"


@dataclass(frozen=True, kw_only=True)
class FirstError:
    """The first thing wrong with a file."""

    message: str
    line: int | None = None
    character: int | None = None
    column: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileLoad:
    """What became of one file."""

    file: StoredFile
    parsed: int
    loaded: int
    errors: int = 0
    error_limit: int = 1
    first_error: FirstError | None = None
    failed: bool = False

    @property
    def status(self) -> str:
        """The status in the words of COPY_HISTORY; COPY's own reply has them in capitals, with underscores."""
        if self.failed:
            return LOAD_FAILED
        return PARTIALLY_LOADED if self.errors else LOADED


def table_of(database: str) -> str:
    """Give the history's place in a database, as SQL."""
    return f"{quoted(database)}.{HIDDEN_SCHEMA}._load_history"


def record(cursor: duckdb.DuckDBPyConnection, table: Name, stage: Location, load: FileLoad, pipe: Pipe | None) -> None:
    """Note a load, within the transaction that holds its rows."""
    error = load.first_error or FirstError(message="")
    cursor.execute(
        f"INSERT INTO {table_of(table.database)} VALUES ({', '.join('?' * 20)})",  # noqa: S608 # quoted
        [
            table.schema,
            table.own,
            stage.url,
            load.file.location.key.removeprefix(stage.key),
            load.file.etag,
            load.file.size,
            dt.datetime.now(dt.UTC),
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


def loaded_before(
    cursor: duckdb.DuckDBPyConnection, table: Name, files: Sequence[StoredFile], pipe: Pipe | None
) -> set[tuple[str, str]]:
    """Give the files, as URL and ETag, that need no load.

    COPY looks at what COPY loaded; a pipe looks at that and at what this same pipe loaded, as Snowflake's do.
    """
    if not files:
        return set()
    rows = cursor.execute(
        f"SELECT stage_location || file_name, etag FROM {table_of(table.database)} "  # noqa: S608 # quoted
        "WHERE schema_name = ? AND table_name = ? AND status <> ? AND (pipe_identity IS NULL OR pipe_identity = ?) "
        "AND stage_location || file_name IN (SELECT unnest(?))",
        [table.schema, table.own, LOAD_FAILED, pipe.identity if pipe else "", [file.location.url for file in files]],
    ).fetchall()
    return {(str(url), str(etag)) for url, etag in rows}


def forget(cursor: duckdb.DuckDBPyConnection, table: Name) -> None:
    """Forget a table's loads, as dropping, replacing or truncating it does."""
    cursor.execute(
        f"DELETE FROM {table_of(table.database)} WHERE schema_name = ? AND table_name = ?",  # noqa: S608 # quoted
        [table.schema, table.own],
    )
