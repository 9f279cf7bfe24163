"""Where a client's path lies in S3: a user's logical home as a pure function.

Everything that a client may reach is decided here, so this file knows nothing of SSH or S3.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


class UnusableNameError(ValueError):
    """A path that S3 cannot hold as a key."""


@dataclass(frozen=True)
class Location:
    """A place in S3: a bucket and a key in it, without slashes at its ends."""

    bucket: str
    key: str

    @property
    def prefix(self) -> str:
        """What the keys of everything below this place begin with."""
        return f"{self.key}/" if self.key else ""

    def __str__(self) -> str:
        return f"/{self.bucket}/{self.key}"


@dataclass(frozen=True)
class LogicalHome:
    """A user's home directory mappings: which part of S3 stands behind which path."""

    entries: Mapping[str, Location]
    """The mappings by their entry, a path as `normalise` gives it."""

    @classmethod
    def of(cls, mappings: Iterable[tuple[str, str]]) -> LogicalHome:
        """Make a home of pairs of Entry and Target, such as `("/", "/landing/partners/skyway")`."""
        entries: dict[str, Location] = {}
        for entry, target in mappings:
            bucket, _, key = normalise(target).lstrip("/").partition("/")
            entries[normalise(entry)] = Location(bucket, key)
        return cls(entries)

    def narrowed_to(self, is_there: Callable[[Location], bool]) -> LogicalHome:
        """Give the home without the entries whose target is not there: Transfer passes over those."""
        return LogicalHome({entry: target for entry, target in self.entries.items() if is_there(target)})

    def locate(self, path: str) -> Location | None:
        """Give the place of `path` by the longest entry that holds it, or None if no entry does."""
        path = normalise(path)
        for entry in _self_and_parents(path):
            if target := self.entries.get(entry):
                rest = path[len(entry) :].strip("/")
                return Location(target.bucket, posixpath.join(target.key, rest) if rest else target.key)
        return None

    def is_fixed(self, path: str) -> bool:
        """Say whether `path` is an entry or leads to one: there always, and never a client's to change."""
        path = normalise(path)
        return path == "/" or any(path in _self_and_parents(entry) for entry in self.entries)

    def entries_below(self, path: str) -> frozenset[str]:
        """Give the names directly below `path` that are entries or lead to one."""
        above = normalise(path).rstrip("/") + "/"
        below = (entry[len(above) :] for entry in self.entries if entry.startswith(above))
        return frozenset(rest.partition("/")[0] for rest in below if rest)


def normalise(path: str) -> str:
    """Give `path` as an absolute path without `.`, `..` or doubled slashes; `..` stops at the root.

    POSIX lets two leading slashes mean something of their own, and `posixpath.normpath` keeps them: hence the `lstrip`.
    """
    if "\0" in path:
        raise UnusableNameError(f"A file name cannot hold a NUL character: {path!r}")
    return posixpath.normpath("/" + path.lstrip("/"))


def _self_and_parents(path: str) -> Iterable[str]:
    """Give a normalised `path` and the directories above it, from the longest to the root."""
    while path != "/":
        yield path
        path = posixpath.dirname(path)
    yield "/"
