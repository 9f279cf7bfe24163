# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""INFER_SCHEMA: the columns of staged files, as DuckDB's own readers find them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from sandbox.snowflake.copying import Selection, source
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.faults import unreadable
from sandbox.snowflake.formats import compression, csv_arguments
from sandbox.snowflake.inserting import DATA_ERRORS
from sandbox.snowflake.loading import aborted
from sandbox.snowflake.names import literal, quoted
from sandbox.snowflake.session import Session
from sandbox.snowflake.staged_query import home_of, stage_reference
from sandbox.snowflake.statement import Option

_TYPES = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "NUMBER(38, 0)"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "NUMBER(38, 0)"),
    "FLOAT": "REAL",
    "DOUBLE": "REAL",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
    "BLOB": "BINARY",
}


@dataclass
class _Column:
    """A column and the files that have it."""

    name: str
    type: str
    place: int
    files: list[str] = field(default_factory=list[str])


def infer_schema(
    session: Session,
    *,
    location: str,
    file_format: str,
    files: tuple[str, ...] | None,
    ignore_case: bool,
    max_files: int | None,
) -> list[tuple[str, str, bool, str, str, int]]:
    """Give COLUMN_NAME, TYPE, NULLABLE, EXPRESSION, FILENAMES and ORDER_ID of the columns that the files have together.

    A column of which two files make different things is TEXT, or REAL where both are numbers.
    """
    staging = session.account.loader.staging
    reference = stage_reference(location)
    name = session.object_name(reference.name, "INFER_SCHEMA")
    session.require("STAGE", name, "USAGE", "READ")
    stage, integration = staging.external_stage(name)
    options = staging.named_format(file_format, home_of(session))
    chosen = Selection(source(stage, reference.path), files=files)
    found: dict[str, _Column] = {}
    listed = [file for file in staging.storage.list(integration, chosen.folder) if chosen.takes(file.location.key)]
    for file in [file for file in listed if file.size][:max_files]:
        with staging.fetched(integration, file) as (fetched, local), session.engine.cursor() as cursor:
            try:
                columns = _columns(cursor, options, local)
            except DATA_ERRORS as error:
                raise aborted(fetched, unreadable(str(error), str(local))) from error
        for place, (own, kind) in enumerate(columns, 1):
            key = own.upper() if ignore_case else own
            column = found.setdefault(key, _Column(key, kind, place))
            column.type = _common(column.type, kind)
            column.files.append(file.location.key)
    if not found:
        raise SnowflakeError(
            100318, "22000", f"No files found for INFER_SCHEMA in '{location}', or none that has a column."
        )
    return [
        (
            column.name,
            column.type,
            True,
            _expression(options, column, ignore_case=ignore_case),
            ", ".join(column.files),
            order,
        )
        for order, column in enumerate(found.values())
    ]


def _columns(cursor: duckdb.DuckDBPyConnection, options: dict[str, Option], local: Path) -> list[tuple[str, str]]:
    place = literal(str(local))
    if options["TYPE"] == "CSV":
        told = csv_arguments(options, local)
        told |= {"header": str(options["PARSE_HEADER"]).lower(), "sample_size": "-1"}
        reader = f"read_csv({place}, {', '.join(f'{name} = {value}' for name, value in told.items())})"
    elif options["TYPE"] == "JSON":
        shape = "auto" if options["STRIP_OUTER_ARRAY"] else "unstructured"
        packed = literal(compression(options, local))
        reader = (
            f"read_json({place}, format = '{shape}', compression = {packed}, records = true, maximum_depth = 2, "
            "sample_size = -1)"
        )
    else:
        reader = f"read_parquet({place})"
    rows = cursor.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()  # noqa: S608 # quoted
    named = options["TYPE"] != "CSV" or options["PARSE_HEADER"]
    return [(str(row[0]) if named else f"c{at}", _spelled(str(row[1]))) for at, row in enumerate(rows, 1)]


def _spelled(kind: str) -> str:
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return f"NUMBER({decimal[1]}, {decimal[2]})"
    if kind.startswith(("STRUCT", "MAP", "JSON")) or kind.endswith("]"):
        return "VARIANT"
    return _TYPES.get(kind, "TEXT")


def _common(one: str, other: str) -> str:
    if one == other:
        return one
    numeric = all(kind == "REAL" or kind.startswith("NUMBER") for kind in (one, other))
    return "REAL" if numeric else "TEXT"


def _expression(options: dict[str, Option], column: _Column, *, ignore_case: bool) -> str:
    if options["TYPE"] == "CSV":
        return f"${column.place}::{column.type}"
    if ignore_case:
        return f"GET_IGNORE_CASE ($1, {literal(column.name)})::{column.type}"
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", column.name)
    return f"$1:{column.name if plain else quoted(column.name)}::{column.type}"
