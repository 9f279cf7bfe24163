from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.home import REGION, SNOWFLAKE_ACCOUNT_ID

if TYPE_CHECKING:
    from conftest import RunningAws

pytestmark = pytest.mark.sandbox

BUCKET = "landing-events"


def queue_policy(arn: str, bucket: str = BUCKET) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_queue(aws: RunningAws, name: str, **attributes: str) -> tuple[str, str]:
    """Make a queue in Snowflake's account; give its address and its ARN."""
    arn = f"arn:aws:sqs:{REGION}:{SNOWFLAKE_ACCOUNT_ID}:{name}"
    url = aws.snowflake("sqs").create_queue(QueueName=name, Attributes=attributes or {"Policy": queue_policy(arn)})
    return str(url["QueueUrl"]), arn


def notify(aws: RunningAws, arn: str, prefix: str = "partners/") -> None:
    rule = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    queue = {"Id": "pipe", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": rule}
    aws.deployer("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [queue], "EventBridgeConfiguration": {}}
    )


def received(aws: RunningAws, url: str) -> list[dict[str, Any]]:
    messages = aws.snowflake("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(one["Body"]) for one in messages]


@pytest.fixture(scope="module", autouse=True)
def bucket(aws: RunningAws) -> None:
    aws.make_bucket(BUCKET, versioned=True)


def test_events_reach_a_queue_in_another_account(aws: RunningAws) -> None:
    url, arn = make_queue(aws, "pipe")
    notify(aws, arn)
    put = aws.deployer("s3").put_object(Bucket=BUCKET, Key="partners/a b/ü+.csv", Body=b"12345")
    aws.deployer("s3").put_object(Bucket=BUCKET, Key="elsewhere/x", Body=b"")
    test_event, event = received(aws, url)
    assert (test_event["Event"], test_event["Bucket"]) == ("s3:TestEvent", BUCKET)
    (record,) = event["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == BUCKET
    stored = record["s3"]["object"]
    assert (stored["key"], stored["size"]) == ("partners/a+b/%C3%BC%2B.csv", 5)
    assert stored["versionId"] == put["VersionId"]


def test_the_configuration_reads_back_whole(aws: RunningAws) -> None:
    _, arn = make_queue(aws, "whole")
    notify(aws, arn)
    back = aws.deployer("s3").get_bucket_notification_configuration(Bucket=BUCKET)
    assert back["EventBridgeConfiguration"] == {}
    assert [(one["Id"], one["QueueArn"]) for one in back["QueueConfigurations"]] == [("pipe", arn)]


def test_a_queue_that_does_not_let_s3_send_is_refused(aws: RunningAws) -> None:
    _, closed = make_queue(aws, "closed", VisibilityTimeout="30")
    other = f"arn:aws:sqs:{REGION}:{SNOWFLAKE_ACCOUNT_ID}:for-another-bucket"
    make_queue(aws, "for-another-bucket", Policy=queue_policy(other, "another"))
    for arn in (closed, other, f"arn:aws:sqs:{REGION}:{SNOWFLAKE_ACCOUNT_ID}:missing"):
        with pytest.raises(ClientError) as caught:
            notify(aws, arn)
        error: dict[str, str] = vars(caught.value)["response"]["Error"]
        assert error["Code"] == "InvalidArgument"
        assert "Unable to validate the following destination configurations" in error["Message"]


def test_snowflake_reads_only_its_own_accounts_queues(aws: RunningAws) -> None:
    url = aws.deployer("sqs").create_queue(QueueName="ours")["QueueUrl"]
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.snowflake("sqs").receive_message(QueueUrl=url)
    assert [one.rsplit("/", 1)[1] for one in aws.deployer("sqs").list_queues()["QueueUrls"]] == ["ours"]
    assert "pipe" in [one.rsplit("/", 1)[1] for one in aws.snowflake("sqs").list_queues()["QueueUrls"]]
