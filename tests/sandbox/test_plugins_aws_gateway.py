# ruff: noqa: ANN401  # boto3 gives clients without types
"""The types of the stand-in that the SFTP gateway is made of, through their whole lives."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any, cast

import boto3
import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.home import ACCOUNT_ID, SandboxHome
from sandbox.plugins.aws.package import AwsPackage
from sandbox.plugins.wire import UNKNOWN
from tests.sandbox.plugin_engine import Engine, Life, engine, live_through
from tests.sandbox.plugin_parts import parts

pytestmark = pytest.mark.sandbox

BUCKET, LOGS, GROUP = "gateway-life", "gateway-logs", "/aws/transfer/gateway"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/partners"


def host_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[SandboxHome]:
    with parts(tmp_path_factory.mktemp("plugins"), "aws") as home:
        yield home


@pytest.fixture(scope="module")
def run(home: SandboxHome, tmp_path_factory: pytest.TempPathFactory) -> Generator[Engine]:
    config = {"region": "us-east-1", "defaultTags": json.dumps({"tags": {"project": "landing"}})}
    with engine(AwsPackage(home), tmp_path_factory.mktemp("ledger"), config) as attached:
        yield attached


def cloud(home: SandboxHome, service: str) -> Any:
    key = home.credentials.deployer
    return cast("Any", boto3).client(
        service,
        endpoint_url=home.url("aws"),
        region_name="us-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )


@pytest.fixture(scope="module")
def ground(home: SandboxHome) -> None:
    """What the lives need under them: two buckets, one of which S3 may log to, a log group and a role."""
    s3 = cloud(home, "s3")
    for name in (BUCKET, LOGS):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{LOGS}/*",
    }
    s3.put_bucket_policy(Bucket=LOGS, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    cloud(home, "logs").create_log_group(logGroupName=GROUP)
    iam = cloud(home, "iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "transfer.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="partners", AssumeRolePolicyDocument=document)
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/partners/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
    iam.put_role_policy(RoleName="partners", PolicyName="access", PolicyDocument=policy)


COUNT = {"name": "FailedLogins", "namespace": "landing", "value": "1", "dimensions": {"user": "$.user"}}
ALARM = {
    "name": "failed-logins",
    "comparisonOperator": "GreaterThanOrEqualToThreshold",
    "evaluationPeriods": 1,
    "metricName": "FailedLogins",
    "namespace": "landing",
    "period": 300,
    "statistic": "Sum",
    "threshold": 5,
    "dimensions": {"user": "skyway"},
    "treatMissingData": "notBreaching",
}
LIVES = [
    Life(
        token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
        first={
            "name": "failed-logins",
            "logGroupName": GROUP,
            "pattern": '{ $.activity-type = "AUTH_FAILURE" } ',
            "metricTransformation": COUNT,
        },
        then={
            "name": "failed-logins",
            "logGroupName": GROUP,
            "pattern": '{ $.activity-type = "ERROR" }',
            "metricTransformation": {"name": "Errors", "namespace": "landing", "value": "1", "defaultValue": "0"},
        },
        id=f"{GROUP}:failed-logins",
    ),
    Life(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        first={**ALARM, "tags": {"a": "1"}},
        then={**ALARM, "threshold": 6, "alarmDescription": "Somebody guesses", "actionsEnabled": False},
        outputs=("arn",),
        id="failed-logins",
    ),
    Life(
        token="aws:s3/bucketLogging:BucketLogging",
        first={"bucket": BUCKET, "targetBucket": LOGS, "targetPrefix": "access/"},
        then={"bucket": BUCKET, "targetBucket": LOGS, "targetPrefix": "other/"},
        id=BUCKET,
    ),
    Life(
        token="aws:s3/bucketObjectv2:BucketObjectv2",
        first={"bucket": BUCKET, "key": "outbox/skyway/", "content": "", "tags": {"a": "1"}},
        then={"bucket": BUCKET, "key": "outbox/skyway/", "content": "", "contentType": "application/x-directory"},
        outputs=("arn", "versionId", "etag"),
        id=f"{BUCKET}/outbox/skyway/",
    ),
    Life(
        token="aws:transfer/server:Server",
        first={
            "protocols": ["SFTP"],
            "loggingRole": ROLE,
            "structuredLogDestinations": [f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:{GROUP}:*"],
            "hostKey": host_key(),
            "preAuthenticationLoginBanner": "Partners only",
            "postAuthenticationLoginBanner": "Welcome",
            "s3StorageOptions": {"directoryListingOptimization": "ENABLED"},
        },
        then={"protocols": ["SFTP"], "securityPolicyName": "TransferSecurityPolicy-2025-03", "hostKey": host_key()},
        outputs=("arn", "endpoint", "hostKeyFingerprint"),
        kept=frozenset({"hostKey"}),
    ),
    Life(
        token="aws:ec2/securityGroup:SecurityGroup",
        first={"name": "door", "description": "SFTP", "tags": {"a": "1"}},
        then={"name": "door", "description": "SFTP", "tags": {"b": "2"}},
        outputs=("arn", "vpcId", "ownerId"),
    ),
    Life(
        token="aws:ec2/eip:Eip",
        first={"domain": "vpc", "tags": {"a": "1"}},
        then={"domain": "vpc"},
        outputs=("allocationId", "publicIp"),
    ),
]


@pytest.mark.usefixtures("ground")
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.token.rpartition(":")[2])
def test_a_life_leaves_no_difference(run: Engine, life: Life) -> None:
    live_through(run.resource(life.token), life)


def test_an_ingress_rule_lives_in_a_group(run: Engine) -> None:
    group = run.resource("aws:ec2/securityGroup:SecurityGroup", "ruled")
    group.create({"name": "ruled"})
    rule = run.resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    first = {
        "securityGroupId": group.id,
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "cidrIpv4": "192.0.2.0/24",
        "description": "a partner",
        "tags": {"a": "1"},
    }
    life = Life(token=rule.token, first=first, then={**first, "cidrIpv4": "198.51.100.0/24"}, outputs=("arn",))
    live_through(rule, life)
    assert rule.token
    group.delete()


def test_a_host_key_lives_on_a_server_and_is_made_anew_for_another_body(run: Engine) -> None:
    server = run.resource("aws:transfer/server:Server", "keyed")
    server.create({"protocols": ["SFTP"]})
    key = run.resource("aws:transfer/hostKey:HostKey")
    first = {"serverId": server.id, "hostKeyBody": host_key(), "description": "old", "tags": {"a": "1"}}
    life = Life(
        token=key.token,
        first=first,
        then={**first, "description": "new"},
        outputs=("arn", "hostKeyId", "hostKeyFingerprint"),
        kept=frozenset({"hostKeyBody"}),
    )
    live_through(key, life)
    key.create(first)
    assert list(key.diff({**first, "hostKeyBody": host_key()}).replaces) == ["hostKeyBody"]
    server.delete()


@pytest.mark.usefixtures("ground")
def test_an_object_goes_with_all_its_versions_and_with_no_other_s(run: Engine, home: SandboxHome) -> None:
    s3, thing = cloud(home, "s3"), run.resource("aws:s3/bucketObjectv2:BucketObjectv2", "versions")
    thing.create({"bucket": BUCKET, "key": "in/", "content": "one"})
    first = thing.state["versionId"]
    thing.update({"bucket": BUCKET, "key": "in/", "content": "two"})
    assert thing.state["versionId"] != first
    assert s3.get_object(Bucket=BUCKET, Key="in/")["Body"].read() == b"two"
    s3.put_object(Bucket=BUCKET, Key="in/deeper", Body=b"a partner's")
    thing.delete()
    left = s3.list_object_versions(Bucket=BUCKET, Prefix="in/")
    assert [one["Key"] for one in left["Versions"]] == ["in/deeper"]
    assert "DeleteMarkers" not in left


def test_an_endpoint_in_a_vpc_is_looked_up_by_its_id(run: Engine, home: SandboxHome) -> None:
    ec2 = cloud(home, "ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.transfer.server",
        VpcEndpointType="Interface",
        SubnetIds=[ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
    )["VpcEndpoint"]["VpcEndpointId"]
    found = run.call("aws:ec2/getVpcEndpoint:getVpcEndpoint", {"id": made})
    assert (found["id"], found["vpcId"], found["state"]) == (made, vpc, "available")
    (entry,) = found["dnsEntries"]
    assert entry["dnsName"].startswith(f"{made}-")
    assert entry["dnsName"].endswith(".server.transfer.us-east-1.vpce.amazonaws.com")
    with pytest.raises(grpc.RpcError, match="no VPC endpoint matches"):
        run.call("aws:ec2/getVpcEndpoint:getVpcEndpoint", {"vpcId": "vpc-0123456789"})


def test_a_server_lives_in_a_vpc_and_does_not_leave_it(run: Engine, home: SandboxHome) -> None:
    ec2 = cloud(home, "ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    one, two = sorted(subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"])[:2]
    group = run.resource("aws:ec2/securityGroup:SecurityGroup", "inside")
    group.create({"name": "inside", "vpcId": vpc})
    addresses = [run.resource("aws:ec2/eip:Eip", name) for name in ("first", "second")]
    for address in addresses:
        address.create({"domain": "vpc"})

    def inside(subnets: list[str], **more: object) -> dict[str, Any]:
        details = {"vpcId": vpc, "subnetIds": subnets, "securityGroupIds": [group.id], **more}
        policy = "TransferSecurityPolicy-2025-03"
        return {"endpointType": "VPC", "endpointDetails": details, "securityPolicyName": policy}

    server = run.resource("aws:transfer/server:Server", "inside")
    first = inside([one], addressAllocationIds=[addresses[0].id])
    then = inside([one, two], addressAllocationIds=[address.id for address in addresses])
    live_through(server, Life(token=server.token, first=first, then=then, outputs=("arn", "endpoint")))

    assert server.preview(first)["endpointDetails"] is UNKNOWN, "it has the id of an endpoint that is not there yet"
    server.create(first)
    endpoint = server.state["endpointDetails"]["vpcEndpointId"]
    assert endpoint.startswith("vpce-")
    assert server.preview_update(then)["endpointDetails"]["vpcEndpointId"] == endpoint
    addresses[0].refresh()
    for wanted, replaced in (
        (inside([one]), []),
        ({**inside([one]), "endpointDetails": {"vpcId": "vpc-0123456789", "subnetIds": [one]}}, ["endpointDetails"]),
    ):
        found = server.diff(wanted)
        assert list(found.diffs) == ["endpointDetails"]
        assert list(found.replaces) == replaced
    server.update(inside([one]))
    assert "addressAllocationIds" not in server.state["endpointDetails"]
    assert server.changed(inside([one])) == []
    for thing in (server, group, *addresses):
        thing.delete()
