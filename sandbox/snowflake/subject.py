"""Which object a statement makes, changes, drops or describes."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import (
    AccountObject,
    FileFormat,
    Integration,
    Pipe,
    Role,
    Stage,
    User,
    Warehouse,
)
from sandbox.snowflake.privileges import BUILT_IN_ROLES, IN_SCHEMA, KINDS
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement

MODIFIERS = (
    "TRANSIENT", "TEMPORARY", "TEMP", "LOCAL", "GLOBAL", "VOLATILE", "SECURE", "RECURSIVE", "STORAGE",
)  # fmt: skip
"""Words between a verb and its object that do not decide what a statement is about."""

_KEPT: dict[str, type[AccountObject]] = {
    "FILE FORMAT": FileFormat,
    "INTEGRATION": Integration,
    "PIPE": Pipe,
    "ROLE": Role,
    "STAGE": Stage,
    "USER": User,
    "WAREHOUSE": Warehouse,
}
_ENGINES_OWN = {
    "VIEW": "duckdb_views() WHERE NOT internal AND view_name",
    "SEQUENCE": "duckdb_sequences() WHERE sequence_name",
}


@dataclass(frozen=True)
class Subject:
    """A verb and what it is about."""

    verb: str
    kind: str
    name: Name
    replaces: bool = False
    """OR REPLACE was said."""
    if_exists: bool = False


def subject_of(session: Session, statement: Statement) -> Subject | None:
    """Read a statement's beginning up to the name of what it is about; None: it is not about one object."""
    verb = statement.accept_any("CREATE", "ALTER", "DROP", "TRUNCATE", "DESCRIBE", "DESC")
    if verb is None:
        return None
    replaces = verb == "CREATE" and statement.accept("OR", "REPLACE")
    while statement.accept_any(*MODIFIERS):
        pass
    kind = read_kind(statement)
    if kind is None:
        if verb != "TRUNCATE":
            return None
        kind = "TABLE"
    statement.accept("IF", "NOT", "EXISTS")
    if_exists = statement.accept("IF", "EXISTS")
    name = complete(session, kind, statement.identifiers(), verb)
    if kind == "TABLE" and session.authority.is_known("VIEW", name):
        kind = "VIEW"
    return Subject("DESCRIBE" if verb == "DESC" else verb, kind, name, replaces, if_exists)


def read_kind(statement: Statement, *, plural: bool = False) -> str | None:
    """Read the kind of an object, `FILE FORMAT` or, in the plural, `FILE FORMATS`; None: none comes next."""
    return next((kind for kind in KINDS if statement.accept(*(f"{kind}S" if plural else kind).split())), None)


def complete(session: Session, kind: str, parts: tuple[str, ...], action: str) -> Name:
    """Complete the name of an object of some kind from where the session stands."""
    if kind in IN_SCHEMA:
        return session.object_name(parts, action)
    return session.schema_name(parts, action) if kind == "SCHEMA" else Name(parts)


def exists(session: Session, kind: str, name: Name) -> bool:
    """Tell whether an object is there."""
    engine = session.engine
    if kind in _KEPT:
        built_in = kind == "ROLE" and name.own in BUILT_IN_ROLES
        return built_in or session.store.find(_KEPT[kind], name) is not None
    if name.database not in engine.databases():
        return False
    if kind == "SCHEMA":
        return name.schema in engine.schemas(name.database)
    if kind in _ENGINES_OWN:
        condition = f"{_ENGINES_OWN[kind]} = ? AND database_name = ? AND schema_name = ?"
        return bool(engine.query(f"SELECT 1 FROM {condition}", [name.own, name.database, name.schema]))  # noqa: S608 # ours
    return kind == "DATABASE" or (bool(engine.columns(name)) and not exists(session, "VIEW", name))
