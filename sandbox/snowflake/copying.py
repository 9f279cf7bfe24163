"""The COPY INTO statement: what it says, read once, for a person's COPY and for a pipe's alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import Expr

from sandbox.snowflake.errors import SnowflakeError, invalid_property, invalid_value, unsupported
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Stage
from sandbox.snowflake.projection import METADATA, parse_expressions
from sandbox.snowflake.reading import ByName
from sandbox.snowflake.stage_reference import StageReference
from sandbox.snowflake.statement import Option, Statement, Value
from sandbox.snowflake.storage import Location

_OPTIONS = {
    "FILES", "PATTERN", "FILE_FORMAT", "ON_ERROR", "FORCE", "SIZE_LIMIT", "PURGE", "RETURN_FAILED_ONLY",
    "MATCH_BY_COLUMN_NAME", "INCLUDE_METADATA", "ENFORCE_LENGTH", "TRUNCATECOLUMNS", "LOAD_UNCERTAIN_FILES",
    "VALIDATION_MODE",
}  # fmt: skip
_UNSUPPORTED = {"PURGE", "TRUNCATECOLUMNS"}
_BY_NAME: dict[str, ByName | None] = {
    "NONE": None,
    "CASE_SENSITIVE": "CASE_SENSITIVE",
    "CASE_INSENSITIVE": "CASE_INSENSITIVE",
}
_CLAUSES = ("WHERE", "LIMIT", "ORDER", "GROUP", "JOIN")
"""What a query over staged files may have elsewhere, but not in a COPY."""
_ON_ERROR = re.compile(r"CONTINUE|ABORT_STATEMENT|SKIP_FILE(_\d+%?)?")
_VALIDATION = re.compile(r"RETURN_[1-9]\d*_ROWS|RETURN_ERRORS|RETURN_ALL_ERRORS")


@dataclass(frozen=True, kw_only=True)
class CopyCommand:
    """A COPY INTO, names still as typed."""

    table: tuple[str, ...]
    columns: tuple[str, ...] | None
    stage: StageReference
    expressions: tuple[Expr, ...] | None = None
    """The columns of the query over the files; None where there is none."""
    files: tuple[str, ...] | None = None
    pattern: str | None = None
    file_format: dict[str, Option] = field(default_factory=dict[str, Option])
    on_error: str | None = None
    """None where the statement does not say: COPY then aborts, a pipe skips the file."""
    force: bool = False
    size_limit: int | None = None
    """After how many bytes of files no further one is begun."""
    return_failed_only: bool = False
    match_by_column_name: ByName | None = None
    include_metadata: dict[str, str] = field(default_factory=dict[str, str])
    """The columns that receive metadata, where columns are matched by name."""
    validation_mode: str | None = None


def parse_copy(statement: Statement) -> CopyCommand:
    """Read a COPY INTO from its first word to its end."""
    statement.expect("COPY", "INTO")
    if statement.next_is("@"):
        raise unsupported("COPY INTO <location>")
    table = statement.identifiers()
    columns = statement.column_list() if statement.next_is("(") else None
    statement.expect("FROM")
    place = statement.peek()
    if place is not None and place.is_text and "://" in place.text:
        raise unsupported("COPY from a URL instead of a stage")
    expressions, stage = _query(statement) if statement.next_is("(") else (None, statement.stage())
    options = statement.properties()
    statement.end()
    for name in options:
        if name not in _OPTIONS:
            raise invalid_property(name, "COPY")
        if name in _UNSUPPORTED and options[name]:
            raise unsupported(f"COPY option {name}")
    command = CopyCommand(
        table=table,
        columns=columns,
        stage=stage,
        expressions=expressions,
        files=_files(options.get("FILES")),
        pattern=_pattern(options.get("PATTERN")),
        file_format=format_options(options.get("FILE_FORMAT", {})),
        on_error=_matching(options.get("ON_ERROR"), "ON_ERROR", _ON_ERROR),
        force=options.get("FORCE") is True,
        size_limit=_size(options.get("SIZE_LIMIT")),
        return_failed_only=options.get("RETURN_FAILED_ONLY") is True,
        match_by_column_name=_by_name(options.get("MATCH_BY_COLUMN_NAME", "NONE")),
        include_metadata=_metadata(options.get("INCLUDE_METADATA", {})),
        validation_mode=_matching(options.get("VALIDATION_MODE"), "VALIDATION_MODE", _VALIDATION),
    )
    _refuse_combinations(command)
    return command


def _query(statement: Statement) -> tuple[tuple[Expr, ...], StageReference]:
    """Read `(SELECT columns FROM @stage [alias])`."""
    statement.expect("(", "SELECT")
    expressions = parse_expressions(statement.text_before("FROM"))
    statement.expect("FROM")
    stage = statement.stage()
    if not any(statement.next_is(word) for word in (")", *_CLAUSES)):
        statement.accept("AS")
        statement.identifier()
    statement.expect(")")
    return expressions, stage


def _refuse_combinations(command: CopyCommand) -> None:
    by_name = command.match_by_column_name is not None
    if command.validation_mode and (command.expressions is not None or by_name):
        raise SnowflakeError(
            2300,
            "0A000",
            "SQL compilation error:\nVALIDATION_MODE is not supported in a COPY statement that transforms data or that "
            "has MATCH_BY_COLUMN_NAME.",
        )
    if by_name and (command.expressions is not None or command.columns is not None):
        raise SnowflakeError(
            2300,
            "0A000",
            "SQL compilation error:\nMATCH_BY_COLUMN_NAME cannot be used with a list of columns or a query.",
        )
    if command.include_metadata and not by_name:
        raise SnowflakeError(
            2300, "0A000", "SQL compilation error:\nINCLUDE_METADATA can only be used with MATCH_BY_COLUMN_NAME."
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


@dataclass(frozen=True)
class Selection:
    """Which objects below a stage's path a statement takes."""

    folder: Location
    files: tuple[str, ...] | None = None
    pattern: str | None = None
    placeholders: bool = False
    """Whether objects that stand for folders count, as they do for LIST alone."""

    def __post_init__(self) -> None:
        """Refuse a pattern that is no regular expression."""
        _pattern(self.pattern)

    def takes(self, key: str) -> bool:
        """Tell whether the object `key` of the folder's bucket is taken."""
        if not key.startswith(self.folder.key) or (key.endswith("/") and not self.placeholders):
            return False
        if self.files is not None and key not in {join(self.folder, file).key for file in self.files}:
            return False
        relative = key.removeprefix(self.folder.key)
        return self.pattern is None or any(re.fullmatch(self.pattern, text) for text in (relative, key))


def chosen(command: CopyCommand, folder: Location, key: str) -> bool:
    """Tell whether the command takes the object `key` of the folder's bucket."""
    return Selection(folder, command.files, command.pattern).takes(key)


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


def _size(value: Value | None) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise invalid_value(value, "SIZE_LIMIT")
    return value or None


def _by_name(value: Value) -> ByName | None:
    said = str(value).upper()
    if said not in _BY_NAME:
        raise invalid_value(value, "MATCH_BY_COLUMN_NAME")
    return _BY_NAME[said]


def _metadata(value: Value) -> dict[str, str]:
    if not isinstance(value, dict):
        raise invalid_value(value, "INCLUDE_METADATA")
    for source in value.values():
        if str(source).upper() not in METADATA:
            raise invalid_value(source, "INCLUDE_METADATA")
    return {column: str(source).upper() for column, source in value.items()}


def _matching(value: Value | None, name: str, allowed: re.Pattern[str]) -> str | None:
    if value is None:
        return None
    said = str(value).upper()
    if not allowed.fullmatch(said):
        raise invalid_value(value, name)
    return said
