"""A server inside a VPC: its endpoint in EC2, and the order in which elastic IPs can be given to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.sftp_landing import eventually
from tests.sandbox.transfer_api import refused, served_transfer

pytestmark = pytest.mark.sandbox


@dataclass(frozen=True, kw_only=True)
class Network:
    """A VPC with two subnets, a security group and two elastic IPs."""

    api: Any
    ec2: Any
    vpc: str
    subnets: list[str]
    group: str
    addresses: list[str]

    def server(self, **more: object) -> str:
        details = {"VpcId": self.vpc, "SubnetIds": self.subnets, "SecurityGroupIds": [self.group], **more}
        return self.api.create_server(EndpointType="VPC", EndpointDetails=details)["ServerId"]

    def described(self, server_id: str) -> dict[str, Any]:
        return self.api.describe_server(ServerId=server_id)["Server"]

    def endpoint(self, server_id: str) -> dict[str, Any]:
        endpoint_id = self.described(server_id)["EndpointDetails"]["VpcEndpointId"]
        return self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]

    def stop(self, server_id: str) -> None:
        self.api.stop_server(ServerId=server_id)
        eventually(lambda: self.described(server_id)["State"] == "OFFLINE")


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with served_transfer() as client:
        ec2 = client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
        ]
        group = ec2.create_security_group(VpcId=vpc, GroupName="sftp", Description="sftp")["GroupId"]
        addresses = [ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(2)]
        yield Network(api=client(), ec2=ec2, vpc=vpc, subnets=subnets, group=group, addresses=addresses)


def test_a_server_in_a_vpc_has_an_endpoint_there(network: Network) -> None:
    made = network.server()
    details = network.described(made)["EndpointDetails"]
    assert details == {
        "VpcId": network.vpc,
        "SubnetIds": network.subnets,
        "VpcEndpointId": network.endpoint(made)["VpcEndpointId"],
    }
    endpoint = network.endpoint(made)
    assert (endpoint["VpcId"], endpoint["VpcEndpointType"], endpoint["State"]) == (
        network.vpc,
        "Interface",
        "available",
    )
    assert sorted(endpoint["SubnetIds"]) == sorted(network.subnets)
    assert [group["GroupId"] for group in endpoint["Groups"]] == [network.group]
    network.api.delete_server(ServerId=made)
    (left,) = network.ec2.describe_vpc_endpoints(VpcEndpointIds=[details["VpcEndpointId"]])["VpcEndpoints"]
    assert left["State"] == "deleted"


def test_without_a_security_group_it_gets_the_vpcs_default(network: Network) -> None:
    made = network.server(SecurityGroupIds=[])
    assert [group["GroupName"] for group in network.endpoint(made)["Groups"]] == ["default"]


def test_elastic_ips_are_given_to_a_stopped_server(network: Network) -> None:
    made = network.server()
    details = {"AddressAllocationIds": network.addresses}
    code, message = refused(network.api.update_server, ServerId=made, EndpointDetails=details)
    assert code == "InvalidRequestException"
    assert "must be OFFLINE" in message
    network.stop(made)
    network.api.update_server(ServerId=made, EndpointDetails=details)
    network.api.start_server(ServerId=made)
    eventually(lambda: network.described(made)["State"] == "ONLINE")
    assert network.described(made)["EndpointDetails"]["AddressAllocationIds"] == network.addresses
    assert network.described(made)["EndpointDetails"]["SubnetIds"] == network.subnets
    network.stop(made)
    network.api.update_server(ServerId=made, EndpointDetails={"AddressAllocationIds": []})
    assert "AddressAllocationIds" not in network.described(made)["EndpointDetails"]


def test_elastic_ips_fit_the_subnets(network: Network) -> None:
    made = network.server()
    network.stop(made)
    first, second = network.addresses
    for addresses in ([first], [first, first], [first, second, "eipalloc-0"], ["eipalloc-0", "eipalloc-1"]):
        code, _ = refused(network.api.update_server, ServerId=made, EndpointDetails={"AddressAllocationIds": addresses})
        assert code == "InvalidRequestException"
    code, message = refused(
        network.api.update_server,
        ServerId=made,
        EndpointDetails={"AddressAllocationIds": [first], "SubnetIds": network.subnets[:1]},
    )
    assert (code, message) == (
        "InvalidRequestException",
        "SubnetIds and AddressAllocationIds cannot be updated simultaneously",
    )


def test_subnets_change_in_place(network: Network) -> None:
    made = network.server()
    before = network.endpoint(made)["VpcEndpointId"]
    network.api.update_server(ServerId=made, EndpointDetails={"SubnetIds": network.subnets[1:]})
    assert network.endpoint(made)["SubnetIds"] == network.subnets[1:]
    assert network.endpoint(made)["VpcEndpointId"] == before


def test_a_public_server_moves_into_the_vpc_and_out_again(network: Network) -> None:
    made = network.api.create_server()["ServerId"]
    details = {"VpcId": network.vpc, "SubnetIds": network.subnets, "SecurityGroupIds": [network.group]}
    network.api.update_server(ServerId=made, EndpointType="VPC", EndpointDetails=details)
    assert network.described(made)["EndpointType"] == "VPC"
    assert network.endpoint(made)["VpcId"] == network.vpc
    code, message = refused(
        network.api.update_server, ServerId=made, EndpointDetails={"SecurityGroupIds": [network.group]}
    )
    assert code == "InvalidRequestException"
    assert "use EC2's ModifyVpcEndpoint" in message
    network.api.update_server(ServerId=made, EndpointType="PUBLIC")
    assert network.described(made)["EndpointType"] == "PUBLIC"
    assert "EndpointDetails" not in network.described(made)


@pytest.mark.parametrize(
    ("endpoint_type", "details"),
    [
        ("VPC", {}),
        ("VPC", {"VpcId": "vpc-0"}),
        ("VPC", {"VpcId": "", "SubnetIds": ["subnet-0"]}),
        ("VPC", {"VpcId": "", "SecurityGroupIds": ["sg-00000000000000000"]}),
        ("VPC", {"VpcId": "", "AddressAllocationIds": ["eipalloc-0"]}),
        ("PUBLIC", {"VpcId": ""}),
    ],
)
def test_what_is_no_place_is_refused(network: Network, endpoint_type: str, details: dict[str, Any]) -> None:
    servers = len(network.api.list_servers()["Servers"])
    given = {**details, "VpcId": network.vpc} if details.get("VpcId") == "" else details
    code, message = refused(network.api.create_server, EndpointType=endpoint_type, EndpointDetails=given)
    assert (code, bool(message)) == ("InvalidRequestException", True)
    assert len(network.api.list_servers()["Servers"]) == servers
