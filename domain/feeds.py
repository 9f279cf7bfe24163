"""A feed: a kind of file that a partner sends, and the table that it is loaded into."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from domain.entry import AT_LEAST_ONE, Entry, EntryPoint, FeedName, SnowflakeName, matching
from domain.samples import SampleFile
from domain.unfinished import ENDINGS

FLOW = "flows/reconcile.py:reconcile"
"""The flow of a feed that names none: it compares what arrived with what was loaded."""

_COLUMN_TYPE = re.compile(
    r"(NUMBER(\((?P<precision>\d{1,2})(,(?P<scale>\d{1,2}))?\))?|VARCHAR(\((?P<length>\d{1,9})\))?"
    r"|FLOAT|BOOLEAN|DATE|TIME|TIMESTAMP_(NTZ|LTZ|TZ)|VARIANT)"
)
_HIGHEST_PRECISION = 38
_LONGEST_VARCHAR = 16_777_216
"""Snowflake's limits (SQL data types reference), in digits and in characters."""


def _known_type(text: str) -> str:
    found = _COLUMN_TYPE.fullmatch(text)
    if not found:
        raise ValueError(
            f"{text!r} is not allowed: one of NUMBER, NUMBER(38,0), VARCHAR, VARCHAR(100), FLOAT, BOOLEAN, DATE, TIME, "
            "TIMESTAMP_NTZ, TIMESTAMP_LTZ, TIMESTAMP_TZ, VARIANT"
        )
    precision, scale, length = (int(found[name] or 0) for name in ("precision", "scale", "length"))
    if found["precision"] and not (1 <= precision <= _HIGHEST_PRECISION and scale <= precision):
        raise ValueError(f"{text!r} is not allowed: 1 to {_HIGHEST_PRECISION} digits, of which the scale takes no more")
    if found["length"] and not 1 <= length <= _LONGEST_VARCHAR:
        raise ValueError(f"{text!r} is not allowed: 1 to {_LONGEST_VARCHAR} characters")
    return text


METADATA = {
    "LOADED_FILE": ("VARCHAR", "METADATA$FILENAME"),
    "LOADED_ROW": ("NUMBER(38,0)", "METADATA$FILE_ROW_NUMBER"),
    "LOADED_AT": ("TIMESTAMP_LTZ", "METADATA$START_SCAN_TIME"),
}
"""The columns that each feed's table ends with, which file, which row of it and when: type, and what Snowflake calls it
(user guide, "Querying metadata for staged files")."""

ColumnType = Annotated[str, AfterValidator(_known_type)]


class Column(Entry):
    """A column of a feed's table."""

    name: SnowflakeName
    type: ColumnType


def _fit_together(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    # Files of other formats than CSV are loaded by name whatever its case.
    counted = Counter(column.name.upper() for column in columns)
    if twins := [name for name, count in counted.items() if count > 1]:
        raise ValueError(f"names of columns must differ by more than their case, got twice: {', '.join(twins)}")
    if ours := [column.name for column in columns if column.name.upper() in METADATA]:
        raise ValueError(
            f"{ours[0]!r} is a column that every table gets, with where and when a row was loaded; name it otherwise "
            f"(the same holds for {', '.join(name for name in METADATA if name != ours[0].upper())})"
        )
    return columns


def _delimiter(text: str) -> str:
    if text in {'"', "\n", "\r"}:
        raise ValueError(f"{text!r} cannot part fields: it quotes them or ends a row; name another, such as ',' or ';'")
    return text


class Csv(Entry):
    """How a feed's CSV files are written."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_delimiter)] = ","
    header_rows: Annotated[int, Field(ge=0, le=100)] = 1
    null_texts: tuple[str, ...] = ("",)
    """Texts that stand for no value. An empty field is none either, but in a column of texts, where `""` says so."""


class Infer(Entry):
    """Where the columns of a feed come from, when its entry does not name them."""

    sample: SampleFile


Ending = Annotated[
    str,
    matching(r"\.[A-Za-z0-9._]{1,31}", "an ending begins with a dot, then 1 to 31 letters, digits, dots, underscores"),
]
"""The end of a file's name."""


class Feed(Entry):
    """A kind of file that a partner sends, and the table that it is loaded into."""

    name: FeedName
    format: Literal["csv", "json", "parquet"] = "csv"
    csv: Csv = Csv()
    columns: Annotated[tuple[Column, ...], AT_LEAST_ONE, AfterValidator(_fit_together)] = ()
    infer: Infer | None = None
    """For JSON and Parquet, instead of columns; they are then those of a sample file."""
    unfinished: tuple[Ending, ...] = ENDINGS
    """Endings that the partner's client gives to uploads on their way: such files are not loaded, and neither
    are those whose name begins with a dot."""
    drop: bool = False
    """Whether the table goes with the feed's entry. It is the `up` before the entry is removed that must have it."""
    flow: EntryPoint = FLOW
    runtime: str | None = None
    """Which of `landing:flows.runtimes` the flow runs in."""

    @model_validator(mode="after")
    def _with_columns(self) -> Self:
        if self.infer and self.columns and not self._inferred:
            raise ValueError("has columns and infer; leave one of them out")
        if self.infer:
            sample = self.infer.sample
            if sample.format != self.format:
                raise ValueError(
                    f"infer.sample: {sample.path!r} is a file in {sample.format}, and the feed's format is "
                    f"{self.format}; name columns, or a sample in the feed's format, json or parquet"
                )
            columns = _fit_together(tuple(Column(name=name, type=type_) for name, type_ in sample.columns))
            object.__setattr__(self, "columns", columns)
        elif not self.columns:
            raise ValueError("has no columns; name them, or for json and parquet give infer a sample file")
        return self

    @property
    def _inferred(self) -> bool:
        """Whether the columns are the sample's own: a feed that is checked again has both."""
        return bool(self.infer) and tuple((c.name, c.type) for c in self.columns) == self.infer.sample.columns

    def table_columns(self, earlier: Sequence[str] = ()) -> tuple[Column, ...]:
        """Give the columns of the feed's table: its own, then those of METADATA.

        `earlier` names the columns that the table has by now, in its order: Snowflake adds a new one at the end, so
        those keep their places.
        """
        wanted = {
            column.name: column
            for column in (*self.columns, *(Column(name=name, type=type_) for name, (type_, _) in METADATA.items()))
        }
        kept = [name for name in earlier if name in wanted]
        return tuple(wanted[name] for name in dict.fromkeys((*kept, *wanted)))
