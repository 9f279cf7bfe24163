"""File formats: Snowflake's options, and the DuckDB scan that reads a file as they say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sandbox.snowflake.errors import SnowflakeError, invalid_property, invalid_value, unsupported
from sandbox.snowflake.names import literal, quoted
from sandbox.snowflake.statement import Option

REJECTS = "_rejects"
"""The temporary table in which DuckDB notes the lines of a CSV file that it could not read."""

_NO_NULL = "\x01\x01"
"""Stands for NULL where no text does: DuckDB wants one."""

_LONGEST_LINE = 16 * 1024 * 1024
"""The longest line of a CSV file in bytes, as long as Snowflake's longest text."""

DEFAULTS: dict[str, dict[str, Option]] = {
    "CSV": {
        "RECORD_DELIMITER": "\n", "FIELD_DELIMITER": ",", "FILE_EXTENSION": "", "SKIP_HEADER": 0,
        "PARSE_HEADER": False, "DATE_FORMAT": "AUTO", "TIME_FORMAT": "AUTO", "TIMESTAMP_FORMAT": "AUTO",
        "BINARY_FORMAT": "HEX", "ESCAPE": "NONE", "ESCAPE_UNENCLOSED_FIELD": "\\", "TRIM_SPACE": False,
        "FIELD_OPTIONALLY_ENCLOSED_BY": "NONE", "NULL_IF": ["\\N"], "COMPRESSION": "AUTO",
        "ERROR_ON_COLUMN_COUNT_MISMATCH": True, "VALIDATE_UTF8": True, "SKIP_BLANK_LINES": False,
        "REPLACE_INVALID_CHARACTERS": False, "EMPTY_FIELD_AS_NULL": True, "SKIP_BYTE_ORDER_MARK": True,
        "ENCODING": "UTF8", "MULTI_LINE": True,
    },
    "JSON": {
        "FILE_EXTENSION": "", "DATE_FORMAT": "AUTO", "TIME_FORMAT": "AUTO", "TIMESTAMP_FORMAT": "AUTO",
        "BINARY_FORMAT": "HEX", "TRIM_SPACE": False, "NULL_IF": [], "COMPRESSION": "AUTO", "ENABLE_OCTAL": False,
        "ALLOW_DUPLICATE": False, "STRIP_OUTER_ARRAY": False, "STRIP_NULL_VALUES": False, "IGNORE_UTF8_ERRORS": False,
        "REPLACE_INVALID_CHARACTERS": False, "SKIP_BYTE_ORDER_MARK": True, "MULTI_LINE": True,
    },
    "PARQUET": {
        "TRIM_SPACE": False, "NULL_IF": [], "COMPRESSION": "AUTO", "BINARY_AS_TEXT": True,
        "REPLACE_INVALID_CHARACTERS": False, "USE_LOGICAL_TYPE": False, "USE_VECTORIZED_SCANNER": False,
    },
}  # fmt: skip
"""The kinds of file, each with its options and what they are when nobody sets them."""

_FIXED = {
    "RECORD_DELIMITER", "DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT", "BINARY_FORMAT", "ENCODING", "TRIM_SPACE",
    "PARSE_HEADER", "STRIP_NULL_VALUES", "MULTI_LINE",
}  # fmt: skip
"""Options that are read but whose effect the sandbox lacks: anything but the default is refused."""


@dataclass(frozen=True)
class Target:
    """A column that receives a file's values: its name and DuckDB's type."""

    name: str
    type: str


@dataclass(frozen=True)
class Scan:
    """A query that yields a file's rows in the order of the target columns."""

    sql: str
    notes_rejects: bool
    """Whether unreadable lines are left out and noted in `REJECTS`; else the query fails on the first."""


def complete(options: dict[str, Option]) -> dict[str, Option]:
    """Check a format's options and fill in the defaults."""
    kind = str(options.get("TYPE", "CSV")).upper()
    if kind not in DEFAULTS:
        raise unsupported(f"file format TYPE = {kind}")
    for name, value in options.items():
        if name == "TYPE":
            continue
        if name not in DEFAULTS[kind]:
            raise invalid_property(name, "FILE FORMAT")
        default = DEFAULTS[kind][name]
        if name in _FIXED and str(value).upper() not in {str(default).upper(), "\\N", "UTF-8"}:
            raise unsupported(f"file format option {name} = {value}")
        if type(value) is not type(default) and not (isinstance(default, list) and isinstance(value, str)):
            raise invalid_value(value, name)
    return {"TYPE": kind, **DEFAULTS[kind], **{name: value for name, value in options.items() if name != "TYPE"}}


def scan(
    cursor: duckdb.DuckDBPyConnection,
    options: dict[str, Option],
    file: Path,
    targets: Sequence[Target],
    *,
    by_name: bool,
) -> Scan:
    """Make the query that reads `file`; `by_name` matches columns by name instead of by place."""
    if options["TYPE"] == "CSV":
        if by_name:
            raise unsupported("MATCH_BY_COLUMN_NAME with CSV")
        return Scan(_csv(options, file, targets), notes_rejects=True)
    if options["TYPE"] == "JSON":
        return Scan(_json(cursor, options, file, targets, by_name=by_name), notes_rejects=False)
    return Scan(_parquet(cursor, file, targets, by_name=by_name), notes_rejects=False)


def _csv(options: dict[str, Option], file: Path, targets: Sequence[Target]) -> str:
    nulls = options["NULL_IF"]
    texts = [str(null) for null in nulls] if isinstance(nulls, list) else [str(nulls)]
    # DuckDB can tell "" from an empty field only by never taking quoted texts for NULL: right where "" is no NULL and
    # the other texts are none that anyone quotes.
    unquoted_only = bool(options["EMPTY_FIELD_AS_NULL"]) and set(texts) <= {"\\N"}
    if options["EMPTY_FIELD_AS_NULL"]:
        texts.append("")
    strict = bool(options["ERROR_ON_COLUMN_COUNT_MISMATCH"])
    # JSON is checked after the read, so that a malformed document is an error of its own
    kinds = {f"c{at}": "VARCHAR" if target.type == "JSON" else target.type for at, target in enumerate(targets)}
    arguments = {
        "auto_detect": "false",
        "header": "false",
        "skip": str(options["SKIP_HEADER"]),
        "delim": literal(_character(options["FIELD_DELIMITER"])),
        "quote": literal(_character(options["FIELD_OPTIONALLY_ENCLOSED_BY"])),
        "escape": literal(_escape(options)),
        "nullstr": f"[{', '.join(literal(text) for text in texts or [_NO_NULL])}]",
        "allow_quoted_nulls": str(not unquoted_only).lower(),
        "columns": "{" + ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in kinds.items()) + "}",
        "null_padding": str(not strict).lower(),
        "strict_mode": str(strict).lower(),
        "compression": literal(_compression(options, file)),
        "max_line_size": str(_LONGEST_LINE),
        "buffer_size": str(_LONGEST_LINE),  # DuckDB takes twice as much a thread by default
        "store_rejects": "true",
        "rejects_table": literal(REJECTS),
        "rejects_scan": literal(f"{REJECTS}_scan"),
        "rejects_limit": "0",
    }
    values = ", ".join(
        f"{name}::JSON" if target.type == "JSON" else name for name, target in zip(kinds, targets, strict=True)
    )
    given = ", ".join(f"{name} = {value}" for name, value in arguments.items())
    return f"SELECT {values} FROM read_csv({literal(str(file))}, {given})"  # noqa: S608 # all quoted above


def _json(
    cursor: duckdb.DuckDBPyConnection,
    options: dict[str, Option],
    file: Path,
    targets: Sequence[Target],
    *,
    by_name: bool,
) -> str:
    shape = "auto" if options["STRIP_OUTER_ARRAY"] else "unstructured"
    compression = literal(_compression(options, file))
    common = f"{literal(str(file))}, format = '{shape}', compression = {compression}"
    if by_name:
        return _matched(cursor, f"read_json({common})", targets)
    _one_variant(targets)
    return f"SELECT json FROM read_json_objects({common})"  # noqa: S608 # all quoted above


def _parquet(cursor: duckdb.DuckDBPyConnection, file: Path, targets: Sequence[Target], *, by_name: bool) -> str:
    reader = f"read_parquet({literal(str(file))})"
    if by_name:
        return _matched(cursor, reader, targets)
    _one_variant(targets)
    return f"SELECT to_json(row) FROM {reader} AS row"  # noqa: S608 # the reader is quoted


def _matched(cursor: duckdb.DuckDBPyConnection, reader: str, targets: Sequence[Target]) -> str:
    found = cursor.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()  # noqa: S608 # the reader is quoted
    names = {str(name).upper(): str(name) for name, *_ in found}
    values = [
        f"CAST({quoted(names[target.name.upper()])} AS {target.type})" if target.name.upper() in names else "NULL"
        for target in targets
    ]
    return f"SELECT {', '.join(values)} FROM {reader}"  # noqa: S608 # names are quoted


def _one_variant(targets: Sequence[Target]) -> None:
    if [target.type for target in targets] != ["JSON"]:
        raise SnowflakeError(
            2019,
            "0A000",
            "SQL compilation error:\nJSON file format can produce one and only one column of type variant, object, or "
            "array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with "
            "transformation.",
        )


def _character(value: Option) -> str:
    text = str(value)
    if text.upper() == "NONE":
        return ""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{2}|\\x[0-9a-fA-F]{2}", text):
        return chr(int(text[-2:], base=16))
    return text


def _escape(options: dict[str, Option]) -> str:
    return _character(options["ESCAPE"]) or _character(options["FIELD_OPTIONALLY_ENCLOSED_BY"])


def _compression(options: dict[str, Option], file: Path) -> str:
    said = str(options["COMPRESSION"]).upper()
    if said == "AUTO":
        return {".gz": "gzip", ".zst": "zstd"}.get(file.suffix.lower(), "none")
    known = {"GZIP": "gzip", "ZSTD": "zstd", "NONE": "none"}
    if said not in known:
        raise unsupported(f"file format option COMPRESSION = {said}")
    return known[said]
