"""What is wrong with a line of a file, in Snowflake's words, numbers and categories."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.snowflake.names import Name, quoted

MAX_FAULTS = 1000
"""How many faults of one file are told one by one; all are counted."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with a file, as COPY, VALIDATE and the load history tell it."""

    message: str
    number: int = 100132
    sql_state: str = "P0000"
    category: str = "parsing"
    line: int | None = None
    character: int | None = None
    byte_offset: int | None = None
    column: str | None = None
    row: int | None = None
    """Which record of the file it is, counted from 1."""
    record: str | None = None
    """The record as it is in the file."""


@dataclass(frozen=True)
class Target:
    """A column that receives a file's values: its name, DuckDB's type, and whether it takes NULL."""

    name: str
    type: str
    nullable: bool = True


_CONVERSIONS: dict[str, tuple[str, int, str]] = {
    "DATE": ("Date", 100040, "22007"),
    "TIMESTAMP": ("Timestamp", 100035, "22007"),
    "TIME": ("Time", 100108, "22007"),
    "BOOLEAN": ("Boolean value", 100037, "22018"),
}
_NUMERIC = ("Numeric value", 100038, "22018")
_CASTS = {"BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIME": "TIME", "DOUBLE": "REAL", "VARCHAR": "TEXT"}


def column_label(table: Name, target: Target, place: int) -> str:
    """Name a column as faults name it: `"TABLE"["COLUMN":1]`."""
    return f"{quoted(table.own)}[{quoted(target.name)}:{place}]"


def not_recognized(value: str, kind: str) -> Fault:
    """Tell of a text that is none of its column's type, DuckDB's name of which is `kind`."""
    if kind == "JSON":
        return Fault(message=f"Error parsing JSON: {value}", number=100069, sql_state="22P02", category="conversion")
    # the longer names first: TIMESTAMP before TIME
    known = sorted(_CONVERSIONS, key=len, reverse=True)
    what, number, state = next((_CONVERSIONS[start] for start in known if kind.startswith(start)), _NUMERIC)
    return Fault(message=f"{what} '{value}' is not recognized", number=number, sql_state=state, category="conversion")


def variant_not_cast(value: str, kind: str) -> Fault:
    """Tell of a document's value that cannot become its column's type."""
    name = "TIMESTAMP_NTZ" if kind.startswith("TIMESTAMP") else _CASTS.get(kind, "FIXED")
    return Fault(
        message=f"Failed to cast variant value {value} to {name}",
        number=100071,
        sql_state="22000",
        category="conversion",
    )


def null_refused() -> Fault:
    """Tell of a NULL for a column that takes none."""
    return Fault(
        message="NULL result in a non-nullable column", number=100072, sql_state="22000", category="conversion"
    )


def fields_miscounted(found: int, expected: int) -> Fault:
    """Tell of a line with more or fewer fields than there are columns."""
    return Fault(
        message=f"Number of columns in file ({found}) does not match that of the corresponding table ({expected}), "
        "use file format option error_on_column_count_mismatch=false to ignore this error",
        number=100080,
        sql_state="22000",
    )


def unreadable(message: str, path: str) -> Fault:
    """Tell of a file that cannot be read as a whole; `path` is the sandbox's own and is not told."""
    told = message.splitlines()[0].replace(f'"{path}"', "the file").replace(path, "the file")
    told = re.sub(r"^[A-Z]\w+(?: \w+)? Error: ", "", told)
    malformed = re.search(r"Malformed JSON in .*?, at byte (\d+) in (?:record/value|line) (\d+): (.*)", told)
    if malformed is None:
        return Fault(message=told, number=100132, sql_state="P0000")
    return Fault(
        message=f"Error parsing JSON: {malformed[3].partition('.  ')[0].strip().rstrip('.')}",
        number=100069,
        sql_state="22P02",
        line=int(malformed[2]),
        character=int(malformed[1]),
        row=int(malformed[2]),
    )
