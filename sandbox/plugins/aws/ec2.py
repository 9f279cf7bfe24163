"""Amazon EC2: security groups with their ingress rules, and elastic IP addresses."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.aws.cloud import Aws, code_of, given, pairs, retag, unpaired
from sandbox.plugins.table import COMPUTED, FORCE_NEW, KEPT, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties

_DESCRIPTION = "Managed by Pulumi"
_ANY_PORT = -1


def _tags(kind: str, inputs: Properties) -> dict[str, Any]:
    """Give the argument that tags a new object of the `kind`."""
    tags = pairs(inputs["tagsAll"])
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def _retag(aws: Aws, identifier: str, state: Properties, inputs: Properties) -> None:
    ec2 = aws.client("ec2")
    retag(
        state,
        inputs,
        lambda tags: ec2.create_tags(Resources=[identifier], Tags=pairs(tags)),
        lambda names: ec2.delete_tags(Resources=[identifier], Tags=[{"Key": name} for name in names]),
    )


def _create_group(aws: Aws, inputs: Properties) -> str:
    answer = aws.client("ec2").create_security_group(
        GroupName=inputs["name"],
        Description=inputs.get("description", _DESCRIPTION),
        **given(VpcId=inputs.get("vpcId")),
        **_tags("security-group", inputs),
    )
    return answer["GroupId"]


def _close_egress(aws: Aws, identifier: str, _inputs: Properties) -> None:
    """Take away the rules that let everything out, which AWS gives a new group, as the official plug-in does."""
    ec2 = aws.client("ec2")
    if egress := _group(aws, identifier)["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=identifier, IpPermissions=egress)


def _group(aws: Aws, identifier: str) -> dict[str, Any]:
    return aws.client("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0]


def _read_group(aws: Aws, identifier: str) -> Properties | None:
    group = _group(aws, identifier)
    return {
        "arn": aws.arn("ec2", f"security-group/{identifier}"),
        "name": group["GroupName"],
        "description": group["Description"],
        "vpcId": group["VpcId"],
        "ownerId": group["OwnerId"],
        "region": aws.region,
        **aws.tagged(unpaired(group.get("Tags", []))),
    }


def _delete_group(aws: Aws, identifier: str, state: Properties) -> None:
    if state.get("revokeRulesOnDelete"):
        group, ec2 = _group(aws, identifier), aws.client("ec2")
        for rules, revoke in (
            ("IpPermissions", ec2.revoke_security_group_ingress),
            ("IpPermissionsEgress", ec2.revoke_security_group_egress),
        ):
            if group[rules]:
                revoke(GroupId=identifier, IpPermissions=group[rules])
    aws.client("ec2").delete_security_group(GroupId=identifier)


def _permission(inputs: Properties) -> dict[str, Any]:
    """Give an ingress rule as the call for its creation takes it."""
    about = given(Description=inputs.get("description"))
    sources = {
        "IpRanges": ("CidrIp", inputs.get("cidrIpv4")),
        "Ipv6Ranges": ("CidrIpv6", inputs.get("cidrIpv6")),
        "PrefixListIds": ("PrefixListId", inputs.get("prefixListId")),
        "UserIdGroupPairs": ("GroupId", inputs.get("referencedSecurityGroupId")),
    }
    return {
        "IpProtocol": inputs["ipProtocol"],
        **given(FromPort=inputs.get("fromPort"), ToPort=inputs.get("toPort")),
        **{kind: [{name: source, **about}] for kind, (name, source) in sources.items() if source},
    }


def _create_rule(aws: Aws, inputs: Properties) -> str:
    answer = aws.client("ec2").authorize_security_group_ingress(
        GroupId=inputs["securityGroupId"],
        IpPermissions=[_permission(inputs)],
        **_tags("security-group-rule", inputs),
    )
    return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]


def _rules(aws: Aws, identifier: str) -> list[dict[str, Any]]:
    return aws.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[identifier])["SecurityGroupRules"]


def _read_rule(aws: Aws, identifier: str) -> Properties | None:
    for rule in _rules(aws, identifier):
        ports = {name: rule.get(theirs) for name, theirs in (("fromPort", "FromPort"), ("toPort", "ToPort"))}
        return {
            "arn": aws.arn("ec2", f"security-group-rule/{identifier}"),
            "securityGroupRuleId": identifier,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            "description": rule.get("Description") or None,
            "region": aws.region,
            **{name: port for name, port in ports.items() if port != _ANY_PORT},
            **aws.tagged(unpaired(rule.get("Tags", []))),
        }
    return None


def _update_rule(aws: Aws, identifier: str, state: Properties, inputs: Properties) -> None:
    wanted = given(
        IpProtocol=inputs["ipProtocol"],
        FromPort=inputs.get("fromPort", _ANY_PORT),
        ToPort=inputs.get("toPort", _ANY_PORT),
        CidrIpv4=inputs.get("cidrIpv4"),
        CidrIpv6=inputs.get("cidrIpv6"),
        PrefixListId=inputs.get("prefixListId"),
        ReferencedGroupId=inputs.get("referencedSecurityGroupId"),
        Description=inputs.get("description"),
    )
    aws.client("ec2").modify_security_group_rules(
        GroupId=inputs["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": identifier, "SecurityGroupRule": wanted}],
    )
    _retag(aws, identifier, state, inputs)


def _delete_rule(aws: Aws, identifier: str, state: Properties) -> None:
    aws.client("ec2").revoke_security_group_ingress(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identifier])


def _allocate(aws: Aws, inputs: Properties) -> str:
    answer = aws.client("ec2").allocate_address(Domain=inputs.get("domain", "vpc"), **_tags("elastic-ip", inputs))
    return answer["AllocationId"]


def _read_address(aws: Aws, identifier: str) -> Properties | None:
    for address in aws.client("ec2").describe_addresses(AllocationIds=[identifier])["Addresses"]:
        name = address["PublicIp"].replace(".", "-")
        return {
            "arn": aws.arn("ec2", f"elastic-ip/{identifier}"),
            "allocationId": identifier,
            "associationId": address.get("AssociationId") or None,
            "domain": address["Domain"],
            "instance": address.get("InstanceId") or None,
            "networkInterface": address.get("NetworkInterfaceId") or None,
            "privateIp": address.get("PrivateIpAddress") or None,
            "publicIp": address["PublicIp"],
            "publicDns": f"ec2-{name}.compute-1.amazonaws.com",
            "region": aws.region,
            **aws.tagged(unpaired(address.get("Tags", []))),
        }
    return None


def _release(aws: Aws, identifier: str, state: Properties) -> None:
    ec2 = aws.client("ec2")
    if association := state.get("associationId"):
        try:
            ec2.disassociate_address(AssociationId=association)
        except ec2.exceptions.ClientError as error:
            if code_of(error) != "InvalidAssociationID.NotFound":
                raise
    ec2.release_address(AllocationId=identifier)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:ec2/securityGroup:SecurityGroup",
        properties={
            "name": FORCE_NEW,
            "description": Property(replaces=True, default=_DESCRIPTION),
            "vpcId": Property(replaces=True, computed=True),
            "revokeRulesOnDelete": KEPT,
            **TAGS,
        },
        create=_create_group,
        settle=_close_egress,
        read=_read_group,
        update=_retag,
        delete=_delete_group,
        auto_name="name",
    ),
    Row(
        type="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        properties={
            "securityGroupId": FORCE_NEW,
            "ipProtocol": PLAIN,
            "fromPort": PLAIN,
            "toPort": PLAIN,
            "cidrIpv4": PLAIN,
            "cidrIpv6": PLAIN,
            "prefixListId": PLAIN,
            "referencedSecurityGroupId": PLAIN,
            "description": PLAIN,
            **TAGS,
        },
        create=_create_rule,
        read=_read_rule,
        update=_update_rule,
        delete=_delete_rule,
    ),
    Row(
        type="aws:ec2/eip:Eip",
        properties={
            "domain": Property(replaces=True, computed=True),
            "instance": COMPUTED,
            "networkInterface": COMPUTED,
            **TAGS,
        },
        create=_allocate,
        read=_read_address,
        update=_retag,
        delete=_release,
    ),
)
