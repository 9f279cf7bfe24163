"""Databases and schemas."""

from __future__ import annotations

from sandbox.plugins.snowflake.cloud import Snowflake
from sandbox.plugins.snowflake.sql import comment, quoted, same_name, text, unquoted
from sandbox.plugins.table import COMPUTED, FORCE_NEW, KEPT, PLAIN, Property, Row
from sandbox.plugins.wire import Properties


def _retention(inputs: Properties) -> str:
    days = inputs.get("dataRetentionTimeInDays")
    return "" if days is None else f" DATA_RETENTION_TIME_IN_DAYS = {days}"


def _create_database(snowflake: Snowflake, inputs: Properties) -> str:
    kind = "TRANSIENT DATABASE" if inputs.get("isTransient") else "DATABASE"
    name = quoted(inputs["name"])
    snowflake.run(f"CREATE {kind} {name}{_retention(inputs)}{comment(inputs)}")
    return name


def _settle_database(snowflake: Snowflake, identifier: str, inputs: Properties) -> None:
    if inputs.get("dropPublicSchemaOnCreation"):
        snowflake.run(f'DROP SCHEMA IF EXISTS {identifier}."PUBLIC"')


def _read_database(snowflake: Snowflake, identifier: str) -> Properties | None:
    (name,) = unquoted(identifier)
    row = snowflake.find(f"SHOW DATABASES LIKE {text(name)}", name)
    if row is None:
        return None
    return {
        "name": name,
        "fullyQualifiedName": quoted(name),
        "comment": row.get("comment") or None,
        "dataRetentionTimeInDays": int(row.get("retention_time") or 0),
        "isTransient": "TRANSIENT" in (row.get("options") or ""),
    }


def _create_schema(snowflake: Snowflake, inputs: Properties) -> str:
    identifier = quoted(*unquoted(inputs["database"]), inputs["name"])
    snowflake.run(f"CREATE SCHEMA {identifier}{_retention(inputs)}{comment(inputs)}")
    return identifier


def _read_schema(snowflake: Snowflake, identifier: str) -> Properties | None:
    database, name = unquoted(identifier)
    row = snowflake.find(f"SHOW SCHEMAS LIKE {text(name)} IN DATABASE {quoted(database)}", name)
    if row is None:
        return None
    return {
        "name": name,
        "database": database,
        "fullyQualifiedName": quoted(database, name),
        "comment": row.get("comment") or None,
        "dataRetentionTimeInDays": int(row.get("retention_time") or 0),
    }


def _alter(kind: str, snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    if inputs.get("comment") != state.get("comment"):
        change = f"SET{comment(inputs)}" if inputs.get("comment") else "UNSET COMMENT"
        snowflake.run(f"ALTER {kind} {identifier} {change}")
    days = inputs.get("dataRetentionTimeInDays")
    if days is not None and days != state.get("dataRetentionTimeInDays"):
        snowflake.run(f"ALTER {kind} {identifier} SET{_retention(inputs)}")


def _drop(kind: str, snowflake: Snowflake, identifier: str) -> None:
    snowflake.run(f"DROP {kind} IF EXISTS {identifier}")


ROWS: tuple[Row[Snowflake], ...] = (
    Row(
        type="snowflake:index/database:Database",
        properties={
            "name": FORCE_NEW,
            "comment": PLAIN,
            "dataRetentionTimeInDays": COMPUTED,
            "isTransient": FORCE_NEW,
            "dropPublicSchemaOnCreation": KEPT,
        },
        create=_create_database,
        settle=_settle_database,
        read=_read_database,
        update=lambda snowflake, identifier, state, inputs: _alter("DATABASE", snowflake, identifier, state, inputs),
        delete=lambda snowflake, identifier, _state: _drop("DATABASE", snowflake, identifier),
        auto_name="name",
    ),
    Row(
        type="snowflake:index/schema:Schema",
        properties={
            "name": FORCE_NEW,
            "database": Property(replaces=True, same=same_name),
            "comment": PLAIN,
            "dataRetentionTimeInDays": COMPUTED,
        },
        create=_create_schema,
        read=_read_schema,
        update=lambda snowflake, identifier, state, inputs: _alter("SCHEMA", snowflake, identifier, state, inputs),
        delete=lambda snowflake, identifier, _state: _drop("SCHEMA", snowflake, identifier),
        auto_name="name",
    ),
)
