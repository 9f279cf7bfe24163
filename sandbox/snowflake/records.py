# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""The records of a local file, as relations of DuckDB's: fields or documents, and the metadata beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb

from sandbox.snowflake.formats import character, compression, csv_arguments
from sandbox.snowflake.names import literal, quoted
from sandbox.snowflake.projection import METADATA
from sandbox.snowflake.statement import Option
from sandbox.snowflake.storage import StoredFile

REJECTS = "_rejects"
"""The temporary table in which DuckDB notes the lines of a CSV file that it could not read."""

_ROW = "METADATA$FILE_ROW_NUMBER"


def relation_of(query: str, file: StoredFile, wanted: set[str]) -> str:
    """Add to the columns of a file the metadata columns that are wanted."""
    modified = dt.datetime.fromtimestamp(file.last_modified, dt.UTC)
    known = {
        "METADATA$FILENAME": literal(file.location.key),
        _ROW: "row_number() OVER ()",
        "METADATA$FILE_CONTENT_KEY": literal(file.etag),
        "METADATA$FILE_LAST_MODIFIED": f"TIMESTAMP '{modified:%Y-%m-%d %H:%M:%S}'",
        "METADATA$START_SCAN_TIME": f"TIMESTAMPTZ '{dt.datetime.now(dt.UTC).isoformat()}'",
    }
    added = "".join(f", {known[name]} AS {quoted(name)}" for name in METADATA if name in wanted)
    return f"(SELECT *{added} FROM ({query}))"  # noqa: S608 # all quoted above


def documents(options: dict[str, Option], local: Path) -> str:
    """Give the query over a JSON or Parquet file that yields each record as a document, `c1`."""
    place = literal(str(local))
    if options["TYPE"] == "PARQUET":
        return f"SELECT to_json(row) AS c1 FROM read_parquet({place}) AS row"  # noqa: S608 # quoted
    shape = "auto" if options["STRIP_OUTER_ARRAY"] else "unstructured"
    packed = literal(compression(options, local))
    return f"SELECT json AS c1 FROM read_json_objects({place}, format = '{shape}', compression = {packed})"  # noqa: S608


def fields(options: dict[str, Option], local: Path, types: Sequence[str], *, strict: bool) -> str:
    """Give the query over a CSV file that yields its fields, `c1` and so on, of the given DuckDB types."""
    arguments = csv_arguments(options, local)
    if options["PARSE_HEADER"]:
        arguments["skip"] = "1"
    arguments |= {
        "auto_detect": "false",
        "header": "false",
        "columns": "{" + ", ".join(f"'c{at}': {literal(kind)}" for at, kind in enumerate(types, 1)) + "}",
        "null_padding": str(not strict).lower(),
        "strict_mode": str(strict).lower(),
        "store_rejects": "true",
        "rejects_table": literal(REJECTS),
        "rejects_scan": literal(f"{REJECTS}_scan"),
        "rejects_limit": "0",
    }
    if not strict and _may_have_long_records(options, local):
        arguments["parallel"] = "false"  # else DuckDB refuses to fill up short records
    given = ", ".join(f"{name} = {value}" for name, value in arguments.items())
    return f"SELECT * FROM read_csv({literal(str(local))}, {given})"  # noqa: S608 # all quoted above


def _may_have_long_records(options: dict[str, Option], local: Path) -> bool:
    """Tell whether a record may go on over the end of a line: where there are quotes, or the file is packed."""
    quote = character(options["FIELD_OPTIONALLY_ENCLOSED_BY"]).encode()
    if compression(options, local) != "none":
        return True
    with local.open("rb") as file:
        return bool(quote) and any(quote in chunk for chunk in iter(lambda: file.read(1 << 20), b""))


def texts(options: dict[str, Option], local: Path, width: int) -> str:
    """Give the query over a file that yields its fields as texts, `width` of them, or its documents."""
    if options["TYPE"] == "CSV":
        return fields(options, local, ["VARCHAR"] * width, strict=False)
    return documents(options, local)


def header_of(cursor: duckdb.DuckDBPyConnection, options: dict[str, Option], local: Path) -> list[str]:
    """Give the names in the first line of a CSV file."""
    arguments = {**csv_arguments(options, local), "header": "true", "all_varchar": "true", "sample_size": "1"}
    given = ", ".join(f"{name} = {value}" for name, value in arguments.items())
    return columns_of(cursor, f"read_csv({literal(str(local))}, {given})")


def columns_of(cursor: duckdb.DuckDBPyConnection, reader: str) -> list[str]:
    """Give the names of the columns that a reader yields."""
    return [str(name) for name, *_ in cursor.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()]  # noqa: S608
