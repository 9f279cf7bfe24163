"""A door in a VPC: who may come, under which addresses, and what its name points to."""

from __future__ import annotations

from tests.components.landing_pieces import a_bucket, a_gateway, answers, lookups, sftp_settings
from tests.components.recorder import Program, Registered

RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SUBNETS = ["subnet-0a1b2c31", "subnet-0a1b2c32"]
CIDRS = ["203.0.113.0/24", "2001:db8::/32"]


def opened(registered: Program, *, elastic_ips: bool) -> Registered:
    vpc = {"vpcId": "vpc-0a1b2c3d", "subnetIds": SUBNETS, "allowedCidrs": CIDRS, "elasticIps": elastic_ips}
    settings = sftp_settings(endpoint=vpc)
    return registered(lambda: a_gateway(a_bucket(), settings=settings).outputs, outputs=answers, calls=lookups)


def test_each_network_is_let_in_by_a_rule_of_its_own_and_by_ssh_alone(registered: Program) -> None:
    run = opened(registered, elastic_ips=False)
    (group,) = run.inputs_of("aws:ec2/securityGroup:SecurityGroup")
    assert group["vpcId"] == "vpc-0a1b2c3d"
    assert "ingress" not in group
    common = {"securityGroupId": "sftp-endpoint-clients-id", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
    assert {rule.name: rule.inputs for rule in run.of(RULE)} == {
        "sftp-endpoint-from-203.0.113.0/24": common | {"cidrIpv4": "203.0.113.0/24"},
        "sftp-endpoint-from-2001:db8::/32": common | {"cidrIpv6": "2001:db8::/32"},
    }


def test_inside_the_vpc_the_name_points_to_the_endpoints_own_name(registered: Program) -> None:
    run = opened(registered, elastic_ips=False)
    server = run.named("sftp-server").inputs
    assert server["endpointType"] == "VPC"
    assert server["endpointDetails"] == {
        "vpcId": "vpc-0a1b2c3d",
        "subnetIds": SUBNETS,
        "securityGroupIds": ["sftp-endpoint-clients-id"],
    }
    assert not run.of("aws:ec2/eip:Eip")
    assert run.named("sftp-name").inputs["records"] == ["vpce-1.vpce.amazonaws.com"]
    assert run.result["endpoint"] == "vpce-1.vpce.amazonaws.com"
    assert run.result["addresses"] == []


def test_on_the_internet_each_subnet_has_an_address_that_stays(registered: Program) -> None:
    run = opened(registered, elastic_ips=True)
    assert [each.name for each in run.of("aws:ec2/eip:Eip")] == [f"sftp-endpoint-address-{name}" for name in SUBNETS]
    assert {each["domain"] for each in run.inputs_of("aws:ec2/eip:Eip")} == {"vpc"}
    server = run.named("sftp-server").inputs
    assert server["endpointDetails"]["addressAllocationIds"] == ["eipalloc-1", "eipalloc-2"]
    assert run.named("sftp-name").inputs["records"] == ["s-1.server"]
    assert run.result["addresses"] == ["192.0.2.1", "192.0.2.2"]
