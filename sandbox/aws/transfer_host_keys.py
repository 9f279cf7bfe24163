"""A Transfer server's host keys: what the API tells of them, and which of them the door shows."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from typing import cast

import asyncssh
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random
from moto.transfer.types import Server

from sandbox.aws.transfer_operations import Operations
from sandbox.aws.transfer_request import already_exists, invalid, not_found

HostKey = dict[str, object]
"""A host key as DescribeHostKey gives it, without its ARN and with its private half, which no operation gives out."""

MOST_HOST_KEYS = 10
"""How many host keys a server has at most (AWS General Reference, "AWS Transfer Family endpoints and quotas")."""

GENERATED_RSA_BITS = 2048

_PRIVATE = "HostKeyBody"
_KINDS = {"ssh-rsa": "RSA", "ssh-ed25519": "ED25519"}
_ALGORITHMS = frozenset({*_KINDS, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"})


class HostKeyOperations(Operations):
    """Import, describe, list, update and delete host keys."""

    def import_host_key(self) -> str:
        """Add a host key to a server."""
        server, parameters = self.server(), self.parameters()
        key = add_host_key(server, self.text("HostKeyBody"))
        key.update(Description=parameters.get("Description", ""), Tags=parameters.get("Tags", []))
        return json.dumps({"ServerId": server.server_id, "HostKeyId": key["HostKeyId"]})

    def update_host_key(self) -> str:
        """Change a host key's description."""
        key = self._host_key()
        key["Description"] = self.text("Description")
        return json.dumps({"ServerId": self.text("ServerId"), "HostKeyId": key["HostKeyId"]})

    def describe_host_key(self) -> str:
        """Give a host key of a server."""
        return json.dumps({"HostKey": _public(self.server(), self._host_key())})

    def list_host_keys(self) -> str:
        """Give a server's host keys, a page at a time."""
        server = self.server()

        def listed(key: HostKey) -> dict[str, object]:
            facts = _public(server, key)
            del facts["Tags"]
            return {**facts, "Fingerprint": facts.pop("HostKeyFingerprint")}

        return json.dumps({"ServerId": server.server_id, **self.page(host_keys_of(server), listed, "HostKeys")})

    def delete_host_key(self) -> str:
        """Take a host key from a server."""
        host_keys_of(self.server()).remove(self._host_key())
        return "{}"

    def _host_key(self) -> HostKey:
        key_id = self.text("HostKeyId")
        for key in host_keys_of(self.server()):
            if key["HostKeyId"] == key_id:
                return key
        raise not_found("HostKey", key_id)


def host_keys_of(server: Server) -> list[HostKey]:
    """Give the list, kept with moto's own state, of the host keys of `server`, the oldest first."""
    return cast("list[HostKey]", vars(server).setdefault("host_keys", []))


def active_host_keys(server: Server) -> list[asyncssh.SSHKey]:
    """Give the keys that clients see: the oldest RSA, the oldest ECDSA and the oldest ED25519 key.

    Transfer Family user guide, "Add an additional server host key".
    """
    oldest: dict[str, asyncssh.SSHKey] = {}
    for body in (cast("str | None", key.get(_PRIVATE)) for key in tuple(host_keys_of(server))):
        if body:
            key = _read_private(body)
            oldest.setdefault(_KINDS.get(_type(key), "ECDSA"), key)
    return list(oldest.values())


def server_fingerprint(server: Server) -> str | None:
    """Give what DescribeServer says of a server's host keys: the fingerprint of the oldest."""
    return next((str(key["HostKeyFingerprint"]) for key in host_keys_of(server)), None)


def check_host_key(body: str) -> None:
    """Refuse a text that is no private key, in the service's words."""
    _read_given(body)


def add_host_key(server: Server, body: str | None) -> HostKey:
    """Add a host key to `server`; one is generated, of RSA as the service does, when `body` is None."""
    keys = host_keys_of(server)
    key = _read_given(body) if body else _generated()
    shown = fingerprint(key)
    if any(known["HostKeyFingerprint"] == shown for known in keys):
        raise already_exists("HostKey", shown)
    if len(keys) >= MOST_HOST_KEYS:
        raise invalid(f"The server has {MOST_HOST_KEYS} host keys, the maximum")
    made: HostKey = {
        "HostKeyId": f"hostkey-{mock_random.get_random_hex(17)}",
        "HostKeyFingerprint": shown,
        "Description": "",
        "Type": _type(key),
        "DateImported": unix_time(),
        "Tags": [],
        _PRIVATE: key.export_private_key().decode(),
    }
    keys.append(made)
    return made


def _read_given(body: str) -> asyncssh.SSHKey:
    try:
        key = _read_private(body)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise invalid("Unsupported or invalid SSH private key format") from error
    if _type(key) not in _ALGORITHMS:
        raise invalid("Unsupported or invalid SSH private key format")
    return key


@functools.lru_cache(maxsize=64)
def _read_private(body: str) -> asyncssh.SSHKey:
    """Read a private key; kept, as the door needs it at each connection, and reading an RSA key proves its primes."""
    return asyncssh.import_private_key(body)


def _generated() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-rsa", key_size=GENERATED_RSA_BITS)  # pyright: ignore[reportUnknownMemberType]  # open **kwargs


def _type(key: asyncssh.SSHKey) -> str:
    return key.algorithm.decode()


def _public(server: Server, key: HostKey) -> dict[str, object]:
    """Give what the API tells of a key."""
    return {**{name: value for name, value in key.items() if name != _PRIVATE}, "Arn": host_key_arn(server, key)}


def fingerprint(key: asyncssh.SSHKey) -> str:
    """Give the fingerprint of `key` as Transfer writes it: that of `ssh-keygen -l`, with its padding."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(key.public_data).digest()).decode()}"


def host_key_arn(server: Server, key: HostKey) -> str:
    """Give the ARN of a host key of `server`."""
    return f"arn:aws:transfer:{server.region_name}:{server.account_id}:host-key/{server.server_id}/{key['HostKeyId']}"
