"""The door's own SSH key: made once in a sandbox's life, so that a client's known_hosts line stays true."""

from __future__ import annotations

import os

import asyncssh

from sandbox.home import SandboxHome


def door_host_key(home: SandboxHome) -> asyncssh.SSHKey:
    """Give the ed25519 key that the door shows to clients; it is made at the first call."""
    file = home.folder("sftp") / "ssh_host_ed25519_key"
    if not file.exists():
        scratch = file.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        key = asyncssh.generate_private_key("ssh-ed25519")  # pyright: ignore[reportUnknownMemberType]  # open **kwargs
        scratch.write_bytes(key.export_private_key())
        scratch.replace(file)
    return asyncssh.import_private_key(file.read_bytes())
