# ruff: noqa: ANN401  # boto3 gives clients without types
"""Each AWS type of the stand-in, through its whole life, against the sandbox's own AWS."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import boto3
import grpc
import pytest

from sandbox.home import SandboxHome
from sandbox.plugins.aws.package import AwsPackage
from tests.ports import closed_port
from tests.sandbox.plugin_engine import Engine, Life, engine, live_through
from tests.sandbox.plugin_parts import parts

pytestmark = pytest.mark.sandbox

KEY_BODY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3yaBm0OFvfRQLxZNqzHBFm1jCyYGL1a1fqzKJDv9oX"
"""A public key made for this test; nobody holds the private one."""


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(*resources: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": list(resources), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


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


BUCKET = "plugin-settings"
LIVES = [
    Life(
        token="aws:kms/key:Key",
        first={"description": "one", "enableKeyRotation": True, "deletionWindowInDays": 7, "tags": {"a": "1"}},
        then={"description": "two", "deletionWindowInDays": 7, "tags": {"b": "2"}},
        outputs=("arn", "keyId", "policy", "tagsAll"),
    ),
    Life(
        token="aws:s3/bucket:Bucket",
        first={"bucket": "plugin-life", "forceDestroy": True, "tags": {"a": "1"}},
        then={"bucket": "plugin-life", "forceDestroy": True},
        outputs=("arn", "bucketDomainName"),
        id="plugin-life",
    ),
    Life(
        token="aws:iam/role:Role",
        first={"name": "life", "assumeRolePolicy": trust("transfer.amazonaws.com"), "tags": {"a": "1"}},
        then={"name": "life", "assumeRolePolicy": trust("lambda.amazonaws.com"), "description": "d"},
        outputs=("arn", "uniqueId"),
        id="life",
    ),
    Life(
        token="aws:iam/rolePolicy:RolePolicy",
        first={"name": "access", "role": "settings", "policy": policy("arn:aws:s3:::a/*")},
        then={"name": "access", "role": "settings", "policy": policy("arn:aws:s3:::b/*")},
        id="settings:access",
    ),
    Life(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        first={
            "bucket": BUCKET,
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}],
        },
        then={
            "bucket": BUCKET,
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
        id=BUCKET,
    ),
    Life(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        first={"bucket": BUCKET, "blockPublicAcls": True, "blockPublicPolicy": True},
        then={"bucket": BUCKET, "blockPublicAcls": True, "ignorePublicAcls": True},
        id=BUCKET,
    ),
    Life(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        first={"bucket": BUCKET, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        then={"bucket": BUCKET, "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        id=BUCKET,
    ),
    Life(
        token="aws:s3/bucketPolicy:BucketPolicy",
        first={
            "bucket": BUCKET,
            "policy": policy(f"arn:aws:s3:::{BUCKET}/*", Principal={"AWS": "123456789012"}),
        },
        then={
            "bucket": BUCKET,
            "policy": policy(f"arn:aws:s3:::{BUCKET}/a", Principal={"AWS": "123456789012"}),
        },
        id=BUCKET,
    ),
    Life(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        first={
            "bucket": BUCKET,
            "rules": [
                {
                    "id": "tidy",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                }
            ],
        },
        then={
            "bucket": BUCKET,
            "rules": [{"id": "tidy", "status": "Enabled", "filter": {"prefix": "a/"}, "expiration": {"days": 9}}],
        },
        id=BUCKET,
    ),
    Life(
        token="aws:s3/bucketNotification:BucketNotification",
        first={
            "bucket": BUCKET,
            "eventbridge": True,
            "queues": [
                {
                    "queueArn": "arn:aws:sqs:us-east-1:999999999999:sf-snowpipe-LANDING",
                    "events": ["s3:ObjectCreated:*"],
                    "filterPrefix": "partners/",
                }
            ],
        },
        then={"bucket": BUCKET, "eventbridge": True},
        id=BUCKET,
    ),
    Life(
        token="aws:transfer/server:Server",
        first={
            "domain": "S3",
            "endpointType": "PUBLIC",
            "identityProviderType": "SERVICE_MANAGED",
            "protocols": ["SFTP"],
            "securityPolicyName": "TransferSecurityPolicy-2024-01",
            "protocolDetails": {"setStatOption": "ENABLE_NO_OP"},
            "tags": {"transfer:customHostname": "sftp.landing.example"},
        },
        then={"protocols": ["SFTP"], "securityPolicyName": "TransferSecurityPolicy-2025-03"},
        outputs=("arn", "endpoint", "hostKeyFingerprint"),
    ),
    Life(
        token="aws:route53/zone:Zone",
        first={"name": "landing.example", "tags": {"a": "1"}},
        then={"name": "landing.example", "comment": "ours"},
        outputs=("zoneId", "nameServers", "primaryNameServer", "arn"),
    ),
    Life(
        token="aws:cloudwatch/logGroup:LogGroup",
        first={"name": "/aws/transfer/life", "retentionInDays": 30, "tags": {"a": "1"}},
        then={"name": "/aws/transfer/life", "retentionInDays": 60},
        outputs=("arn",),
        id="/aws/transfer/life",
    ),
]


@pytest.fixture(scope="module")
def ground(home: SandboxHome) -> None:
    """What the lives need under them: a bucket, a role and the queue in Snowflake's account."""
    cloud(home, "s3").create_bucket(Bucket=BUCKET)
    cloud(home, "iam").create_role(RoleName="settings", AssumeRolePolicyDocument=trust("transfer.amazonaws.com"))
    key = home.credentials.snowflake
    sqs = cast("Any", boto3).client(
        "sqs",
        endpoint_url=home.url("aws"),
        region_name="us-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    sqs.create_queue(
        QueueName="sf-snowpipe-LANDING",
        Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})},
    )


@pytest.mark.usefixtures("ground")
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.token.rpartition(":")[2])
def test_a_life_leaves_no_difference(run: Engine, life: Life) -> None:
    live_through(run.resource(life.token), life)


@pytest.mark.usefixtures("ground")
def test_a_user_and_a_key_live_on_a_server(run: Engine, home: SandboxHome) -> None:
    server = run.resource("aws:transfer/server:Server", "door")
    server.create({"protocols": ["SFTP"]})
    role = cloud(home, "iam").get_role(RoleName="settings")["Role"]["Arn"]
    first = {
        "serverId": server.id,
        "userName": "skyway",
        "role": role,
        "homeDirectoryType": "LOGICAL",
        "homeDirectoryMappings": [{"entry": "/", "target": "/landing/partners/skyway"}],
        "tags": {"partner": "skyway"},
    }
    then = {**first, "policy": policy("arn:aws:s3:::landing/*"), "tags": {"partner": "sky"}}
    user = run.resource("aws:transfer/user:User")
    user.create(first)
    key = run.resource("aws:transfer/sshKey:SshKey")
    live_through(
        key,
        Life(
            token=key.token,
            first={"serverId": server.id, "userName": "skyway", "body": f"{KEY_BODY} skyway@example"},
            outputs=("sshKeyId",),
        ),
    )
    user.delete()
    live_through(user, Life(token=user.token, first=first, then=then, outputs=("arn",), id=f"{server.id}/skyway"))
    server.delete()


def test_a_name_and_an_alias_point_where_they_should(run: Engine) -> None:
    zone = run.resource("aws:route53/zone:Zone", "names")
    zone.create({"name": "names.example", "forceDestroy": True})
    record = run.resource("aws:route53/record:Record")
    first = {"zoneId": zone.id, "name": "sftp", "type": "CNAME", "ttl": 300, "records": ["a.example"]}
    live_through(
        record,
        Life(
            token=record.token,
            first=first,
            then={**first, "records": ["b.example"]},
            outputs=("fqdn",),
            id=f"{zone.id}_sftp_CNAME",
        ),
    )
    looked_up = run.call("aws:route53/getZone:getZone", {"name": "names.example"})
    assert (looked_up["zoneId"], looked_up["nameServers"]) == (zone.id, zone.state["nameServers"])
    zone.delete()

    keys = [run.resource("aws:kms/key:Key", name) for name in ("one", "two")]
    for key in keys:
        key.create({})
    alias = run.resource("aws:kms/alias:Alias")
    live_through(
        alias,
        Life(
            token=alias.token,
            first={"name": "alias/plugin", "targetKeyId": keys[0].id},
            then={"name": "alias/plugin", "targetKeyId": keys[1].state["arn"]},
            outputs=("arn", "targetKeyArn"),
            id="alias/plugin",
        ),
    )


def test_versioning_stays_suspended_when_it_is_given_up(run: Engine, home: SandboxHome) -> None:
    cloud(home, "s3").create_bucket(Bucket="plugin-versions")
    versioning = run.resource("aws:s3/bucketVersioning:BucketVersioning")
    wanted = {"bucket": "plugin-versions", "versioningConfiguration": {"status": "Enabled"}}
    versioning.create(wanted)
    assert versioning.changed(wanted) == []
    versioning.delete()
    assert cloud(home, "s3").get_bucket_versioning(Bucket="plugin-versions")["Status"] == "Suspended"


def test_drift_is_seen_and_undone(run: Engine, home: SandboxHome) -> None:
    wanted = {"name": "drifting", "assumeRolePolicy": trust("transfer.amazonaws.com")}
    role = run.resource("aws:iam/role:Role")
    role.create(wanted)
    iam = cloud(home, "iam")
    iam.update_assume_role_policy(RoleName="drifting", PolicyDocument=trust("ec2.amazonaws.com"))
    iam.tag_role(RoleName="drifting", Tags=[{"Key": "by", "Value": "hand"}])
    role.refresh()
    assert role.changed(wanted) == ["assumeRolePolicy", "tags", "tagsAll"]
    assert role.changed(wanted, ignored=["assumeRolePolicy"]) == ["tags", "tagsAll"]
    role.update(wanted)
    live = iam.get_role(RoleName="drifting")["Role"]
    assert live["AssumeRolePolicyDocument"] == json.loads(wanted["assumeRolePolicy"])
    assert {tag["Key"] for tag in live["Tags"]} == {"project"}
    role.delete()


def test_a_full_bucket_goes_only_when_the_program_says_so(run: Engine, home: SandboxHome) -> None:
    s3 = cloud(home, "s3")
    bucket = run.resource("aws:s3/bucket:Bucket")
    bucket.create({"bucket": "plugin-full"})
    s3.put_bucket_versioning(Bucket="plugin-full", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket="plugin-full", Key="a", Body=body)
    s3.delete_object(Bucket="plugin-full", Key="a")
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        bucket.delete()
    bucket.update({"bucket": "plugin-full", "forceDestroy": True})
    bucket.delete()
    bucket.refresh()
    assert bucket.id == ""


def test_a_creation_that_no_engine_wrote_down_is_found_again(run: Engine) -> None:
    wanted = {"description": "once", "tags": {"a": "1"}}
    killed, again = run.resource("aws:kms/key:Key", "k"), run.resource("aws:kms/key:Key", "k")
    killed.create(wanted)
    again.create({**wanted, "description": "twice"})
    assert again.id == killed.id
    assert again.state["description"] == "twice"
    assert again.changed({**wanted, "description": "twice"}) == []
    third = run.resource("aws:kms/key:Key", "k")
    third.create(wanted)
    assert third.id != again.id


def test_what_another_made_is_not_taken_over(run: Engine, home: SandboxHome) -> None:
    cloud(home, "s3").create_bucket(Bucket="plugin-anothers")
    with pytest.raises(grpc.RpcError, match="'plugin-anothers' exists already"):
        run.resource("aws:s3/bucket:Bucket").create({"bucket": "plugin-anothers"})
    cloud(home, "iam").create_role(RoleName="anothers", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    with pytest.raises(grpc.RpcError, match=r"creating aws:iam/role:Role 'thing': .*EntityAlreadyExists"):
        run.resource("aws:iam/role:Role").create(
            {"name": "anothers", "assumeRolePolicy": trust("transfer.amazonaws.com")}
        )


def test_each_connection_has_its_own_config(run: Engine, home: SandboxHome, tmp_path: Path) -> None:
    with engine(AwsPackage(home), tmp_path, {"region": "us-east-1"}) as other:
        log_group = {"name": "/aws/untagged"}
        assert run.resource("aws:cloudwatch/logGroup:LogGroup").preview(log_group)["tagsAll"] == {"project": "landing"}
        assert other.resource("aws:cloudwatch/logGroup:LogGroup").preview(log_group)["tagsAll"] == {}


def test_the_caller_is_the_deployer(run: Engine) -> None:
    assert run.call("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    assert run.call("aws:index/getRegion:getRegion", {})["region"] == "us-east-1"
    assert run.call("aws:index/getPartition:getPartition", {})["partition"] == "aws"


def test_an_aws_that_does_not_answer_is_named(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path / "home", closed_port())
    with engine(AwsPackage(home), tmp_path, {}) as alone, pytest.raises(grpc.RpcError) as failure:
        alone.resource("aws:kms/key:Key").create({})
    assert f"AWS at {home.url('aws')} does not answer; see `python -m sandbox status`" in str(failure.value)
