"""Who may come in: Transfer's service-managed users with their keys, as its API keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import asyncssh
from moto.transfer.types import Server, User, UserHomeDirectoryType

from sandbox.aws.accounts import bucket_named, stored_object
from sandbox.aws.transfer_operations import users_of
from sandbox.sftp.paths import Location, LogicalHome


@dataclass(frozen=True, kw_only=True)
class TransferUser:
    """A user as it was when it logged in; what changes later counts from its next login on."""

    name: str
    arn: str
    server_id: str
    role: str
    policy: str | None
    """The session policy, with the user's own values in place of its variables."""
    home: LogicalHome
    ignores_setstat: bool
    """Whether a client's wish to set times and modes is passed over, rather than refused."""


def admit(server: Server, name: str, key: asyncssh.SSHKey) -> TransferUser | None:
    """Find the user of `server` that is called `name` and has `key`.

    Users with a PATH home are not let in: the sandbox serves logical homes alone.
    """
    for user in list(users_of(server)):
        if user.user_name == name and user.home_directory_type == UserHomeDirectoryType.LOGICAL and _has(user, key):
            return _admitted(server, user)
    return None


def _has(user: User, key: asyncssh.SSHKey) -> bool:
    bodies = (known["ssh_public_key_body"] for known in user.ssh_public_keys)
    return any(asyncssh.import_public_key(body.strip()).public_data == key.public_data for body in bodies)


def _admitted(server: Server, user: User) -> TransferUser:
    mappings = [
        (mapping["entry"] or "", _with_values(mapping["target"] or "", user.user_name))
        for mapping in user.home_directory_mappings
    ]
    return TransferUser(
        name=user.user_name,
        arn=user.arn,
        server_id=server.server_id,
        role=user.role,
        policy=user.policy and _with_values(user.policy, user.user_name),
        home=LogicalHome.of(mappings).narrowed_to(is_there),
        ignores_setstat=server.protocol_details.get("set_stat_option") == "ENABLE_NO_OP",
    )


def _with_values(text: str, name: str) -> str:
    """Put the user's name in place of its variable; the others stand for a PATH home, which a logical user lacks."""
    return re.sub(r"\$\{transfer:username\}", lambda _: name, text, flags=re.IGNORECASE)


def is_there(target: Location) -> bool:
    """Say whether S3 has a directory at `target`: its placeholder, or anything below it.

    Transfer itself creates what stands at a mapping's end only with optimised directory listings.
    """
    bucket = bucket_named(target.bucket)
    if bucket is None:
        return False
    if not target.key or stored_object(bucket, target.prefix, None):
        return True
    names = list(cast("Iterable[str]", bucket.keys))
    return any(name.startswith(target.prefix) and stored_object(bucket, name, None) for name in names)
