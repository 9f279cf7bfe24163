"""AWS Transfer Family: servers; `transfer_users` has their users and keys."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.aws.cloud import Aws, given, pairs, retag, unpaired
from sandbox.plugins.aws.s3_settings import aws_case, engine_case
from sandbox.plugins.aws.transfer_endpoint import (
    attach_addresses,
    first_details,
    move,
    moves_to_another_vpc,
    read_endpoint,
    same_endpoint,
    wait_until_settled,
)
from sandbox.plugins.compare import same, same_where_both_say
from sandbox.plugins.table import COMPUTED, KEPT, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties, Value

_OLDEST_POLICY = "TransferSecurityPolicy-2018-11"
"""What the official plug-in asks for when the program names no security policy."""

_DETAILS: dict[str, tuple[str, Value]] = {
    "hostKey": ("HostKey", None),
    "loggingRole": ("LoggingRole", ""),
    "preAuthenticationLoginBanner": ("PreAuthenticationLoginBanner", ""),
    "postAuthenticationLoginBanner": ("PostAuthenticationLoginBanner", ""),
    "protocols": ("Protocols", None),
    "protocolDetails": ("ProtocolDetails", None),
    "s3StorageOptions": ("S3StorageOptions", None),
    "securityPolicyName": ("SecurityPolicyName", _OLDEST_POLICY),
    "structuredLogDestinations": ("StructuredLogDestinations", []),
}
"""What creation and update share: the service's name for it, and what an update says for one that is left out."""


def _create(aws: Aws, inputs: Properties) -> str:
    wanted = {"securityPolicyName": _OLDEST_POLICY, **inputs}
    answer = aws.client("transfer").create_server(
        **given(
            Domain=inputs.get("domain"),
            EndpointType=inputs.get("endpointType"),
            EndpointDetails=first_details(inputs),
            IdentityProviderType=inputs.get("identityProviderType"),
            Tags=pairs(inputs["tagsAll"]) or None,
        ),
        **{theirs: aws_case(wanted[ours]) for ours, (theirs, _) in _DETAILS.items() if ours in wanted},
    )
    return answer["ServerId"]


def _settle(aws: Aws, server: str, inputs: Properties) -> None:
    wait_until_settled(aws, server)
    attach_addresses(aws, server, inputs)


def _read(aws: Aws, server: str) -> Properties | None:
    about = aws.client("transfer").describe_server(ServerId=server)["Server"]
    return {
        "arn": about["Arn"],
        "endpoint": f"{server}.server.transfer.{aws.region}.amazonaws.com",
        "hostKeyFingerprint": about.get("HostKeyFingerprint"),
        "domain": about.get("Domain"),
        "endpointType": about.get("EndpointType"),
        "endpointDetails": read_endpoint(aws, about),
        "identityProviderType": about.get("IdentityProviderType"),
        "loggingRole": about.get("LoggingRole"),
        "preAuthenticationLoginBanner": about.get("PreAuthenticationLoginBanner"),
        "postAuthenticationLoginBanner": about.get("PostAuthenticationLoginBanner"),
        "protocols": about.get("Protocols"),
        "protocolDetails": engine_case(about.get("ProtocolDetails")),
        "s3StorageOptions": engine_case(about.get("S3StorageOptions")),
        "securityPolicyName": about.get("SecurityPolicyName"),
        "structuredLogDestinations": about.get("StructuredLogDestinations"),
        "region": aws.region,
        **aws.tagged(unpaired(about.get("Tags", []))),
    }


def _update(aws: Aws, server: str, state: Properties, inputs: Properties) -> None:
    transfer = aws.client("transfer")
    changed: dict[str, Any] = {
        theirs: aws_case(inputs.get(ours, left_out))
        for ours, (theirs, left_out) in _DETAILS.items()
        if not same(state.get(ours), inputs.get(ours)) and inputs.get(ours, left_out) is not None
    }
    if changed:
        transfer.update_server(ServerId=server, **changed)
    move(aws, server, state, inputs)
    retag(
        state,
        inputs,
        lambda tags: transfer.tag_resource(Arn=state["arn"], Tags=pairs(tags)),
        lambda names: transfer.untag_resource(Arn=state["arn"], TagKeys=names),
    )


def _delete(aws: Aws, server: str, state: Properties) -> None:
    transfer = aws.client("transfer")
    if state.get("forceDestroy"):
        for page in transfer.get_paginator("list_users").paginate(ServerId=server):
            for user in page["Users"]:
                transfer.delete_user(ServerId=server, UserName=user["UserName"])
    transfer.delete_server(ServerId=server)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:transfer/server:Server",
        properties={
            "domain": Property(replaces=True, default="S3"),
            "endpointType": Property(default="PUBLIC"),
            "endpointDetails": Property(completed=True, same=same_endpoint, replaces_when=moves_to_another_vpc),
            "identityProviderType": Property(replaces=True, default="SERVICE_MANAGED"),
            "hostKey": KEPT,
            "loggingRole": PLAIN,
            "preAuthenticationLoginBanner": PLAIN,
            "postAuthenticationLoginBanner": PLAIN,
            "protocols": COMPUTED,
            "protocolDetails": Property(computed=True, same=same_where_both_say),
            "s3StorageOptions": Property(computed=True, same=same_where_both_say),
            "securityPolicyName": Property(default=_OLDEST_POLICY),
            "structuredLogDestinations": PLAIN,
            "forceDestroy": KEPT,
            **TAGS,
        },
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
