"""A file that a client writes: it becomes an object at close, whole, or not at all."""

from __future__ import annotations

import asyncio
import logging

import asyncssh
from botocore.exceptions import BotoCoreError

from sandbox.aws.s3_client import S3RefusalError
from sandbox.sftp.paths import Location
from sandbox.sftp.store import Store

_log = logging.getLogger(__name__)

PART_SIZE = 8 * 1024 * 1024
"""How many bytes go to S3 at once; a file up to this size is put in one request."""

PARTS_IN_FLIGHT = 3
"""How many parts may be on their way: what bounds one upload's memory."""


class Upload:
    """One open file for writing, from its first byte to its last in order."""

    def __init__(self, store: Store, location: Location, size_to_replace: int = 0) -> None:
        """Begin to write to `location`, over a file of this size of which the client expects what it does not cut."""
        self.location = location
        self.size = 0
        """How many bytes have been taken."""
        self._least = size_to_replace
        self._store = store
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[asyncio.Task[str]] = []
        self._failure: Exception | None = None

    async def write(self, offset: int, data: bytes) -> None:
        """Take `data`, which must begin where the last write ended: S3 has no holes and no second thoughts.

        A failure, also one of an earlier part, ends the upload: it is raised now, at each later write, and at close.
        """
        if self._failure:
            raise self._failure
        if offset != self.size:
            gap = asyncssh.SFTPFailure(
                f"Writes must follow each other: byte {self.size} of {self.location} comes next, not {offset}"
            )
            await self._fail(gap)
            raise gap
        self._buffer += data
        self.size += len(data)
        if len(self._buffer) >= PART_SIZE:
            try:
                await self._send_part()
            except Exception as error:
                await self._fail(error)
                raise

    def end_at(self, size: int) -> None:
        """Let the file end here, whatever was there before; raises SFTPOpUnsupported where it does not end."""
        if size != self.size:
            raise asyncssh.SFTPOpUnsupported(f"{self.location} has {self.size} bytes: S3 neither cuts nor fills")
        self._least = 0

    async def close(self) -> None:
        """Make the object."""
        if self._failure:
            raise self._failure
        try:
            self._check_replaces_all()
            if self._upload_id is None:
                await self._store.put(self.location, bytes(self._buffer))
                return
            if self._buffer:
                await self._send_part()
            etags = await asyncio.gather(*self._parts)
            await self._store.complete_upload(self.location, self._upload_id, etags)
        except Exception as error:
            await self._fail(error)
            raise

    def _check_replaces_all(self) -> None:
        if self.size < self._least:
            raise asyncssh.SFTPOpUnsupported(
                f"{self.location} has {self._least} bytes, of which {self.size} were written: S3 does not keep the rest"
            )

    async def abort(self) -> None:
        """Leave nothing in S3."""
        self._buffer.clear()
        await asyncio.gather(*self._parts, return_exceptions=True)
        self._parts.clear()
        if self._upload_id is not None:
            upload_id, self._upload_id = self._upload_id, None
            await self._store.abort_upload(self.location, upload_id)

    async def _fail(self, error: Exception) -> None:
        self._failure = error
        try:
            await self.abort()
        except (S3RefusalError, BotoCoreError):
            # The client is to hear why its upload failed, not that the parts could not be thrown away.
            _log.warning("Could not abort the upload of %s", self.location, exc_info=True)

    async def _send_part(self) -> None:
        if self._upload_id is None:
            self._upload_id = await self._store.begin_upload(self.location)
        pending = [part for part in self._parts if not part.done()]
        if len(pending) >= PARTS_IN_FLIGHT:
            await pending[0]
        for part in self._parts:
            if part.done():
                part.result()
        body, self._buffer = bytes(self._buffer), bytearray()
        number = len(self._parts) + 1
        self._parts.append(asyncio.create_task(self._store.put_part(self.location, self._upload_id, number, body)))
