"""CREATE, ALTER, DROP, SHOW and DESCRIBE of pipes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sandbox.snowflake.copying import CopyCommand, parse_copy
from sandbox.snowflake.errors import SnowflakeError, invalid_value, missing, unsupported
from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.pipe_state import INVALID_REASONS, copy_of, state_of
from sandbox.snowflake.reply import Cell, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.snowpipe import QUEUE_ARN
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.clauses import (
    drop_kept,
    flag_of,
    read_creation,
    read_description,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
    text_of,
)

_PIPES = columns(
    "created_on name database_name schema_name definition owner notification_channel comment integration pattern "
    "error_integration owner_role_type invalid_reason kind"
)
_REFRESHED = columns("File Status")
_CREATE = {"AUTO_INGEST", "COMMENT", "ERROR_INTEGRATION", "INTEGRATION", "AWS_SNS_TOPIC"}
_ALTER = {"COMMENT", "PIPE_EXECUTION_PAUSED", "ERROR_INTEGRATION"}


def create_pipe(session: Session, statement: Statement) -> Reply:
    """CREATE PIPE .. AS COPY INTO: the stage and the table must be there.

    AUTO_INGEST needs the queue, and a role that lets itself be assumed at once.
    """
    creation = read_creation(statement, "PIPE")
    name = session.object_name(creation.name, "CREATE PIPE")
    properties = statement.properties()
    for option in properties:
        if option not in _CREATE:
            raise statement.unexpected()
    if "AWS_SNS_TOPIC" in properties:
        raise unsupported("AWS_SNS_TOPIC")
    statement.expect("AS")
    definition = statement.rest()
    command = parse_copy(Statement(definition))
    session.require_schema(name)
    if settled := creation.settle(name, exists=session.store.find(Pipe, name) is not None):
        return settled
    job = session.account.loader.plan(command, name.holder)
    _refuse_options(command)
    pipe = Pipe(
        name=name,
        definition=definition,
        auto_ingest=flag_of(properties, "AUTO_INGEST", default=False),
        comment=text_of(properties, "COMMENT"),
        error_integration=text_of(properties, "ERROR_INTEGRATION") or None,
        integration=text_of(properties, "INTEGRATION") or None,
    )
    if pipe.auto_ingest:
        session.account.storage.bucket(job.integration)
        session.account.pipes.open_queue()
    session.store.put(pipe)
    return status(f"Pipe {name.own} successfully created.")


def alter_pipe(session: Session, statement: Statement) -> Reply:
    """ALTER PIPE: SET, UNSET, or REFRESH, which loads what the pipe has missed."""
    mention = read_mention(statement, "ALTER", "PIPE")
    name = session.object_name(mention.name, "ALTER PIPE")
    pipe = session.store.find(Pipe, name)
    if settled := mention.settle("Pipe", name, exists=pipe is not None):
        return settled
    assert pipe is not None  # noqa: S101 # settle has raised or answered otherwise
    if statement.accept("REFRESH"):
        properties = read_properties(statement, "PIPE", {"PREFIX", "MODIFIED_AFTER"})
        after = _moment(text_of(properties, "MODIFIED_AFTER")) if "MODIFIED_AFTER" in properties else None
        state = state_of(session.store, session.engine, pipe)
        if state in INVALID_REASONS:
            raise SnowflakeError(
                2003, "02000", f"SQL compilation error:\nPipe '{name}' is not valid: {INVALID_REASONS[state]}."
            )
        sent = session.account.pipes.refresh(pipe, text_of(properties, "PREFIX"), after)
        return table(_REFRESHED, ([file.location.key, "SENT"] for file in sent))
    if statement.accept("UNSET"):
        names = read_unset(statement, "PIPE", _ALTER)
        changed = replace(
            pipe,
            comment="" if "COMMENT" in names else pipe.comment,
            paused=pipe.paused and "PIPE_EXECUTION_PAUSED" not in names,
            error_integration=None if "ERROR_INTEGRATION" in names else pipe.error_integration,
        )
    else:
        statement.expect("SET")
        properties = read_properties(statement, "PIPE", _ALTER)
        changed = replace(
            pipe,
            comment=text_of(properties, "COMMENT", pipe.comment),
            paused=flag_of(properties, "PIPE_EXECUTION_PAUSED", default=pipe.paused),
            error_integration=text_of(properties, "ERROR_INTEGRATION", pipe.error_integration or "") or None,
        )
    session.store.put(changed)
    return succeeded()


def drop_pipe(session: Session, statement: Statement) -> Reply:
    """DROP PIPE."""
    mention = read_mention(statement, "DROP", "PIPE")
    statement.end()
    name = session.object_name(mention.name, "DROP PIPE")
    return drop_kept(session, mention, Pipe, "Pipe", name)


def show_pipes(session: Session, statement: Statement) -> Reply:
    """SHOW PIPES."""
    listing = read_listing(session, statement, "PIPES", depth=3)
    kept = {each.name: each for each in session.store.all(Pipe)}
    return table(_PIPES, (_row(session, kept[name]) for name in listing.choose(kept)))


def describe_pipe(session: Session, statement: Statement) -> Reply:
    """DESCRIBE PIPE: the row of SHOW PIPES."""
    name = session.object_name(read_description(statement, "PIPE"), "DESCRIBE")
    statement.end()
    pipe = session.store.find(Pipe, name)
    if pipe is None:
        raise missing("Pipe", str(name))
    return table(_PIPES, [_row(session, pipe)])


def _refuse_options(command: CopyCommand) -> None:
    """Refuse the options that a pipe's COPY may not have."""
    forbidden = {
        "FILES": command.files is not None,
        "FORCE": command.force,
        "SIZE_LIMIT": command.size_limit is not None,
        "VALIDATION_MODE": command.validation_mode is not None,
        "ON_ERROR = ABORT_STATEMENT": command.on_error == "ABORT_STATEMENT",
    }
    for option, given in forbidden.items():
        if given:
            raise SnowflakeError(
                2300, "0A000", f"SQL compilation error:\n{option} is not allowed in the COPY statement of a pipe."
            )


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid_value(text, "MODIFIED_AFTER") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _row(session: Session, pipe: Pipe) -> list[Cell]:
    name = pipe.name
    channel = QUEUE_ARN if pipe.auto_ingest else None
    invalid = INVALID_REASONS.get(state_of(session.store, session.engine, pipe))
    return [
        pipe.created_on, name.own, name.database, name.schema, pipe.definition,
        session.authority.owner("PIPE", name), channel, pipe.comment,
        pipe.integration, copy_of(pipe).pattern, pipe.error_integration, "ROLE", invalid, "STAGE",
    ]  # fmt: skip
