"""What S3 tells of objects, and how long it may be believed without asking again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.sftp.paths import Location

LONGEST_SECONDS = 5.0
"""How long facts are believed at most: what a policy says may depend on the time."""

MOST = 10_000
"""How many objects' facts a session keeps."""


@dataclass(frozen=True, kw_only=True)
class ObjectFacts:
    """What S3 tells of an object."""

    size: int
    """In bytes."""
    modified: datetime


class RecentFacts:
    """Facts that a session was given lately: a client asks for those of a file that it has just seen in a listing.

    They hold as long as nothing at all has changed in the accounts, through whichever door, so they are never stale.
    """

    def __init__(self, changes: Callable[[], int]) -> None:
        """Take what tells how many changes there were so far."""
        self.changes = changes
        self._facts: dict[Location, ObjectFacts] = {}
        self._as_of = 0
        self._since = 0.0

    def of(self, location: Location) -> ObjectFacts | None:
        """Give the facts of the object at `location`, or None when they are not known."""
        return self._facts.get(location) if self._hold() else None

    def learn(self, as_of: int, facts: Mapping[Location, ObjectFacts]) -> None:
        """Keep `facts`, for which S3 was asked when there had been `as_of` changes."""
        if as_of != self._as_of or not self._hold() or len(self._facts) + len(facts) > MOST:
            self._facts.clear()
            self._as_of, self._since = as_of, time.monotonic()
        self._facts.update(facts)

    def _hold(self) -> bool:
        return self._as_of == self.changes() and time.monotonic() - self._since < LONGEST_SECONDS
