"""Where a Transfer server is reached inside a VPC: its endpoint, kept as EC2 keeps it.

The rules are those of `EndpointDetails` in Transfer's API reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from moto.core.exceptions import ServiceException
from moto.ec2.models import EC2Backend, ec2_backends
from moto.transfer.types import Server, ServerState

from sandbox.aws.transfer_request import invalid
from sandbox.aws.transfer_states import state_of

VPC = "VPC"


@dataclass(frozen=True, kw_only=True)
class EndpointDetails:
    """What a request says of a server's endpoint; None is what it does not say."""

    vpc_id: str | None
    vpc_endpoint_id: str | None
    subnet_ids: list[str] | None
    security_group_ids: list[str] | None
    address_allocation_ids: list[str] | None

    @classmethod
    def of(cls, parameters: Mapping[str, object]) -> EndpointDetails:
        """Read the parameters of CreateServer or UpdateServer."""
        given = cast("Mapping[str, object]", parameters.get("EndpointDetails", {}))
        return cls(
            vpc_id=cast("str | None", given.get("VpcId")),
            vpc_endpoint_id=cast("str | None", given.get("VpcEndpointId")),
            subnet_ids=cast("list[str] | None", given.get("SubnetIds")),
            security_group_ids=cast("list[str] | None", given.get("SecurityGroupIds")),
            address_allocation_ids=cast("list[str] | None", given.get("AddressAllocationIds")),
        )


def check_new(endpoint_type: object, details: EndpointDetails) -> None:
    """Refuse what CreateServer refuses."""
    in_vpc = (details.vpc_id, details.subnet_ids, details.security_group_ids, details.address_allocation_ids)
    if endpoint_type != VPC and any(part is not None for part in in_vpc):
        raise invalid(f"VpcId, SubnetIds, SecurityGroupIds and AddressAllocationIds need EndpointType {VPC}")
    if endpoint_type == VPC and not details.vpc_id:
        raise invalid(f"EndpointDetails must have a VpcId when EndpointType is {VPC}")
    if details.address_allocation_ids:
        raise invalid("AddressAllocationIds can only be set by UpdateServer, on a server that is OFFLINE")


def open_endpoint(server: Server, details: EndpointDetails) -> None:
    """Make the endpoint of a server that is to be in a VPC, with the VPC's default security group if none is named."""
    ec2, vpc_id = _ec2(server), str(details.vpc_id)
    try:
        ec2.get_vpc(vpc_id)
        endpoint = ec2.create_vpc_endpoint(
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{server.region_name}.transfer.server",
            endpoint_type="Interface",
            policy_document=None,
            route_table_ids=[],
            subnet_ids=list(details.subnet_ids or []),
            security_group_ids=_groups(ec2, vpc_id, details),
        )
    except ServiceException as error:
        raise invalid(str(error.message)) from error
    # Without the security groups: DescribeServer does not tell them, EC2's DescribeVpcEndpoints does.
    server.endpoint_details = {}
    _keep(server, vpc_id=vpc_id, vpc_endpoint_id=endpoint.id, subnet_ids=list(details.subnet_ids or []))


def _groups(ec2: EC2Backend, vpc_id: str, details: EndpointDetails) -> list[str]:
    if not details.security_group_ids:
        default = ec2.get_default_security_group(vpc_id)
        return [default.id] if default else []
    if missing := [one for one in details.security_group_ids if ec2.get_security_group_from_id(one) is None]:
        raise invalid(f"The security groups do not exist: {', '.join(missing)}")
    return list(details.security_group_ids)


def close_endpoint(server: Server) -> None:
    """Take a server's endpoint out of its VPC."""
    if server.endpoint_type == VPC and (endpoint := server.endpoint_details.get("vpc_endpoint_id")):
        _ec2(server).delete_vpc_endpoints([endpoint])
    server.endpoint_details = {}


def change_endpoint(server: Server, endpoint_type: object, details: EndpointDetails) -> None:
    """Do what UpdateServer does to a server's endpoint."""
    if endpoint_type != server.endpoint_type:
        check_new(endpoint_type, details)
        close_endpoint(server)
        if endpoint_type == VPC:
            open_endpoint(server, details)
        server.endpoint_type = endpoint_type  # pyright: ignore[reportAttributeAccessIssue]  # as moto itself keeps it: text
        return
    if endpoint_type != VPC:
        check_new(endpoint_type, details)
        _keep(server, vpc_endpoint_id=details.vpc_endpoint_id)
        return
    if details.vpc_id not in {None, server.endpoint_details.get("vpc_id")}:
        raise invalid("The VpcId of a server cannot be changed")
    if details.security_group_ids is not None:
        raise invalid("SecurityGroupIds can only be set when EndpointType changes to VPC; use EC2's ModifyVpcEndpoint")
    _change_places(server, details)


def _change_places(server: Server, details: EndpointDetails) -> None:
    subnets = _parts(server, "subnet_ids")
    wanted = subnets if details.subnet_ids is None else details.subnet_ids
    addresses = details.address_allocation_ids
    moves = sorted(wanted) != sorted(subnets)
    if addresses is not None and addresses != _parts(server, "address_allocation_ids"):
        if moves:
            raise invalid("SubnetIds and AddressAllocationIds cannot be updated simultaneously")
        _check_addresses(server, addresses, subnets)
        _keep(server, address_allocation_ids=addresses)
    if moves:
        if _parts(server, "address_allocation_ids"):
            raise invalid("SubnetIds cannot be changed while the server has AddressAllocationIds")
        _ec2(server).modify_vpc_endpoint(
            vpc_id=server.endpoint_details["vpc_endpoint_id"],
            policy_doc="",
            add_subnets=[one for one in wanted if one not in subnets],
            remove_subnets=[one for one in subnets if one not in wanted],
            remove_route_tables=None,
            add_route_tables=None,
            add_security_groups=None,
            remove_security_groups=None,
        )
        _keep(server, subnet_ids=wanted)


def _check_addresses(server: Server, addresses: Sequence[str], subnets: Sequence[str]) -> None:
    if state_of(server) is not ServerState.OFFLINE:
        raise invalid("The server must be OFFLINE to change AddressAllocationIds; call StopServer first")
    if addresses and (len(addresses) != len(subnets) or len(set(addresses)) < len(addresses)):
        raise invalid("AddressAllocationIds must have one address for each of SubnetIds, none of them twice")
    known = {address.allocation_id for address in _ec2(server).describe_addresses()}
    if missing := [one for one in addresses if one not in known]:
        raise invalid(f"The allocation IDs do not exist: {', '.join(missing)}")


def _parts(server: Server, name: str) -> list[str]:
    return cast("list[str]", server.endpoint_details.get(name) or [])


def _keep(server: Server, **details: object) -> None:
    kept = cast("dict[str, object]", server.endpoint_details)
    kept.update({name: value for name, value in details.items() if value is not None})


def _ec2(server: Server) -> EC2Backend:
    return ec2_backends[server.account_id][server.region_name]
