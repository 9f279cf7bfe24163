"""The COPY that a feed's pipe runs: which files, how they are read, and which column gets what."""

from __future__ import annotations

from domain.feeds import METADATA, Column, Feed
from domain.snowflake_sql import SchemaName, quote_identifier, quote_text
from domain.unfinished import finished_names

_ROW = "LOADED_ROW"


def file_format(feed: Feed) -> str:
    """Write the file format of a feed, inside a COPY or a CREATE PIPE."""
    match feed.format:
        case "csv":
            # Nothing is NULL here but a field that is not there, which `_row_number` looks for.
            return (
                f"(TYPE = CSV FIELD_DELIMITER = {quote_text(feed.csv.delimiter)} SKIP_HEADER = {feed.csv.header_rows} "
                "FIELD_OPTIONALLY_ENCLOSED_BY = '\"' SKIP_BLANK_LINES = TRUE EMPTY_FIELD_AS_NULL = FALSE NULL_IF = ())"
            )
        case "json":
            return "(TYPE = JSON STRIP_OUTER_ARRAY = TRUE)"
        case "parquet":
            # Without it, Snowflake takes timestamps for the numbers that they are stored as.
            return "(TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)"


def copy_statement(home: SchemaName, *, table: str, stage: str, path: str, feed: Feed) -> str:
    """Write the COPY that a feed's pipe runs: from the feed's own folder of the stage into its table.

    `path` is relative to the stage and ends with a slash, without which a neighbour's folder would match as well; it is
    empty where the whole stage is the feed's. Which objects there are files, and whole, `finished_names` tells.
    """
    if path and not path.endswith("/"):
        raise ValueError(f"{path!r} must end with a slash")
    source = f"@{home.object(stage)}/{path}"
    files = f"PATTERN = {quote_text(finished_names(feed.unfinished))} FILE_FORMAT = {file_format(feed)}"
    into = f"COPY INTO {home.object(table)}"
    if feed.format == "csv":
        # By place, as the fields of a CSV file have no names that one could rely on.
        columns = ", ".join(quote_identifier(name) for name in (*(each.name for each in feed.columns), *METADATA))
        fields = [_field(place, column, feed.csv.null_texts) for place, column in enumerate(feed.columns, start=1)]
        known = {**{name: value for name, (_, value) in METADATA.items()}, _ROW: _row_number(len(feed.columns))}
        values = ", ".join((*fields, *known.values()))
        return f"{into} ({columns}) FROM (SELECT {values} FROM {source}) {files}"  # noqa: S608  # quoted
    metadata = ", ".join(f"{name} = {metadata}" for name, (_, metadata) in METADATA.items())
    return f"{into} FROM {source} {files} MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE INCLUDE_METADATA = ({metadata})"


def _field(place: int, column: Column, null_texts: tuple[str, ...]) -> str:
    """Write what a column gets: its field, or NULL for a text that stands for no value.

    An empty field is no value of any type but a text.
    """
    value = f"${place}"
    is_text = column.type.startswith("VARCHAR")
    for text in null_texts if is_text or "" in null_texts else (*null_texts, ""):
        value = f"NULLIF({value}, {quote_text(text)})"
    return f"PARSE_JSON({value})" if column.type == "VARIANT" else value


def _row_number(width: int) -> str:
    """Write what gives a row's number, and fails the row that has not `width` fields.

    A COPY from a query takes rows of any length, ERROR_ON_COLUMN_COUNT_MISMATCH is ignored there, and a field that is
    not there is NULL (Snowflake's reference of COPY INTO <table>): a row that was cut off would load as if its last
    values were unknown. The text that is no number is what the load history then says.
    """
    said = quote_text(f"a row of more or fewer than {width} fields, which begins with ")
    wrong = f"${width} IS NULL OR ${width + 1} IS NOT NULL"
    return f"IFF({wrong}, TO_NUMBER({said} || $1), METADATA$FILE_ROW_NUMBER)"
