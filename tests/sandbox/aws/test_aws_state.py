from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from sandbox.aws.state import StateFile
from sandbox.home import ACCOUNT_ID, KeyPair

if TYPE_CHECKING:
    from conftest import RunningAws

pytestmark = pytest.mark.sandbox

BUCKET = "landing-state"
TRUST = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}
WIDE = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_everything_is_found_again(new_aws: RunningAws) -> None:
    aws = new_aws
    key = aws.deployer("kms").create_key(Description="landing")["KeyMetadata"]["Arn"]
    aws.deployer("kms").create_alias(AliasName="alias/landing", TargetKeyId=key)
    aws.make_bucket(BUCKET, key_arn=key, versioned=True)
    s3 = aws.deployer("s3")
    versions = [s3.put_object(Bucket=BUCKET, Key="a", Body=body)["VersionId"] for body in (b"one", b"two")]
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="big")["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="big", UploadId=upload, PartNumber=1, Body=b"part")
    done = s3.create_multipart_upload(Bucket=BUCKET, Key="done")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="done", UploadId=done, PartNumber=1, Body=b"whole")["ETag"]
    s3.complete_multipart_upload(
        Bucket=BUCKET, Key="done", UploadId=done, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
    )
    role = aws.make_role("kept", TRUST, WIDE)
    session = aws.deployer("sts").assume_role(RoleArn=role, RoleSessionName="kept")["Credentials"]
    pair = KeyPair(access_key_id=session["AccessKeyId"], secret_access_key=session["SecretAccessKey"])
    transfer = aws.deployer("transfer")
    server = transfer.create_server(Tags=[{"Key": "a", "Value": "b"}])["ServerId"]
    transfer.create_user(ServerId=server, UserName="skyway", Role=role)
    zone = aws.deployer("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    queue = aws.snowflake("sqs").create_queue(QueueName="kept")["QueueUrl"]
    aws.snowflake("sqs").send_message(QueueUrl=queue, MessageBody="kept")
    aws.deployer("logs").create_log_group(logGroupName="/kept")

    aws.end()
    aws.start()

    assert aws.deployer("kms").describe_key(KeyId="alias/landing")["KeyMetadata"]["Arn"] == key
    listed = aws.deployer("s3").list_object_versions(Bucket=BUCKET)["Versions"]
    assert {one["VersionId"] for one in listed if one["Key"] == "a"} == set(versions)
    assert aws.deployer("s3").get_object(Bucket=BUCKET, Key="done")["Body"].read() == b"whole"
    for version, body in zip(versions, (b"one", b"two"), strict=True):
        assert (
            aws.client("s3", pair, session["SessionToken"])
            .get_object(Bucket=BUCKET, Key="a", VersionId=version)["Body"]
            .read()
            == body
        )
    parts = aws.deployer("s3").list_parts(Bucket=BUCKET, Key="big", UploadId=upload)["Parts"]
    assert [one["Size"] for one in parts] == [len(b"part")]
    assert aws.deployer("transfer").describe_user(ServerId=server, UserName="skyway")["User"]["Role"] == role
    assert aws.deployer("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "example.com."
    (message,) = aws.snowflake("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "kept"
    groups = aws.deployer("logs").describe_log_groups()["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["/kept"]
    assert "is not kept" not in aws.log


def test_a_killed_process_keeps_what_it_had_when_it_was_quiet(new_aws: RunningAws) -> None:
    new_aws.make_bucket(BUCKET)
    new_aws.deployer("s3").put_object(Bucket=BUCKET, Key="a", Body=b"one")
    state = new_aws.home.folder("aws") / "state"
    retry(retry=retry_if_exception_type(FileNotFoundError), stop=stop_after_delay(60), wait=wait_fixed(0.1))(
        state.stat
    )()
    new_aws.end(signal.SIGKILL)
    new_aws.start()
    assert new_aws.deployer("s3").get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"one"


def test_bodies_that_nothing_names_are_removed(new_aws: RunningAws) -> None:
    new_aws.make_bucket(BUCKET)
    new_aws.deployer("s3").put_object(Bucket=BUCKET, Key="a", Body=b"one")
    new_aws.end()
    bodies = new_aws.home.folder("aws") / "bodies"
    assert [one.read_bytes() for one in bodies.iterdir()] == [b"one"]
    new_aws.start()
    new_aws.deployer("s3").put_object(Bucket=BUCKET, Key="a", Body=b"two")
    new_aws.end()
    assert [one.read_bytes() for one in bodies.iterdir()] == [b"two"]


@pytest.mark.parametrize("damage", [b"", b"short", b'landing sandbox aws\n{"format": 0}\n'])
def test_a_state_that_cannot_be_used_is_moved_aside(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "state").write_bytes(damage)
    assert not StateFile(tmp_path).load()
    (aside,) = tmp_path.glob("state.unusable-*")
    assert aside.read_bytes() == damage
    assert not StateFile(tmp_path).load()


def test_with_a_state_that_cannot_be_used_the_sandbox_starts_empty(new_aws: RunningAws) -> None:
    new_aws.make_bucket(BUCKET)
    new_aws.end()
    state = new_aws.home.folder("aws") / "state"
    state.write_bytes(state.read_bytes()[:-100])
    new_aws.start()
    assert new_aws.deployer("s3").list_buckets()["Buckets"] == []
    assert "cannot be used" in new_aws.log


def test_one_more_administrators_key_works_as_long_as_it_is_asked_for(new_aws: RunningAws) -> None:
    fixed = KeyPair(access_key_id="test", secret_access_key="test")
    new_aws.end()
    new_aws.start(SANDBOX_ADMINISTRATOR_KEY="test:test")
    assert new_aws.client("iam", fixed).list_users()["Users"]
    new_aws.end()
    new_aws.start()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        new_aws.client("iam", fixed).list_users()
