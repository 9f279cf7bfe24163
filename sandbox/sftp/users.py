"""Who may come in: Transfer's service-managed users with their keys, as its API keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import asyncssh
from moto.transfer.models import transfer_backends
from moto.transfer.types import Server, ServerState, User, UserHomeDirectoryType

from sandbox.aws.transfer_operations import users_of
from sandbox.home import ACCOUNT_ID, REGION
from sandbox.sftp.paths import LogicalHome


@dataclass(frozen=True, kw_only=True)
class TransferUser:
    """A user as it was when it logged in; what changes later counts from its next login on."""

    name: str
    arn: str
    server_id: str
    server_arn: str
    role: str
    policy: str | None
    """The session policy, with the user's own values in place of its variables."""
    home: LogicalHome
    ignores_setstat: bool
    """Whether a client's wish to set times and modes is passed over, rather than refused."""


def admit(name: str, key: asyncssh.SSHKey) -> TransferUser | None:
    """Find the user called `name` that has `key`, on any server that is ONLINE and lets SFTP users of its own in.

    Users with a PATH home are not let in: the sandbox serves logical homes alone.
    """
    for server in _open_servers():
        for user in list(users_of(server)):
            if user.user_name == name and user.home_directory_type == UserHomeDirectoryType.LOGICAL and _has(user, key):
                return _admitted(server, user)
    return None


def _open_servers() -> Iterator[Server]:
    for server in list(transfer_backends[ACCOUNT_ID][REGION].servers.values()):
        if (
            server.state == ServerState.ONLINE
            and "SFTP" in (server.protocols or [])
            and server.identity_provider_type == "SERVICE_MANAGED"
        ):
            yield server


def _has(user: User, key: asyncssh.SSHKey) -> bool:
    bodies = (known["ssh_public_key_body"] for known in user.ssh_public_keys)
    return any(asyncssh.import_public_key(body.strip()).public_data == key.public_data for body in bodies)


def _admitted(server: Server, user: User) -> TransferUser:
    mappings = [(mapping["entry"] or "", mapping["target"] or "") for mapping in user.home_directory_mappings]
    return TransferUser(
        name=user.user_name,
        arn=user.arn,
        server_id=server.server_id,
        server_arn=server.arn,
        role=user.role,
        policy=user.policy and _with_values(user.policy, user.user_name),
        home=LogicalHome.of(mappings),
        ignores_setstat=server.protocol_details.get("set_stat_option") == "ENABLE_NO_OP",
    )


def _with_values(policy: str, name: str) -> str:
    """Put the user's name in place of its variable; the others stand for a PATH home, which a logical user lacks."""
    return re.sub(r"\$\{transfer:username\}", lambda _: name, policy, flags=re.IGNORECASE)
