"""Queries that ask about the account, its loads and its stages: what only the account knows, put in as plain SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sqlglot import Expr, exp

from sandbox.snowflake.errors import SnowflakeError, unsupported
from sandbox.snowflake.login import ORGANIZATION
from sandbox.snowflake.privileges import ACCOUNT
from sandbox.snowflake.session import Session
from sandbox.snowflake.staged_query import read_stages
from sandbox.snowflake.system_functions import SYSTEM_FUNCTIONS
from sandbox.snowflake.table_functions import put_in

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


def in_context(session: Session, sql: str, query: Expr) -> str:
    """Give the statement with what only the account knows filled in; the same text where nothing is."""
    changed = put_in(session, query)
    changed = read_stages(session, query) or changed
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
