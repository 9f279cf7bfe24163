"""The AWS and Snowflake components: the trees that they register, and the rules that they keep."""

from __future__ import annotations

import base64
import json
import struct
from collections import Counter
from typing import Any

import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from components.landing_bucket import LandingBucket, LandingBucketArgs
from components.object_events import ObjectEvents, ObjectEventsArgs
from components.partner_access import PartnerAccess, PartnerAccessArgs
from components.partner_feeds import PartnerFeeds, PartnerFeedsArgs
from components.sftp_gateway import SftpGateway, SftpGatewayArgs
from components.snowflake_stage import SnowflakeStage, SnowflakeStageArgs
from domain.partners import PARTNERS, Partner
from domain.sections import BucketSettings, SftpSettings, SnowflakeSettings
from tests.components.recorder import Program, Registered

ACCOUNT = "123456789012"
BUCKET = "landing-test-partners"
KEY = "arn:aws:kms:us-east-1:123456789012:key/one"


def public_key(seed: int) -> str:
    fields = (b"ssh-ed25519", bytes([seed]) * 32)
    blob = b"".join(struct.pack(">I", len(part)) + part for part in fields)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} a@b"


def a_partner(*seeds: int, feeds: tuple[str, ...] = ("orders",)) -> Partner:
    entry = {
        "name": "skyway",
        "timeZone": "America/New_York",
        "publicKeys": [public_key(seed) for seed in seeds or (1,)],
        "feeds": [{"name": feed, "columns": [{"name": "ID", "type": "NUMBER"}]} for feed in feeds],
    }
    return PARTNERS.validate_python([entry])[0]


def answers(args: MockResourceArgs) -> dict[str, Any]:
    """Give what a provider adds to what it was given."""
    known: dict[str, dict[str, Any]] = {
        "aws:kms/key:Key": {"arn": KEY, "keyId": "one"},
        "aws:iam/role:Role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/{args.name}"},
        "aws:transfer/server:Server": {"endpoint": "s-1.server", "hostKeyFingerprint": "SHA256:x"},
        "aws:route53/zone:Zone": {"zoneId": "Z1"},
        "snowflake:index/storageIntegrationAws:StorageIntegrationAws": {"describeOutputs": [{"externalId": "id-1"}]},
        "snowflake:index/pipe:Pipe": {"notificationChannel": "arn:aws:sqs:us-east-1:999999999999:sf"},
    }
    return known.get(args.typ, {})


def a_bucket(name: str = "landing") -> LandingBucket:
    return LandingBucket(name, LandingBucketArgs(account_id=ACCOUNT, settings=BucketSettings(name=BUCKET)))


def a_gateway(bucket: LandingBucket, *, zone_exists: bool = True) -> SftpGateway:
    settings = SftpSettings(hostname="sftp.example.com", zone="example.com", zone_exists=zone_exists)
    args = SftpGatewayArgs(
        prefix="landing-test", account_id=ACCOUNT, region="us-east-1", bucket=bucket, settings=settings
    )
    return SftpGateway("sftp", args)


def a_stage(bucket: LandingBucket) -> SnowflakeStage:
    args = SnowflakeStageArgs(prefix="landing-test", bucket=bucket, settings=SnowflakeSettings())
    return SnowflakeStage("snowflake", args)


def some_feeds(*feeds: str) -> PartnerFeeds:
    args = PartnerFeedsArgs(partner=a_partner(feeds=feeds), database="LANDING", schema="RAW", stage="PARTNERS")
    return PartnerFeeds("skyway", args)


def some_access(*seeds: int) -> PartnerAccess:
    args = PartnerAccessArgs(
        partner=a_partner(*seeds), server_id="s-1", role_arn="arn:role", bucket_name=BUCKET, key_arn=KEY
    )
    return PartnerAccess("skyway", args)


def zone_lookup(_: MockCallArgs) -> dict[str, Any]:
    return {"zoneId": "Z9", "name": "example.com"}


def everything() -> None:
    bucket = a_bucket()
    a_gateway(bucket, zone_exists=False)
    a_stage(bucket)
    some_access(1, 2)
    some_feeds("orders", "refunds")
    ObjectEvents("events", ObjectEventsArgs(bucket=BUCKET, queue_arn="arn:queue"))


@pytest.fixture
def whole(registered: Program) -> Registered:
    return registered(everything, outputs=answers)


def test_every_child_belongs_to_its_component_and_outputs_are_registered_once(whole: Registered) -> None:
    components = Counter(r.name for r in whole.resources if r.type.startswith("landing:"))
    assert {r.parent for r in whole.resources if not r.type.startswith("landing:")} == set(components)
    assert {name: len(calls) for name, calls in whole.registered_outputs.items()} == components


def test_the_tree_keeps_its_shape(whole: Registered) -> None:
    # A change here is a change of URNs: it wants an alias in the same commit.
    native = [(type_, name) for type_, name, _ in whole.shape if not type_.startswith("landing:")]
    assert native == [
        ("aws:iam/role:Role", "sftp-users-role"),
        ("aws:iam/role:Role", "snowflake-role"),
        ("aws:iam/rolePolicy:RolePolicy", "sftp-users-access"),
        ("aws:iam/rolePolicy:RolePolicy", "snowflake-access"),
        ("aws:kms/alias:Alias", "landing-key-alias"),
        ("aws:kms/key:Key", "landing-key"),
        ("aws:route53/record:Record", "sftp-name"),
        ("aws:route53/zone:Zone", "sftp-zone"),
        ("aws:s3/bucket:Bucket", "landing-bucket"),
        ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "landing-lifecycle"),
        ("aws:s3/bucketNotification:BucketNotification", "events-notification"),
        ("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "landing-ownership"),
        ("aws:s3/bucketPolicy:BucketPolicy", "landing-policy"),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "landing-public-access"),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "landing-encryption",
        ),
        ("aws:s3/bucketVersioning:BucketVersioning", "landing-versioning"),
        ("aws:transfer/server:Server", "sftp-server"),
        *sorted(("aws:transfer/sshKey:SshKey", f"skyway-key-{key.short_name}") for key in a_partner(1, 2).public_keys),
        ("aws:transfer/user:User", "skyway-user"),
        ("pulumi-python:dynamic/landing:StorageTrust", "snowflake-trust"),
        ("snowflake:index/database:Database", "snowflake-database"),
        ("snowflake:index/pipe:Pipe", "skyway-orders-pipe"),
        ("snowflake:index/pipe:Pipe", "skyway-refunds-pipe"),
        ("snowflake:index/schema:Schema", "snowflake-schema"),
        ("snowflake:index/stageExternalS3:StageExternalS3", "snowflake-stage"),
        ("snowflake:index/storageIntegrationAws:StorageIntegrationAws", "snowflake-integration"),
        ("snowflake:index/table:Table", "skyway-orders-table"),
        ("snowflake:index/table:Table", "skyway-refunds-table"),
    ]


def test_the_bucket_is_private_encrypted_and_versioned(whole: Registered) -> None:
    (block,) = whole.inputs_of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert {
        block[k] for k in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    } == {True}
    rule = whole.named("landing-encryption").inputs["rules"][0]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert whole.named("landing-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert whole.named("landing-key").inputs["enableKeyRotation"] is True
    assert (
        "forceDestroy" not in whole.named("landing-bucket").inputs
        or not whole.named("landing-bucket").inputs["forceDestroy"]
    )


def test_the_door_has_the_newest_algorithms_and_shows_its_vanity_name(whole: Registered) -> None:
    server = whole.named("sftp-server").inputs
    assert server["securityPolicyName"] == "TransferSecurityPolicy-2025-03"
    assert server["tags"] == {
        "transfer:customHostname": "sftp.example.com",
        "transfer:route53HostedZoneId": "/hostedzone/Z1",
    }
    assert whole.named("sftp-name").inputs["records"] == ["s-1.server"]


def test_an_existing_zone_is_looked_up_and_not_made(registered: Program) -> None:
    run = registered(lambda: a_gateway(a_bucket(), zone_exists=True), outputs=answers, calls=zone_lookup)
    assert not run.of("aws:route53/zone:Zone")
    assert run.named("sftp-name").inputs["zoneId"] == "Z9"


def test_a_partner_is_locked_into_one_home(whole: Registered) -> None:
    user = whole.named("skyway-user").inputs
    assert user["homeDirectoryType"] == "LOGICAL"
    assert user["homeDirectoryMappings"] == [{"entry": "/", "target": f"/{BUCKET}/partners/skyway"}]
    resources = [s["Resource"] for s in json.loads(user["policy"])["Statement"]]
    assert resources == [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/partners/skyway/*", KEY]


def test_the_order_of_keys_means_nothing(registered: Program) -> None:
    first = registered(lambda: some_access(1, 2), outputs=answers)
    second = registered(lambda: some_access(2, 1), outputs=answers)
    assert first.shape == second.shape


def test_the_stages_role_starts_by_trusting_nobody_and_the_trust_comes_last(whole: Registered) -> None:
    role = whole.named("snowflake-role")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Effect"] == "Deny"
    assert list(role.options.ignoreChanges) == ["assumeRolePolicy"]
    trust = whole.named("snowflake-trust")
    assert trust.inputs["location"] == f"s3://{BUCKET}/partners/"
    assert {"snowflake-access", "snowflake-integration", "snowflake-role"} <= trust.depends_on
    assert "snowflake-trust" in whole.named("snowflake-stage").depends_on


def test_a_pipe_reads_its_own_folder_and_its_table_outlives_it(whole: Registered) -> None:
    pipe = whole.named("skyway-orders-pipe").inputs
    assert '@"LANDING"."RAW"."PARTNERS"/skyway/orders/ ' in pipe["copyStatement"]
    assert pipe["autoIngest"] is True
    assert whole.named("skyway-orders-table").options.retainOnDelete


def test_there_is_one_notification_for_all_pipes(whole: Registered) -> None:
    (notification,) = whole.inputs_of("aws:s3/bucketNotification:BucketNotification")
    assert notification["queues"] == [
        {"id": "snowpipe", "queueArn": "arn:queue", "events": ["s3:ObjectCreated:*"], "filterPrefix": "partners/"}
    ]


def test_a_stack_without_partners_notifies_no_queue(registered: Program) -> None:
    run = registered(lambda: ObjectEvents("events", ObjectEventsArgs(bucket=BUCKET, queue_arn=None)))
    (notification,) = run.inputs_of("aws:s3/bucketNotification:BucketNotification")
    assert notification["queues"] == []


@pytest.mark.parametrize("may_delete", [True, False])
def test_what_holds_data_is_protected_unless_it_may_go(registered: Program, *, may_delete: bool) -> None:
    def program() -> None:
        settings = BucketSettings(name=BUCKET, delete_objects=may_delete)
        bucket = LandingBucket("landing", LandingBucketArgs(account_id=ACCOUNT, settings=settings))
        snowflake = SnowflakeSettings(delete_tables=may_delete)
        SnowflakeStage("snowflake", SnowflakeStageArgs(prefix="p", bucket=bucket, settings=snowflake))

    run = registered(program, outputs=answers)
    kept = {resource.name for resource in run.resources if resource.options.protect}
    wanted = {"landing-bucket", "landing-key", "snowflake-database", "snowflake-schema"}
    assert kept == (set() if may_delete else wanted)
