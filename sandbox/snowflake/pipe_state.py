"""Whether a pipe runs: what its COPY says, and what has become of the objects that this names."""

from __future__ import annotations

from functools import lru_cache

from sandbox.snowflake.copying import CopyCommand, parse_copy, stage_name, table_name
from sandbox.snowflake.engine import Engine
from sandbox.snowflake.objects import FileFormat, Pipe, Stage
from sandbox.snowflake.staging import format_name
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.store import ObjectStore

RUNNING = "RUNNING"

INVALID_REASONS = {
    "STOPPED_STAGE_DROPPED": "Stage was dropped",
    "STOPPED_MISSING_TABLE": "Table was dropped",
    "STOPPED_FILE_FORMAT_DROPPED": "File format was dropped",
}
"""What SHOW PIPES says of a pipe that cannot run."""


def copy_of(pipe: Pipe) -> CopyCommand:
    """Read a pipe's COPY statement."""
    return _read(pipe.definition)


@lru_cache(maxsize=1024)
def _read(definition: str) -> CopyCommand:
    return parse_copy(Statement(definition))


def state_of(store: ObjectStore, engine: Engine, pipe: Pipe) -> str:
    """Give a pipe's executionState.

    A stage that was dropped and made again is another one, for good: its pipe has to be made again too. Altering a
    stage keeps it.
    """
    command, home = copy_of(pipe), pipe.name.holder
    stage = store.find(Stage, stage_name(command, home))
    if stage is None or stage.created_on > pipe.created_on:
        return "STOPPED_STAGE_DROPPED"
    if not engine.columns(table_name(command, home)):
        return "STOPPED_MISSING_TABLE"
    named = (command.file_format or stage.file_format).get("FORMAT_NAME")
    if named is not None and store.find(FileFormat, format_name(str(named), home)) is None:
        return "STOPPED_FILE_FORMAT_DROPPED"
    return "PAUSED" if pipe.paused else RUNNING
