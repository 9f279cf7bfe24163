"""What a client is told of files and directories: size, time and kind; S3 has no owners and no modes."""

from __future__ import annotations

import stat

from asyncssh import SFTPAttrs

from sandbox.sftp.facts import ObjectFacts


def of_file(facts: ObjectFacts) -> SFTPAttrs:
    """Give the attributes of an object."""
    changed = int(facts.modified.timestamp())
    return SFTPAttrs(size=facts.size, permissions=stat.S_IFREG | 0o600, atime=changed, mtime=changed)


def of_new_file(size: int) -> SFTPAttrs:
    """Give the attributes of a file that is still being written."""
    return SFTPAttrs(size=size, permissions=stat.S_IFREG | 0o600)


def of_directory() -> SFTPAttrs:
    """Give the attributes of a directory, which has no time in S3."""
    return SFTPAttrs(size=0, permissions=stat.S_IFDIR | 0o700, atime=0, mtime=0)
