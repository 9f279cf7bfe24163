"""What arrived against what was loaded, file by file: counted, compared and told."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from domain.snowflake_sql import SchemaName, quote_identifier, quote_text

HISTORY_DAYS = 13
"""How far back, in days, loads are looked for; Snowflake's history ends after 14."""

_LONGEST_CSV_FIELD = 16 * 1024 * 1024  # Snowflake's own limit for a text, in bytes
_FILES_TO_NAME = 20


@dataclass(frozen=True, kw_only=True)
class ArrivedFile:
    """A file in the bucket."""

    url: str
    """`s3://<bucket>/<key>`."""
    arrived_at: dt.datetime
    size: int
    """In bytes, as stored."""
    rows: int | None
    """Its rows without the header; None where only the loader can count them."""


@dataclass(frozen=True, kw_only=True)
class LoadedFile:
    """A file as Snowflake's load history has it."""

    url: str
    status: str
    """In Snowflake's words: `Loaded`, `Partially loaded`, `Load failed`, `Load in progress`."""
    loaded_at: dt.datetime
    size: int
    """In bytes, as it was loaded."""
    rows: int
    rows_parsed: int
    rows_faulty: int = 0
    first_error: str = ""
    first_line: int | None = None
    """The line of the first fault, counted from 1 with the header; None where Snowflake does not say."""
    first_column: str = ""
    """Its column, in Snowflake's notation."""

    @property
    def why(self) -> str:
        """What was wrong with the file and where, in Snowflake's words; empty when nothing was."""
        if not self.first_error:
            return ""
        places = [
            f"line {self.first_line}" if self.first_line else "",
            self.first_column and f"column {self.first_column}",
        ]
        faulty = f"{self.rows_faulty:,} faulty, the first in " if self.rows_faulty > 1 else ""
        return f"{faulty}{', '.join(filter(None, places)) or 'the file'}: {self.first_error}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One file on both sides."""

    arrived: ArrivedFile
    loaded: LoadedFile | None

    @property
    def rows_expected(self) -> int | None:
        """How many rows must be in the table."""
        if self.arrived.rows is not None:
            return self.arrived.rows
        return self.loaded.rows_parsed if self.loaded else None

    @property
    def fault(self) -> str:
        """What is wrong, in words; empty when nothing is."""
        if self.loaded is None:
            return "not loaded"
        if self.loaded.rows == self.rows_expected and self.loaded.status == "Loaded":
            return ""
        why = f"; {self.loaded.why}" if self.loaded.why else ""
        return f"{self.loaded.status.lower()}, {self.loaded.rows:,} of {self.rows_expected:,} rows{why}"


@dataclass(frozen=True)
class Reconciliation:
    """All files on both sides."""

    files: tuple[Comparison, ...]

    @property
    def rows_arrived(self) -> int:
        """The rows of all files, as far as they are known."""
        return sum(each.rows_expected or 0 for each in self.files)

    @property
    def rows_loaded(self) -> int:
        """The rows that are in the table."""
        return sum(each.loaded.rows for each in self.files if each.loaded)

    @property
    def has_refused(self) -> bool:
        """Whether Snowflake found a fault in one of the files."""
        return any(each.fault and each.loaded and each.loaded.why for each in self.files)

    @property
    def faults(self) -> list[str]:
        """Each file that is not as it should be, with what is wrong."""
        return [f"{each.arrived.url}: {each.fault}" for each in self.files if each.fault]

    def summary(self) -> str:
        """Say all of it in a sentence, with the faulty files below it."""
        files = "1 file" if len(self.files) == 1 else f"{len(self.files)} files"
        if not self.faults:
            return f"{self.rows_loaded:,} rows of {files} arrived and are loaded"
        named = self.faults[:_FILES_TO_NAME]
        more = [f"and {len(self.faults) - len(named)} more"] * (len(self.faults) > len(named))
        differ = "differs" if len(self.faults) == 1 else "differ"
        head = f"{len(self.faults)} of {files} {differ}: {self.rows_loaded:,} of {self.rows_arrived:,} rows are loaded"
        return "\n".join([head, *named, *more])

    def markdown(self) -> str:
        """Give a table of all files."""
        lines = ["| file | arrived | rows in the file | rows loaded | state |", "| --- | --- | ---: | ---: | --- |"]
        for each in self.files:
            expected = "?" if each.rows_expected is None else f"{each.rows_expected:,}"
            loaded = f"{each.loaded.rows:,}" if each.loaded else "-"
            name = each.arrived.url.rpartition("/")[2].replace("|", "\\|")
            state = (each.fault or "loaded").replace("|", "\\|").replace("\n", " ")
            lines.append(
                f"| {name} | {each.arrived.arrived_at:%Y-%m-%d %H:%M:%S %Z} | {expected} | {loaded} | {state} |"
            )
        lines.append(f"| **total** | | **{self.rows_arrived:,}** | **{self.rows_loaded:,}** | |")
        return "\n".join(lines)


def count_csv_rows(lines: Iterable[str], *, delimiter: str = ",", header_rows: int = 1) -> int:
    """Count a CSV file's records without its header; a line break inside quotes does not end a record.

    `lines` keep their line ends. Raises csv.Error for a field of over 16 MiB.
    """
    csv.field_size_limit(_LONGEST_CSV_FIELD)
    records = (record for record in csv.reader(lines, delimiter=delimiter) if record)
    return sum(1 for _ in islice(records, header_rows, None))


def compare(arrived: Iterable[ArrivedFile], loaded: Iterable[LoadedFile]) -> Reconciliation:
    """Put each file that arrived beside its last load.

    A load from before the arrival counts when the file had the same size then: Snowflake does not load again what a
    partner sends again unchanged.
    """
    last: dict[str, LoadedFile] = {}
    for load in sorted(loaded, key=lambda each: each.loaded_at):
        last[load.url] = load

    def load_of(file: ArrivedFile) -> LoadedFile | None:
        load = last.get(file.url)
        if load is None or load.status == "Load in progress":
            return None
        return load if load.loaded_at >= file.arrived_at or load.size == file.size else None

    return Reconciliation(tuple(Comparison(arrived=file, loaded=load_of(file)) for file in arrived))


def all_settled(reconciliation: Reconciliation) -> bool:
    """Say whether Snowflake is done with each file, well or not: waiting longer changes nothing then."""
    return all(each.loaded for each in reconciliation.files)


def render_copy_history(home: SchemaName, table: str) -> str:
    """Write the query for the loads into a table."""
    return (
        "SELECT FILE_NAME, STAGE_LOCATION, STATUS, LAST_LOAD_TIME, FILE_SIZE, ROW_COUNT, ROW_PARSED, ERROR_COUNT, "  # noqa: S608  # quoted
        "FIRST_ERROR_MESSAGE, FIRST_ERROR_LINE_NUMBER, FIRST_ERROR_COLUMN_NAME "
        f"FROM TABLE({quote_identifier(home.database)}.INFORMATION_SCHEMA.COPY_HISTORY("
        f"TABLE_NAME => {quote_text(home.object(table))}, "
        f"START_TIME => DATEADD(DAY, -{HISTORY_DAYS}, CURRENT_TIMESTAMP())))"
    )


def advice(home: SchemaName, pipe: str, file_format: str) -> str:
    """Say what to do about files in which Snowflake found a fault.

    VALIDATE_PIPE_LOAD knows each of their faults, with line, column and row, but not those of a COPY from a query, as
    that of CSV files is.
    """
    what = "The load went on without them. Have them sent again, mended."
    if file_format == "csv":
        return what
    return f"{what} All their faults: {render_pipe_faults(home, pipe)}"


def render_pipe_faults(home: SchemaName, pipe: str) -> str:
    """Write the query for every fault that a pipe found in the last day."""
    return (
        f"SELECT * FROM TABLE({quote_identifier(home.database)}.INFORMATION_SCHEMA.VALIDATE_PIPE_LOAD("  # noqa: S608  # quoted
        f"PIPE_NAME => {quote_text(home.object(pipe))}, START_TIME => DATEADD(DAY, -1, CURRENT_TIMESTAMP())))"
    )


def parse_copy_history(rows: Sequence[Mapping[str, object]]) -> list[LoadedFile]:
    """Read the rows that `render_copy_history` gives, by their lower-case column names."""
    return [
        LoadedFile(
            url=f"{str(row['stage_location']).rstrip('/')}/{str(row['file_name']).lstrip('/')}",
            status=str(row["status"]),
            loaded_at=_aware(row["last_load_time"]),
            size=int(str(row["file_size"] or 0)),
            rows=int(str(row["row_count"] or 0)),
            rows_parsed=int(str(row["row_parsed"] or 0)),
            rows_faulty=int(str(row["error_count"] or 0)),
            first_error=str(row["first_error_message"] or ""),
            first_line=int(str(row["first_error_line_number"] or 0)) or None,
            first_column=str(row["first_error_column_name"] or ""),
        )
        for row in rows
    ]


def _aware(moment: object) -> dt.datetime:
    if not isinstance(moment, dt.datetime):
        raise TypeError(f"LAST_LOAD_TIME is {moment!r}, not a time")
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
