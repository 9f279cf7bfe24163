"""USE: where a session stands."""

from __future__ import annotations

from sandbox.snowflake.errors import missing
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Role, Warehouse
from sandbox.snowflake.reply import Reply, succeeded
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.roles import BUILT_IN


def use(session: Session, statement: Statement) -> Reply:
    """USE [DATABASE | SCHEMA | ROLE | WAREHOUSE] name, or USE SECONDARY ROLES."""
    statement.expect("USE")
    if statement.accept("SECONDARY", "ROLES"):
        statement.identifier()
        statement.end()
        return succeeded()
    kind = statement.accept_any("DATABASE", "SCHEMA", "ROLE", "WAREHOUSE")
    parts = statement.identifiers()
    statement.end()
    name = Name(parts)
    if kind == "ROLE":
        if name.own not in BUILT_IN and session.store.find(Role, name) is None:
            raise missing("Role", str(name))
        session.role = name.own
    elif kind == "WAREHOUSE":
        if session.store.find(Warehouse, name) is None:
            raise missing("Warehouse", str(name))
        session.warehouse = name.own
    elif kind == "SCHEMA" or len(parts) > 1:
        schema = session.schema_name(parts, "USE SCHEMA")
        session.require_schema(schema)
        session.use(schema.database, schema.schema)
    else:
        session.require_database(name)
        session.use(name.own, "PUBLIC")
    return succeeded()
