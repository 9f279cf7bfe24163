"""The COPY that a feed's pipe runs: which files, how they are read, and which column gets what."""

from __future__ import annotations

from domain.feeds import METADATA, Feed
from domain.snowflake_sql import SchemaName, quote_identifier, quote_text


def file_format(feed: Feed) -> str:
    """Write the file format of a feed, inside a COPY or a CREATE PIPE."""
    match feed.format:
        case "csv":
            nulls = ", ".join(quote_text(text) for text in feed.csv.null_texts)
            return (
                f"(TYPE = CSV FIELD_DELIMITER = {quote_text(feed.csv.delimiter)} SKIP_HEADER = {feed.csv.header_rows} "
                f"FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = ({nulls}))"
            )
        case "json":
            return "(TYPE = JSON STRIP_OUTER_ARRAY = TRUE)"
        case "parquet":
            return "(TYPE = PARQUET)"


def copy_statement(home: SchemaName, *, table: str, stage: str, path: str, feed: Feed) -> str:
    """Write the COPY that a feed's pipe runs: from the feed's own folder of the stage into its table.

    `path` is relative to the stage and ends with a slash, without which a neighbour's folder would match as well; it is
    empty where the whole stage is the feed's. Objects that stand for a folder, as SFTP's `mkdir` makes them, have a key
    that ends with a slash and are no files.
    """
    if path and not path.endswith("/"):
        raise ValueError(f"{path!r} must end with a slash")
    source = f"@{home.object(stage)}/{path}"
    files = f"PATTERN = '.*[^/]' FILE_FORMAT = {file_format(feed)}"
    into = f"COPY INTO {home.object(table)}"
    if feed.format == "csv":
        # By place, as the fields of a CSV file have no names that one could rely on.
        columns = ", ".join(quote_identifier(name) for name in (*(each.name for each in feed.columns), *METADATA))
        places = [f"${place}" for place, _ in enumerate(feed.columns, start=1)]
        values = ", ".join((*places, *(metadata for _, metadata in METADATA.values())))
        return f"{into} ({columns}) FROM (SELECT {values} FROM {source}) {files}"  # noqa: S608  # quoted
    metadata = ", ".join(f"{name} = {metadata}" for name, (_, metadata) in METADATA.items())
    return f"{into} FROM {source} {files} MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE INCLUDE_METADATA = ({metadata})"
