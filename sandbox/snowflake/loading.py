# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (DuckDB's results are not typed)
"""Loading files into tables: one transaction a file, its rows and its line in the load history together."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
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
from sandbox.snowflake.statement import Statement, Value
from sandbox.snowflake.storage import Location, Storage, StoredFile
from sandbox.snowflake.store import ObjectStore


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
        self, command: CopyCommand, home: Name, *, pipe: Pipe | None = None, only: Sequence[Location] | None = None
    ) -> list[FileLoad]:
        """Load what the command names and the history does not have, `only` among these files when given.

        `home` is the schema in which the command stands. With ON_ERROR = ABORT_STATEMENT the first faulty file undoes
        the whole command and raises; else a faulty file is told in its `FileLoad`.
        """
        table = table_name(command, home)
        targets = self.targets(table, command.columns)
        stage, integration = self.external_stage(stage_name(command, home))
        folder = source(stage, command.stage.path)
        options = self.format_of(command, stage, home)
        files = self._files(command, integration, folder, only)
        on_error = command.on_error or ("SKIP_FILE" if pipe else "ABORT_STATEMENT")
        if on_error == "ABORT_STATEMENT":
            return self._run_as_one(command, table, targets, stage, integration, options, files, pipe)
        return [
            load
            for file in files
            if (load := self._load_alone(command, table, targets, stage, integration, options, file, pipe, on_error))
        ]

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
        if not stage.url or stage.integration is None:
            raise unsupported("loading from a stage without STORAGE_INTEGRATION")
        return stage, usable_integration(self._store, stage.integration, stage.url)

    def format_of(self, command: CopyCommand, stage: Stage, home: Name) -> dict[str, Value]:
        """Give the complete options of the format that a command reads with: its own, or else its stage's."""
        given = command.file_format or stage.file_format
        named = given.get("FORMAT_NAME")
        if named is None:
            return complete(given)
        text = str(named)
        # in single quotes the name is SQL itself; as an identifier it has been read already
        parts = Statement(text).identifiers() if '"' in text or text != text.upper() else tuple(text.split("."))
        name = Name((*home.parts[: 3 - len(parts)], *parts))
        kept = self._store.find(FileFormat, name)
        if kept is None:
            raise missing("File format", str(name))
        return complete(kept.options)

    def _files(
        self, command: CopyCommand, integration: Integration, folder: Location, only: Sequence[Location] | None
    ) -> list[StoredFile]:
        if only is not None or command.files is not None:
            named = [join(folder, file) for file in command.files or ()] if only is None else only
            # size and ETag are those of the read itself
            return [StoredFile(place, 0, "", 0.0) for place in named if chosen(command, folder, place.key)]
        return [file for file in self._storage.list(integration, folder) if chosen(command, folder, file.location.key)]

    def _run_as_one(
        self,
        command: CopyCommand,
        table: Name,
        targets: Sequence[Target],
        stage: Stage,
        integration: Integration,
        options: dict[str, Value],
        files: Sequence[StoredFile],
        pipe: Pipe | None,
    ) -> list[FileLoad]:
        loads: list[FileLoad] = []
        with self._engine.transaction() as cursor:
            for file in self._new(cursor, command, table, files, pipe):
                with self._fetched(integration, file) as (fetched, local):
                    if self._known(cursor, command, table, fetched, pipe):
                        continue
                    load = insert(cursor, table, targets, options, fetched, local, by_name=command.match_by_column_name)
                if load.errors:
                    raise _aborted(load)
                history.record(cursor, table, Location.parse(stage.url), load, pipe)
                loads.append(load)
        return loads

    def _load_alone(
        self,
        command: CopyCommand,
        table: Name,
        targets: Sequence[Target],
        stage: Stage,
        integration: Integration,
        options: dict[str, Value],
        file: StoredFile,
        pipe: Pipe | None,
        on_error: str,
    ) -> FileLoad | None:
        if file.etag and self._is_known(command, table, file, pipe):
            return None
        with self._fetched(integration, file) as (fetched, local), self._engine.writing:
            if self._is_known(command, table, fetched, pipe):
                return None
            try:
                with self._engine.transaction() as cursor:
                    load = insert(cursor, table, targets, options, fetched, local, by_name=command.match_by_column_name)
                    if _too_many(load, on_error):
                        raise _Undone(load)
                    history.record(cursor, table, Location.parse(stage.url), load, pipe)
            except _Undone as undone:
                load = replace(undone.load, failed=True, loaded=0)
                with self._engine.transaction() as cursor:
                    history.record(cursor, table, Location.parse(stage.url), load, pipe)
        return load

    def _is_known(self, command: CopyCommand, table: Name, file: StoredFile, pipe: Pipe | None) -> bool:
        with self._engine.cursor() as cursor:
            return self._known(cursor, command, table, file, pipe)

    def _known(
        self,
        cursor: duckdb.DuckDBPyConnection,
        command: CopyCommand,
        table: Name,
        file: StoredFile,
        pipe: Pipe | None,
    ) -> bool:
        return not self._new(cursor, command, table, [file], pipe)

    def _new(
        self,
        cursor: duckdb.DuckDBPyConnection,
        command: CopyCommand,
        table: Name,
        files: Sequence[StoredFile],
        pipe: Pipe | None,
    ) -> list[StoredFile]:
        if command.force:
            return list(files)
        before = history.loaded_before(cursor, table, files, pipe)
        return [file for file in files if (file.location.url, file.etag) not in before]

    def _fetched(self, integration: Integration, file: StoredFile) -> _Fetched:
        return _Fetched(self._storage, self._spool, integration, file)


class _Fetched:
    """An object copied to a local file for as long as it is read."""

    def __init__(self, storage: Storage, spool: Path, integration: Integration, file: StoredFile) -> None:
        self._storage = storage
        self._integration = integration
        self._file = file
        suffix = PurePosixPath(file.location.key).suffix
        with tempfile.NamedTemporaryFile(dir=spool, suffix=suffix, delete=False) as made:
            self._local = Path(made.name)

    def __enter__(self) -> tuple[StoredFile, Path]:
        try:
            return self._storage.fetch(self._integration, self._file.location, self._local), self._local
        except BaseException:
            self._local.unlink()
            raise

    def __exit__(self, *_: object) -> None:
        self._local.unlink()


class _Undone(Exception):  # noqa: N818 # a signal to roll back, not an error that anyone sees
    def __init__(self, load: FileLoad) -> None:
        super().__init__()
        self.load = load


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
            f"DESC INTEGRATION to check out allowed and blocked locations.",
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
    return SnowflakeError(
        100038 if error.message.startswith("Numeric") else 100080,
        "22018",
        f"{error.message}\n  File '{load.file.location.url}', line {error.line or 1}, character {error.character or 1}\n"
        f"  Row {error.line or 1}, column {error.column or ''}\n"
        "  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or "
        "'CONTINUE' for the ON_ERROR option. For more information on loading options, please run 'info loading_data' "
        "in a SQL client.",
    )
