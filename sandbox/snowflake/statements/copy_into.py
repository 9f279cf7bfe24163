"""COPY INTO a table."""

from __future__ import annotations

from fakesnow import statement_type

from sandbox.snowflake.copying import parse_copy
from sandbox.snowflake.errors import nowhere
from sandbox.snowflake.history import FileLoad, fault_cells
from sandbox.snowflake.names import Name
from sandbox.snowflake.reply import Cell, Column, Reply, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.validating import faults, rows

_NUMBERS = {
    "rows_parsed", "rows_loaded", "error_limit", "errors_seen", "first_error_line", "first_error_character",
    "LINE", "CHARACTER", "BYTE_OFFSET", "CODE", "ROW_NUMBER", "ROW_START_LINE",
}  # fmt: skip


def _shape(names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "fixed" if name in _NUMBERS else "text") for name in names.split())


_LOADS = _shape(
    "file status rows_parsed rows_loaded error_limit errors_seen first_error first_error_line first_error_character "
    "first_error_column_name"
)
_FAULTS = _shape(
    "ERROR FILE LINE CHARACTER BYTE_OFFSET CATEGORY CODE SQL_STATE COLUMN_NAME ROW_NUMBER ROW_START_LINE "
    "REJECTED_RECORD"
)


def copy_into(session: Session, statement: Statement) -> Reply:
    """COPY INTO <table>: a row for each file that was loaded or tried, or what VALIDATION_MODE asks for."""
    command = parse_copy(statement)
    if session.database is None and 3 not in {len(command.table), len(command.stage.name)}:  # noqa: PLR2004 # full
        raise nowhere("COPY INTO", "database")
    home = Name(tuple(part or "" for part in (session.database, session.schema)))
    loader = session.account.loader
    job = loader.plan(command, home)
    if command.validation_mode:
        if command.validation_mode.endswith("_ROWS"):
            shape = tuple(Column(target.name) for target in job.reading.targets)
            return table(shape, rows(loader, job), kind=statement_type.COPY)
        told = [fault_cells(fault, file.location.key) for file, fault in faults(loader, job)]
        return table(_FAULTS, told, kind=statement_type.COPY)
    loads = loader.run(job)
    session.last_load = job.number
    if not loads:
        return Reply((Column("status"),), [("Copy executed with 0 files processed.",)], statement_type.COPY, job.number)
    shown = [load for load in loads if load.errors or load.failed] if command.return_failed_only else loads
    return Reply(_LOADS, [_row(load) for load in shown], statement_type.COPY, job.number)


def _row(load: FileLoad) -> list[Cell]:
    return [
        load.file.location.url,
        load.status.upper().replace(" ", "_"),
        load.parsed,
        load.loaded,
        load.error_limit,
        load.errors,
        load.first.message or None,
        load.first.line,
        load.first.character,
        load.first.column,
    ]
