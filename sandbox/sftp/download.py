"""A file that a client reads: one request to S3 for a read from front to back, with the next block on its way."""

from __future__ import annotations

import asyncio

from sandbox.sftp.paths import Location
from sandbox.sftp.store import Body, ObjectFacts, Store

BLOCK_SIZE = 2 * 1024 * 1024
"""How many bytes are asked of the connection at once, ahead of the client."""


class Download:
    """One open file for reading."""

    def __init__(self, store: Store, location: Location, facts: ObjectFacts, body: Body) -> None:
        self.location = location
        self.facts = facts
        self.sent = 0
        """How many bytes the client has been given."""
        self._store = store
        self._body = body
        self._position = 0
        self._buffer = bytearray()
        self._ahead = self._next_block()

    @classmethod
    async def open(cls, store: Store, location: Location) -> Download:
        """Open the object at `location`."""
        facts, body = await store.open(location)
        return cls(store, location, facts, body)

    async def read(self, offset: int, size: int) -> bytes:
        """Give `size` bytes from `offset` on, fewer only at the end."""
        size = min(size, self.facts.size - offset)
        if size <= 0:
            return b""
        if offset != self._position:
            await self._seek(offset)
        while len(self._buffer) < size:
            block = await self._ahead
            self._buffer += block
            if not block:
                break
            self._ahead = self._next_block()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._position += len(data)
        self.sent += len(data)
        return data

    async def close(self) -> None:
        """Let go of the connection."""
        await asyncio.gather(self._ahead, return_exceptions=True)
        await asyncio.to_thread(self._body.close)

    async def _seek(self, offset: int) -> None:
        """Go to `offset`; the object must still be the one that was opened."""
        await self.close()
        self._buffer.clear()
        self._position = offset
        _, self._body = await self._store.open(self.location, offset, self.facts.etag)
        self._ahead = self._next_block()

    def _next_block(self) -> asyncio.Task[bytes]:
        return asyncio.create_task(asyncio.to_thread(self._body.read, BLOCK_SIZE))
