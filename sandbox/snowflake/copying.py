"""The COPY INTO statement: what it says, read once, for a person's COPY and for a pipe's alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandbox.snowflake.errors import SnowflakeError, invalid_property, invalid_value, unsupported
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Stage
from sandbox.snowflake.statement import Option, StageReference, Statement, Value
from sandbox.snowflake.storage import Location

_OPTIONS = {
    "FILES", "PATTERN", "FILE_FORMAT", "ON_ERROR", "FORCE", "SIZE_LIMIT", "PURGE", "RETURN_FAILED_ONLY",
    "MATCH_BY_COLUMN_NAME", "ENFORCE_LENGTH", "TRUNCATECOLUMNS", "LOAD_UNCERTAIN_FILES", "VALIDATION_MODE",
}  # fmt: skip
_UNSUPPORTED = {"SIZE_LIMIT", "PURGE", "VALIDATION_MODE", "TRUNCATECOLUMNS", "RETURN_FAILED_ONLY"}
_BY_NAME = {"NONE", "CASE_SENSITIVE", "CASE_INSENSITIVE"}
_ON_ERROR = re.compile(r"CONTINUE|ABORT_STATEMENT|SKIP_FILE(_\d+%?)?")


@dataclass(frozen=True, kw_only=True)
class CopyCommand:
    """A COPY INTO, names still as typed."""

    table: tuple[str, ...]
    columns: tuple[str, ...] | None
    stage: StageReference
    files: tuple[str, ...] | None = None
    pattern: str | None = None
    file_format: dict[str, Option] = field(default_factory=dict[str, Option])
    on_error: str | None = None
    """None where the statement does not say: COPY then aborts, a pipe skips the file."""
    force: bool = False
    match_by_column_name: bool = False


def parse_copy(statement: Statement) -> CopyCommand:
    """Read a COPY INTO from its first word to its end."""
    statement.expect("COPY", "INTO")
    if statement.next_is("@"):
        raise unsupported("COPY INTO <location>")
    table = statement.identifiers()
    columns = statement.column_list() if statement.next_is("(") else None
    statement.expect("FROM")
    if statement.next_is("("):
        raise unsupported("COPY with a query over staged files")
    stage = statement.stage()
    options = statement.properties()
    statement.end()
    for name in options:
        if name not in _OPTIONS:
            raise invalid_property(name, "COPY")
        if name in _UNSUPPORTED and options[name]:
            raise unsupported(f"COPY option {name}")
    return CopyCommand(
        table=table,
        columns=columns,
        stage=stage,
        files=_files(options.get("FILES")),
        pattern=_pattern(options.get("PATTERN")),
        file_format=format_options(options.get("FILE_FORMAT", {})),
        on_error=_on_error(options.get("ON_ERROR")),
        force=options.get("FORCE") is True,
        match_by_column_name=_by_name(options.get("MATCH_BY_COLUMN_NAME", "NONE")),
    )


def format_options(value: Value) -> dict[str, Option]:
    """Read what FILE_FORMAT is set to: options, or the name of a file format as one word or text."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"FORMAT_NAME": value}
    raise invalid_value(value, "FILE_FORMAT")


def source(stage: Stage, path: str) -> Location:
    """Give the place that a path on an external stage stands for."""
    base = Location.parse(stage.url)
    if not path:
        return base
    glue = "" if not base.key or base.key.endswith("/") else "/"
    return Location(base.bucket, f"{base.key}{glue}{path}")


def join(folder: Location, file: str) -> Location:
    """Give the place of a file that FILES names, below the statement's own path."""
    glue = "" if not folder.key or folder.key.endswith("/") else "/"
    return Location(folder.bucket, f"{folder.key}{glue}{file}")


def chosen(command: CopyCommand, folder: Location, key: str) -> bool:
    """Tell whether the command takes the object `key` of the folder's bucket."""
    if not key.startswith(folder.key) or key.endswith("/"):
        return False
    if command.files is not None and key not in {join(folder, file).key for file in command.files}:
        return False
    relative = key.removeprefix(folder.key)
    return command.pattern is None or any(re.fullmatch(command.pattern, text) for text in (relative, key))


def table_name(command: CopyCommand, home: Name) -> Name:
    """Complete the table's name from the schema in which the statement stands."""
    return Name((*home.parts[: 3 - len(command.table)], *command.table))


def stage_name(command: CopyCommand, home: Name) -> Name:
    """Complete the stage's name from the schema in which the statement stands."""
    return Name((*home.parts[: 3 - len(command.stage.name)], *command.stage.name))


def _files(value: Value | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(str(name) for name in value)
    raise invalid_value(value, "FILES")


def _pattern(value: Value | None) -> str | None:
    if value is None:
        return None
    try:
        re.compile(str(value))
    except re.error as error:
        raise SnowflakeError(100048, "2201B", f"Invalid regular expression: '{value}', {error}") from error
    return str(value)


def _by_name(value: Value) -> bool:
    said = str(value).upper()
    if said not in _BY_NAME:
        raise invalid_value(value, "MATCH_BY_COLUMN_NAME")
    return said != "NONE"


def _on_error(value: Value | None) -> str | None:
    if value is None:
        return None
    said = str(value).upper()
    if not _ON_ERROR.fullmatch(said):
        raise invalid_value(value, "ON_ERROR")
    return said
