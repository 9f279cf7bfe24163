"""Pieces of the landing zone, as tests of the components register them."""

from __future__ import annotations

from typing import Any

from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from components.aws_account import AwsAccount
from components.landing_bucket import LandingBucket, LandingBucketArgs
from components.sftp_door import SftpDoor
from components.sftp_gateway import SftpGateway, SftpGatewayArgs
from domain.host_keys import HOST_KEYS, HostKey
from domain.sections import BucketSettings
from domain.sftp_settings import SftpSettings
from tests.private_keys import text_of
from tests.stack_values import sftp

BUCKET = "landing-test-partners"
KEY = "arn:aws:kms:us-east-1:123456789012:key/one"
ACCOUNT = AwsAccount(id="123456789012", region="us-east-1", prefix="landing-test")


def answers(args: MockResourceArgs) -> dict[str, Any]:
    """Give what a provider adds to what it was given."""
    known: dict[str, dict[str, Any]] = {
        "aws:cloudwatch/logGroup:LogGroup": {"arn": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/transfer/x"},
        "aws:ec2/eip:Eip": {"publicIp": f"192.0.2.{args.name[-1]}", "allocationId": f"eipalloc-{args.name[-1]}"},
        "aws:iam/role:Role": {"arn": f"arn:aws:iam::{ACCOUNT.id}:role/{args.name}"},
        "aws:kms/key:Key": {"arn": KEY, "keyId": "one"},
        "aws:transfer/server:Server": {"endpoint": "s-1.server", "hostKeyFingerprint": "SHA256:x"},
        "aws:route53/zone:Zone": {"zoneId": "Z1"},
        "snowflake:index/storageIntegrationAws:StorageIntegrationAws": {"describeOutputs": [{"externalId": "id-1"}]},
        "pulumi-python:dynamic/landing:StorageTrust": {"iam_user_arn": "arn:aws:iam::9:user/sf", "external_id": "id-1"},
        "pulumi-python:dynamic/landing:StageBinding": {"bound": "this stage and this integration"},
        "pulumi-python:dynamic/landing:PipePause": {"stopped": ""},
        "snowflake:index/pipe:Pipe": {"notificationChannel": "arn:aws:sqs:us-east-1:999999999999:sf"},
    }
    return known.get(args.typ, {})


def lookups(args: MockCallArgs) -> dict[str, Any]:
    """Answer what the program asks AWS."""
    return {
        "aws:route53/getZone:getZone": {"zoneId": "Z9", "name": "example.com"},
        "aws:ec2/getVpcEndpoint:getVpcEndpoint": {
            "dnsEntries": [{"dnsName": "vpce-1.vpce.amazonaws.com", "hostedZoneId": "Z7"}]
        },
    }[args.token]


def a_bucket(**changes: object) -> LandingBucket:
    return LandingBucket("landing", LandingBucketArgs(account=ACCOUNT, settings=bucket_settings(**changes)))


def bucket_settings(**changes: object) -> BucketSettings:
    return BucketSettings.model_validate({"name": BUCKET, **changes})


def sftp_settings(**changes: object) -> SftpSettings:
    return SftpSettings.model_validate(sftp(zoneExists=False, **changes))


def a_gateway(
    bucket: LandingBucket,
    *kinds: str,
    users: tuple[str, ...] = ("skyway",),
    settings: SftpSettings | None = None,
) -> SftpGateway:
    """Open a door that shows host keys of these kinds."""
    args = SftpGatewayArgs(
        account=ACCOUNT,
        bucket=bucket,
        settings=settings or sftp_settings(),
        host_keys=host_keys(*kinds),
        users=users,
    )
    return SftpGateway("sftp", args)


def host_keys(*kinds: str) -> tuple[HostKey, ...]:
    return HOST_KEYS.validate_python([text_of(kind) for kind in kinds])


def a_door() -> SftpDoor:
    """Give a door that is there."""
    return SftpDoor(
        prefix=ACCOUNT.prefix,
        server_id="s-1",
        role_arn="arn:aws:iam::123456789012:role/users",
        bucket_name=BUCKET,
        bucket=BUCKET,
        key_arn=KEY,
        log_group_name="/aws/transfer/landing-test",
        metric_namespace="Landing/landing-test",
        hostname="sftp.example.com",
        security_policy="TransferSecurityPolicy-2025-03",
        host_key_fingerprints=["SHA256:x"],
        known_hosts=["sftp.example.com ssh-ed25519 AAAA"],
        addresses=["192.0.2.1"],
    )
