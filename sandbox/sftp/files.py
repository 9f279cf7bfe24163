"""The SFTP requests of one session, carried out on S3 within the user's logical home.

A directory is a common prefix of keys; one that is made empty is held by an empty object whose key ends in a slash.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager

import asyncssh
from asyncssh import (
    SFTPAttrs,
    SFTPFailure,
    SFTPName,
    SFTPNoSuchFile,
    SFTPOpUnsupported,
    SFTPPermissionDenied,
)
from asyncssh.constants import FXF_APPEND, FXF_CREAT, FXF_EXCL, FXF_READ, FXF_TRUNC, FXF_WRITE

from sandbox.sftp.attributes import of_directory, of_file, of_new_file
from sandbox.sftp.download import Download
from sandbox.sftp.errors import FAULTS, as_sftp_error
from sandbox.sftp.journal import Journal
from sandbox.sftp.paths import Location, normalise
from sandbox.sftp.store import Store
from sandbox.sftp.upload import Upload
from sandbox.sftp.users import TransferUser

_MODES = {FXF_CREAT: "CREATE", FXF_TRUNC: "TRUNCATE", FXF_READ: "READ", FXF_WRITE: "WRITE"}

_log = logging.getLogger(__name__)

MayList = Callable[[Location], Awaitable[bool]]


class TransferFiles(asyncssh.SFTPServer):
    """What one user sees and does in one SFTP session."""

    def __init__(
        self,
        channel: asyncssh.SSHServerChannel[bytes],
        user: TransferUser,
        store: Store,
        may_list: MayList,
        journal: Journal,
    ) -> None:
        super().__init__(channel)  # pyright: ignore[reportUnknownMemberType]  # its channel has no type of data
        self._user = user
        self._home = user.home
        self._store = store
        self._may_list = may_list
        self._journal = journal
        self._open: set[Upload | Download] = set()

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Upload | Download:  # noqa: ARG002
        """Open a file to read it, or to write it anew from front to back."""
        with self._answering("OPEN", path) as name:
            location = self._place(name)
            if pflags & FXF_APPEND or (pflags & FXF_READ and pflags & FXF_WRITE):
                raise SFTPOpUnsupported("A file is read, or written anew: S3 does not append or change in place")
            if pflags & FXF_WRITE:
                opened = Upload(self._store, location, await self._size_to_replace(name, location, pflags))
            else:
                opened = await Download.open(self._store, location)
            self._open.add(opened)
            mode = "|".join(word for flag, word in _MODES.items() if pflags & flag)
            self._journal.write("OPEN", path=str(location), mode=mode)
            return opened

    async def _size_to_replace(self, name: str, location: Location, pflags: int) -> int:
        """Check that the file may be written, and give the size of the one whose bytes the client did not give up."""
        if self._home.is_fixed(name):
            raise SFTPFailure(f"{name} is a directory")
        if pflags & FXF_CREAT and pflags & FXF_TRUNC and not pflags & FXF_EXCL:
            return 0
        present = await self._store.find(location)
        if present and pflags & FXF_EXCL:
            raise SFTPFailure(f"{name} exists")
        if present and not pflags & (FXF_TRUNC | FXF_CREAT):
            raise SFTPOpUnsupported("A file is written anew: S3 does not change a part of it")
        if not present and not pflags & FXF_CREAT:
            raise SFTPNoSuchFile(f"{name} does not exist")
        return present.size if present and not pflags & FXF_TRUNC else 0

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read from an open file."""
        if not isinstance(file_obj, Download):
            raise SFTPFailure("The file was opened to be written")
        with self._answering("READ", file_obj.location):
            return file_obj.read(offset, size)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write the next bytes of an open file."""
        if not isinstance(file_obj, Upload):
            raise SFTPFailure("The file was opened to be read")
        with self._answering("WRITE", file_obj.location):
            await file_obj.write(offset, data)
        return len(data)

    async def close(self, file_obj: object) -> None:
        """Let a read file go; make an object of a written one. One that was interrupted is gone already."""
        if not isinstance(file_obj, Upload | Download) or file_obj not in self._open:
            return
        self._open.remove(file_obj)
        path = str(file_obj.location)
        if isinstance(file_obj, Upload):
            with self._answering("CLOSE", file_obj.location):
                await file_obj.close()
            self._journal.write("CLOSE", path=path, bytes_in=str(file_obj.size))
        else:
            self._journal.write("CLOSE", path=path, bytes_out=str(file_obj.sent))

    async def interrupted(self) -> None:
        """Leave nothing of what was still being written when the client went away."""
        while self._open:
            opened = self._open.pop()
            self._journal.write("PARTIAL_CLOSE", path=str(opened.location))
            try:
                if isinstance(opened, Upload):
                    await opened.abort()
            except FAULTS as fault:
                self._journal.write("ERROR", operation="PARTIAL_CLOSE", path=str(opened.location), message=str(fault))

    def exit(self) -> None:
        """End the session as a program ends that did its work: OpenSSH's `scp` takes any other end for a failure."""
        self.channel.exit(0)  # pyright: ignore[reportUnknownMemberType]  # as above

    async def stat(self, path: bytes) -> SFTPAttrs:
        """Give the size and time of a file, or that it is a directory."""
        with self._answering("STAT", path) as name:
            if self._home.is_fixed(name):
                return of_directory()
            location = self._place(name)
            if facts := await self._store.find(location):
                return of_file(facts)
            if await self._store.first_keys(location, 1):
                return of_directory()
            raise SFTPNoSuchFile(f"{name} does not exist")

    async def lstat(self, path: bytes) -> SFTPAttrs:
        """Do as `stat`: there are no links."""
        return await self.stat(path)

    def fstat(self, file_obj: object) -> SFTPAttrs:
        """Give the size of an open file as far as it is known."""
        if isinstance(file_obj, Download):
            return of_file(file_obj.facts)
        return of_new_file(file_obj.size if isinstance(file_obj, Upload) else 0)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:  # noqa: ARG002
        """Refuse to set times and modes, which S3 does not have; or pass it over, if the server is told to."""
        with self._answering("SETSTAT", path) as name:
            self._set_nothing(str(self._place(name)))

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """Do as `setstat`; but let a file that is written end where its last byte is, as OpenSSH's `scp` does."""
        if isinstance(file_obj, Upload) and attrs.size is not None:
            with self._answering("SETSTAT", file_obj.location):
                file_obj.end_at(attrs.size)
        elif isinstance(file_obj, Upload | Download):
            with self._answering("SETSTAT", file_obj.location):
                self._set_nothing(str(file_obj.location))

    def _set_nothing(self, path: str) -> None:
        if not self._user.ignores_setstat:
            raise SFTPOpUnsupported("SETSTAT unsupported")
        self._journal.write("SETSTAT", path=path)

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """Give what lies in a directory, a page of S3's listing at a time."""
        with self._answering("READDIR", path) as name:
            entries = self._home.entries_below(name)
            for entry in sorted(entries):
                yield SFTPName(entry.encode(), attrs=of_directory())
            location = self._home.locate(name)
            if location is None and self._home.is_fixed(name):
                return
            location = self._place(name)
            if not await self._may_list(location):
                raise SFTPPermissionDenied(f"The role may not decrypt what lies in {name}")
            found = False
            async for page in self._store.pages(location):
                for listed in page:
                    found = True
                    if listed.name not in entries:
                        attrs = of_file(listed.facts) if listed.facts else of_directory()
                        yield SFTPName(listed.name.encode(), attrs=attrs)
            if not found and not self._home.is_fixed(name) and not await self._store.first_keys(location, 1):
                raise SFTPNoSuchFile(f"{name} does not exist")

    async def remove(self, path: bytes) -> None:
        """Delete a file."""
        with self._answering("DELETE", path) as name:
            location = await self._file_at(name)
            await self._store.delete(location)
            self._journal.write("DELETE", path=str(location))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give a file another name: a copy in S3, then a deletion. A file of the new name is replaced."""
        with self._answering("RENAME", oldpath) as name:
            new_name = normalise(newpath.decode())
            source, target = await self._file_at(name), self._place(new_name)
            if self._home.is_fixed(new_name) or await self._store.first_keys(target, 1):
                raise SFTPFailure(f"{new_name} is a directory")
            if source != target:
                await self._store.copy(source, target)
                await self._store.delete(source)
            self._journal.write("RENAME", path=str(source), new_path=str(target))

    async def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:  # noqa: ARG002
        """Make a directory."""
        with self._answering("MKDIR", path) as name:
            location = self._place(name)
            if self._home.is_fixed(name) or await self._store.first_keys(location, 1):
                raise SFTPFailure(f"{name} exists")
            if await self._store.find(location):
                raise SFTPFailure(f"{name} is a file")
            await self._store.make_marker(location)
            self._journal.write("MKDIR", path=str(location))

    async def rmdir(self, path: bytes) -> None:
        """Remove a directory that is empty."""
        with self._answering("RMDIR", path) as name:
            location = self._place(name)
            keys = await self._store.first_keys(location, 2)
            if not keys and not self._home.is_fixed(name):
                raise SFTPNoSuchFile(f"{name} does not exist")
            if self._home.is_fixed(name) or keys != [location.prefix]:
                raise SFTPFailure(f"{name} is not empty")
            await self._store.remove_marker(location)
            self._journal.write("RMDIR", path=str(location))

    def realpath(self, path: bytes) -> bytes:
        """Give the absolute path within the home."""
        with self._answering("REALPATH", path) as name:
            return name.encode()

    async def _file_at(self, name: str) -> Location:
        location = self._place(name)
        if not self._home.is_fixed(name):
            if await self._store.find(location):
                return location
            if not await self._store.first_keys(location, 1):
                raise SFTPNoSuchFile(f"{name} does not exist")
        raise SFTPOpUnsupported(f"{name} is a directory")

    def _place(self, name: str) -> Location:
        location = self._home.locate(name)
        if location is None:
            raise SFTPNoSuchFile(f"{name} is in none of the home's directories")
        return location

    @contextmanager
    def _answering(self, operation: str, path: bytes | Location) -> Generator[str]:
        """Give the path in its plain form; log what fails, and say it as SFTP does."""
        try:
            yield str(path) if isinstance(path, Location) else normalise(path.decode())
        except FAULTS as fault:
            error = as_sftp_error(fault)
            if not isinstance(error, SFTPNoSuchFile):
                self._journal.write("ERROR", operation=operation, path=self._shown(path), message=error.reason)
            raise error from fault
        except Exception:
            _log.exception("%s of %r failed", operation, path)  # asyncssh would answer `Failure` and say no more
            raise

    def _shown(self, path: bytes | Location) -> str:
        """Give where a path lies in S3, as Transfer logs it; one that lies nowhere, as the client wrote it."""
        if isinstance(path, Location):
            return str(path)
        text = path.decode(errors="replace")
        return str((None if "\0" in text else self._home.locate(text)) or text)
