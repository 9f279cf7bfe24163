"""What S3 and SQS confirmed is there after a kill, however soon it comes."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from sandbox.home import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from conftest import RunningAws

pytestmark = pytest.mark.sandbox

BUCKET = "landing-killed"
LARGE = 6 * 1024 * 1024
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:told"
S3_SENDS = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}


def kill(aws: RunningAws) -> None:
    aws.end(signal.SIGKILL)
    aws.start()


def make_told_queue(aws: RunningAws) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**S3_SENDS, "Resource": QUEUE_ARN}]})
    return str(aws.deployer("sqs").create_queue(QueueName="told", Attributes={"Policy": document})["QueueUrl"])


def test_all_that_was_confirmed_is_there_at_once(new_aws: RunningAws) -> None:
    aws = new_aws
    url = make_told_queue(aws)
    aws.make_bucket(BUCKET, versioned=True)
    s3, sqs = aws.deployer("s3"), aws.deployer("sqs")
    told = {"QueueConfigurations": [{"QueueArn": QUEUE_ARN, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=told)
    first = s3.put_object(Bucket=BUCKET, Key="a", Body=b"one", Metadata={"from": "skyway"})["VersionId"]
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"two", Tagging="feed=flights")
    s3.put_object(Bucket=BUCKET, Key="large", Body=b"x" * LARGE)
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate((b"y" * LARGE, b"z"), start=1)
    ]
    s3.complete_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=f"{BUCKET}/a")
    s3.put_object(Bucket=BUCKET, Key="marked", Body=b"")
    s3.delete_object(Bucket=BUCKET, Key="marked")
    gone = s3.put_object(Bucket=BUCKET, Key="gone", Body=b"")["VersionId"]
    s3.delete_object(Bucket=BUCKET, Key="gone", VersionId=gone)
    sqs.send_message(QueueUrl=url, MessageBody="by hand")
    (read,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=read["ReceiptHandle"])

    kill(aws)

    listed = s3.list_object_versions(Bucket=BUCKET)
    keys = ["a", "a", "copy", "large", "marked", "parts"]
    assert sorted(one["Key"] for one in listed["Versions"]) == keys
    assert [one["Key"] for one in listed["DeleteMarkers"]] == ["marked"]
    assert s3.get_object(Bucket=BUCKET, Key="a", VersionId=first)["Body"].read() == b"one"
    assert s3.head_object(Bucket=BUCKET, Key="a", VersionId=first)["Metadata"] == {"from": "skyway"}
    assert s3.get_object_tagging(Bucket=BUCKET, Key="a")["TagSet"] == [{"Key": "feed", "Value": "flights"}]
    assert s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == b"two"
    assert s3.get_object(Bucket=BUCKET, Key="large")["Body"].read() == b"x" * LARGE
    assert s3.get_object(Bucket=BUCKET, Key="parts")["Body"].read() == b"y" * LARGE + b"z"
    # S3's test event is the message that was read and deleted before the kill
    assert messages(aws, url) == ["a", "a", "by hand", "copy", "gone", "large", "marked", "parts"]
    s3.put_object(Bucket=BUCKET, Key="later", Body=b"")
    assert messages(aws, url) == ["later"]


def messages(aws: RunningAws, url: str) -> list[str]:
    """Take all that a queue holds, and tell what it is about."""
    sqs, found = aws.deployer("sqs"), list[str]()
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for one in received:
            body = one["Body"]
            found.append(json.loads(body)["Records"][0]["s3"]["object"]["key"] if body.startswith("{") else body)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return sorted(found)


def test_what_was_taken_away_stays_away(new_aws: RunningAws) -> None:
    aws = new_aws
    s3, sqs = aws.deployer("s3"), aws.deployer("sqs")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dropped", "purged")]
    for name in (BUCKET, f"{BUCKET}-too"):
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"")
    s3.put_object(Bucket=BUCKET, Key="b", Body=b"")
    for url in urls:
        sqs.send_message(QueueUrl=url, MessageBody="one")
    aws.end()
    aws.start()
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    s3.delete_bucket(Bucket=f"{BUCKET}-too")
    sqs.delete_queue(QueueUrl=urls[0])
    sqs.purge_queue(QueueUrl=urls[1])
    kill(aws)
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == [BUCKET]
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)
    assert sqs.list_queues()["QueueUrls"] == [urls[1]]
    assert "Messages" not in sqs.receive_message(QueueUrl=urls[1])
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket=f"{BUCKET}-too")


def test_a_second_kill_finds_what_the_first_left(new_aws: RunningAws) -> None:
    s3 = new_aws.deployer("s3")
    s3.create_bucket(Bucket=BUCKET)
    for number in range(3):
        s3.put_object(Bucket=BUCKET, Key=str(number), Body=b"x")
        # half a record, as a process leaves it that is killed while it writes
        with next((new_aws.home.folder("aws")).glob("journal.*")).open("ab") as journal:
            journal.write(bytes(6))
        kill(new_aws)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["0", "1", "2"]


def test_of_unfinished_uploads_the_doors_own_are_thrown_away(new_aws: RunningAws) -> None:
    s3 = new_aws.deployer("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.create_multipart_upload(Bucket=BUCKET, Key="ours")
    # as the door marks what it begins
    s3.create_multipart_upload(Bucket=BUCKET, Key="the-doors", Metadata={"user-agent": "AWSTransfer"})
    state = new_aws.home.folder("aws") / "state"
    retry(retry=retry_if_exception_type(FileNotFoundError), stop=stop_after_delay(60), wait=wait_fixed(0.1))(
        state.stat
    )()
    kill(new_aws)
    assert [one["Key"] for one in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == ["ours"]


def test_puts_of_one_key_do_not_disturb_each_other(new_aws: RunningAws) -> None:
    s3 = new_aws.deployer("s3")
    s3.create_bucket(Bucket=BUCKET)
    with ThreadPoolExecutor(8) as pool:
        puts = [pool.submit(s3.put_object, Bucket=BUCKET, Key="a", Body=b"x" * number) for number in range(200)]
        assert {len(put.result()["ETag"]) for put in puts} == {34}
    kept = s3.head_object(Bucket=BUCKET, Key="a")
    kill(new_aws)
    assert s3.head_object(Bucket=BUCKET, Key="a")["ETag"] == kept["ETag"]


def test_no_message_is_lost_while_others_are_deleted(new_aws: RunningAws) -> None:
    sqs = new_aws.deployer("sqs")
    url = sqs.create_queue(QueueName="busy")["QueueUrl"]
    sent = [f"{number}" for number in range(300)]

    def take() -> list[str]:
        found = list[str]()
        while len(found) < len(sent) / 2:
            for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
                found.append(one["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found

    with ThreadPoolExecutor(5) as pool:
        taken = pool.submit(take)
        for answer in [pool.submit(sqs.send_message, QueueUrl=url, MessageBody=body) for body in sent]:
            answer.result()
    kill(new_aws)
    assert sorted(taken.result() + messages(new_aws, url)) == sorted(sent)
