"""The store of account objects: held in memory, written through to SQLite, one document an object."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from sandbox.snowflake import objects
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import AccountObject

T = TypeVar("T", bound=AccountObject)

_KINDS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (
        objects.Database,
        objects.Schema,
        objects.Table,
        objects.Integration,
        objects.Stage,
        objects.Pipe,
        objects.FileFormat,
        objects.Warehouse,
        objects.Role,
        objects.Grant,
        objects.User,
    )
}


class ObjectStore:
    """Finds, keeps and forgets objects by kind and name. Each change is durable when its call returns."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._file = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS objects (kind TEXT, name TEXT, document TEXT, PRIMARY KEY (kind, name))"
        )
        self._kept: dict[str, dict[Name, Any]] = defaultdict(dict)
        self._changes: dict[str, int] = defaultdict(int)
        for kind, document in self._file.execute("SELECT kind, document FROM objects"):
            kept = _KINDS[kind].validate_json(document)
            self._kept[kind][kept.name] = kept

    def find(self, kind: type[T], name: Name) -> T | None:
        """Give the object of this name, or None."""
        with self._lock:
            return self._kept[kind.__name__].get(name)

    def all(self, kind: type[T], holder: Name | None = None) -> list[T]:
        """Give the objects of a kind, those in `holder` alone when it is given, by name."""
        with self._lock:
            kept: list[T] = sorted(self._kept[kind.__name__].values(), key=lambda each: each.name)
        return kept if holder is None else [each for each in kept if each.name.within(holder)]

    def changes(self, kind: type[AccountObject]) -> int:
        """Give a number that is another one after each change to the objects of a kind."""
        with self._lock:
            return self._changes[kind.__name__]

    def put(self, kept: AccountObject) -> None:
        """Keep an object, in the place of the one of the same kind and name."""
        kind = type(kept).__name__
        document = _KINDS[kind].dump_json(kept).decode()
        with self._lock:
            self._file.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", (kind, _key(kept.name), document))
            self._kept[kind][kept.name] = kept
            self._changes[kind] += 1

    def remove(self, kind: type[AccountObject], name: Name) -> None:
        """Forget an object; one that is not there is no error."""
        with self._lock:
            self._file.execute("DELETE FROM objects WHERE kind = ? AND name = ?", (kind.__name__, _key(name)))
            self._kept[kind.__name__].pop(name, None)
            self._changes[kind.__name__] += 1

    def remove_within(self, holder: Name) -> None:
        """Forget everything that a dropped database or schema held."""
        with self._lock:
            for kind in (objects.Schema, objects.Table, objects.Stage, objects.Pipe, objects.FileFormat):
                for kept in self.all(kind, holder):
                    self.remove(kind, kept.name)
            for grant in self.all(objects.Grant):
                if grant.target == holder or grant.target.within(holder):
                    self.remove(objects.Grant, grant.name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _key(name: Name) -> str:
    return json.dumps(name.parts)
