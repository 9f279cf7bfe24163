"""Queries that ask about the account: context functions, system functions and COPY_HISTORY, put in as plain SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import sqlglot
from sqlglot import Expr, exp

from sandbox.snowflake.errors import SnowflakeError, unsupported
from sandbox.snowflake.history import table_of
from sandbox.snowflake.login import ORGANIZATION
from sandbox.snowflake.names import Name
from sandbox.snowflake.privileges import ACCOUNT
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.system_functions import SYSTEM_FUNCTIONS

_CONTEXT: dict[str, Callable[[Session], str | None]] = {
    "CurrentAccount": lambda _: ACCOUNT,
    "CurrentAccountName": lambda _: ACCOUNT,
    "CurrentOrganizationName": lambda _: ORGANIZATION,
    "CurrentRegion": lambda _: "AWS_US_EAST_1",
    "CurrentSession": lambda session: str(session.number),
    "CurrentUser": lambda session: session.user,
    "CurrentRole": lambda session: session.role,
    "CurrentWarehouse": lambda session: session.warehouse,
    "CurrentDatabase": lambda session: session.database,
    "CurrentSchema": lambda session: session.schema,
}

_HISTORY = """
SELECT file_name, stage_location, last_load_time, row_count, row_parsed, file_size, first_error_message,
    first_error_line_number, first_error_character_pos, first_error_column_name, error_count, error_limit, status,
    '{database}' AS table_catalog_name, schema_name AS table_schema_name, table_name,
    pipe_catalog_name, pipe_schema_name, pipe_name, last_load_time AS pipe_received_time
FROM {history} WHERE TRUE
"""
_HISTORY_FUNCTIONS = {"COPY_HISTORY"}
_OTHER_FUNCTIONS = {"VALIDATE_PIPE_LOAD", "PIPE_USAGE_HISTORY", "LOAD_HISTORY"}


def in_context(session: Session, sql: str, query: Expr) -> str:
    """Give the statement with what only the account knows filled in; the same text where nothing is."""
    changed = False
    for node in list(query.find_all(exp.TableFromRows)):
        if (function := _history_function(node)) is not None:
            node.replace(_copy_history(session, node, function))
            changed = True
    for node in list(query.find_all(exp.Func)):
        found, value = _value(session, node)
        if found:
            _put(node, exp.Literal.string(value) if value is not None else exp.Null())
            changed = True
    for node in query.expressions if isinstance(query, exp.Select) else ():
        if isinstance(node, exp.AggFunc):
            _put(node, node.copy())
            changed = True
    return query.sql(dialect="snowflake") if changed else sql


def _value(session: Session, node: exp.Func) -> tuple[bool, str | None]:
    if context := _CONTEXT.get(type(node).__name__):
        return True, context(session)
    if isinstance(node, exp.Anonymous) and node.name.upper().startswith("SYSTEM$"):
        function = SYSTEM_FUNCTIONS.get(node.name.upper())
        if function is None:
            raise SnowflakeError(2140, "42601", f"SQL compilation error:\nUnknown function {node.name.upper()}")
        arguments = cast("list[Expr]", node.expressions)
        if not all(isinstance(argument, exp.Literal) for argument in arguments):
            raise unsupported(f"{node.name.upper()} of anything but constants")
        return True, function(session, *[argument.name for argument in arguments])
    return False, None


def _put(node: Expr, value: Expr) -> None:
    """Put a value in a function's place; as a column of the result it keeps the function's text as its name."""
    if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
        value = exp.alias_(value, node.sql(dialect="snowflake").upper(), quoted=True)
    node.replace(value)


def _history_function(node: exp.TableFromRows) -> exp.Anonymous | None:
    call = node.this.expression if isinstance(node.this, exp.Dot) else node.this
    if not isinstance(call, exp.Anonymous):
        return None
    if call.name.upper() in _OTHER_FUNCTIONS:
        raise unsupported(f"table function {call.name.upper()}")
    return call if call.name.upper() in _HISTORY_FUNCTIONS else None


def _copy_history(session: Session, node: exp.TableFromRows, function: exp.Anonymous) -> Expr:
    given = {
        argument.this.name.upper(): argument.expression
        for argument in cast("list[Expr]", function.expressions)
        if isinstance(argument, exp.Kwarg)
    }
    for needed in ("TABLE_NAME", "START_TIME"):
        if needed not in given:
            raise SnowflakeError(
                938,
                "22023",
                f"SQL compilation error:\nnot enough arguments for function [COPY_HISTORY], {needed} is needed",
            )
    table = _table_of_history(session, node, Statement(given["TABLE_NAME"].name).identifiers())
    text = _HISTORY.format(database=table.database.replace("'", "''"), history=table_of(table.database))
    query = cast("exp.Select", sqlglot.parse_one(text, read="snowflake"))
    query = query.where(exp.column("table_name").eq(exp.Literal.string(table.own)))
    query = query.where(exp.column("schema_name").eq(exp.Literal.string(table.schema)))
    query = query.where(exp.column("last_load_time") >= given["START_TIME"].copy())
    if "END_TIME" in given:
        query = query.where(exp.column("last_load_time") <= given["END_TIME"].copy())
    alias = node.args.get("alias")
    return query.subquery(alias.this if isinstance(alias, exp.TableAlias) else "COPY_HISTORY", copy=False)


def _table_of_history(session: Session, node: exp.TableFromRows, parts: tuple[str, ...]) -> Name:
    """Complete the table's name: with the database that qualifies the function, or with the session's own place."""
    if len(parts) < 3 and isinstance(node.this, exp.Dot):  # noqa: PLR2004 # not a full name
        first = next(node.this.find_all(exp.Identifier, bfs=False))
        database = first.name if first.args.get("quoted") else first.name.upper()
        if database != "INFORMATION_SCHEMA":
            if len(parts) == 1:
                parts = (session.schema or "PUBLIC", *parts)
            parts = (database, *parts)
    return session.object_name(parts, "COPY_HISTORY")
