"""Where the door is open: on AWS's public address, or in a VPC to named networks."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from domain.sftp_settings import VpcEndpoint

_SSH = 22


@dataclass(frozen=True, kw_only=True)
class SftpVpcEndpointArgs:
    """The network that the door is in."""

    prefix: str
    """Begins the security group's name."""
    endpoint: VpcEndpoint


class SftpVpcEndpoint(ComponentResource):
    """What a Transfer server in a VPC needs around it: a security group, and addresses that never change."""

    details: aws.transfer.ServerEndpointDetailsArgs
    addresses: list[Output[str]]
    """The public addresses, for partners who allow by address; empty for a door inside the VPC alone."""

    def __init__(self, name: str, args: SftpVpcEndpointArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:SftpVpcEndpoint", name, {}, opts)
        self._child = ResourceOptions(parent=self)
        endpoint = args.endpoint
        group = self._security_group(name, args)
        elastic = (
            [self._elastic_ip(name, subnet, args.prefix) for subnet in endpoint.subnet_ids]
            if endpoint.elastic_ips
            else []
        )
        self.addresses = [each.public_ip for each in elastic]
        self.details = aws.transfer.ServerEndpointDetailsArgs(
            vpc_id=endpoint.vpc_id,
            subnet_ids=list(endpoint.subnet_ids),
            security_group_ids=[group.id],
            address_allocation_ids=[each.allocation_id for each in elastic] or None,
        )
        self.register_outputs({"addresses": self.addresses})

    def _security_group(self, name: str, args: SftpVpcEndpointArgs) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            f"{name}-clients",
            name=f"{args.prefix}-sftp-clients",
            description="SFTP clients of the landing zone",
            vpc_id=args.endpoint.vpc_id,
            opts=self._child,
        )
        for cidr in args.endpoint.allowed_cidrs:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{cidr}",
                security_group_id=group.id,
                ip_protocol="tcp",
                from_port=_SSH,
                to_port=_SSH,
                cidr_ipv4=None if ":" in cidr else cidr,
                cidr_ipv6=cidr if ":" in cidr else None,
                opts=self._child,
            )
        return group

    def _elastic_ip(self, name: str, subnet: str, prefix: str) -> aws.ec2.Eip:
        tags = {"Name": f"{prefix}-sftp-{subnet}"}
        return aws.ec2.Eip(f"{name}-address-{subnet}", domain="vpc", tags=tags, opts=self._child)


def name_inside_vpc(server: aws.transfer.Server, parent: ComponentResource) -> Output[str]:
    """Give the DNS name of the server's endpoint inside its VPC; the server's own name is on the internet."""
    endpoint_id = server.endpoint_details.apply(lambda details: details.vpc_endpoint_id if details else None)
    found = aws.ec2.get_vpc_endpoint_output(id=endpoint_id, opts=pulumi.InvokeOutputOptions(parent=parent))
    return found.dns_entries.apply(lambda entries: entries[0].dns_name)
