"""Amazon EC2: the look-up of a VPC endpoint, such as the one that a Transfer server in a VPC makes for itself."""

from __future__ import annotations

from sandbox.plugins.aws.cloud import Aws, RefusedError, given, unpaired
from sandbox.plugins.wire import Properties


def get_vpc_endpoint(aws: Aws, arguments: Properties) -> Properties:
    """Give the one VPC endpoint that the arguments describe; raises RefusedError for none and for several."""
    wanted = {"vpc-endpoint-state": "state", "vpc-id": "vpcId", "service-name": "serviceName"}
    filters = [{"Name": name, "Values": [arguments[key]]} for name, key in wanted.items() if arguments.get(key)]
    filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in arguments.get("tags", {}).items()]
    filters += [{"Name": more["name"], "Values": more["values"]} for more in arguments.get("filters", [])]
    identifier = arguments.get("id")
    found = aws.client("ec2").describe_vpc_endpoints(
        **given(VpcEndpointIds=[identifier] if identifier else None, Filters=filters or None)
    )["VpcEndpoints"]
    if len(found) != 1:
        count = f"{len(found)} VPC endpoints match" if found else "no VPC endpoint matches"
        raise RefusedError(f"{count} {arguments}; the arguments must describe exactly one")
    (endpoint,) = found
    return given(
        id=endpoint["VpcEndpointId"],
        arn=aws.arn("ec2", f"vpc-endpoint/{endpoint['VpcEndpointId']}"),
        dnsEntries=[
            given(dnsName=entry.get("DnsName"), hostedZoneId=entry.get("HostedZoneId"))
            for entry in endpoint.get("DnsEntries", [])
        ],
        networkInterfaceIds=endpoint.get("NetworkInterfaceIds", []),
        ownerId=endpoint.get("OwnerId", aws.account),
        policy=endpoint.get("PolicyDocument"),
        privateDnsEnabled=endpoint.get("PrivateDnsEnabled", False),
        region=aws.region,
        routeTableIds=endpoint.get("RouteTableIds", []),
        securityGroupIds=[group["GroupId"] for group in endpoint.get("Groups", [])],
        serviceName=endpoint.get("ServiceName"),
        state=endpoint.get("State"),
        subnetIds=endpoint.get("SubnetIds", []),
        tags=unpaired(endpoint.get("Tags", [])),
        vpcEndpointType=endpoint.get("VpcEndpointType"),
        vpcId=endpoint.get("VpcId"),
    )
