"""COPY INTO a table."""

from __future__ import annotations

from fakesnow import statement_type

from sandbox.snowflake.copying import parse_copy
from sandbox.snowflake.errors import nowhere
from sandbox.snowflake.history import FileLoad, FirstError
from sandbox.snowflake.names import Name
from sandbox.snowflake.reply import Cell, Column, Reply, columns, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement

_LOADS = columns(
    "file status rows_parsed rows_loaded error_limit errors_seen first_error first_error_line first_error_character "
    "first_error_column_name",
    rows_parsed="fixed",
    rows_loaded="fixed",
    error_limit="fixed",
    errors_seen="fixed",
    first_error_line="fixed",
    first_error_character="fixed",
)


def copy_into(session: Session, statement: Statement) -> Reply:
    """COPY INTO <table>: a row for each file that was loaded or tried."""
    command = parse_copy(statement)
    if session.database is None and 3 not in {len(command.table), len(command.stage.name)}:  # noqa: PLR2004 # full
        raise nowhere("COPY INTO", "database")
    home = Name(tuple(part or "" for part in (session.database, session.schema)))
    loads = session.account.loader.run(command, home)
    if not loads:
        return Reply((Column("status"),), [("Copy executed with 0 files processed.",)], statement_type.COPY)
    return table(_LOADS, (_row(load) for load in loads), kind=statement_type.COPY)


def _row(load: FileLoad) -> list[Cell]:
    error = load.first_error or FirstError(message="")
    return [
        load.file.location.url,
        load.status.upper().replace(" ", "_"),
        load.parsed,
        load.loaded,
        load.error_limit,
        load.errors,
        error.message or None,
        error.line,
        error.character,
        error.column,
    ]
