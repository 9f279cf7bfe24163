"""AWS Transfer Family: where a server's door is, on the internet or in a VPC.

Transfer takes a change of the place only from a stopped server, and elastic IP addresses only in a call of their own
after the server is there: the steps are the official plug-in's.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from sandbox.plugins.aws.cloud import Aws, given
from sandbox.plugins.aws.s3_settings import aws_case
from sandbox.plugins.compare import same
from sandbox.plugins.wire import Properties, Value

_SECONDS_UNTIL_SETTLED = 60
_BY_SERVICE = frozenset({"securityGroupIds", "vpcEndpointId"})
"""What the service chooses where the program leaves it out."""


def same_endpoint(one: Value, other: Value) -> bool:
    """Compare two `endpointDetails`; what only one of them says does not count where the service may have chosen it."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return same(one, other)
    left, right = cast("Properties", one), cast("Properties", other)
    chosen = {name for name in _BY_SERVICE if name not in left or name not in right}
    return same(_without(left, chosen), _without(right, chosen))


def _without(value: Properties, names: set[str]) -> Properties:
    return {name: item for name, item in value.items() if name not in names}


def moves_to_another_vpc(actual: Value, wanted: Value) -> bool:
    """Say whether a change of `endpointDetails` needs a new server: Transfer keeps a server in its VPC."""
    here, there = _vpc(actual), _vpc(wanted)
    return bool(here) and here != there


def _vpc(value: Value) -> Value:
    return cast("Properties", value).get("vpcId") if isinstance(value, dict) else None


def first_details(inputs: Properties) -> dict[str, Any] | None:
    """Give the endpoint details that CreateServer takes: all but the addresses."""
    return aws_case(_without(inputs["endpointDetails"], {"addressAllocationIds"})) if _given(inputs) else None


def _given(inputs: Properties) -> bool:
    return bool(inputs.get("endpointDetails"))


def attach_addresses(aws: Aws, server: str, inputs: Properties) -> None:
    """Give a new server its elastic IP addresses."""
    addresses = inputs.get("endpointDetails", {}).get("addressAllocationIds")
    if addresses:
        _turn(aws, server, "off")
        _set_addresses(aws, server, addresses)
        _turn(aws, server, "on")


def move(aws: Aws, server: str, state: Properties, inputs: Properties) -> None:
    """Bring a server's place from the state to the inputs."""
    old, new = state.get("endpointType", "PUBLIC"), inputs.get("endpointType", "PUBLIC")
    if old == new and same_endpoint(state.get("endpointDetails"), inputs.get("endpointDetails")):
        return
    was, wanted = state.get("endpointDetails", {}), inputs.get("endpointDetails", {})
    stays = old == new == "VPC"
    if stays:
        _change_groups(aws, was, wanted)
    addresses = wanted.get("addressAllocationIds", [])
    moved = not same(was.get("subnetIds"), wanted.get("subnetIds"))
    offline = not stays or moved or not same(was.get("addressAllocationIds"), addresses)
    if not offline:
        return
    _turn(aws, server, "off")
    if stays and was.get("addressAllocationIds"):
        _set_addresses(aws, server, [])
    details = {"subnetIds": wanted.get("subnetIds", [])} if stays else _without(wanted, {"addressAllocationIds"})
    aws.client("transfer").update_server(
        ServerId=server,
        **given(EndpointType=None if stays else new, EndpointDetails=aws_case(details) if details else None),
    )
    if addresses:
        _set_addresses(aws, server, addresses)
    _turn(aws, server, "on")


def _change_groups(aws: Aws, was: Properties, wanted: Properties) -> None:
    """Change the security groups where Transfer itself cannot: on the server's VPC endpoint."""
    before, after = set(was.get("securityGroupIds", [])), set(wanted.get("securityGroupIds", []))
    if not after or before == after:
        return
    aws.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=was["vpcEndpointId"],
        **given(
            AddSecurityGroupIds=sorted(after - before) or None, RemoveSecurityGroupIds=sorted(before - after) or None
        ),
    )


def _set_addresses(aws: Aws, server: str, addresses: list[str]) -> None:
    aws.client("transfer").update_server(ServerId=server, EndpointDetails={"AddressAllocationIds": addresses})


def _turn(aws: Aws, server: str, switch: Literal["on", "off"]) -> None:
    transfer = aws.client("transfer")
    if switch == "on":
        transfer.start_server(ServerId=server)
    else:
        transfer.stop_server(ServerId=server)
    wait_until_settled(aws, server)


def wait_until_settled(aws: Aws, server: str) -> None:
    """Wait until the server neither starts nor stops, as the official plug-in does."""
    attempts = Retrying(
        retry=retry_if_result(lambda state: state in {"STARTING", "STOPPING"}),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(_SECONDS_UNTIL_SETTLED),
    )
    attempts(lambda: cast("str", aws.client("transfer").describe_server(ServerId=server)["Server"]["State"]))


def read_endpoint(aws: Aws, about: dict[str, Any]) -> Properties | None:
    """Give the `endpointDetails` of a server that DescribeServer gave; for a VPC with what its VPC endpoint says."""
    names = ("addressAllocationIds", "securityGroupIds", "subnetIds", "vpcEndpointId", "vpcId")
    found = about.get("EndpointDetails", {})
    details = {name: found.get(name[0].upper() + name[1:]) or None for name in names}
    endpoint = details["vpcEndpointId"]
    if about["EndpointType"] == "VPC" and endpoint and not details["securityGroupIds"]:
        (known,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
        details["securityGroupIds"] = [group["GroupId"] for group in known.get("Groups", [])] or None
    return given(**details) or None
