"""AWS Transfer Family: servers; `transfer_users` has their users and keys."""

from __future__ import annotations

from typing import Any, cast

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from sandbox.plugins.aws.cloud import Aws, given, pairs, retag, unpaired
from sandbox.plugins.aws.s3_settings import aws_case, engine_case
from sandbox.plugins.compare import same_where_both_say
from sandbox.plugins.table import COMPUTED, KEPT, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties

_OLDEST_POLICY = "TransferSecurityPolicy-2018-11"
"""What AWS takes when no security policy is asked for."""
_SECONDS_UNTIL_ONLINE = 60


def _details(inputs: Properties) -> dict[str, Any]:
    """Give the arguments that the calls for creation and update share."""
    return given(
        EndpointType=inputs.get("endpointType"),
        HostKey=inputs.get("hostKey"),
        LoggingRole=inputs.get("loggingRole"),
        PreAuthenticationLoginBanner=inputs.get("preAuthenticationLoginBanner"),
        PostAuthenticationLoginBanner=inputs.get("postAuthenticationLoginBanner"),
        Protocols=inputs.get("protocols"),
        ProtocolDetails=aws_case(inputs.get("protocolDetails")),
        SecurityPolicyName=inputs.get("securityPolicyName"),
        StructuredLogDestinations=inputs.get("structuredLogDestinations"),
    )


def _create(aws: Aws, inputs: Properties) -> str:
    answer = aws.client("transfer").create_server(
        **given(
            Domain=inputs.get("domain"),
            IdentityProviderType=inputs.get("identityProviderType"),
            Tags=pairs(inputs["tagsAll"]) or None,
        ),
        **_details(inputs),
    )
    return answer["ServerId"]


def _wait(aws: Aws, server: str, _inputs: Properties) -> None:
    """Wait until the server is online, as the official plug-in does."""
    attempts = Retrying(
        retry=retry_if_result(lambda state: state == "STARTING"),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(_SECONDS_UNTIL_ONLINE),
    )
    attempts(lambda: cast("str", aws.client("transfer").describe_server(ServerId=server)["Server"]["State"]))


def _read(aws: Aws, server: str) -> Properties | None:
    about = aws.client("transfer").describe_server(ServerId=server)["Server"]
    return {
        "arn": about["Arn"],
        "endpoint": f"{server}.server.transfer.{aws.region}.amazonaws.com",
        "hostKeyFingerprint": about.get("HostKeyFingerprint"),
        "domain": about.get("Domain"),
        "endpointType": about.get("EndpointType"),
        "identityProviderType": about.get("IdentityProviderType"),
        "loggingRole": about.get("LoggingRole"),
        "preAuthenticationLoginBanner": about.get("PreAuthenticationLoginBanner"),
        "postAuthenticationLoginBanner": about.get("PostAuthenticationLoginBanner"),
        "protocols": about.get("Protocols"),
        "protocolDetails": engine_case(about.get("ProtocolDetails")),
        "securityPolicyName": about.get("SecurityPolicyName"),
        "structuredLogDestinations": about.get("StructuredLogDestinations"),
        "region": aws.region,
        **aws.tagged(unpaired(about.get("Tags", []))),
    }


def _update(aws: Aws, server: str, state: Properties, inputs: Properties) -> None:
    transfer = aws.client("transfer")
    wanted = _details(inputs)
    if "loggingRole" in state:
        wanted.setdefault("LoggingRole", "")
    if "structuredLogDestinations" in state:
        wanted.setdefault("StructuredLogDestinations", [])
    wanted.setdefault("SecurityPolicyName", _OLDEST_POLICY)
    transfer.update_server(ServerId=server, **wanted)
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
            "identityProviderType": Property(replaces=True, default="SERVICE_MANAGED"),
            "hostKey": KEPT,
            "loggingRole": PLAIN,
            "preAuthenticationLoginBanner": PLAIN,
            "postAuthenticationLoginBanner": PLAIN,
            "protocols": COMPUTED,
            "protocolDetails": Property(computed=True, same=same_where_both_say),
            "securityPolicyName": Property(default=_OLDEST_POLICY),
            "structuredLogDestinations": PLAIN,
            "forceDestroy": KEPT,
            **TAGS,
        },
        create=_create,
        settle=_wait,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
