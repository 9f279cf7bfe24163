"""CloudWatch for SDKs that speak CBOR with it, as the real provider's does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore import model
from botocore.exceptions import ClientError

from sandbox.home import REGION, KeyPair

if TYPE_CHECKING:
    from conftest import RunningAws

pytestmark = pytest.mark.sandbox

ALARM: dict[str, Any] = {
    "AlarmName": "spoken",
    "Namespace": "landing",
    "MetricName": "Failures",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


@pytest.fixture
def speaks_cbor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", ("smithy-rpc-v2-cbor",))


def client(aws: RunningAws, key: KeyPair) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
    return cast("Any", boto3).client(
        "cloudwatch",
        region_name=REGION,
        endpoint_url=aws.home.url("aws"),
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )


@pytest.mark.usefixtures("speaks_cbor")
def test_an_alarm_is_made_fed_and_read_in_cbor(aws: RunningAws) -> None:
    cloudwatch = client(aws, aws.home.credentials.deployer)
    cloudwatch.put_metric_alarm(**ALARM)
    now = datetime.now(UTC)
    cloudwatch.put_metric_data(
        Namespace="landing", MetricData=[{"MetricName": "Failures", "Timestamp": now, "Value": 2.0}]
    )
    (found,) = cloudwatch.describe_alarms(AlarmNames=["spoken"])["MetricAlarms"]
    assert {name: found[name] for name in ALARM} == ALARM
    assert found["StateValue"] == "ALARM"
    assert abs(found["StateUpdatedTimestamp"] - now) < timedelta(minutes=1)
    cloudwatch.delete_alarms(AlarmNames=["spoken"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.usefixtures("speaks_cbor")
def test_what_is_refused_is_refused_in_cbor(aws: RunningAws) -> None:
    cloudwatch = client(aws, aws.home.credentials.deployer)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="none")
    with pytest.raises(ClientError, match="AccessDenied"):
        client(aws, aws.home.credentials.worker).put_metric_alarm(**ALARM)
    forged = KeyPair(access_key_id=aws.home.credentials.deployer.access_key_id, secret_access_key="x" * 40)
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client(aws, forged).describe_alarms()
