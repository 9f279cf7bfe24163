"""Tables and the pipes that load them: preview resources of the official plug-in."""

from __future__ import annotations

import re
from typing import cast

from sandbox.plugins.compare import same, same_words
from sandbox.plugins.snowflake.cloud import Snowflake
from sandbox.plugins.snowflake.sql import canonical_type, comment, quoted, same_name, text, unquoted
from sandbox.plugins.table import FORCE_NEW, PLAIN, Property, Row
from sandbox.plugins.wire import Properties, Value, has_unknown

_COLUMN = frozenset({"name", "type", "nullable", "comment", "default"})
"""What the sandbox serves of a column."""

_TEXTUAL = frozenset({"VARCHAR", "DATE", "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "BINARY"})


def _identifier(inputs: Properties) -> str:
    """Give the id of an older resource of the official plug-in, `database|schema|name`."""
    return "|".join([*unquoted(inputs["database"]), *unquoted(inputs["schema"]), inputs["name"]])


def _qualified(identifier: str) -> str:
    return quoted(*identifier.split("|"))


def _find(snowflake: Snowflake, kind: str, identifier: str) -> tuple[Properties, Properties] | None:
    """Give an object's row of SHOW, and the properties that every kind has."""
    database, schema, name = identifier.split("|")
    row = snowflake.find(f"SHOW {kind} LIKE {text(name)} IN SCHEMA {quoted(database, schema)}", name)
    if row is None:
        return None
    shared = {
        "name": name,
        "database": database,
        "schema": schema,
        "fullyQualifiedName": quoted(database, schema, name),
        "owner": row.get("owner") or None,
        "comment": row.get("comment") or None,
    }
    return row, shared


def _column(column: Properties) -> str:
    must = "" if column.get("nullable", True) else " NOT NULL"
    default = f" DEFAULT {said}" if (said := _default(column)) else ""
    return f"{quoted(column['name'])} {column['type']}{must}{default} COMMENT {text(column.get('comment', ''))}"


def _default(column: Properties) -> str:
    """Give a column's default as SQL; empty for none. A constant of a textual column stands in quotes."""
    default = cast("Properties", column.get("default") or {})
    if default.get("sequence"):
        return f"{default['sequence']}.NEXTVAL"
    if default.get("expression"):
        return str(default["expression"])
    constant = default.get("constant")
    if constant is None:
        return ""
    textual = canonical_type(column["type"]).partition("(")[0] in _TEXTUAL
    return text(str(constant)) if textual else str(constant)


def _read_default(shown: str, kind: str) -> Properties:
    """Give a default that DESCRIBE shows, as an input: constants apart from expressions, as the official plug-in."""
    if re.fullmatch(r"'.*'", shown, re.DOTALL):
        return {"constant": shown[1:-1].replace("''", "'").replace("\\'", "'").replace("\\\\", "\\")}
    if canonical_type(kind).partition("(")[0] in _TEXTUAL or "(" in shown or not re.fullmatch(r"[\w.+-]+", shown):
        return {"expression": shown}
    return {"constant": shown}


def _create_table(snowflake: Snowflake, inputs: Properties) -> str:
    identifier = _identifier(inputs)
    columns = ", ".join(_column(column) for column in inputs["columns"])
    snowflake.run(f"CREATE TABLE {_qualified(identifier)} ({columns}){comment(inputs)}")
    return identifier


def _read_table(snowflake: Snowflake, identifier: str) -> Properties | None:
    found = _find(snowflake, "TABLES", identifier)
    if found is None:
        return None
    described = snowflake.run(f"DESCRIBE TABLE {_qualified(identifier)} TYPE = COLUMNS")
    columns = [
        {
            "name": row["name"],
            "type": row["type"],
            "nullable": row["null?"] == "Y",
            **({"comment": row["comment"]} if row.get("comment") else {}),
            **({"default": _read_default(row["default"], row["type"])} if row.get("default") else {}),
        }
        for row in described
    ]
    return {**found[1], "columns": columns}


def _update_table(snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    table = f"ALTER TABLE {_qualified(identifier)}"
    if state.get("comment") != inputs.get("comment"):
        snowflake.run(f"{table} SET COMMENT = {text(inputs.get('comment', ''))}")
    old = {column["name"]: column for column in state["columns"]}
    new = {column["name"]: column for column in inputs["columns"]}
    for name in old.keys() - new.keys():
        snowflake.run(f"{table} DROP COLUMN {quoted(name)}")
    for name, column in new.items():
        if name not in old:
            snowflake.run(f"{table} ADD COLUMN {_column(column)}")
        else:
            _alter_column(snowflake, table, old[name], column)


def _alter_column(snowflake: Snowflake, table: str, old: Properties, new: Properties) -> None:
    column = f"{table} MODIFY COLUMN {quoted(new['name'])}"
    if canonical_type(old["type"]) != canonical_type(new["type"]):
        snowflake.run(f"{column} {new['type']}")
    if old.get("nullable", True) != new.get("nullable", True):
        snowflake.run(f"{column} {'DROP' if new.get('nullable', True) else 'SET'} NOT NULL")
    if _default(old) and not _default(new):
        snowflake.run(f"{column} DROP DEFAULT")
    if not same(old.get("comment"), new.get("comment")):
        snowflake.run(f"{column} COMMENT {text(new.get('comment', ''))}")


def _delete_table(snowflake: Snowflake, identifier: str, _state: Properties) -> None:
    snowflake.run(f"DROP TABLE IF EXISTS {_qualified(identifier)}")


def same_columns(one: Value, other: Value) -> bool:
    """Compare a table's columns in their order: types by meaning, and what is not said by its default."""
    if has_unknown(one) or has_unknown(other):
        return False
    sides = [cast("list[Properties]", side or []) for side in (one, other)]
    left, right = (
        [
            (
                column["name"],
                canonical_type(column["type"]),
                column.get("nullable", True),
                column.get("comment") or "",
                "".join(_default(column).split()).upper(),
            )
            for column in side
        ]
        for side in sides
    )
    return left == right


def _create_pipe(snowflake: Snowflake, inputs: Properties) -> str:
    identifier = _identifier(inputs)
    ingest = " AUTO_INGEST = true" if inputs.get("autoIngest") else ""
    errors = inputs.get("errorIntegration")
    tell = f" ERROR_INTEGRATION = {quoted(*unquoted(errors))}" if errors else ""
    snowflake.run(f"CREATE PIPE {_qualified(identifier)}{ingest}{tell}{comment(inputs)} AS {inputs['copyStatement']}")
    return identifier


def _read_pipe(snowflake: Snowflake, identifier: str) -> Properties | None:
    found = _find(snowflake, "PIPES", identifier)
    if found is None:
        return None
    row, shared = found
    channel = row.get("notification_channel") or None
    return {
        **shared,
        "copyStatement": row["definition"],
        "autoIngest": channel is not None,
        "notificationChannel": channel,
        "errorIntegration": row.get("error_integration") or None,
    }


def _update_pipe(snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    pipe = f"ALTER PIPE {_qualified(identifier)}"
    if state.get("comment") != inputs.get("comment"):
        snowflake.run(f"{pipe} SET COMMENT = {text(inputs.get('comment', ''))}")
    errors = inputs.get("errorIntegration")
    if not same_name(state.get("errorIntegration"), errors):
        change = f"SET ERROR_INTEGRATION = {quoted(*unquoted(errors))}" if errors else "UNSET ERROR_INTEGRATION"
        snowflake.run(f"{pipe} {change}")


def _delete_pipe(snowflake: Snowflake, identifier: str, _state: Properties) -> None:
    snowflake.run(f"DROP PIPE IF EXISTS {_qualified(identifier)}")


_PLACE = {
    "name": FORCE_NEW,
    "database": Property(replaces=True, same=same_name),
    "schema": Property(replaces=True, same=same_name),
}

ROWS: tuple[Row[Snowflake], ...] = (
    Row(
        type="snowflake:index/table:Table",
        properties={**_PLACE, "columns": Property(same=same_columns, inside=_COLUMN), "comment": PLAIN},
        create=_create_table,
        read=_read_table,
        update=_update_table,
        delete=_delete_table,
        auto_name="name",
        preview_feature="snowflake_table_resource",
    ),
    Row(
        type="snowflake:index/pipe:Pipe",
        properties={
            **_PLACE,
            "copyStatement": Property(replaces=True, same=same_words),
            "autoIngest": FORCE_NEW,
            "errorIntegration": Property(same=same_name),
            "comment": PLAIN,
        },
        create=_create_pipe,
        read=_read_pipe,
        update=_update_pipe,
        delete=_delete_pipe,
        auto_name="name",
        preview_feature="snowflake_pipe_resource",
    ),
)
