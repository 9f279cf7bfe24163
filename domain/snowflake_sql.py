"""Snowflake statements as text. Quoting happens here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from domain.feeds import Feed

_LONGEST_IDENTIFIER = 255


def quote_identifier(name: str) -> str:
    """Quote one identifier, kept exactly as written.

    Raises ValueError for a name that Snowflake cannot hold: empty, over 255 characters, or with a NUL character.
    """
    if not name or len(name) > _LONGEST_IDENTIFIER or "\0" in name:
        raise ValueError(f"{name[:40]!r} is not a Snowflake identifier: 1 to {_LONGEST_IDENTIFIER} characters, no NUL")
    return '"' + name.replace('"', '""') + '"'


def qualified(*names: str) -> str:
    """Quote and join the parts of an object's full name: database, schema, object."""
    return ".".join(quote_identifier(name) for name in names)


def quote_text(text: str) -> str:
    r"""Quote a string constant. Snowflake reads backslash escapes inside, so a backslash is doubled as well."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True, kw_only=True)
class SchemaName:
    """A schema in a database."""

    database: str
    schema: str

    def object(self, name: str) -> str:
        """Give the full quoted name of an object in the schema."""
        return qualified(self.database, self.schema, name)


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
    by_name = "" if feed.format == "csv" else " MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
    return (
        f"COPY INTO {home.object(table)} FROM @{home.object(stage)}/{path} "
        f"PATTERN = '.*[^/]' FILE_FORMAT = {file_format(feed)}{by_name}"
    )
