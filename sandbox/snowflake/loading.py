# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""Loading files into tables: one transaction a file, its rows and its line in the load history together."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import duckdb

from sandbox.snowflake import history
from sandbox.snowflake.copying import CopyCommand, chosen, join, source, stage_name, table_name
from sandbox.snowflake.engine import Engine
from sandbox.snowflake.errors import SnowflakeError, missing, unsupported
from sandbox.snowflake.formats import Target, complete
from sandbox.snowflake.history import FileLoad, FirstError
from sandbox.snowflake.inserting import insert
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import FileFormat, Integration, Pipe, Stage
from sandbox.snowflake.statement import Option, Statement
from sandbox.snowflake.storage import Location, Storage, StoredFile
from sandbox.snowflake.store import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Job:
    """A COPY command with all its names resolved."""

    command: CopyCommand
    table: Name
    targets: Sequence[Target]
    stage: Stage
    integration: Integration
    options: dict[str, Option]
    pipe: Pipe | None

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
        before = history.loaded_before(cursor, self.table, files, self.pipe)
        return [file for file in files if (file.location.url, file.etag) not in before]

    def insert(self, cursor: duckdb.DuckDBPyConnection, file: StoredFile, local: Path) -> FileLoad:
        """Insert a fetched file's rows."""
        by_name = self.command.match_by_column_name
        return insert(cursor, self.table, self.targets, self.options, file=file, local=local, by_name=by_name)

    def record(self, cursor: duckdb.DuckDBPyConnection, load: FileLoad) -> None:
        """Note what became of a file."""
        history.record(cursor, self.table, Location.parse(self.stage.url), load, self.pipe)


class Loader:
    """Runs COPY commands."""

    def __init__(self, engine: Engine, store: ObjectStore, storage: Storage, spool: Path) -> None:
        self._engine = engine
        self._store = store
        self._storage = storage
        self._spool = spool
        self._spool.mkdir(exist_ok=True)
        for leftover in self._spool.iterdir():
            leftover.unlink()

    def run(
        self, command: CopyCommand, home: Name, *, pipe: Pipe | None = None, only: Sequence[StoredFile] | None = None
    ) -> list[FileLoad]:
        """Load what the command names and the history does not have, `only` among these files when given.

        `home` is the schema in which the command stands. With ON_ERROR = ABORT_STATEMENT the first faulty file undoes
        the whole command and raises; else a faulty file is told in its `FileLoad`.
        """
        table = table_name(command, home)
        targets = self.targets(table, command.columns)
        stage, integration = self.external_stage(stage_name(command, home))
        options = self._format(command, stage, home)
        job = Job(
            command=command,
            table=table,
            targets=targets,
            stage=stage,
            integration=integration,
            options=options,
            pipe=pipe,
        )
        files = self._files(job, only)
        if job.on_error == "ABORT_STATEMENT":
            return self._all_or_nothing(job, files)
        return [load for file in files if (load := self._alone(job, file))]

    def targets(self, table: Name, chosen_columns: tuple[str, ...] | None) -> list[Target]:
        """Give the columns that a load fills."""
        found = {name: Target(name, kind) for name, kind, *_ in self._engine.columns(table)}
        if not found:
            raise missing("Table", str(table))
        for column in chosen_columns or ():
            if column not in found:
                raise SnowflakeError(904, "42000", f"SQL compilation error:\ninvalid identifier '{column}'")
        return [found[column] for column in chosen_columns or found]

    def external_stage(self, name: Name) -> tuple[Stage, Integration]:
        """Give an external stage and the integration through which it reads, both fit for use."""
        stage = self._store.find(Stage, name)
        if stage is None:
            raise missing("Stage", str(name))
        if stage.integration is None:
            raise unsupported("loading from a stage without STORAGE_INTEGRATION")
        return stage, usable_integration(self._store, stage.integration, stage.url)

    def _format(self, command: CopyCommand, stage: Stage, home: Name) -> dict[str, Option]:
        """Give the complete options of the format that a command reads with: its own, or else its stage's."""
        given = command.file_format or stage.file_format
        named = given.get("FORMAT_NAME")
        if named is None:
            return complete(given)
        parts = Statement(str(named)).identifiers()
        name = Name((*home.parts[: 3 - len(parts)], *parts))
        kept = self._store.find(FileFormat, name)
        if kept is None:
            raise missing("File format", str(name))
        return complete(kept.options)

    def _files(self, job: Job, only: Sequence[StoredFile] | None) -> list[StoredFile]:
        command, folder = job.command, job.folder
        if only is None and command.files is None:
            listed = self._storage.list(job.integration, folder)
            return [file for file in listed if chosen(command, folder, file.location.key)]
        # of files that the command names, size and ETag will be those of the read itself
        named = [StoredFile(join(folder, file), 0, "", 0.0) for file in command.files or ()]
        return [file for file in (named if only is None else only) if chosen(command, folder, file.location.key)]

    def _all_or_nothing(self, job: Job, files: Sequence[StoredFile]) -> list[FileLoad]:
        loads: list[FileLoad] = []
        with self._engine.transaction() as cursor:
            for file in job.new(cursor, files):
                with self._fetched(job.integration, file) as (fetched, local):
                    if not job.new(cursor, [fetched]):
                        continue
                    load = job.insert(cursor, fetched, local)
                if load.errors:
                    raise _aborted(load)
                job.record(cursor, load)
                loads.append(load)
        return loads

    def _alone(self, job: Job, file: StoredFile) -> FileLoad | None:
        """Load one file in a transaction of its own; None: it was loaded before."""
        with self._engine.cursor() as cursor:
            if file.etag and not job.new(cursor, [file]):
                return None
        with self._fetched(job.integration, file) as (fetched, local), self._engine.transaction() as cursor:
            if not job.new(cursor, [fetched]):
                return None
            load = job.insert(cursor, fetched, local)
            if _too_many(load, job.on_error):
                cursor.rollback()
                cursor.begin()
                load = replace(load, failed=True, loaded=0)
            job.record(cursor, load)
            return load

    @contextmanager
    def _fetched(self, integration: Integration, file: StoredFile) -> Generator[tuple[StoredFile, Path]]:
        """Copy an object to a local file for as long as it is read."""
        suffix = PurePosixPath(file.location.key).suffix
        with tempfile.NamedTemporaryFile(dir=self._spool, suffix=suffix) as spooled:
            local = Path(spooled.name)
            yield self._storage.fetch(integration, file.location, local), local


def usable_integration(store: ObjectStore, name: str, url: str) -> Integration:
    """Give an integration that exists, is enabled and may read `url`."""
    integration = store.find(Integration, Name.of(name))
    if integration is None:
        raise missing("Integration", name)
    if not integration.enabled:
        raise SnowflakeError(
            3144, "42601", f"SQL compilation error:\nStorage integration {name} is not enabled. Please enable it first."
        )
    if not integration.allows(url):
        raise SnowflakeError(
            3140,
            "42601",
            f"SQL compilation error:\nLocation '{url}' is not allowed by integration '{name}'. Please use "
            "DESC INTEGRATION to check out allowed and blocked locations.",
        )
    return integration


def _too_many(load: FileLoad, on_error: str) -> bool:
    if load.failed:
        return True
    if not load.errors or on_error == "CONTINUE":
        return False
    limit = on_error.removeprefix("SKIP_FILE").removeprefix("_")
    if limit.endswith("%"):
        return load.errors * 100 >= int(limit[:-1]) * load.parsed
    return load.errors >= int(limit or 1)


def _aborted(load: FileLoad) -> SnowflakeError:
    error = load.first_error or FirstError(message="the file cannot be read")
    place = f"File '{load.file.location.url}', line {error.line or 1}, character {error.character or 1}"
    return SnowflakeError(
        100038 if error.message.startswith("Numeric") else 100080,
        "22018",
        f"{error.message}\n  {place}\n  Row {error.line or 1}, column {error.column or ''}\n"
        "  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or "
        "'CONTINUE' for the ON_ERROR option. For more information on loading options, please run 'info loading_data' "
        "in a SQL client.",
    )
