"""SHOW PARAMETERS: what may be set on a database, a schema, a warehouse, the session, and what it is by default."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.snowflake.errors import missing
from sandbox.snowflake.names import Name, matches_like
from sandbox.snowflake.objects import Container, Database, Schema, Table, Warehouse
from sandbox.snowflake.reply import Cell, Reply, columns, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement, Value

_COLUMNS = columns("key value default level description type")


@dataclass(frozen=True)
class Parameter:
    """A parameter's default and type."""

    default: str
    type: str = "STRING"


SCHEMA_PARAMETERS: dict[str, Parameter] = {
    "DATA_RETENTION_TIME_IN_DAYS": Parameter("1", "NUMBER"),
    "MAX_DATA_EXTENSION_TIME_IN_DAYS": Parameter("14", "NUMBER"),
    "EXTERNAL_VOLUME": Parameter(""),
    "CATALOG": Parameter(""),
    "REPLACE_INVALID_CHARACTERS": Parameter("false", "BOOLEAN"),
    "DEFAULT_DDL_COLLATION": Parameter(""),
    "STORAGE_SERIALIZATION_POLICY": Parameter("OPTIMIZED"),
    "LOG_LEVEL": Parameter("OFF"),
    "TRACE_LEVEL": Parameter("OFF"),
    "SUSPEND_TASK_AFTER_NUM_FAILURES": Parameter("10", "NUMBER"),
    "TASK_AUTO_RETRY_ATTEMPTS": Parameter("0", "NUMBER"),
    "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": Parameter("Medium"),
    "USER_TASK_TIMEOUT_MS": Parameter("3600000", "NUMBER"),
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS": Parameter("30", "NUMBER"),
    "QUOTED_IDENTIFIERS_IGNORE_CASE": Parameter("false", "BOOLEAN"),
    "ENABLE_CONSOLE_OUTPUT": Parameter("false", "BOOLEAN"),
    "PIPE_EXECUTION_PAUSED": Parameter("false", "BOOLEAN"),
}
"""What may be set on a schema."""

DATABASE_PARAMETERS = {name: kept for name, kept in SCHEMA_PARAMETERS.items() if name != "PIPE_EXECUTION_PAUSED"}
"""What may be set on a database."""

WAREHOUSE_PARAMETERS: dict[str, Parameter] = {
    "MAX_CONCURRENCY_LEVEL": Parameter("8", "NUMBER"),
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": Parameter("0", "NUMBER"),
    "STATEMENT_TIMEOUT_IN_SECONDS": Parameter("172800", "NUMBER"),
}
"""What may be set on a warehouse."""

SESSION_PARAMETERS: dict[str, Parameter] = {
    "QUOTED_IDENTIFIERS_IGNORE_CASE": Parameter("false", "BOOLEAN"),
    "TIMEZONE": Parameter("Etc/UTC"),
    "AUTOCOMMIT": Parameter("true", "BOOLEAN"),
}
"""What SHOW PARAMETERS tells of a session."""


def show_parameters(session: Session, statement: Statement) -> Reply:
    """SHOW PARAMETERS of the session, the account, a database, a schema, a table or a warehouse."""
    statement.expect("SHOW", "PARAMETERS")
    like = statement.string() if statement.accept("LIKE") else None
    known, given, level = SESSION_PARAMETERS, {}, "SESSION"
    if statement.accept_any("IN", "FOR"):
        known, given, level = _of(session, statement)
    statement.end()
    rows: list[list[Cell]] = []
    for name, parameter in known.items():
        if like is None or matches_like(like, name):
            value = _spelled(given[name]) if name in given else parameter.default
            rows.append([name, value, parameter.default, level if name in given else "", "", parameter.type])
    return table(_COLUMNS, rows)


def _of(session: Session, statement: Statement) -> tuple[dict[str, Parameter], dict[str, Value], str]:
    if statement.accept("SESSION"):
        return SESSION_PARAMETERS, {}, "SESSION"
    if statement.accept("ACCOUNT"):
        return {**SCHEMA_PARAMETERS, **SESSION_PARAMETERS, **WAREHOUSE_PARAMETERS}, {}, "ACCOUNT"
    if statement.accept("DATABASE"):
        name = session.database_name(statement.identifiers())
        session.require_database(name)
        return DATABASE_PARAMETERS, _set_on(session.store.find(Database, name)), "DATABASE"
    if statement.accept("SCHEMA"):
        name = session.schema_name(statement.identifiers(), "SHOW PARAMETERS")
        session.require_schema(name)
        above = _set_on(session.store.find(Database, Name.of(name.database)))
        return SCHEMA_PARAMETERS, {**above, **_set_on(session.store.find(Schema, name))}, "SCHEMA"
    if statement.accept("TABLE"):
        name = session.object_name(statement.identifiers(), "SHOW PARAMETERS")
        if not session.engine.columns(name):
            raise missing(Table.__name__, str(name))
        return {name: SCHEMA_PARAMETERS[name] for name in list(SCHEMA_PARAMETERS)[:2]}, {}, "TABLE"
    statement.expect("WAREHOUSE")
    name = Name(statement.identifiers())
    warehouse = session.store.find(Warehouse, name)
    if warehouse is None:
        raise missing("Warehouse", str(name))
    return WAREHOUSE_PARAMETERS, warehouse.options, "WAREHOUSE"


def _set_on(container: Container | None) -> dict[str, Value]:
    return container.parameters if container else {}


def _spelled(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
