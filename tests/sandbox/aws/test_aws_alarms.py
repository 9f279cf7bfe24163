"""From a log event over a metric filter to an alarm and its topic, all through the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from conftest import RunningAws

pytestmark = pytest.mark.sandbox

GROUP, STREAM = "/aws/transfer/alarms", "door"
FAILED = '{ ($.activity-type = "AUTH_FAILURE") && ($.user = "skyway" || $.user = "rail") }'
COUNT: dict[str, Any] = {
    "metricName": "FailedLogins",
    "metricNamespace": "landing",
    "metricValue": "1",
    "dimensions": {"user": "$.user"},
    "unit": "Count",
}


def alarm(user: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # arguments of a call
    return {
        "AlarmName": f"failed-logins-{user}",
        "Namespace": "landing",
        "MetricName": "FailedLogins",
        "Dimensions": [{"Name": "user", "Value": user}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 3,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        **more,
    }


def failures(aws: RunningAws, user: str, count: int, *, ago: timedelta = timedelta()) -> None:
    when = int((datetime.now(UTC) - ago).timestamp() * 1000)
    message = json.dumps({"activity-type": "AUTH_FAILURE", "user": user, "source-ip": "127.0.0.1"})
    events = [{"timestamp": when, "message": message}, {"timestamp": when, "message": "no JSON"}] * count
    aws.deployer("logs").put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=events)


def states(aws: RunningAws) -> dict[str, str]:
    found = aws.deployer("cloudwatch").describe_alarms()["MetricAlarms"]
    return {one["AlarmName"]: one["StateValue"] for one in found}


@pytest.fixture(scope="module", autouse=True)
def group(aws: RunningAws) -> None:
    logs = aws.deployer("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)


def test_failed_logins_raise_the_alarm_of_their_user_alone(aws: RunningAws) -> None:
    cloudwatch, sns, sqs = (aws.deployer(name) for name in ("cloudwatch", "sns", "sqs"))
    topic = sns.create_topic(Name="on-call")["TopicArn"]
    queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    aws.deployer("logs").put_metric_filter(
        logGroupName=GROUP, filterName="failed", filterPattern=FAILED, metricTransformations=[COUNT]
    )
    cloudwatch.put_metric_alarm(**alarm("skyway", AlarmActions=[topic]))
    cloudwatch.put_metric_alarm(**alarm("rail", AlarmActions=[topic]))
    failures(aws, "skyway", 2)
    failures(aws, "road", 9)
    failures(aws, "rail", 9, ago=timedelta(minutes=7))
    assert states(aws) == {"failed-logins-skyway": "OK", "failed-logins-rail": "OK"}
    failures(aws, "skyway", 1)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == ("failed-logins-skyway", "OK", "ALARM")
    assert states(aws) == {"failed-logins-skyway": "ALARM", "failed-logins-rail": "OK"}
    # A change of the alarm leaves its state to the metric, and is held against it again.
    cloudwatch.put_metric_alarm(**alarm("skyway", Threshold=4))
    assert states(aws)["failed-logins-skyway"] == "OK"


def test_an_alarm_without_data_says_so(aws: RunningAws) -> None:
    cloudwatch = aws.deployer("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("nobody", TreatMissingData="missing"))
    assert states(aws)["failed-logins-nobody"] == "INSUFFICIENT_DATA"
    cloudwatch.delete_alarms(AlarmNames=["failed-logins-nobody"])


def test_a_filter_is_replaced_by_its_name_and_goes_with_its_group(aws: RunningAws) -> None:
    logs = aws.deployer("logs")
    logs.create_log_group(logGroupName="/other")
    for pattern in ("", '{ $.user = "a" }'):
        logs.put_metric_filter(
            logGroupName="/other", filterName="one", filterPattern=pattern, metricTransformations=[COUNT]
        )
    (found,) = logs.describe_metric_filters(logGroupName="/other")["metricFilters"]
    assert found["filterPattern"] == '{ $.user = "a" }'
    logs.delete_metric_filter(logGroupName="/other", filterName="one")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_metric_filter(logGroupName="/other", filterName="one")
    logs.put_metric_filter(logGroupName="/other", filterName="one", filterPattern="", metricTransformations=[COUNT])
    logs.delete_log_group(logGroupName="/other")
    assert logs.describe_metric_filters(logGroupName="/other")["metricFilters"] == []


@pytest.mark.parametrize(
    ("pattern", "more", "reason"),
    [
        ("ERROR", {}, "JSON patterns alone"),
        ("{ $.user = }", {}, "cannot be read from"),
        ("", {"defaultValue": 0}, "mutually exclusive"),
        ("", {"dimensions": dict.fromkeys("abcd", "$.user")}, "at most 3 dimensions"),
        ("", {"dimensions": {"user": "user"}}, "not a selector"),
        ("", {"metricValue": "many"}, "not a selector"),
        ("{" + " " * 1023 + "}", {}, "1024"),
    ],
)
def test_a_filter_that_aws_would_refuse_is_refused(
    aws: RunningAws, pattern: str, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=f"InvalidParameterException.*{reason}"):
        aws.deployer("logs").put_metric_filter(
            logGroupName=GROUP, filterName="bad", filterPattern=pattern, metricTransformations=[{**COUNT, **more}]
        )


def test_a_group_has_a_hundred_filters_and_no_more(aws: RunningAws) -> None:
    logs = aws.deployer("logs")
    logs.create_log_group(logGroupName="/full")
    for number in range(100):
        logs.put_metric_filter(
            logGroupName="/full", filterName=f"f{number}", filterPattern="", metricTransformations=[COUNT]
        )
    with pytest.raises(ClientError, match="LimitExceededException"):
        logs.put_metric_filter(
            logGroupName="/full", filterName="one-more", filterPattern="", metricTransformations=[COUNT]
        )
    logs.put_metric_filter(logGroupName="/full", filterName="f0", filterPattern="", metricTransformations=[COUNT])


def test_a_default_value_counts_events_that_do_not_match(aws: RunningAws) -> None:
    logs = aws.deployer("logs")
    plain = {"metricName": "Logins", "metricNamespace": "landing", "metricValue": "$.size", "defaultValue": 7.0}
    pattern = '{ $.user = "big" && $.size = * }'
    logs.put_metric_filter(logGroupName=GROUP, filterName="plain", filterPattern=pattern, metricTransformations=[plain])
    failures(aws, "road", 1)
    message = json.dumps({"user": "big", "size": 40})
    event = {"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": message}
    logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[event])
    now = datetime.now(UTC)
    (found,) = aws.deployer("cloudwatch").get_metric_statistics(
        Namespace="landing",
        MetricName="Logins",
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    assert found["Sum"] == 47


def test_filters_metrics_and_alarms_last_over_a_restart(new_aws: RunningAws) -> None:
    aws = new_aws
    logs = aws.deployer("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    logs.put_metric_filter(logGroupName=GROUP, filterName="failed", filterPattern=FAILED, metricTransformations=[COUNT])
    aws.deployer("cloudwatch").put_metric_alarm(**alarm("skyway"))
    failures(aws, "skyway", 2)
    vpc = aws.deployer("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    aws.end()
    aws.start()
    failures(aws, "skyway", 1)
    assert states(aws) == {"failed-logins-skyway": "ALARM"}
    assert aws.deployer("ec2").describe_vpcs()["Vpcs"][0]["VpcId"] == vpc
    assert "is not kept" not in aws.log
