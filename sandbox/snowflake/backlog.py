"""What the pipes have before them: the files that wait, what hinders them, and when something last came."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field

from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.storage import StoredFile


@dataclass
class Waiting:
    """A pipe's files that wait, by URL, and what it last met."""

    files: dict[str, dt.datetime] = field(default_factory=dict[str, dt.datetime])
    """When each was put into the queue."""
    hindrances: dict[str, str] = field(default_factory=dict[str, str])
    """Why a file could not be loaded yet."""
    last_received: dt.datetime | None = None
    last_error: str | None = None
    last_error_at: dt.datetime | None = None


class Backlog:
    """Kept in memory: after a start the queue's messages come back and fill it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, Waiting] = {}
        self._tries: dict[str, int] = {}
        self._faults: dict[str, str] = {}

    def of(self, pipe: Pipe) -> Waiting:
        """Give what a pipe has before it."""
        with self._lock:
            return self._waiting.setdefault(pipe.identity, Waiting())

    def received(self, pipe: Pipe, file: StoredFile, moment: dt.datetime) -> None:
        """Take a file among those that wait."""
        waiting = self.of(pipe)
        waiting.files.setdefault(file.location.url, moment)
        waiting.last_received = max(moment, waiting.last_received or moment)

    def failed(self, pipe: Pipe, file: StoredFile, reason: str) -> bool:
        """Note why a file cannot be loaded; True: for the first time, so that it is told once."""
        waiting = self.of(pipe)
        known = waiting.hindrances.get(file.location.url)
        waiting.hindrances[file.location.url] = reason
        waiting.last_error, waiting.last_error_at = reason, dt.datetime.now(dt.UTC)
        return known != reason

    def done(self, pipe: Pipe, file: StoredFile) -> None:
        """Take a file out of those that wait."""
        waiting = self.of(pipe)
        waiting.files.pop(file.location.url, None)
        waiting.hindrances.pop(file.location.url, None)

    def is_new_fault(self, message: str, reason: str) -> bool:
        """Note a fault of the sandbox at a message; True: it has not met this one before."""
        known = self._faults.get(message)
        self._faults[message] = reason
        return known != reason

    def tried(self, message: str) -> int:
        """Count a vain try of a message, and give how many there were before."""
        before = self._tries.get(message, 0)
        self._tries[message] = before + 1
        return before

    def forget(self, message: str) -> None:
        """Forget a message that is done with."""
        self._tries.pop(message, None)
        self._faults.pop(message, None)
