"""Both ends of the `dev` stack's SFTP door: a partner with its key pair and client, and the door's own host keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from sandbox.home import LOOPBACK

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


_HOST_KEYS = {"host_ed25519": "ssh-ed25519", "host_ecdsa": "ecdsa-sha2-nistp256", "host_rsa": "ssh-rsa"}
"""The files that `Pulumi.dev.yaml` names as the door's host keys, and their types."""


def make_keys(folder: Path) -> None:
    """Make the keys that `Pulumi.dev.yaml` names, where they are not there yet: the partner's, and the door's own."""
    partner_key(folder, PARTNER)
    for name, kind in _HOST_KEYS.items():
        file = folder / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_bytes(asyncssh.generate_private_key(kind).export_private_key())  # pyright: ignore[reportUnknownMemberType]  # as above


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the partner connects to, and how it knows that it is the right door."""

    host: str
    port: int
    user: str
    key: PartnerKey
    hostname: str
    """The name that the host keys are known by; in the sandbox no DNS knows it."""
    known_hosts: Path
    """Where the lines are kept that the stack gave out for the door."""

    @classmethod
    def of_stack(cls, outputs: Mapping[str, Any], *, port: int, user: str, key: PartnerKey, known_hosts: Path) -> Door:
        """Give the door as a stack's outputs describe it, at the port where the sandbox has it.

        Writes the `known_hosts` lines down, as a partner does with those of its handover sheet.
        """
        sftp = outputs["sftp"]
        known_hosts.write_text("".join(f"{line}\n" for line in sftp["knownHosts"]))
        return cls(
            host=LOOPBACK, port=port, user=user, key=key, hostname=str(sftp["hostname"]), known_hosts=known_hosts
        )

    async def put(self, files: Iterable[Path], folder: str) -> None:
        """Send files into a folder of the partner's home."""
        options: dict[str, Any] = {
            "port": self.port,
            "username": self.user,
            "client_keys": [str(self.key.private)],
            "known_hosts": str(self.known_hosts),
            "host_key_alias": self.hostname,
            "config": None,
            "agent_path": None,
        }
        async with asyncssh.connect(self.host, **options) as connection, connection.start_sftp_client() as client:
            for file in files:
                await client.put(str(file), f"{folder}/{file.name}")

    def command(self) -> str:
        """Give what a person types to go through the same door."""
        return (
            f"sftp -P {self.port} -i {shortened(self.key.private)} -o UserKnownHostsFile={shortened(self.known_hosts)} "
            f"-o HostKeyAlias={self.hostname} {self.user}@{self.host}"
        )


def shortened(path: Path) -> str:
    """Write a path as seen from here, where it is below here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
