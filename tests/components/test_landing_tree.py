"""The tree of the whole landing zone: what it is made of, under which names, and that it keeps them."""

from __future__ import annotations

from collections import Counter

import pytest

from components.access_logs import AccessLogs, AccessLogsArgs
from components.loading_proof import LoadingProof, LoadingProofArgs
from components.object_events import ObjectEvents, ObjectEventsArgs
from components.partner_access import PartnerAccess, PartnerAccessArgs
from components.partner_alarms import PartnerAlarms, PartnerAlarmsArgs
from components.partner_feeds import PartnerFeeds, PartnerFeedsArgs
from components.snowflake_stage import SnowflakeStage, SnowflakeStageArgs
from domain.partners import Partner
from domain.sections import SnowflakeSettings
from tests.components.landing_pieces import (
    ACCOUNT,
    BUCKET,
    a_bucket,
    a_door,
    a_gateway,
    answers,
    bucket_settings,
    lookups,
    sftp_settings,
)
from tests.components.recorder import Program, Registered
from tests.stack_values import feed, folder, partner, public_key, read_partners, user


def a_partner() -> Partner:
    """Give one with the user of the short form, and another with two folders."""
    robot = user("robot", seed=3, folders=[folder("/in", "inbox/a-b"), folder("/out", "outbox/reports")])
    keys = [public_key(1), public_key(2)]
    return read_partners(partner(publicKeys=keys, users=[robot], feeds=[feed("orders"), feed("refunds")]))[0]


def everything() -> None:
    bucket = a_bucket()
    AccessLogs("access-logs", AccessLogsArgs(account=ACCOUNT, bucket=bucket, settings=bucket_settings()))
    vpc = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c31"], "allowedCidrs": ["203.0.113.0/24"]}
    door = sftp_settings(endpoint=vpc | {"elasticIps": True})
    a_gateway(bucket, "ed25519", "rsa-2048", users=("skyway", "robot"), settings=door)
    settings = SnowflakeSettings()
    stage = SnowflakeStage("snowflake", SnowflakeStageArgs(prefix=ACCOUNT.prefix, bucket=bucket, settings=settings))
    partner = a_partner()
    PartnerAccess("skyway", PartnerAccessArgs(partner=partner, door=a_door()))
    PartnerAlarms("skyway", PartnerAlarmsArgs(partner=partner, door=a_door(), settings=sftp_settings()))
    feeds = PartnerFeeds("skyway", PartnerFeedsArgs(partner=partner, place=stage.place))
    events = ObjectEvents("events", ObjectEventsArgs(bucket=BUCKET, queue_arn="arn:queue", canaries=True))
    LoadingProof("loading", LoadingProofArgs(bucket=bucket, stage=stage, events=events, feeds=[feeds]))


@pytest.fixture
def whole(registered: Program) -> Registered:
    return registered(everything, outputs=answers, calls=lookups)


def test_every_child_belongs_to_its_component_and_outputs_are_registered_once(whole: Registered) -> None:
    components = Counter(r.name for r in whole.resources if r.type.startswith("landing:"))
    assert {r.parent for r in whole.resources if not r.type.startswith("landing:")} <= set(components)
    assert {name: len(calls) for name, calls in whole.registered_outputs.items()} == components


def test_no_two_resources_of_one_type_have_one_name(whole: Registered) -> None:
    # A URN holds the types of the parents, and not their names.
    counted = Counter((type_, name) for type_, name, _ in whole.shape)
    assert counted.most_common(1)[0][1] == 1


FIRST_RELEASE = {
    ("aws:iam/role:Role", "sftp-users-role", "sftp"),
    ("aws:iam/role:Role", "snowflake-role", "snowflake"),
    ("aws:iam/rolePolicy:RolePolicy", "sftp-users-access", "sftp"),
    ("aws:iam/rolePolicy:RolePolicy", "snowflake-access", "snowflake"),
    ("aws:kms/alias:Alias", "landing-key-alias", "landing"),
    ("aws:kms/key:Key", "landing-key", "landing"),
    ("aws:route53/record:Record", "sftp-name", "sftp"),
    ("aws:route53/zone:Zone", "sftp-zone", "sftp"),
    ("aws:s3/bucket:Bucket", "landing-bucket", "landing"),
    ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "landing-lifecycle", "landing"),
    ("aws:s3/bucketNotification:BucketNotification", "events-notification", "events"),
    ("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "landing-ownership", "landing"),
    ("aws:s3/bucketPolicy:BucketPolicy", "landing-policy", "landing"),
    ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "landing-public-access", "landing"),
    (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "landing-encryption",
        "landing",
    ),
    ("aws:s3/bucketVersioning:BucketVersioning", "landing-versioning", "landing"),
    ("aws:transfer/server:Server", "sftp-server", "sftp"),
    ("aws:transfer/user:User", "skyway-user", "skyway"),
    ("landing:aws:LandingBucket", "landing", ""),
    ("landing:aws:ObjectEvents", "events", ""),
    ("landing:aws:PartnerAccess", "skyway", ""),
    ("landing:aws:SftpGateway", "sftp", ""),
    ("landing:snowflake:PartnerFeeds", "skyway", ""),
    ("landing:snowflake:SnowflakeStage", "snowflake", ""),
    ("pulumi-python:dynamic/landing:StorageTrust", "snowflake-trust", "snowflake"),
    ("snowflake:index/database:Database", "snowflake-database", "snowflake"),
    ("snowflake:index/pipe:Pipe", "skyway-orders-pipe", "skyway"),
    ("snowflake:index/pipe:Pipe", "skyway-refunds-pipe", "skyway"),
    ("snowflake:index/schema:Schema", "snowflake-schema", "snowflake"),
    ("snowflake:index/stageExternalS3:StageExternalS3", "snowflake-stage", "snowflake"),
    ("snowflake:index/storageIntegrationAws:StorageIntegrationAws", "snowflake-integration", "snowflake"),
    ("snowflake:index/table:Table", "skyway-orders-table", "skyway"),
    ("snowflake:index/table:Table", "skyway-refunds-table", "skyway"),
    *(
        ("aws:transfer/sshKey:SshKey", f"skyway-key-{each.key.short_name}", "skyway")
        for each in a_partner().public_keys
    ),
}
"""What a stack of the first release has: the next `up` finds each of it under the same URN."""

_ROBOTS = a_partner().users[0].public_keys[0].key.short_name
_PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
SINCE = {
    ("aws:cloudwatch/logGroup:LogGroup", "sftp-log-group", "sftp-log"),
    ("aws:cloudwatch/logMetricFilter:LogMetricFilter", "sftp-log-failed-logins-0", "sftp-log"),
    ("aws:cloudwatch/logMetricFilter:LogMetricFilter", "skyway-failed-uploads", "skyway"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "robot-failed-logins-alarm", "skyway"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "skyway-failed-logins-alarm", "skyway"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "skyway-failed-uploads-alarm", "skyway"),
    ("aws:ec2/eip:Eip", "sftp-endpoint-address-subnet-0a1b2c31", "sftp-endpoint"),
    ("aws:ec2/securityGroup:SecurityGroup", "sftp-endpoint-clients", "sftp-endpoint"),
    ("aws:s3/bucket:Bucket", "access-logs-bucket", "access-logs"),
    ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "access-logs-lifecycle", "access-logs"),
    ("aws:s3/bucketLogging:BucketLogging", "access-logs-delivery", "access-logs"),
    *(
        ("aws:s3/bucketObjectv2:BucketObjectv2", f"skyway-{target}-folder", "skyway")
        for target in ("inbox", "inbox/a-b", "inbox/orders", "inbox/refunds", "outbox/reports")
    ),
    ("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "access-logs-ownership", "access-logs"),
    ("aws:s3/bucketPolicy:BucketPolicy", "access-logs-policy", "access-logs"),
    (_PUBLIC_ACCESS, "access-logs-public-access", "access-logs"),
    (_ENCRYPTION, "access-logs-encryption", "access-logs"),
    ("aws:transfer/sshKey:SshKey", f"robot-key-{_ROBOTS}", "skyway"),
    ("aws:transfer/user:User", "robot-user", "skyway"),
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sftp-endpoint-from-203.0.113.0/24", "sftp-endpoint"),
    ("landing:aws:AccessLogs", "access-logs", ""),
    ("landing:aws:PartnerAlarms", "skyway", ""),
    ("landing:aws:SftpLog", "sftp-log", "sftp"),
    ("landing:aws:SftpVpcEndpoint", "sftp-endpoint", "sftp"),
    ("landing:snowflake:Canary", "snowflake-canary", "snowflake"),
    ("landing:snowflake:LoadingProof", "loading", ""),
    ("landing:snowflake:SnowflakeAccess", "snowflake-access", "snowflake"),
    ("pulumi-python:dynamic/landing:PipePause", "snowflake-pause", "snowflake"),
    ("pulumi-python:dynamic/landing:PipeRefresh", "loading-refresh", "loading"),
    ("pulumi-python:dynamic/landing:StageBinding", "snowflake-binding", "snowflake"),
    ("pulumi-python:dynamic/landing:StageBinding", "snowflake-canary-binding", "snowflake-canary"),
    ("pulumi-python:dynamic/landing:StageProbe", "loading-probe", "loading"),
    ("snowflake:index/pipe:Pipe", "snowflake-canary-pipe", "snowflake-canary"),
    ("snowflake:index/stageExternalS3:StageExternalS3", "snowflake-canary-stage", "snowflake-canary"),
    ("snowflake:index/table:Table", "snowflake-canary-table", "snowflake-canary"),
    ("snowflake:index/warehouse:Warehouse", "snowflake-access-warehouse", "snowflake-access"),
    *(
        ("snowflake:index/accountRole:AccountRole", f"snowflake-access-{role}", "snowflake-access")
        for role in ("loader", "reader")
    ),
    *(
        (
            "snowflake:index/grantPrivilegesToAccountRole:GrantPrivilegesToAccountRole",
            f"snowflake-access-{grant}",
            "snowflake-access",
        )
        for grant in (
            *("loader-all-pipes", "loader-all-tables", "loader-database", "loader-future-pipes"),
            *("loader-future-tables", "loader-integration", "loader-schema", "loader-stage", "loader-warehouse"),
            *("reader-all-tables", "reader-database", "reader-future-tables", "reader-schema", "reader-warehouse"),
        )
    ),
}


def test_the_tree_keeps_its_shape(whole: Registered) -> None:
    # A change here is a change of URNs: it wants an alias in the same commit.
    shape = {each for each in whole.shape if each[0] != "aws:transfer/hostKey:HostKey"}
    assert shape - FIRST_RELEASE == SINCE
    assert shape >= FIRST_RELEASE
