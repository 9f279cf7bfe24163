"""Transfer's users and their SSH public keys."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import cast

import asyncssh
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random
from moto.transfer.types import User, UserHomeDirectoryType, prune_unset

from sandbox.aws.transfer_operations import Operations, users_of
from sandbox.aws.transfer_request import already_exists, invalid, not_found

KEY_ALGORITHMS = frozenset(
    {"ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"}
)
"""The kinds of user key that Transfer takes."""


MOST_KEYS = 50
"""How many public keys a user has at most (AWS General Reference, "AWS Transfer Family endpoints and quotas")."""


class UserOperations(Operations):
    """Create, describe, update, list and delete users; import and delete their keys."""

    def create_user(self) -> str:
        """Make a user of a server, with a first key if one is given."""
        parameters = self.parameters()
        server, name = self.server(), self.text("UserName")
        if name == "root":
            raise invalid("The user name root is reserved")
        if any(user.user_name == name for user in users_of(server)):
            raise already_exists("User", name)
        user = User(
            region_name=server.region_name,
            account_id=server.account_id,
            server_id=server.server_id,
            home_directory=None,
            home_directory_type=UserHomeDirectoryType.PATH,
            policy=None,
            role=self.text("Role"),
            tags=cast("list[dict[str, str]]", parameters.get("Tags", [])),
            user_name=name,
        )
        _settle(user, parameters)
        if body := parameters.get("SshPublicKeyBody"):
            user.ssh_public_keys.append(_public_key(str(body)))
        users_of(server).append(user)
        server.user_count = len(users_of(server))
        return json.dumps({"ServerId": server.server_id, "UserName": name})

    def update_user(self) -> str:
        """Change what the request names and leave the rest as it is."""
        user = self.user()
        _settle(user, self.parameters())
        return json.dumps({"ServerId": user.server_id, "UserName": user.user_name})

    def describe_user(self) -> str:
        """Give a user with its keys and tags."""
        user = self.user()
        facts = cast("dict[str, object]", prune_unset(user.to_dict()))
        facts.setdefault("SshPublicKeys", [])
        return json.dumps({"ServerId": user.server_id, "User": facts})

    def list_users(self) -> str:
        """Give the users of a server, a page at a time."""
        server = self.server()
        return json.dumps({"ServerId": server.server_id, **self.page(users_of(server), _listed, "Users")})

    def delete_user(self) -> str:
        """Remove a user and its keys."""
        server, user = self.server(), self.user()
        users_of(server).remove(user)
        server.user_count = len(users_of(server))
        return "{}"

    def import_ssh_public_key(self) -> str:
        """Give a user one more key."""
        user = self.user()
        key = _public_key(self.text("SshPublicKeyBody"))
        present = {_wire_form(known["ssh_public_key_body"]) for known in user.ssh_public_keys}
        if _wire_form(key["ssh_public_key_body"]) in present:
            raise already_exists("SshPublicKey", user.user_name)
        if len(user.ssh_public_keys) >= MOST_KEYS:
            raise invalid(f"The user has {MOST_KEYS} public keys, the maximum")
        user.ssh_public_keys.append(key)
        return json.dumps(
            {"ServerId": user.server_id, "SshPublicKeyId": key["ssh_public_key_id"], "UserName": user.user_name}
        )

    def delete_ssh_public_key(self) -> str:
        """Take a key from a user."""
        user, key_id = self.user(), self.text("SshPublicKeyId")
        kept = [key for key in user.ssh_public_keys if key["ssh_public_key_id"] != key_id]
        if len(kept) == len(user.ssh_public_keys):
            raise not_found("SshPublicKey", key_id)
        user.ssh_public_keys = kept
        return "{}"


def _settle(user: User, parameters: Mapping[str, object]) -> None:
    """Set on `user` what `parameters` name, once all of it is known to fit together."""
    given_kind = parameters.get("HomeDirectoryType")
    kind = UserHomeDirectoryType(given_kind) if given_kind else user.home_directory_type
    mappings = user.home_directory_mappings
    if "HomeDirectoryMappings" in parameters:
        given = cast("list[dict[str, str]]", parameters["HomeDirectoryMappings"])
        mappings = [{name.lower(): mapping.get(name) for name in ("Entry", "Target", "Type")} for mapping in given]
    if kind is UserHomeDirectoryType.LOGICAL and not mappings:
        raise invalid("HomeDirectoryMappings must be provided when HomeDirectoryType is LOGICAL")
    if kind is UserHomeDirectoryType.PATH and "HomeDirectoryMappings" in parameters:
        raise invalid("HomeDirectoryMappings can only be set when HomeDirectoryType is LOGICAL")
    if kind is UserHomeDirectoryType.LOGICAL:
        check_mappings(mappings, str(parameters.get("HomeDirectory") or ""))
    user.home_directory_type = kind
    user.home_directory_mappings = mappings if kind is UserHomeDirectoryType.LOGICAL else []
    user.role = str(parameters.get("Role", user.role))
    if "HomeDirectory" in parameters:
        user.home_directory = str(parameters["HomeDirectory"]) or None
    if "Policy" in parameters:
        user.policy = str(parameters["Policy"]) or None
    if "PosixProfile" in parameters:
        profile = cast("dict[str, str | list[str] | None]", parameters["PosixProfile"])
        user.posix_profile = {
            "uid": profile.get("Uid"),
            "gid": profile.get("Gid"),
            "secondary_gids": profile.get("SecondaryGids"),
        }


def check_mappings(mappings: Sequence[Mapping[str, str | None]], home_directory: str) -> None:
    """Hold a logical home to the user guide's "Rules for using logical directories"."""
    entries = [mapping["entry"] or "" for mapping in mappings]
    folders = sorted(f"{entry.rstrip('/')}/" for entry in entries)
    for above, below in pairwise(folders):
        if above == below:
            raise invalid(f"HomeDirectoryMappings must not have the Entry {above} twice")
        if below.startswith(above):
            raise invalid(f"HomeDirectoryMappings must not overlap, as {above} and {below} do")
    for target in (mapping["target"] or "" for mapping in mappings):
        if target.endswith("/"):
            raise invalid(f"The Target {target} must not end in a slash")
    if home_directory and home_directory not in entries:
        raise invalid(f"HomeDirectory {home_directory} is not the Entry of a mapping")


def _listed(user: User) -> dict[str, object]:
    return {
        "Arn": user.arn,
        "HomeDirectoryType": user.home_directory_type,
        "Role": user.role,
        "SshPublicKeyCount": len(user.ssh_public_keys),
        "UserName": user.user_name,
        **({"HomeDirectory": user.home_directory} if user.home_directory else {}),
    }


def _public_key(body: str) -> dict[str, str]:
    _wire_form(body)
    key = {
        "ssh_public_key_id": f"key-{mock_random.get_random_hex(17)}",
        "ssh_public_key_body": body,
        "date_imported": unix_time(),  # a number, as the API's model has it, where moto's type says text
    }
    return cast("dict[str, str]", key)


def _wire_form(body: str) -> bytes:
    """Give the key itself, without the comment and the spaces around it."""
    key = None
    if body.strip().partition(" ")[0] in KEY_ALGORITHMS:
        with contextlib.suppress(asyncssh.KeyImportError):
            key = asyncssh.import_public_key(body.strip())
    if key is None:
        raise invalid("Unsupported or invalid SSH public key format")
    return key.public_data
