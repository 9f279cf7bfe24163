"""A file that a client reads: the object as it was when the file was opened, whatever becomes of it meanwhile."""

from __future__ import annotations

from sandbox.sftp.facts import ObjectFacts
from sandbox.sftp.paths import Location
from sandbox.sftp.store import Store


class Download:
    """One open file for reading.

    The store gives an object's body as a whole, so it is held as a whole: one request a file, and no wait at a read.
    """

    def __init__(self, location: Location, facts: ObjectFacts, content: bytes) -> None:
        self.location = location
        self.facts = facts
        self.sent = 0
        """How many bytes the client has been given."""
        self._content = content

    @classmethod
    async def open(cls, store: Store, location: Location) -> Download:
        """Open the object at `location`; raises FileNotFoundError when there is none."""
        facts, content = await store.get(location)
        return cls(location, facts, content)

    def read(self, offset: int, size: int) -> bytes:
        """Give `size` bytes from `offset` on, fewer only at the end."""
        data = self._content[offset : offset + size]
        self.sent += len(data)
        return data
