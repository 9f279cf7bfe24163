"""The canary: a small file of our own that goes the way of every partner's file, into a table that nobody reads."""

from __future__ import annotations

import json
from dataclasses import dataclass

from domain.feeds import Column, Feed
from domain.snowflake_sql import SchemaName, quote_identifier, quote_text

CANARY_PREFIX = "canary/"
"""Where in the bucket canaries lie, beside the partners' prefix and never below it."""

CANARY_TABLE = "_CANARY"
"""The table, and the pipe that fills it. No feed's table can have the name: theirs begin with a letter."""

CANARY_FEED = Feed(name="canary", columns=(Column(name="PROBE", type="VARCHAR"),))
"""A canary is a file like any other: CSV with one header row and, here, one column."""

RUNNING = "RUNNING"


def canary_stage(stage: str) -> str:
    """Name the stage over the canaries, by the one over the partners' files."""
    return f"{stage}_CANARY"


def canary_text(name: str) -> str:
    """Write a canary: one row, which says its name."""
    return f"PROBE\n{name}\n"


def list_nothing(home: SchemaName, stage: str) -> str:
    """Write the statement that lists a folder of a stage where nothing can be: it fails when the stage cannot read."""
    return f"LIST @{home.object(stage)}/-/"  # a partner's name never begins with a hyphen


def use_warehouse(name: str) -> str:
    """Write the statement that makes a session compute in a warehouse."""
    return f"USE WAREHOUSE {quote_identifier(name)}"


def pipe_status(home: SchemaName, pipe: str) -> str:
    """Write the query for a pipe's state."""
    return f"SELECT SYSTEM$PIPE_STATUS({quote_text(home.object(pipe))})"


@dataclass(frozen=True, kw_only=True)
class PipeStatus:
    """What Snowflake says about a pipe (SYSTEM$PIPE_STATUS in its function reference)."""

    state: str
    last_forwarded: str = ""
    """When an event was last forwarded to this pipe, as Snowflake writes it; empty while none was."""
    pending_files: int = 0
    error: str = ""
    """Snowflake's own words for what hinders the pipe."""


def parse_pipe_status(text: str) -> PipeStatus:
    """Read the JSON reply to `pipe_status`."""
    reply = json.loads(text)
    return PipeStatus(
        state=str(reply.get("executionState", "unknown")),
        last_forwarded=str(reply.get("lastForwardedMessageTimestamp") or ""),
        pending_files=int(reply.get("pendingFileCount") or 0),
        error=str(reply.get("error") or ""),
    )


@dataclass(frozen=True, kw_only=True)
class BrokenLeg:
    """Which part of the way a file does not pass, and what to do about it."""

    what: str
    fix: str


def broken_pipe(pipe: str, status: PipeStatus) -> BrokenLeg:
    """Say why a pipe takes nothing."""
    words = f" ({status.error})" if status.error else ""
    paused = status.state.startswith("PAUSED")
    return BrokenLeg(
        what=f"the pipe {pipe} is {status.state}{words}",
        fix="resume it with ALTER PIPE ... SET PIPE_EXECUTION_PAUSED = FALSE"
        if paused
        else "run `pulumi up --refresh`: what it lacks is made again, and the pipe with it",
    )


def stuck_on_the_way(pipe: str, before: PipeStatus, now: PipeStatus) -> BrokenLeg:
    """Say where a canary stays that is in the bucket and neither loaded nor refused."""
    if now.state != RUNNING:
        return broken_pipe(pipe, now)
    # First, since a pipe may go on telling of a file of long ago.
    if now.last_forwarded == before.last_forwarded:
        return BrokenLeg(
            what=f"no event of it reached the pipe {pipe}",
            fix="check that the bucket's notification still names the pipe's queue for this prefix: run `pulumi up "
            "--refresh`, which puts it right",
        )
    if now.error:
        return BrokenLeg(what=f"the pipe {pipe} cannot read it ({now.error})", fix=likely_cause(now.error))
    return BrokenLeg(
        what=f"the event reached the pipe {pipe}, and {now.pending_files} files wait there",
        fix="Snowflake takes its time: run `pulumi up` again, or raise landing:snowflake.probeTimeoutSeconds",
    )


def likely_cause(words: str) -> str:
    """Say what most often is behind Snowflake's words for a file that it cannot load."""
    lowered = words.lower()
    if "does not exist" in lowered:
        return (
            "it was dropped, or whoever runs `pulumi up` may not see it: `pulumi up --refresh` makes again what is gone"
        )
    if "assum" in lowered or "external id" in lowered:
        return "the role does not trust Snowflake (any more): run `pulumi up --refresh`, which closes the trust again"
    if "kms" in lowered:
        return "the role lacks kms:Decrypt on the bucket's key: run `pulumi up --refresh`"
    if "access denied" in lowered or "forbidden" in lowered or "403" in lowered:
        return (
            "the role may not read there, or not use the bucket's key (s3:GetObject, kms:Decrypt): run `pulumi up "
            "--refresh`, and look for a Deny in the bucket's policy"
        )
    if "location" in lowered or "integration" in lowered:
        return "the integration does not allow the location, or the stage lost it: run `pulumi up --refresh`"
    return "the table and the pipe's COPY do not fit each other: run `pulumi up --refresh`"


def may_pass(words: str) -> bool:
    """Say whether a load that failed with these words may succeed a little later: IAM and KMS take a while."""
    lowered = words.lower()
    return any(sign in lowered for sign in ("assum", "access denied", "forbidden", "kms", "403", "stage area"))
