# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (fakesnow and DuckDB's results are not typed)
"""The engine: fakesnow's DuckDB, its databases in files of the sandbox's folder."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import duckdb
from fakesnow import info_schema, macros
from fakesnow.instance import GLOBAL_DATABASE_NAME, FakeSnow
from fakesnow.transforms import show

from sandbox.snowflake.names import Name, literal, quoted

HIDDEN_SCHEMA = "_fs_information_schema"
"""The schema, in each database, of fakesnow's views and of the load history; no SHOW statement lists it."""

MEMORY_LIMIT = "512MB"
"""What DuckDB may hold; a larger load spills to the sandbox's folder."""

_GIVES_MEMORY_BACK = ("allocator_flush_threshold = '8MB'", "allocator_background_threads = true")
"""Without these an idle process holds some 100 MB from its last large load (measured with 336,776 rows)."""

_LOAD_HISTORY = """
CREATE TABLE IF NOT EXISTS {schema}._load_history (
    SCHEMA_NAME VARCHAR, TABLE_NAME VARCHAR, STAGE_LOCATION VARCHAR, FILE_NAME VARCHAR, ETAG VARCHAR,
    FILE_SIZE BIGINT, LAST_LOAD_TIME TIMESTAMPTZ, STATUS VARCHAR, ROW_COUNT BIGINT, ROW_PARSED BIGINT,
    ERROR_COUNT BIGINT, ERROR_LIMIT BIGINT, FIRST_ERROR_MESSAGE VARCHAR, FIRST_ERROR_LINE_NUMBER BIGINT,
    FIRST_ERROR_CHARACTER_POS BIGINT, FIRST_ERROR_COLUMN_NAME VARCHAR,
    PIPE_CATALOG_NAME VARCHAR, PIPE_SCHEMA_NAME VARCHAR, PIPE_NAME VARCHAR, PIPE_IDENTITY VARCHAR
)
"""

_LOAD_FAULTS = """
CREATE TABLE IF NOT EXISTS {schema}._load_faults (
    SCHEMA_NAME VARCHAR, TABLE_NAME VARCHAR, JOB_ID VARCHAR, PIPE_IDENTITY VARCHAR, LOAD_TIME TIMESTAMPTZ,
    ERROR VARCHAR, FILE VARCHAR, LINE BIGINT, CHARACTER BIGINT, BYTE_OFFSET BIGINT, CATEGORY VARCHAR, CODE BIGINT,
    SQL_STATE VARCHAR, COLUMN_NAME VARCHAR, ROW_NUMBER BIGINT, ROW_START_LINE BIGINT, REJECTED_RECORD VARCHAR
)
"""


class Engine(FakeSnow):
    """DuckDB with one attached file a database, so that everything committed is there after a kill."""

    def __init__(self, folder: Path) -> None:
        super().__init__(create_database_on_connect=False, create_schema_on_connect=False)
        self._folder = folder
        self._folder.mkdir(exist_ok=True)
        self.writing = threading.RLock()
        """Held by whatever changes data or objects: DuckDB refuses overlapping changes instead of queueing them."""
        self.duck_conn.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        for setting in _GIVES_MEMORY_BACK:
            self.duck_conn.execute(f"SET {setting}")
        self.duck_conn.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")
        self._keep_global_database()
        for file in sorted(folder.glob("*.duckdb")):
            self._attach(unquote(file.stem), file)

    def _keep_global_database(self) -> None:
        """Put fakesnow's own catalogue (stages, file formats, text lengths) in a file too."""
        self.duck_conn.execute(f"DETACH {GLOBAL_DATABASE_NAME}")
        file = self._folder / "catalogue.db"
        self.duck_conn.execute(f"ATTACH {literal(str(file))} AS {GLOBAL_DATABASE_NAME}")
        self.duck_conn.execute(info_schema.fs_global_creation_sql())
        self.duck_conn.execute(show.fs_global_creation_sql())

    def _file(self, database: str) -> Path:
        return self._folder / f"{quote(database, safe='')}.duckdb"

    def _attach(self, database: str, file: Path) -> None:
        name = quoted(database)
        self.duck_conn.execute(f"ATTACH {literal(str(file))} AS {name}")
        for sql in (info_schema.per_db_creation_sql(name), macros.creation_sql(name)):
            # fakesnow puts the name both where an identifier and where a text stands
            self.duck_conn.execute(sql.replace(f"'{name}'", literal(database)))
        for sql in (_LOAD_HISTORY, _LOAD_FAULTS):
            self.duck_conn.execute(sql.format(schema=f"{name}.{HIDDEN_SCHEMA}"))

    @contextmanager
    def cursor(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Give a connection of its own to the shared databases, closed at the end."""
        cursor = self.duck_conn.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def transaction(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Give a connection in a transaction that is the only one writing: committed at the end, undone by an error."""
        with self.writing, self.cursor() as cursor:
            cursor.begin()
            try:
                yield cursor
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement on DuckDB and give its rows."""
        with self.cursor() as cursor:
            return cursor.execute(sql, parameters or []).fetchall()

    def databases(self) -> list[str]:
        """Give the names of the databases."""
        return [unquote(file.stem) for file in sorted(self._folder.glob("*.duckdb"))]

    def schemas(self, database: str) -> list[str]:
        """Give the names of a database's schemas, without the engine's own ones."""
        rows = self.query(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? ORDER BY schema_name", [database]
        )
        return [name for (name,) in rows if name not in {"main", "information_schema", "pg_catalog", HIDDEN_SCHEMA}]

    def tables(self, database: str) -> list[tuple[Name, int]]:
        """Give a database's tables with their numbers of rows."""
        rows = self.query(
            "SELECT database_name, schema_name, table_name, estimated_size FROM duckdb_tables() "
            "WHERE database_name = ? AND NOT internal AND schema_name <> ? ORDER BY ALL",
            [database, HIDDEN_SCHEMA],
        )
        return [(Name.of(*parts), size) for *parts, size in rows]

    def columns(self, table: Name) -> list[tuple[str, str, bool, str | None]]:
        """Give a table's columns: name, DuckDB's type, whether it takes NULL, default. None: no such table."""
        return [
            (name, kind, nullable, default)
            for name, kind, nullable, default in self.query(
                "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns() "
                "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
                list(table.parts),
            )
        ]

    def create_database(self, database: str) -> None:
        """Make a database with its PUBLIC schema."""
        with self.writing:
            self._attach(database, self._file(database))
            self.duck_conn.execute(f'CREATE SCHEMA IF NOT EXISTS {quoted(database)}."PUBLIC"')

    def drop_database(self, database: str) -> None:
        """Drop a database and delete its file."""
        with self.writing:
            self.duck_conn.execute(f"DETACH {quoted(database)}")
            file = self._file(database)
            for leftover in (file.with_name(file.name + ".wal"), file):
                leftover.unlink(missing_ok=True)

    def close(self) -> None:
        """Write everything to the files and close them."""
        with self.writing:
            self.duck_conn.close()
