"""SimulatePrincipalPolicy: what a role's policies would allow, without doing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.home import ACCOUNT_ID

if TYPE_CHECKING:
    from conftest import RunningAws

pytestmark = pytest.mark.sandbox

TRUST = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::landing/partners/skyway/*"}
LIST = {
    "Effect": "Allow",
    "Action": "s3:ListBucket",
    "Resource": "arn:aws:s3:::landing",
    "Condition": {"StringLike": {"s3:prefix": ["partners/skyway/*"]}},
}
NEVER = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}


@pytest.fixture(scope="module")
def role(aws: RunningAws) -> str:
    return aws.make_role("simulated", TRUST, READ, LIST, NEVER)


def decisions(aws: RunningAws, role: str, **more: Any) -> dict[tuple[str, str], str]:  # noqa: ANN401  # arguments of a call
    pages = aws.deployer("iam").get_paginator("simulate_principal_policy").paginate(PolicySourceArn=role, **more)
    found = [result for page in pages for result in page["EvaluationResults"]]
    return {(one["EvalActionName"], one["EvalResourceName"]): one["EvalDecision"] for one in found}


def test_each_action_is_decided_on_each_resource(aws: RunningAws, role: str) -> None:
    own, other = "arn:aws:s3:::landing/partners/skyway/a", "arn:aws:s3:::landing/partners/rail/a"
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    found = decisions(aws, role, ActionNames=actions, ResourceArns=[own, other], PaginationConfig={"PageSize": 4})
    assert found == {
        ("s3:GetObject", own): "allowed",
        ("s3:GetObject", other): "implicitDeny",
        ("s3:PutObject", own): "implicitDeny",
        ("s3:PutObject", other): "implicitDeny",
        ("s3:DeleteObject", own): "explicitDeny",
        ("s3:DeleteObject", other): "explicitDeny",
    }


@pytest.mark.parametrize(
    ("prefix", "decision"), [("partners/skyway/2026/", "allowed"), ("partners/rail/", "implicitDeny")]
)
def test_conditions_are_held_against_the_context_given(aws: RunningAws, role: str, prefix: str, decision: str) -> None:
    entry = {"ContextKeyName": "s3:prefix", "ContextKeyType": "string", "ContextKeyValues": [prefix]}
    bucket = "arn:aws:s3:::landing"
    found = decisions(aws, role, ActionNames=["s3:ListBucket"], ResourceArns=[bucket], ContextEntries=[entry])
    assert found == {("s3:ListBucket", bucket): decision}


def test_a_key_that_was_not_given_is_named(aws: RunningAws, role: str) -> None:
    (found,) = aws.deployer("iam").simulate_principal_policy(PolicySourceArn=role, ActionNames=["s3:ListBucket"])[
        "EvaluationResults"
    ]
    assert (found["EvalResourceName"], found["EvalDecision"]) == ("*", "implicitDeny")
    assert found["MissingContextValues"] == ["s3:prefix"]


def test_a_principal_that_is_not_there_cannot_be_simulated(aws: RunningAws, role: str) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        decisions(aws, f"{role}-gone", ActionNames=["s3:GetObject"])
    with pytest.raises(ClientError, match="InvalidInput"):
        decisions(aws, role, ActionNames=["s3:GetObject"], CallerArn=f"arn:aws:iam::{ACCOUNT_ID}:user/someone")


def test_only_who_may_simulates(aws: RunningAws, role: str) -> None:
    aws.make_role("auditor", TRUST, {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"})
    asked = {"PolicySourceArn": role, "ActionNames": ["s3:GetObject"]}
    assert aws.assumed("iam", "auditor").simulate_principal_policy(**asked)["EvaluationResults"]
    with pytest.raises(ClientError, match=r"AccessDenied.*iam:SimulatePrincipalPolicy"):
        aws.assumed("iam", "simulated").simulate_principal_policy(**asked)


def test_logs_and_metrics_are_asked_by_their_own_names(aws: RunningAws) -> None:
    group = f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:/kept"
    aws.make_role(
        "operator",
        TRUST,
        {"Effect": "Allow", "Action": "logs:*", "Resource": f"{group}:*"},
        {"Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms", "ec2:DescribeVpcs"], "Resource": "*"},
    )
    aws.deployer("logs").create_log_group(logGroupName="/kept")
    logs = aws.assumed("logs", "operator")
    logs.create_log_stream(logGroupName="/kept", logStreamName="s")
    event = {"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": "kept"}
    logs.put_log_events(logGroupName="/kept", logStreamName="s", logEvents=[event])
    with pytest.raises(ClientError, match="AccessDenied"):
        logs.create_log_stream(logGroupName="/other", logStreamName="s")
    cloudwatch = aws.assumed("cloudwatch", "operator")
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    with pytest.raises(ClientError, match="cloudwatch:DeleteAlarms"):
        cloudwatch.delete_alarms(AlarmNames=["a"])
    ec2 = aws.assumed("ec2", "operator")
    assert ec2.describe_vpcs()["Vpcs"]
    with pytest.raises(ClientError, match="ec2:AllocateAddress"):
        ec2.allocate_address(Domain="vpc")
