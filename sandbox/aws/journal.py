"""The journal: a file of records, one behind the other, each whole once `append` returns.

It is written and not synced: what it holds outlives the process, however that ends, but not the machine.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

_LENGTH = struct.Struct(">Q")


class Journal:
    """The records since the state was last saved; with each save a new file begins, whose number the state names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._file: FileIO | None = None
        self.number = 0
        """That of the file that is written."""

    def append(self, make: Callable[[], bytes]) -> None:
        """Write the record that `make` gives, alone: what it looks at is as no later record tells it.

        Raises OSError, with nothing written, when the disk takes no more.
        """
        with self._lock:
            record = make()
            frame = _LENGTH.pack(len(record)) + record
            file = self._opened()
            end = file.tell()
            if file.write(frame) != len(frame):
                file.truncate(end)
                file.seek(end)
                raise OSError(f"{file.name} takes no {len(frame)} bytes more: is the disk full?")

    @contextmanager
    def held(self) -> Generator[None]:
        """Let nothing be written but by the caller's thread."""
        with self._lock:
            yield

    def begin(self, number: int) -> None:
        """Begin a new file, and remove the others: the state that was just saved has what they tell."""
        with self._lock:
            self.close()
            self.number = number
            for file in self._folder.glob("journal.*"):
                file.unlink()

    def resume(self, number: int) -> Iterator[bytes]:
        """Give the records of a file, then go on writing behind the last one that is whole."""
        self.number = number
        whole = 0
        file = self._path()
        if file.exists():
            with file.open("rb") as stream:
                while (record := _next(stream.read)) is not None:
                    yield record
                    whole = stream.tell()
            with file.open("r+b") as stream:
                stream.truncate(whole)

    def close(self) -> None:
        """Close the file; the next record opens it again."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = None

    def _path(self) -> Path:
        return self._folder / f"journal.{self.number}"

    def _opened(self) -> FileIO:
        if self._file is None:
            path = self._path()
            path.touch(mode=0o600)
            self._file = FileIO(path, "r+")
            self._file.seek(0, 2)
        return self._file


def _next(read: Callable[[int], bytes]) -> bytes | None:
    """Read one record; None at the end, and where a record ends too early: nothing was confirmed by that one."""
    head = read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    record = read(length)
    return record if len(record) == length else None
