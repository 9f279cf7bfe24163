from __future__ import annotations

import json
from collections.abc import Generator

import pytest
from moto.core.base_backend import BackendDict
from moto.iam.models import iam_backends

from sandbox.aws.activity import Activity
from sandbox.aws.cloud import AwsCloud
from sandbox.aws.decision import AccessDeniedError
from sandbox.home import ACCOUNT_ID

SERVICE = "transfer.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/partners"
SERVER = f"arn:aws:transfer:us-east-1:{ACCOUNT_ID}:user/s-1/skyway"
SOURCE = {"aws:SourceAccount": ACCOUNT_ID, "aws:SourceArn": SERVER}


def no_api(_: object, __: object) -> list[bytes]:
    raise AssertionError("nothing here asks S3")


@pytest.fixture
def cloud() -> Generator[AwsCloud]:
    iam = iam_backends[ACCOUNT_ID]["aws"]
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": SERVER}},
    }
    iam.create_role(
        role_name="partners",
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    iam.put_role_policy("partners", "inline", json.dumps({"Version": "2012-10-17", "Statement": [wide]}))
    yield AwsCloud(Activity(), no_api)
    BackendDict.reset()


def test_a_service_assumes_the_role_that_trusts_it(cloud: AwsCloud) -> None:
    only = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/skyway/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [only]})
    session = cloud.assume_role_as_service(SERVICE, ROLE, "skyway", policy, SOURCE)
    assert session.access_key_id.startswith("ASIA")
    assert session.expiration.tzinfo is not None
    assert cloud.is_allowed(session.access_key_id, "s3:GetObject", "arn:aws:s3:::b/skyway/x")
    decision = cloud.is_allowed(session.access_key_id, "s3:GetObject", "arn:aws:s3:::b/rail/x")
    assert not decision
    assert decision.reason == "because no session policy allows the s3:GetObject action"


@pytest.mark.parametrize(
    ("service", "role", "source", "policy"),
    [
        (SERVICE, ROLE, {}, None),
        (SERVICE, ROLE, {"aws:SourceArn": "arn:aws:transfer:us-east-1:999999999999:user/s-1/skyway"}, None),
        ("lambda.amazonaws.com", ROLE, SOURCE, None),
        (SERVICE, ROLE + "-missing", SOURCE, None),
        (SERVICE, ROLE, SOURCE, "no policy"),
    ],
)
def test_a_service_assumes_no_other_role(
    cloud: AwsCloud, service: str, role: str, source: dict[str, str], policy: str | None
) -> None:
    with pytest.raises(AccessDeniedError):
        cloud.assume_role_as_service(service, role, "skyway", policy, source)


def test_an_unknown_key_may_nothing(cloud: AwsCloud) -> None:
    assert not cloud.is_allowed("ASIAUNKNOWN", "s3:GetObject", "arn:aws:s3:::b/x")
