"""SYSTEM$PIPE_STATUS: whether a pipe runs, what it has before it, and when it last did something; forced resumption."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

from sandbox.snowflake import history
from sandbox.snowflake.copying import table_name
from sandbox.snowflake.errors import missing
from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.pipe_state import INVALID_REASONS, copy_of, state_of
from sandbox.snowflake.session import Session
from sandbox.snowflake.snowpipe import QUEUE_ARN
from sandbox.snowflake.statement import Statement


def pipe_status(session: Session, name: str) -> str:
    """SYSTEM$PIPE_STATUS: the documented fields, those left out that have nothing to tell."""
    pipe = _pipe(session, name, "SYSTEM$PIPE_STATUS", "MONITOR", "OPERATE")
    state = state_of(session.store, session.engine, pipe)
    waiting = session.account.pipes.backlog.of(pipe)
    files = dict(waiting.files)
    answer: dict[str, Any] = {"executionState": state}
    if files:
        oldest = min(files, key=lambda url: files[url])
        answer["oldestPendingFilePath"] = oldest
        answer["oldestFileTimestamp"] = _moment(files[oldest])
    answer["pendingFileCount"] = len(files)
    with session.engine.cursor() as cursor:
        last = history.last_loaded(cursor, table_name(copy_of(pipe), pipe.name.holder).database, pipe)
    if last is not None:
        answer["lastIngestedTimestamp"], answer["lastIngestedFilePath"] = _moment(last[0]), last[1]
    if pipe.auto_ingest:
        answer["notificationChannelName"] = QUEUE_ARN
        answer["numOutstandingMessagesOnChannel"] = session.account.pipes.waiting()
    if waiting.last_received is not None:
        answer["lastReceivedMessageTimestamp"] = _moment(waiting.last_received)
        answer["lastForwardedMessageTimestamp"] = _moment(waiting.last_received)
    error = INVALID_REASONS.get(state) or (waiting.last_error if waiting.hindrances else None)
    if error:
        answer["error"] = error
    if waiting.last_error_at is not None:
        answer["lastPipeErrorTimestamp"] = _moment(waiting.last_error_at)
    return json.dumps(answer)


def force_resume(session: Session, name: str, *_options: str) -> str:
    """SYSTEM$PIPE_FORCE_RESUME: let a paused pipe run, also one that changed hands or is stale."""
    pipe = _pipe(session, name, "SYSTEM$PIPE_FORCE_RESUME", "OPERATE")
    session.store.put(replace(pipe, paused=False))
    return "success"


def _pipe(session: Session, name: str, function: str, *privileges: str) -> Pipe:
    full = session.object_name(Statement(name).identifiers(), function)
    pipe = session.store.find(Pipe, full)
    if pipe is None:
        raise missing("Pipe", str(full))
    session.require("PIPE", full, *privileges)
    return pipe


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
