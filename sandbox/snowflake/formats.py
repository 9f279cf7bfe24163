"""File formats: Snowflake's options, checked and completed, and what they are in DuckDB's words."""

from __future__ import annotations

import re
from pathlib import Path

from sqlglot.dialects import Snowflake

from sandbox.snowflake.errors import SnowflakeError, invalid_property, invalid_value, unsupported
from sandbox.snowflake.names import literal
from sandbox.snowflake.statement import Option

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
    "RECORD_DELIMITER", "TIME_FORMAT", "BINARY_FORMAT", "ENCODING", "STRIP_NULL_VALUES", "MULTI_LINE",
}  # fmt: skip
"""Options that are read but whose effect the sandbox lacks: anything but the default is refused."""


def complete(options: dict[str, Option]) -> dict[str, Option]:
    """Check a format's options and fill in the defaults."""
    kind = str(options.get("TYPE", "CSV")).upper()
    if kind not in DEFAULTS:
        raise unsupported(f"file format TYPE = {kind}")
    for name, value in options.items():
        if name != "TYPE":
            _check(kind, name, value)
    if kind != "CSV" and {"DATE_FORMAT", "TIMESTAMP_FORMAT", "TRIM_SPACE"} & _changed(options, kind):
        raise unsupported("DATE_FORMAT, TIMESTAMP_FORMAT and TRIM_SPACE of anything but CSV")
    if options.get("PARSE_HEADER") is True and options.get("SKIP_HEADER"):
        raise SnowflakeError(
            1008, "22023", "SQL compilation error:\nPARSE_HEADER = TRUE and SKIP_HEADER > 0 cannot be set together."
        )
    return {"TYPE": kind, **DEFAULTS[kind], **{name: value for name, value in options.items() if name != "TYPE"}}


def _check(kind: str, name: str, value: Option) -> None:
    if name not in DEFAULTS[kind]:
        raise invalid_property(name, "FILE FORMAT")
    default = DEFAULTS[kind][name]
    if name in _FIXED and str(value).upper() not in {str(default).upper(), "\\N", "UTF-8"}:
        raise unsupported(f"file format option {name} = {value}")
    if type(value) is not type(default) and not (isinstance(default, list) and isinstance(value, str)):
        raise invalid_value(value, name)
    if name in {"DATE_FORMAT", "TIMESTAMP_FORMAT"} and str(value).upper() != "AUTO":
        _moment_format(str(value))


def csv_arguments(options: dict[str, Option], file: Path) -> dict[str, str]:
    """Give what DuckDB's CSV reader is to be told of a format, each as SQL."""
    nulls = options["NULL_IF"]
    texts = [str(null) for null in nulls] if isinstance(nulls, list) else [str(nulls)]
    # DuckDB can tell "" from an empty field only by never taking quoted texts for NULL: right where "" is no NULL and
    # the other texts are none that anyone quotes.
    unquoted_only = bool(options["EMPTY_FIELD_AS_NULL"]) and set(texts) <= {"\\N"}
    if options["EMPTY_FIELD_AS_NULL"]:
        texts.append("")
    told = {
        "skip": str(options["SKIP_HEADER"]),
        "delim": literal(character(options["FIELD_DELIMITER"])),
        "quote": literal(character(options["FIELD_OPTIONALLY_ENCLOSED_BY"])),
        "escape": literal(escape(options)),
        "nullstr": f"[{', '.join(literal(text) for text in texts or [_NO_NULL])}]",
        "allow_quoted_nulls": str(not unquoted_only).lower(),
        "compression": literal(compression(options, file)),
        "max_line_size": str(_LONGEST_LINE),
        "buffer_size": str(_LONGEST_LINE),  # DuckDB takes twice as much a thread by default
    }
    for name, theirs in (("DATE_FORMAT", "dateformat"), ("TIMESTAMP_FORMAT", "timestampformat")):
        if str(options[name]).upper() != "AUTO":
            told[theirs] = literal(_moment_format(str(options[name])))
    return told


def _moment_format(text: str) -> str:
    converted = Snowflake.format_time(f"'{text}'")
    told = "" if converted is None else converted.name
    for theirs, ours in (("%f_three", "%g"), ("%f_six", "%f"), ("%f_nine", "%n")):
        told = told.replace(theirs, ours)
    if "%" not in told or "%f_" in told:
        raise invalid_value(text, "FORMAT")
    return told


def _changed(options: dict[str, Option], kind: str) -> set[str]:
    return {name for name, value in options.items() if name != "TYPE" and value != DEFAULTS[kind].get(name)}


def character(value: Option) -> str:
    """Give the character that an option stands for, plain or in hexadecimal; NONE is the empty text."""
    text = str(value)
    if text.upper() == "NONE":
        return ""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{2}|\\x[0-9a-fA-F]{2}", text):
        return chr(int(text[-2:], base=16))
    return text


def escape(options: dict[str, Option]) -> str:
    """Give the character that escapes another in a quoted field."""
    return character(options["ESCAPE"]) or character(options["FIELD_OPTIONALLY_ENCLOSED_BY"])


def compression(options: dict[str, Option], file: Path) -> str:
    """Give DuckDB's name of a file's compression, told by the option or by the file's name."""
    said = str(options["COMPRESSION"]).upper()
    if said == "AUTO":
        return {".gz": "gzip", ".zst": "zstd"}.get(file.suffix.lower(), "none")
    known = {"GZIP": "gzip", "ZSTD": "zstd", "NONE": "none"}
    if said not in known:
        raise unsupported(f"file format option COMPRESSION = {said}")
    return known[said]
