"""CREATE, ALTER, DROP, SHOW and DESCRIBE of databases and schemas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from sandbox.snowflake.errors import unsupported
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Database, Schema
from sandbox.snowflake.reply import Cell, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.clauses import (
    dropped,
    read_creation,
    read_description,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
)
from sandbox.snowflake.statements.parameters import DATABASE_PARAMETERS, SCHEMA_PARAMETERS

_DATABASES = columns(
    "created_on name is_default is_current origin owner comment options retention_time kind owner_role_type"
)
_SCHEMAS = columns(
    "created_on name is_default is_current database_name owner comment options retention_time owner_role_type"
)
_REPLICATION_DATABASES = columns(
    "region_group snowflake_region created_on account_name name comment is_primary primary "
    "replication_allowed_to_accounts failover_allowed_to_accounts organization_name account_locator"
)
_CONTENTS = columns("created_on name kind")
_MODIFIERS = ("TRANSIENT",)
INFORMATION_SCHEMA = "INFORMATION_SCHEMA"

T = TypeVar("T", Database, Schema)


def create_database(session: Session, statement: Statement) -> Reply:
    """CREATE DATABASE: with its PUBLIC schema, and current for the session."""
    creation = read_creation(statement, "DATABASE", modifiers=_MODIFIERS)
    name = session.database_name(creation.name)
    properties = read_properties(statement, "DATABASE", {"COMMENT", *DATABASE_PARAMETERS})
    exists = name.own in session.engine.databases()
    if settled := creation.settle(name, exists=exists):
        return settled
    if exists:
        _drop_database(session, name)
    comment = str(properties.pop("COMMENT", ""))
    session.engine.create_database(name.own)
    session.store.put(Database(name=name, comment=comment, parameters=properties))
    session.store.put(Schema(name=Name.of(name.own, "PUBLIC")))
    session.use(name.own, "PUBLIC")
    return status(f"Database {name.own} successfully created.")


def alter_database(session: Session, statement: Statement) -> Reply:
    """ALTER DATABASE .. SET or UNSET of the comment and parameters."""
    mention = read_mention(statement, "ALTER", "DATABASE")
    name = session.database_name(mention.name)
    if settled := mention.settle("Database", name, exists=name.own in session.engine.databases()):
        return settled
    kept = session.store.find(Database, name) or Database(name=name)
    session.store.put(_changed(kept, statement, "DATABASE", DATABASE_PARAMETERS))
    return succeeded()


def drop_database(session: Session, statement: Statement) -> Reply:
    """DROP DATABASE with all that is in it."""
    mention = read_mention(statement, "DROP", "DATABASE")
    statement.accept_any("CASCADE", "RESTRICT")
    statement.end()
    name = session.database_name(mention.name)
    if settled := mention.settle("Database", name, exists=name.own in session.engine.databases()):
        return settled
    _drop_database(session, name)
    return dropped(name)


def _drop_database(session: Session, name: Name) -> None:
    if session.database == name.own:
        session.use(None, None)
    session.store.remove_within(name)
    session.store.remove(Database, name)
    session.engine.drop_database(name.own)


def show_databases(session: Session, statement: Statement) -> Reply:
    """SHOW DATABASES."""
    listing = read_listing(session, statement, "DATABASES", depth=1)
    rows: list[list[Cell]] = []
    for name in listing.choose(Name.of(database) for database in session.engine.databases()):
        kept = session.store.find(Database, name) or Database(name=name)
        current = "Y" if session.database == name.own else "N"
        retention = str(kept.parameters.get("DATA_RETENTION_TIME_IN_DAYS", 1))
        owner = session.authority.owner("DATABASE", name)
        rows.append(
            [kept.created_on, name.own, "N", current, "", owner, kept.comment, "", retention, "STANDARD", "ROLE"]
        )
    return table(_DATABASES, rows)


def show_replication_databases(session: Session, statement: Statement) -> Reply:
    """SHOW REPLICATION DATABASES: the sandbox's account replicates none."""
    statement.expect("SHOW", "REPLICATION", "DATABASES")
    if statement.accept("LIKE"):
        statement.string()
    if statement.accept("WITH", "PRIMARY"):
        statement.identifiers()
    statement.end()
    del session
    return table(_REPLICATION_DATABASES, [])


def describe_database(session: Session, statement: Statement) -> Reply:
    """DESCRIBE DATABASE: its schemas."""
    name = session.database_name(read_description(statement, "DATABASE"))
    statement.end()
    session.require_database(name)
    found = [Name.of(name.own, schema) for schema in session.engine.schemas(name.own)]
    return table(_CONTENTS, ([_schema(session, schema).created_on, schema.own, "SCHEMA"] for schema in found))


def create_schema(session: Session, statement: Statement) -> Reply:
    """CREATE SCHEMA, which is then current for the session."""
    creation = read_creation(statement, "SCHEMA", modifiers=_MODIFIERS)
    name = session.schema_name(creation.name, "CREATE SCHEMA")
    if statement.accept("WITH", "MANAGED", "ACCESS"):
        raise unsupported("WITH MANAGED ACCESS")
    properties = read_properties(statement, "SCHEMA", {"COMMENT", *SCHEMA_PARAMETERS})
    session.require_database(name)
    exists = name.schema in session.engine.schemas(name.database)
    if settled := creation.settle(name, exists=exists):
        return settled
    if exists:
        _drop_schema(session, name)
    comment = str(properties.pop("COMMENT", ""))
    with session.engine.transaction() as cursor:
        cursor.execute(f"CREATE SCHEMA {name.sql()}")
    session.store.put(Schema(name=name, comment=comment, parameters=properties))
    session.use(name.database, name.schema)
    return status(f"Schema {name.own} successfully created.")


def alter_schema(session: Session, statement: Statement) -> Reply:
    """ALTER SCHEMA .. SET or UNSET of the comment and parameters."""
    mention = read_mention(statement, "ALTER", "SCHEMA")
    name = session.schema_name(mention.name, "ALTER SCHEMA")
    if settled := mention.settle("Schema", name, exists=_schema_exists(session, name)):
        return settled
    session.store.put(_changed(_schema(session, name), statement, "SCHEMA", SCHEMA_PARAMETERS))
    return succeeded()


def drop_schema(session: Session, statement: Statement) -> Reply:
    """DROP SCHEMA with all that is in it."""
    mention = read_mention(statement, "DROP", "SCHEMA")
    statement.accept_any("CASCADE", "RESTRICT")
    statement.end()
    name = session.schema_name(mention.name, "DROP SCHEMA")
    if settled := mention.settle("Schema", name, exists=_schema_exists(session, name)):
        return settled
    _drop_schema(session, name)
    return dropped(name)


def _drop_schema(session: Session, name: Name) -> None:
    if (session.database, session.schema) == name.parts:
        session.use(name.database, None)
    with session.engine.transaction() as cursor:
        cursor.execute(f"DROP SCHEMA {name.sql()} CASCADE")
    session.store.remove_within(name)
    session.store.remove(Schema, name)


def show_schemas(session: Session, statement: Statement) -> Reply:
    """SHOW SCHEMAS."""
    listing = read_listing(session, statement, "SCHEMAS", depth=2)
    names = [
        Name.of(database, schema)
        for database in session.engine.databases()
        for schema in (INFORMATION_SCHEMA, *session.engine.schemas(database))
    ]
    rows: list[list[Cell]] = []
    for name in listing.choose(names):
        kept = _schema(session, name)
        current = "Y" if (session.database, session.schema) == name.parts else "N"
        retention = str(kept.parameters.get("DATA_RETENTION_TIME_IN_DAYS", 1))
        built_in = name.own == INFORMATION_SCHEMA
        comment = "Views describing the contents of schemas in this database" if built_in else kept.comment
        owner = "" if built_in else session.authority.owner("SCHEMA", name)
        rows.append([kept.created_on, name.own, "N", current, name.database, owner, comment, "", retention, "ROLE"])
    return table(_SCHEMAS, rows)


def describe_schema(session: Session, statement: Statement) -> Reply:
    """DESCRIBE SCHEMA: its tables."""
    name = session.schema_name(read_description(statement, "SCHEMA"), "DESCRIBE")
    statement.end()
    session.require_schema(name)
    found = [each for each, _ in session.engine.tables(name.database) if each.within(name)]
    return table(_CONTENTS, ([_schema(session, name).created_on, each.own, "TABLE"] for each in found))


def _schema(session: Session, name: Name) -> Schema:
    known = session.store.find(Schema, name)
    if known is None:
        database = session.store.find(Database, Name.of(name.database))
        known = Schema(name=name, created_on=database.created_on) if database else Schema(name=name)
    return known


def _schema_exists(session: Session, name: Name) -> bool:
    return name.database in session.engine.databases() and name.schema in session.engine.schemas(name.database)


def _changed(kept: T, statement: Statement, kind: str, allowed: Iterable[str]) -> T:
    if statement.accept("UNSET"):
        names = read_unset(statement, kind, {"COMMENT", *allowed})
        left = {name: value for name, value in kept.parameters.items() if name not in names}
        return replace(kept, comment="" if "COMMENT" in names else kept.comment, parameters=left)
    statement.expect("SET")
    given = read_properties(statement, kind, {"COMMENT", *allowed})
    comment = str(given.pop("COMMENT", kept.comment))
    return replace(kept, comment=comment, parameters={**kept.parameters, **given})
