"""AWS Transfer Family: users and their SSH keys."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.aws.cloud import Aws, given, pairs, retag, unpaired
from sandbox.plugins.aws.s3_settings import aws_case, engine_case
from sandbox.plugins.compare import same, same_in_order
from sandbox.plugins.table import FORCE_NEW, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties, Value


def _details(inputs: Properties) -> dict[str, Any]:
    return given(
        HomeDirectory=inputs.get("homeDirectory"),
        HomeDirectoryMappings=aws_case(inputs.get("homeDirectoryMappings")),
        HomeDirectoryType=inputs.get("homeDirectoryType"),
        Policy=inputs.get("policy"),
        PosixProfile=aws_case(inputs.get("posixProfile")),
        Role=inputs["role"],
    )


def _create_user(aws: Aws, inputs: Properties) -> str:
    server, name = inputs["serverId"], inputs["userName"]
    aws.client("transfer").create_user(
        ServerId=server, UserName=name, **given(Tags=pairs(inputs["tagsAll"]) or None), **_details(inputs)
    )
    return f"{server}/{name}"


def _describe(aws: Aws, server: str, name: str) -> dict[str, Any]:
    return aws.client("transfer").describe_user(ServerId=server, UserName=name)["User"]


def _read_user(aws: Aws, identifier: str) -> Properties | None:
    server, _, name = identifier.partition("/")
    about = _describe(aws, server, name)
    return {
        "arn": about["Arn"],
        "serverId": server,
        "userName": name,
        "homeDirectory": about.get("HomeDirectory"),
        "homeDirectoryMappings": engine_case(about.get("HomeDirectoryMappings")),
        "homeDirectoryType": about.get("HomeDirectoryType"),
        "policy": about.get("Policy"),
        "posixProfile": engine_case(about.get("PosixProfile")),
        "role": about["Role"],
        "region": aws.region,
        **aws.tagged(unpaired(about.get("Tags", []))),
    }


def _update_user(aws: Aws, identifier: str, state: Properties, inputs: Properties) -> None:
    transfer = aws.client("transfer")
    server, _, name = identifier.partition("/")
    wanted = _details(inputs)
    if state.get("policy"):
        wanted.setdefault("Policy", "")
    wanted.setdefault("HomeDirectoryType", "PATH")
    transfer.update_user(ServerId=server, UserName=name, **wanted)
    retag(
        state,
        inputs,
        lambda tags: transfer.tag_resource(Arn=state["arn"], Tags=pairs(tags)),
        lambda names: transfer.untag_resource(Arn=state["arn"], TagKeys=names),
    )


def _delete_user(aws: Aws, identifier: str, _state: Properties) -> None:
    server, _, name = identifier.partition("/")
    aws.client("transfer").delete_user(ServerId=server, UserName=name)


def _create_key(aws: Aws, inputs: Properties) -> str:
    server, name = inputs["serverId"], inputs["userName"]
    answer = aws.client("transfer").import_ssh_public_key(
        ServerId=server, UserName=name, SshPublicKeyBody=inputs["body"]
    )
    return f"{server}/{name}/{answer['SshPublicKeyId']}"


def _read_key(aws: Aws, identifier: str) -> Properties | None:
    server, name, key = identifier.split("/", 2)
    for known in _describe(aws, server, name).get("SshPublicKeys", []):
        if known["SshPublicKeyId"] == key:
            return {
                "serverId": server,
                "userName": name,
                "sshKeyId": key,
                "body": known["SshPublicKeyBody"],
                "region": aws.region,
            }
    return None


def _delete_key(aws: Aws, identifier: str, _state: Properties) -> None:
    server, name, key = identifier.split("/", 2)
    aws.client("transfer").delete_ssh_public_key(ServerId=server, UserName=name, SshPublicKeyId=key)


def _same_key(one: Value, other: Value) -> bool:
    """A public key is its kind and its body; the comment after them is for people."""
    if isinstance(one, str) and isinstance(other, str):
        return one.split()[:2] == other.split()[:2]
    return same(one, other)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:transfer/user:User",
        properties={
            "serverId": FORCE_NEW,
            "userName": FORCE_NEW,
            "homeDirectory": PLAIN,
            "homeDirectoryMappings": Property(same=same_in_order),
            "homeDirectoryType": Property(default="PATH"),
            "policy": PLAIN,
            "posixProfile": PLAIN,
            "role": PLAIN,
            **TAGS,
        },
        create=_create_user,
        read=_read_user,
        update=_update_user,
        delete=_delete_user,
    ),
    Row(
        type="aws:transfer/sshKey:SshKey",
        properties={
            "serverId": FORCE_NEW,
            "userName": FORCE_NEW,
            "body": Property(replaces=True, same=_same_key),
        },
        create=_create_key,
        read=_read_key,
        delete=_delete_key,
    ),
)
