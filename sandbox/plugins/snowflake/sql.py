"""Names, texts and clauses as the official plug-in writes them in Snowflake's SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.plugins.compare import same
from sandbox.plugins.wire import Properties, Value

_LONGEST_TEXT = frozenset({"16777216", "134217728"})
"""Lengths that Snowflake shows for text of no stated length."""
_SYNONYMS = {
    **dict.fromkeys(("DECIMAL", "NUMERIC", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"), "NUMBER"),
    **dict.fromkeys(("STRING", "TEXT", "CHAR VARYING", "NVARCHAR"), "VARCHAR"),
    **dict.fromkeys(("DOUBLE", "DOUBLE PRECISION", "REAL", "FLOAT4", "FLOAT8"), "FLOAT"),
    "DATETIME": "TIMESTAMP_NTZ",
    "VARBINARY": "BINARY",
}
_IMPLIED = {"NUMBER": "38,0", "TIMESTAMP_NTZ": "9", "TIMESTAMP_LTZ": "9", "TIMESTAMP_TZ": "9", "TIME": "9"}


def quoted(*names: str) -> str:
    """Give a qualified name, each part in double quotes."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def unquoted(name: str) -> tuple[str, ...]:
    """Give the parts of a qualified name; a part without quotes is taken as it stands."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^".]+)', name)
    return tuple(inner.replace('""', '"') if inner else bare for inner, bare in parts)


def same_name(one: Value, other: Value) -> bool:
    """Compare two names, of which one may be qualified and quoted and the other plain."""
    if isinstance(one, str) and isinstance(other, str):
        return unquoted(one)[-1:] == unquoted(other)[-1:]
    return same(one, other)


def text(value: str) -> str:
    """Give a text in single quotes."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def texts(values: Iterable[str]) -> str:
    """Give a list of texts in parentheses."""
    return f"({', '.join(text(value) for value in values)})"


def comment(inputs: Properties) -> str:
    """Give the clause for an object's comment, if it has one."""
    return f" COMMENT = {text(inputs['comment'])}" if inputs.get("comment") else ""


def canonical_type(name: str) -> str:
    """Give the one name of a data type that all its spellings share; `INT` is `NUMBER(38,0)`."""
    match = re.fullmatch(r"\s*([A-Za-z_0-9 ]+?)\s*(?:\(([^)]*)\))?\s*", name)
    if match is None:
        return name.strip().upper()
    base = " ".join(match[1].upper().split())
    base = _SYNONYMS.get(base, base)
    arguments = (match[2] or "").replace(" ", "")
    if base == "NUMBER" and arguments and "," not in arguments:
        arguments += ",0"
    if base in ("VARCHAR", "BINARY") and arguments in (*_LONGEST_TEXT, "8388608"):
        arguments = ""
    arguments = arguments or _IMPLIED.get(base, "")
    return f"{base}({arguments})" if arguments else base
