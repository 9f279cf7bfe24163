"""Staged files: which ones a stage's path means, in which format they are read, and local copies of them."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from sandbox.snowflake.errors import SnowflakeError, missing, unsupported
from sandbox.snowflake.formats import complete
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import FileFormat, Integration, Stage
from sandbox.snowflake.statement import Option, Statement
from sandbox.snowflake.storage import Storage, StoredFile
from sandbox.snowflake.store import ObjectStore


class Staging:
    """Finds stages, their formats and their files, and brings files here for as long as they are read."""

    def __init__(self, store: ObjectStore, storage: Storage, spool: Path) -> None:
        self.store = store
        self.storage = storage
        self._spool = spool
        self._spool.mkdir(exist_ok=True)
        for leftover in self._spool.iterdir():
            leftover.unlink()

    def external_stage(self, name: Name) -> tuple[Stage, Integration]:
        """Give an external stage and the integration through which it reads, both fit for use."""
        stage = self.store.find(Stage, name)
        if stage is None:
            raise missing("Stage", str(name))
        if stage.integration is None:
            raise unsupported("loading from a stage without STORAGE_INTEGRATION")
        return stage, usable_integration(self.store, stage.integration, stage.url)

    def format_of(self, given: dict[str, Option], stage: Stage, home: Name) -> dict[str, Option]:
        """Give the complete options of a format: those given, or else the stage's; named ones from `home`'s schema."""
        chosen = given or stage.file_format
        named = chosen.get("FORMAT_NAME")
        return complete(chosen) if named is None else self.named_format(str(named), home)

    def named_format(self, text: str, home: Name) -> dict[str, Option]:
        """Give the complete options of the file format that `text` names."""
        name = format_name(text, home)
        kept = self.store.find(FileFormat, name)
        if kept is None:
            raise missing("File format", str(name))
        return complete(kept.options)

    @contextmanager
    def fetched(self, integration: Integration, file: StoredFile) -> Generator[tuple[StoredFile, Path]]:
        """Copy an object to a local file for as long as it is read."""
        suffix = PurePosixPath(file.location.key).suffix
        with tempfile.NamedTemporaryFile(dir=self._spool, suffix=suffix) as spooled:
            local = Path(spooled.name)
            yield self.storage.fetch(integration, file.location, local), local


def format_name(text: str, home: Name) -> Name:
    """Complete the name of a file format with the schema from which it is named."""
    parts = Statement(text).identifiers()
    return Name((*home.parts[: 3 - len(parts)], *parts))


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
            3127,
            "42601",
            f"SQL compilation error:\nLocation '{url}' is not allowed by integration '{name}'. Please use "
            "DESC INTEGRATION to check out allowed and blocked locations.",
        )
    return integration
