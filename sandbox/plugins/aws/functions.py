"""The functions of the `aws` package that the sandbox serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.endpoints import get_vpc_endpoint
from sandbox.plugins.aws.route53 import get_zone
from sandbox.plugins.aws.simulation import get_principal_policy_simulation
from sandbox.plugins.wire import Properties


def _caller(aws: Aws, _arguments: Properties) -> Properties:
    caller = aws.client("sts").get_caller_identity()
    return {"accountId": caller["Account"], "arn": caller["Arn"], "userId": caller["UserId"], "id": caller["Account"]}


def _region(aws: Aws, arguments: Properties) -> Properties:
    name = arguments.get("region") or arguments.get("name") or aws.region
    return {
        "region": name,
        "name": name,
        "id": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "description": "US East (N. Virginia)" if name == "us-east-1" else name,
    }


def _partition(_aws: Aws, _arguments: Properties) -> Properties:
    return {"partition": "aws", "id": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


FUNCTIONS: Mapping[str, Callable[[Aws, Properties], Properties]] = {
    "aws:ec2/getVpcEndpoint:getVpcEndpoint": get_vpc_endpoint,
    "aws:iam/getPrincipalPolicySimulation:getPrincipalPolicySimulation": get_principal_policy_simulation,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:route53/getZone:getZone": get_zone,
}
