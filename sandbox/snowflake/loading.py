# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""Loading files into tables: one transaction a file, its rows and its line in the load history together."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from sandbox.snowflake import history
from sandbox.snowflake.authority import Authority
from sandbox.snowflake.copying import CopyCommand, chosen, join, source, stage_name, table_name
from sandbox.snowflake.engine import Engine
from sandbox.snowflake.errors import SnowflakeError, missing
from sandbox.snowflake.faults import Fault, Target
from sandbox.snowflake.history import FileLoad, Origin
from sandbox.snowflake.inserting import insert
from sandbox.snowflake.load_rights import require_pipe
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.objects import Integration, Pipe, Stage
from sandbox.snowflake.projection import METADATA, places_in, to_engine
from sandbox.snowflake.reading import Reading
from sandbox.snowflake.staging import Staging
from sandbox.snowflake.storage import Location, Storage, StoredFile
from sandbox.snowflake.store import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Job:
    """A COPY command with all its names resolved."""

    command: CopyCommand
    reading: Reading
    stage: Stage
    integration: Integration
    pipe: Pipe | None = None
    number: str = field(default_factory=lambda: str(uuid.uuid4()))
    """The id of the query, by which VALIDATE finds what was wrong."""

    @property
    def on_error(self) -> str:
        """What a faulty file means."""
        return self.command.on_error or ("SKIP_FILE" if self.pipe else "ABORT_STATEMENT")

    @property
    def folder(self) -> Location:
        """The place that the command reads."""
        return source(self.stage, self.command.stage.path)

    def new(self, cursor: duckdb.DuckDBPyConnection, files: Sequence[StoredFile]) -> list[StoredFile]:
        """Give the files that were not loaded before; with FORCE all of them."""
        if self.command.force:
            return list(files)
        before = history.loaded_before(cursor, self.reading.table, files, self.pipe)
        return [file for file in files if file.location.url not in before]

    def record(self, cursor: duckdb.DuckDBPyConnection, load: FileLoad) -> None:
        """Note what became of a file."""
        origin = Origin(stage=Location.parse(self.stage.url), pipe=self.pipe, job=self.number)
        history.record(cursor, self.reading.table, load, origin)


class Loader:
    """Runs COPY commands."""

    def __init__(self, engine: Engine, store: ObjectStore, storage: Storage, spool: Path) -> None:
        self.engine = engine
        self._authority = Authority(store)
        self.staging = Staging(store, storage, spool)

    def plan(self, command: CopyCommand, home: Name, pipe: Pipe | None = None) -> Job:
        """Resolve a command that stands in the schema `home`, and refuse one that could load nothing.

        A pipe loads with its owner's rights.
        """
        if pipe is not None:
            require_pipe(self._authority, pipe, command)
        table = table_name(command, home)
        targets = self._targets(table, command)
        stage, integration = self.staging.external_stage(stage_name(command, home))
        options = self.staging.format_of(command.file_format, stage, home)
        reading = Reading(
            table=table,
            targets=targets,
            options=options,
            by_name=command.match_by_column_name,
            expressions=command.expressions,
            metadata=command.include_metadata,
        )
        self._check(reading)
        return Job(command=command, reading=reading, stage=stage, integration=integration, pipe=pipe)

    def run(self, job: Job, only: Sequence[StoredFile] | None = None) -> list[FileLoad]:
        """Load what the command names and the history does not have, `only` among these files when given.

        With ON_ERROR = ABORT_STATEMENT the first faulty file undoes the whole command and raises; else a faulty file
        is told in its `FileLoad`.
        """
        files = self.files(job, only)
        if job.on_error == "ABORT_STATEMENT":
            return self._all_or_nothing(job, files)
        loads: list[FileLoad] = []
        for file in _within(job.command.size_limit, files):
            load = self._alone(job, file)
            loads += [load] if load else []
        return loads

    def files(self, job: Job, only: Sequence[StoredFile] | None = None) -> list[StoredFile]:
        """Give the files that the command means, `only` among these when given."""
        command, folder = job.command, job.folder
        if only is None and command.files is None:
            listed = self.staging.storage.list(job.integration, folder)
            return [file for file in listed if chosen(command, folder, file.location.key)]
        # of files that the command names, size and ETag will be those of the read itself
        named = [StoredFile(join(folder, file), 0, "", 0.0) for file in command.files or ()]
        return [file for file in (named if only is None else only) if chosen(command, folder, file.location.key)]

    def refuse(self, job: Job, file: StoredFile, fault: Fault) -> None:
        """Note a file that cannot be read at all."""
        load = FileLoad(file=file, parsed=0, loaded=0, errors=1, faults=(fault,), failed=True)
        with self.engine.transaction() as cursor:
            job.record(cursor, load)

    def _targets(self, table: Name, command: CopyCommand) -> list[Target]:
        """Give the columns that a load fills."""
        found = {name: Target(name, kind, nullable=nullable) for name, kind, nullable, _ in self.engine.columns(table)}
        if not found:
            raise missing("Table", str(table))
        for column in (*(command.columns or ()), *command.include_metadata):
            if column not in found:
                raise SnowflakeError(904, "42000", f"SQL compilation error:\ninvalid identifier '{column}'")
        targets = [found[column] for column in command.columns or found]
        if command.expressions is not None and len(command.expressions) != len(targets):
            raise SnowflakeError(
                2020,
                "21S01",
                "SQL compilation error:\nInsert value list does not match column list expecting "
                f"{len(targets)} but got {len(command.expressions)}",
            )
        return targets

    def _check(self, reading: Reading) -> None:
        """Refuse what cannot be read, before any file is looked for."""
        if reading.by_name and reading.kind == "CSV" and not reading.options["PARSE_HEADER"]:
            raise SnowflakeError(
                2300,
                "0A000",
                "SQL compilation error:\nMATCH_BY_COLUMN_NAME with CSV files needs the file format option "
                "PARSE_HEADER = TRUE.",
            )
        if reading.expressions is None:
            return
        kind = "VARCHAR" if reading.kind == "CSV" else "JSON"
        width = max((place for each in reading.expressions for place in places_in(each)), default=1)
        columns = [f"NULL::{kind} AS c{at}" for at in range(1, width + 1)]
        columns += [f"NULL AS {quoted(name)}" for name in METADATA]
        values = ", ".join(to_engine(each) for each in reading.expressions)
        try:
            self.engine.query(f"EXPLAIN SELECT {values} FROM (SELECT {', '.join(columns)})")  # noqa: S608 # translated
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            told = str(error).splitlines()[0].partition("Error: ")[2]
            raise SnowflakeError(904, "42000", f"SQL compilation error:\n{told}") from error

    def _all_or_nothing(self, job: Job, files: Sequence[StoredFile]) -> list[FileLoad]:
        loads: list[FileLoad] = []
        with self.engine.transaction() as cursor:
            for file in _within(job.command.size_limit, job.new(cursor, files)):
                with self.staging.fetched(job.integration, file) as (fetched, local):
                    if not job.new(cursor, [fetched]):
                        continue
                    load = insert(cursor, job.reading, fetched, local)
                if load.errors:
                    raise aborted(fetched, load.first)
                job.record(cursor, load)
                loads.append(load)
        return loads

    def _alone(self, job: Job, file: StoredFile) -> FileLoad | None:
        """Load one file in a transaction of its own; None: it was loaded before."""
        with self.engine.cursor() as cursor:
            if file.etag and not job.new(cursor, [file]):
                return None
        with self.staging.fetched(job.integration, file) as (fetched, local), self.engine.transaction() as cursor:
            if not job.new(cursor, [fetched]):
                return None
            load = insert(cursor, job.reading, fetched, local)
            tolerated = _tolerated(load, job.on_error)
            if load.failed or not tolerated:
                cursor.rollback()
                cursor.begin()
                if load.parsed > load.errors and tolerated:
                    load = insert(cursor, job.reading, fetched, local, sound_alone=True)
                else:
                    load = replace(load, failed=True, loaded=0)
            load = replace(load, error_limit=_limit(load, job.on_error))
            job.record(cursor, load)
            return load


def _within(limit: int | None, files: Sequence[StoredFile]) -> Iterator[StoredFile]:
    """Give files until they have the size that SIZE_LIMIT allows; the first always."""
    total = 0
    for file in files:
        if limit is not None and total >= limit:
            return
        total += file.size
        yield file


def _limit(load: FileLoad, on_error: str) -> int:
    """Give how many errors a file may have before it is skipped, at least one."""
    if on_error == "CONTINUE":
        return max(load.parsed, 1)
    limit = on_error.removeprefix("SKIP_FILE").removeprefix("_")
    if limit.endswith("%"):
        return max(-(-int(limit[:-1]) * load.parsed // 100), 1)
    return int(limit or 1)


def _tolerated(load: FileLoad, on_error: str) -> bool:
    return not load.errors or on_error == "CONTINUE" or load.errors < _limit(load, on_error)


def aborted(file: StoredFile, fault: Fault) -> SnowflakeError:
    """Refuse a COPY for a file's first fault."""
    place = f"File '{file.location.key}', line {fault.line or 1}, character {fault.character or 1}"
    return SnowflakeError(
        fault.number,
        fault.sql_state,
        f"{fault.message}\n  {place}\n  Row {fault.row or 1}, column {fault.column or ''}\n"
        "  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or "
        "'CONTINUE' for the ON_ERROR option. For more information on loading options, please run 'info loading_data' "
        "in a SQL client.",
    )
