"""Snowflake statements as text. Quoting happens here and nowhere else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

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


def describe_integration(name: str) -> str:
    """Write the statement that tells an integration's IAM user and external id."""
    return f"DESCRIBE STORAGE INTEGRATION {quote_identifier(name)}"


def validate_integration(name: str, location: str) -> str:
    """Write the statement by which Snowflake itself tries to list `location` (`s3://...`, closing slash)."""
    arguments = ", ".join(quote_text(text) for text in (name, location, "landing-zone", "list"))
    return f"SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION({arguments})"


@dataclass(frozen=True, kw_only=True)
class IntegrationIdentity:
    """Who Snowflake is when it comes for an integration's objects."""

    iam_user_arn: str
    external_id: str
    role_arn: str


def parse_description(rows: list[dict[str, object]]) -> IntegrationIdentity:
    """Read the reply to `describe_integration`.

    Raises ValueError that names the properties that are not in the reply.
    """
    properties = {str(row.get("property")): str(row.get("property_value") or "") for row in rows}
    wanted = ("STORAGE_AWS_IAM_USER_ARN", "STORAGE_AWS_EXTERNAL_ID", "STORAGE_AWS_ROLE_ARN")
    if missing := [name for name in wanted if not properties.get(name)]:
        raise ValueError(f"the description of the integration lacks {', '.join(missing)}")
    user, external_id, role = (properties[name] for name in wanted)
    return IntegrationIdentity(iam_user_arn=user, external_id=external_id, role_arn=role)


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What Snowflake says after it tried to reach a location."""

    status: Literal["success", "failure"]
    message: str
    """Snowflake's own words for what failed; empty after a success."""


def parse_validation(text: str) -> Validation:
    """Read the JSON reply to `validate_integration`."""
    reply = json.loads(text)
    if str(reply.get("status", "")).lower() == "success":
        return Validation(status="success", message="")
    actions = reply.get("actions", {})
    words = [str(action["message"]) for action in actions.values() if action.get("message")]
    return Validation(status="failure", message="; ".join(words) or str(reply.get("message", text)))
