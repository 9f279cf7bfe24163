"""AWS Transfer Family: the host keys of a server beside the one that it was made with."""

from __future__ import annotations

from sandbox.plugins.aws.cloud import Aws, given, pairs, retag, unpaired
from sandbox.plugins.table import FORCE_NEW, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties


def _place(identifier: str) -> dict[str, str]:
    server, _, key = identifier.partition(",")
    return {"ServerId": server, "HostKeyId": key}


def _import(aws: Aws, inputs: Properties) -> str:
    answer = aws.client("transfer").import_host_key(
        ServerId=inputs["serverId"],
        HostKeyBody=inputs["hostKeyBody"],
        **given(Description=inputs.get("description"), Tags=pairs(inputs["tagsAll"]) or None),
    )
    # The official plug-in has the key's id alone, and takes this one for an import: it names the server too.
    return f"{answer['ServerId']},{answer['HostKeyId']}"


def _read(aws: Aws, identifier: str) -> Properties | None:
    found = aws.client("transfer").describe_host_key(**_place(identifier))["HostKey"]
    return {
        "arn": found["Arn"],
        "serverId": _place(identifier)["ServerId"],
        "hostKeyId": found["HostKeyId"],
        "hostKeyFingerprint": found["HostKeyFingerprint"],
        "description": found.get("Description") or None,
        "region": aws.region,
        **aws.tagged(unpaired(found.get("Tags", []))),
    }


def _update(aws: Aws, identifier: str, state: Properties, inputs: Properties) -> None:
    transfer = aws.client("transfer")
    if inputs.get("description") != state.get("description"):
        transfer.update_host_key(**_place(identifier), Description=inputs.get("description", ""))
    retag(
        state,
        inputs,
        lambda tags: transfer.tag_resource(Arn=state["arn"], Tags=pairs(tags)),
        lambda names: transfer.untag_resource(Arn=state["arn"], TagKeys=names),
    )


def _delete(aws: Aws, identifier: str, _state: Properties) -> None:
    aws.client("transfer").delete_host_key(**_place(identifier))


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:transfer/hostKey:HostKey",
        properties={
            "serverId": FORCE_NEW,
            "hostKeyBody": Property(replaces=True, kept=True),
            "description": PLAIN,
            **TAGS,
        },
        create=_import,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
