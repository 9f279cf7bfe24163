"""A Transfer server's host keys, beside the one that the door shows."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import cast

import asyncssh
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random
from moto.transfer.types import Server

from sandbox.aws.transfer_operations import Operations
from sandbox.aws.transfer_request import invalid, not_found

HostKey = dict[str, object]
"""A host key as DescribeHostKey gives it, without its ARN; the private half is not kept."""


class HostKeyOperations(Operations):
    """Import, describe, list, update and delete host keys."""

    def import_host_key(self) -> str:
        """Add a host key to a server."""
        server, key = self.server(), new_host_key(self.parameters())
        host_keys_of(server).append(key)
        return json.dumps({"ServerId": server.server_id, "HostKeyId": key["HostKeyId"]})

    def update_host_key(self) -> str:
        """Change a host key's description."""
        key = self._host_key()
        key["Description"] = self.text("Description")
        return json.dumps({"ServerId": self.text("ServerId"), "HostKeyId": key["HostKeyId"]})

    def describe_host_key(self) -> str:
        """Give a host key of a server."""
        key = self._host_key()
        return json.dumps({"HostKey": {**key, "Arn": host_key_arn(self.server(), key)}})

    def list_host_keys(self) -> str:
        """Give a server's host keys, a page at a time."""
        server = self.server()

        def listed(key: HostKey) -> dict[str, object]:
            facts = {name: value for name, value in key.items() if name not in {"Tags", "HostKeyFingerprint"}}
            return {**facts, "Fingerprint": key["HostKeyFingerprint"], "Arn": host_key_arn(server, key)}

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
    """Give the list, kept with moto's own state, of the host keys that were imported to `server`."""
    return cast("list[HostKey]", vars(server).setdefault("host_keys", []))


def new_host_key(parameters: Mapping[str, object]) -> HostKey:
    """Make a host key of the private key that a request brings."""
    body = str(parameters.get("HostKeyBody") or parameters["HostKey"])
    try:
        key = asyncssh.import_private_key(body)
    except asyncssh.KeyImportError as error:
        raise invalid("Unsupported or invalid SSH private key format") from error
    return {
        "HostKeyId": f"hostkey-{mock_random.get_random_hex(17)}",
        "HostKeyFingerprint": fingerprint(key),
        "Description": parameters.get("Description", ""),
        "Type": key.algorithm.decode(),
        "DateImported": unix_time(),
        "Tags": parameters.get("Tags", []),
    }


def fingerprint(key: asyncssh.SSHKey) -> str:
    """Give the fingerprint of `key` as Transfer writes it: that of `ssh-keygen -l`, with its padding."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(key.public_data).digest()).decode()}"


def host_key_arn(server: Server, key: HostKey) -> str:
    """Give the ARN of a host key of `server`."""
    return f"arn:aws:transfer:{server.region_name}:{server.account_id}:host-key/{server.server_id}/{key['HostKeyId']}"
