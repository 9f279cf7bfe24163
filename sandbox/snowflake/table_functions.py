"""Table functions about loads: COPY_HISTORY, VALIDATE_PIPE_LOAD, VALIDATE and INFER_SCHEMA, put in as plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import sqlglot
from sqlglot import Expr, exp

from sandbox.snowflake.copying import table_name
from sandbox.snowflake.errors import SnowflakeError, missing, unsupported
from sandbox.snowflake.history import faults_of, table_of
from sandbox.snowflake.infer import infer_schema
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.pipe_state import copy_of
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement

_HISTORY = """
SELECT file_name, stage_location, last_load_time, row_count, row_parsed, file_size, first_error_message,
    first_error_line_number, first_error_character_pos, first_error_column_name, error_count, error_limit, status,
    '{database}' AS table_catalog_name, schema_name AS table_schema_name, table_name,
    pipe_catalog_name, pipe_schema_name, pipe_name,
    CASE WHEN pipe_name IS NOT NULL THEN last_load_time END AS pipe_received_time, last_load_time AS first_commit_time
FROM {history} WHERE TRUE
"""
_FAULTS = """
SELECT error, file, line, character, byte_offset, category, code, sql_state, column_name, row_number, row_start_line,
    rejected_record
FROM {faults} WHERE TRUE
"""


@dataclass(frozen=True)
class Call:
    """A call of a table function: where its name stands, and its arguments."""

    session: Session
    function: str
    database: str | None
    """The database that qualifies the function's name."""
    positional: tuple[Expr, ...]
    named: dict[str, Expr]

    def text(self, name: str) -> str:
        """Give an argument that is a constant text."""
        value = self.needed(name)
        if not isinstance(value, exp.Literal):
            raise unsupported(f"{self.function} with {name} => anything but a constant")
        return value.name

    def needed(self, name: str) -> Expr:
        """Give an argument that has to be there."""
        if name not in self.named:
            raise SnowflakeError(
                938,
                "22023",
                f"SQL compilation error:\nnot enough arguments for function [{self.function}], {name} is needed",
            )
        return self.named[name]

    def only(self, *allowed: str) -> None:
        """Refuse arguments that the function does not have."""
        for name in self.named:
            if name not in allowed:
                raise SnowflakeError(
                    1036, "22023", f"SQL compilation error:\ninvalid argument '{name}' for function [{self.function}]"
                )

    def object_name(self, text: str) -> Name:
        """Complete a name with the database that qualifies the function, or with the session's own place."""
        parts = Statement(text).identifiers()
        if len(parts) < 3 and self.database is not None:  # noqa: PLR2004 # not a full name
            parts = (self.database, *((self.session.schema or "PUBLIC",) if len(parts) == 1 else ()), *parts)
        return self.session.object_name(parts, self.function)

    def between(self, query: exp.Select, column: str) -> exp.Select:
        """Limit a query to the time between START_TIME and END_TIME."""
        limited = query.where(exp.column(column) >= self.needed("START_TIME").copy())
        return (
            limited.where(exp.column(column) <= self.named["END_TIME"].copy()) if "END_TIME" in self.named else limited
        )


def put_in(session: Session, query: Expr) -> bool:
    """Put plain queries in the place of the table functions about loads, and tell whether there were any."""
    changed = False
    for node in list(query.find_all(exp.TableFromRows)):
        call = _call_of(session, node)
        if call is None:
            continue
        alias = node.args.get("alias")
        answer = _FUNCTIONS[call.function](call)
        node.replace(answer.subquery(alias.this if isinstance(alias, exp.TableAlias) else call.function, copy=False))
        changed = True
    return changed


def _call_of(session: Session, node: exp.TableFromRows) -> Call | None:
    call = node.this.expression if isinstance(node.this, exp.Dot) else node.this
    if not isinstance(call, exp.Anonymous):
        return None
    name = call.name.upper()
    if name in {"PIPE_USAGE_HISTORY", "LOAD_HISTORY"}:
        raise unsupported(f"table function {name}")
    if name not in _FUNCTIONS:
        return None
    database = None
    if isinstance(node.this, exp.Dot):
        first = next(node.this.find_all(exp.Identifier, bfs=False))
        spelled = first.name if first.args.get("quoted") else first.name.upper()
        database = None if spelled == "INFORMATION_SCHEMA" else spelled
    arguments = cast("list[Expr]", call.expressions)
    named = {each.this.name.upper(): each.expression for each in arguments if isinstance(each, exp.Kwarg)}
    positional = tuple(each for each in arguments if not isinstance(each, exp.Kwarg))
    return Call(session, name, database, positional, named)


def _select(text: str) -> exp.Select:
    return cast("exp.Select", sqlglot.parse_one(text, read="snowflake"))


def _copy_history(call: Call) -> exp.Select:
    call.only("TABLE_NAME", "START_TIME", "END_TIME", "PIPE_NAME")
    table = call.object_name(call.text("TABLE_NAME"))
    if not call.session.sees("TABLE", table):
        raise missing("Table", str(table))
    query = _select(_HISTORY.format(database=table.database.replace("'", "''"), history=table_of(table.database)))
    query = query.where(_is("table_name", table.own), _is("schema_name", table.schema))
    if "PIPE_NAME" in call.named:
        pipe = call.object_name(call.text("PIPE_NAME"))
        query = query.where(_is("pipe_name", pipe.own), _is("pipe_schema_name", pipe.schema))
    return call.between(query, "last_load_time")


def _validate_pipe_load(call: Call) -> exp.Select:
    call.only("PIPE_NAME", "START_TIME", "END_TIME")
    name = call.object_name(call.text("PIPE_NAME"))
    pipe = call.session.store.find(Pipe, name)
    if pipe is None:
        raise missing("Pipe", str(name))
    call.session.require("PIPE", name, "MONITOR")
    command = copy_of(pipe)
    if command.expressions is not None:
        raise SnowflakeError(
            1044, "42P13", "SQL compilation error:\nVALIDATE_PIPE_LOAD does not support COPY statements with a query."
        )
    table = table_name(command, name.holder)
    query = _select(_FAULTS.format(faults=faults_of(table.database))).where(_is("pipe_identity", pipe.identity))
    return call.between(query, "load_time")


def _validate(call: Call) -> exp.Select:
    call.only("JOB_ID")
    if len(call.positional) != 1:
        raise SnowflakeError(938, "22023", "SQL compilation error:\nnot enough arguments for function [VALIDATE]")
    said = call.needed("JOB_ID").name
    job = call.session.last_load if said.lower() == "_last" else said
    if job is None:
        raise SnowflakeError(1044, "22023", "SQL compilation error:\nThere was no COPY in this session for VALIDATE.")
    given = call.positional[0]
    text = given.name if isinstance(given, exp.Literal) else given.sql(dialect="snowflake")
    table = call.object_name(text)
    call.session.require("TABLE", table, "SELECT", "INSERT")
    query = _select(_FAULTS.format(faults=faults_of(table.database)))
    return query.where(_is("job_id", job), _is("table_name", table.own), _is("schema_name", table.schema))


def _infer_schema(call: Call) -> exp.Select:
    call.only("LOCATION", "FILE_FORMAT", "FILES", "IGNORE_CASE", "MAX_FILE_COUNT", "MAX_RECORDS_PER_FILE")
    files = call.named.get("FILES")
    listed = cast("list[Expr]", files.expressions if isinstance(files, exp.Tuple) else [files] if files else [])
    ignores = call.named.get("IGNORE_CASE")
    limit = call.named.get("MAX_FILE_COUNT")
    rows = infer_schema(
        call.session,
        location=call.text("LOCATION"),
        file_format=call.text("FILE_FORMAT"),
        files=tuple(each.name for each in listed) or None,
        ignore_case=isinstance(ignores, exp.Boolean) and bool(ignores.this),
        max_files=int(limit.name) if limit is not None else None,
    )
    return _rows(("COLUMN_NAME", "TYPE", "NULLABLE", "EXPRESSION", "FILENAMES", "ORDER_ID"), rows)


def _is(column: str, value: str) -> exp.EQ:
    return exp.column(column).eq(exp.Literal.string(value))


def _rows(names: Sequence[str], rows: Iterable[Sequence[str | int | bool]]) -> exp.Select:
    """Make a query that answers these rows, also when there are none."""
    tuples = [exp.Tuple(expressions=[exp.convert(cell) for cell in row]) for row in rows]
    blank = exp.Tuple(expressions=[exp.Null() for _ in names])
    values = exp.Values(
        expressions=tuples or [blank],
        alias=exp.TableAlias(this=exp.to_identifier("T"), columns=[exp.to_identifier(name) for name in names]),
    )
    query = exp.select(*names).from_(values)
    return query if tuples else query.where(exp.false())


_FUNCTIONS: dict[str, Callable[[Call], exp.Select]] = {
    "COPY_HISTORY": _copy_history,
    "VALIDATE_PIPE_LOAD": _validate_pipe_load,
    "VALIDATE": _validate,
    "INFER_SCHEMA": _infer_schema,
}
