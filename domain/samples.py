"""The columns of a feed from a sample of what its partner sends: read where the program runs, without any network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, cast

from pydantic import BeforeValidator, ValidationInfo

_LARGEST_BYTES = 16 * 1024 * 1024
_PARQUET_MARK = b"PAR1"
_NUMBER = "NUMBER(38,0)"


@dataclass(frozen=True)
class Sample:
    """A sample file: its format, and the name and type of each column in it."""

    path: str
    format: Literal["json", "parquet"]
    columns: tuple[tuple[str, str], ...]
    """Names in upper case, as Snowflake finds them whatever their case in a file."""


def read_sample(given: object, info: ValidationInfo) -> object:
    """Read a sample file below the folder of the configuration.

    Raises ValueError that says what is wrong with the file.
    """
    if isinstance(given, Sample):
        return given
    if not isinstance(given, str) or not given:
        raise ValueError(f"{given!r} is not a path; give that of a sample file beside the program")
    file = (cast("Path | None", info.context) or Path()) / given
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise ValueError(f"{given!r} is over {_LARGEST_BYTES // 1024**2} MiB; cut a smaller sample from it")
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"{given!r} cannot be read ({error.strerror}); put a sample file there") from None
    if content.startswith(_PARQUET_MARK):
        return Sample(given, "parquet", tuple(_parquet_columns(file, given)))
    return Sample(given, "json", tuple(_json_columns(content, given)))


SampleFile = Annotated[Sample, BeforeValidator(read_sample)]


def _json_columns(content: bytes, given: str) -> Iterable[tuple[str, str]]:
    types: dict[str, set[str]] = {}
    for record in _records(content, given):
        for name, value in record.items():
            types.setdefault(name.upper(), set()).update(_type_of(value))
    if not types:
        raise ValueError(f"{given!r} holds no record with a field; put one there, or name the columns")
    return [(name, _common(kinds)) for name, kinds in types.items()]


def _records(content: bytes, given: str) -> list[Mapping[str, object]]:
    """Read an array of objects, one object, or objects in lines of their own."""
    try:
        text = content.decode()
        try:
            read = cast("object", json.loads(text))
        except json.JSONDecodeError:
            read = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise ValueError(f"{given!r} is neither Parquet nor JSON ({error}); put a sample of the feed there") from None
    records = cast("list[object]", read) if isinstance(read, list) else [read]
    if not all(isinstance(record, dict) for record in records):
        raise ValueError(f"{given!r} holds values that are no objects: their fields are what columns are made of")
    return cast("list[Mapping[str, object]]", records)


def _type_of(value: object) -> set[str]:
    if value is None:
        return set()
    known = {"bool": "BOOLEAN", "int": _NUMBER, "float": "FLOAT", "str": "VARCHAR"}
    return {known.get(type(value).__name__, "VARIANT")}


def _common(kinds: set[str]) -> str:
    if not kinds:
        return "VARCHAR"
    if kinds == {_NUMBER, "FLOAT"}:
        return "FLOAT"
    return next(iter(kinds)) if len(kinds) == 1 else "VARIANT"


def _parquet_columns(file: Path, given: str) -> Iterable[tuple[str, str]]:
    try:
        from pyarrow import parquet  # noqa: PLC0415  # only for who has a sample in Parquet
    except ImportError:
        raise ValueError(f"{given!r} is Parquet, which is read by pyarrow; install it, or name the columns") from None
    try:
        fields = cast("Iterable[_Field]", cast("Any", parquet).read_schema(file))
    except (ValueError, OSError) as error:
        raise ValueError(f"{given!r} is not a whole Parquet file ({error}); put a sample of the feed there") from None
    return [(field.name.upper(), _parquet_type(field, given)) for field in fields]


class _Field(Protocol):
    """A field of an Arrow schema."""

    name: str
    type: object


_ARROW = {
    r"u?int\d+": _NUMBER,
    r"decimal\d+\((?P<precision>\d+), (?P<scale>\d+)\)": "NUMBER",
    r"halffloat|float|double": "FLOAT",
    r"bool": "BOOLEAN",
    r"date\d+\[\w+\]": "DATE",
    r"time\d+\[\w+\]": "TIME",
    r"timestamp\[\w+\]": "TIMESTAMP_NTZ",
    r"timestamp\[\w+, tz=.*\]": "TIMESTAMP_LTZ",
    r"(large_)?string": "VARCHAR",
    r"((large_)?list|struct|map)<.*>": "VARIANT",
}
"""Arrow's names of types, and what Snowflake's INFER_SCHEMA makes of the Parquet types behind them."""


def _parquet_type(field: _Field, given: str) -> str:
    text = str(field.type)
    for pattern, ours in _ARROW.items():
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return f"NUMBER({found['precision']},{found['scale']})" if "precision" in found.groupdict() else ours
    raise ValueError(
        f"{given!r} has a column {field.name!r} of type {text}, for which there is none here; name the columns"
    )
