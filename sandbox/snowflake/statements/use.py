"""USE: where a session stands, and as which role."""

from __future__ import annotations

from sandbox.snowflake.errors import SnowflakeError, absent
from sandbox.snowflake.names import Name
from sandbox.snowflake.reply import Reply, succeeded
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.subject import exists


def use(session: Session, statement: Statement) -> Reply:
    """USE [DATABASE | SCHEMA | ROLE | WAREHOUSE] name, or USE SECONDARY ROLES."""
    statement.expect("USE")
    if statement.accept("SECONDARY", "ROLES"):
        session.all_roles = statement.accept("ALL")
        if not session.all_roles:
            statement.expect("NONE")
        statement.end()
        return succeeded()
    kind = statement.accept_any("DATABASE", "SCHEMA", "ROLE", "WAREHOUSE")
    parts = statement.identifiers()
    first = parts[0]
    statement.end()
    if kind == "ROLE":
        _take_on(session, Name(parts))
    elif kind == "WAREHOUSE":
        _require(session, "WAREHOUSE", Name(parts))
        session.warehouse = parts[-1]
    elif kind == "SCHEMA" or len(parts) > 1:
        schema = session.schema_name(parts, "USE SCHEMA")
        _require(session, "SCHEMA", schema)
        session.use(schema.database, schema.schema)
    else:
        _require(session, "DATABASE", Name(parts))
        public = Name.of(first, "PUBLIC")
        session.use(first, "PUBLIC" if session.sees("SCHEMA", public) else None)
    return succeeded()


def _require(session: Session, kind: str, name: Name) -> None:
    if not (exists(session, kind, name) and session.sees(kind, name)):
        raise absent()


def _take_on(session: Session, role: Name) -> None:
    if not exists(session, "ROLE", role):
        raise absent()
    if role.own not in session.authority.roles_of_user(session.user):
        raise SnowflakeError(
            3013,
            "42501",
            f"SQL access control error:\nRequested role '{role.own}' is not assigned to the executing user.  Specify "
            "another role to activate.",
        )
    session.role = role.own
