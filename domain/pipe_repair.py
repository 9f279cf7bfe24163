"""Pipes that are stopped before they are made again, and what they missed, as statements and plain decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime

from domain.reconciliation import LoadedFile
from domain.snowflake_sql import SchemaName, quote_identifier, quote_text

REFRESH_DAYS = 7
"""How far back, in days, ALTER PIPE REFRESH looks (Snowflake's reference)."""


def pause_pipe(home: SchemaName, pipe: str, *, paused: bool) -> str:
    """Write the statement that pauses a pipe, or lets it go on; a pipe that is not there is left out."""
    return f"ALTER PIPE IF EXISTS {home.object(pipe)} SET PIPE_EXECUTION_PAUSED = {str(paused).upper()}"


def bind_stage(home: SchemaName, stage: str, integration: str) -> str:
    """Write the statement that lets a stage go through an integration, made anew under its old name or not."""
    return f"ALTER STAGE {home.object(stage)} SET STORAGE_INTEGRATION = {quote_identifier(integration)}"


def show_stage(home: SchemaName, stage: str) -> str:
    """Write the statement that shows a stage; LIKE finds others beside it."""
    return f"SHOW STAGES LIKE {quote_text(stage)} IN SCHEMA {home.quoted}"


def show_integration(integration: str) -> str:
    """Write the statement that shows an integration; LIKE finds others beside it."""
    return f"SHOW STORAGE INTEGRATIONS LIKE {quote_text(integration)}"


def show_pipes(home: SchemaName) -> str:
    """Write the statement that shows a schema's pipes."""
    return f"SHOW PIPES IN SCHEMA {home.quoted}"


def list_files(home: SchemaName, stage: str, path: str) -> str:
    """Write the statement that lists a folder of a stage."""
    return f"LIST @{home.object(stage)}/{path}"


def refresh_pipe(home: SchemaName, pipe: str, file: str) -> str:
    """Write the statement that hands a pipe what it missed: one file, by its path below the pipe's folder."""
    return f"ALTER PIPE {home.object(pipe)} REFRESH PREFIX = {quote_text(file)}"


def made_at(rows: Iterable[Mapping[str, object]], name: str) -> str:
    """Say when the object of this name was made, by a reply to SHOW; empty where there is none."""
    return next((str(row.get("created_on")) for row in rows if row.get("name") == name), "")


def changed_pipes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Give the pipes that are no longer what they were: changed, or gone from the program."""
    return sorted(name for name, digest in old.items() if new.get(name) != digest)


def recent_files(rows: Iterable[Mapping[str, object]], now: dt.datetime) -> list[str]:
    """Give the addresses of the files in a reply to LIST that a refresh still sees, without those for folders."""
    since = now - dt.timedelta(days=REFRESH_DAYS)
    return [
        str(row["name"])
        for row in rows
        if not str(row["name"]).endswith("/") and parsedate_to_datetime(str(row["last_modified"])) >= since
    ]


def missed(listed: Sequence[str], loads: Iterable[LoadedFile]) -> list[str]:
    """Give the files that no load has taken: a load that failed took nothing, whatever was wrong."""
    known = {load.url for load in loads if load.status != "Load failed"}
    return [url for url in listed if url not in known]


def taken_along(file: str, missing: Collection[str], listed: Sequence[str]) -> list[str]:
    """Give the loaded files that a refresh of `file` would load again: PREFIX takes all whose names begin so."""
    return [url for url in listed if url.startswith(file) and url not in missing]
