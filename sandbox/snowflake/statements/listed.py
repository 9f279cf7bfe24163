"""The names of all objects of a kind in a database or a schema."""

from __future__ import annotations

from sandbox.snowflake.errors import unsupported
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import AccountObject, FileFormat, Stage
from sandbox.snowflake.session import Session

_KEPT: dict[str, type[AccountObject]] = {"STAGE": Stage, "FILE FORMAT": FileFormat}
_ENGINES_OWN = {
    "VIEW": "SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal AND database_name = ?",
    "SEQUENCE": "SELECT database_name, schema_name, sequence_name FROM duckdb_sequences() WHERE database_name = ?",
}


def objects_in(session: Session, kind: str, holder: Name) -> list[Name]:
    """Give the names of all objects of a kind in a database or a schema, as GRANT .. ON ALL names them.

    Raises SnowflakeError for pipes, which Snowflake has privileges granted on one by one.
    """
    if kind == "PIPE":
        raise unsupported("GRANT and REVOKE on ALL PIPES")
    if kind in _KEPT:
        return [each.name for each in session.store.all(_KEPT[kind], holder)]
    if kind == "SCHEMA":
        found = [Name.of(holder.database, schema) for schema in session.engine.schemas(holder.database)]
    elif kind == "TABLE":
        found = [name for name, _ in session.engine.tables(holder.database)]
    else:
        found = [Name.of(*parts) for parts in session.engine.query(_ENGINES_OWN[kind], [holder.database])]
    return [name for name in found if name.within(holder)]
