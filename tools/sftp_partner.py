"""A partner of the `dev` stack as it is at its own end: a key pair made here, and an SFTP client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

PARTNER = "skyway"
"""The partner in `Pulumi.dev.yaml`; its public key is the file that is named there."""


@dataclass(frozen=True)
class PartnerKey:
    """The partner's own key pair; only the public half ever goes into a stack's configuration."""

    private: Path
    public: Path


def partner_key(folder: Path, partner: str) -> PartnerKey:
    """Give the partner's key pair in `folder`, made when it is not there yet."""
    key = PartnerKey(folder / partner, folder / f"{partner}.pub")
    if not (key.private.exists() and key.public.exists()):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        pair = asyncssh.generate_private_key("ssh-ed25519", comment=partner)  # pyright: ignore[reportUnknownMemberType]  # its keyword arguments are untyped
        key.private.touch(mode=0o600)
        key.private.write_bytes(pair.export_private_key())
        key.public.write_bytes(pair.export_public_key())
    return key


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the partner connects to, and how it knows that it is the right door."""

    host: str
    port: int
    user: str
    key: PartnerKey
    fingerprint: str
    """The SHA-256 fingerprint of the server's host key, as the stack's output gives it."""
    known_hosts: Path
    """Where the host key is kept once its fingerprint was found right."""

    async def learn_host_key(self) -> None:
        """Fetch the server's host key, and keep it if its fingerprint is the one that the stack promised.

        Raises PermissionError when it is another's.
        """
        host_key = await asyncssh.get_server_host_key(self.host, self.port)
        found = host_key.get_fingerprint() if host_key else "none"
        # AWS writes the base64 with its padding, OpenSSH without.
        if host_key is None or found != self.fingerprint.rstrip("="):
            raise PermissionError(f"the door shows host key {found}, the stack says {self.fingerprint}: not connecting")
        line = host_key.export_public_key().decode().strip()
        self.known_hosts.write_text(f"[{self.host}]:{self.port} {line}\n")

    async def put(self, files: Iterable[Path], folder: str) -> None:
        """Send files into a folder of the partner's home."""
        options: dict[str, Any] = {
            "port": self.port,
            "username": self.user,
            "client_keys": [str(self.key.private)],
            "known_hosts": str(self.known_hosts),
            "config": None,
            "agent_path": None,
        }
        async with asyncssh.connect(self.host, **options) as connection, connection.start_sftp_client() as client:
            for file in files:
                await client.put(str(file), f"{folder}/{file.name}")

    def command(self) -> str:
        """Give what a person types to go through the same door."""
        return (
            f"sftp -P {self.port} -i {_short(self.key.private)} -o UserKnownHostsFile={_short(self.known_hosts)} "
            f"{self.user}@{self.host}"
        )


def _short(path: Path) -> str:
    """Write a path as seen from here, where it is below here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
