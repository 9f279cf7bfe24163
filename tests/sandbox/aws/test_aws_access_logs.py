"""Who may be told to take a bucket's access logs: S3 asks whether it could deliver them there."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from moto.s3.exceptions import InvalidTargetBucketForLogging
from moto.s3.models import S3Backend, s3_backends

from domain import iam
from sandbox.aws import s3_access_logs
from sandbox.home import ACCOUNT_ID

DELIVER: dict[str, Any] = {"TargetBucket": "logs", "TargetPrefix": "landing/", "TargetGrants": []}


@pytest.fixture
def s3() -> Generator[S3Backend]:
    s3_access_logs.install()
    backend: Any = s3_backends[ACCOUNT_ID]["aws"]
    for name in ("landing", "logs"):
        backend.create_bucket(name, "us-east-1")
    yield backend
    BackendDict.reset()


def test_logs_go_where_the_policy_lets_s3_deliver_whatever_else_it_says_of_everybody(s3: S3Backend) -> None:
    policy = iam.access_log_policy("logs", "landing", ACCOUNT_ID)
    assert "*" in json.dumps(policy), "it also denies everybody without TLS"
    s3.put_bucket_policy("logs", json.dumps(policy).encode())
    s3.put_bucket_logging("landing", DELIVER)
    assert s3.get_bucket_logging("landing")["TargetBucket"] == "logs"


def test_logs_go_nowhere_else(s3: S3Backend) -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"}
    s3.put_bucket_policy("logs", json.dumps({"Version": "2012-10-17", "Statement": [denial]}).encode())
    with pytest.raises(InvalidTargetBucketForLogging):
        s3.put_bucket_logging("landing", DELIVER)


def test_a_condition_on_the_bucket_that_logs_is_asked(s3: S3Backend) -> None:
    policy = iam.access_log_policy("logs", "another", ACCOUNT_ID)
    s3.put_bucket_policy("logs", json.dumps(policy).encode())
    with pytest.raises(InvalidTargetBucketForLogging):
        s3.put_bucket_logging("landing", DELIVER)
    s3.put_bucket_logging("landing", {})
    assert s3.get_bucket_logging("landing") == {}
