"""Canaries in S3, against moto."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from clients.canary_objects import CanaryObjects
from clients.errors import ServiceError

BUCKET = "landing"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = cast("Any", boto3).client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


def canaries(bucket: str = BUCKET) -> CanaryObjects:
    return CanaryObjects(bucket, "canary/", region="us-east-1")


def test_a_canary_is_put_and_removed_with_every_version_and_nothing_else_is(s3: Any) -> None:  # noqa: ANN401  # boto3's
    s3.put_object(Bucket=BUCKET, Key="partners/skyway/a.csv", Body=b"1")
    objects = canaries()
    assert objects.put("one.csv", "PROBE\n1\n") == "s3://landing/canary/one.csv"
    objects.put("one.csv", "PROBE\n2\n")
    s3.delete_object(Bucket=BUCKET, Key="canary/one.csv")
    objects.clear()
    objects.clear()
    left = s3.list_object_versions(Bucket=BUCKET)
    assert [version["Key"] for version in left["Versions"]] == ["partners/skyway/a.csv"]
    assert "DeleteMarkers" not in left


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_gone_has_nothing_to_remove_and_takes_nothing() -> None:
    canaries("gone").clear()
    with pytest.raises(ServiceError, match="there is no bucket gone"):
        canaries("gone").put("one.csv", "")


@pytest.mark.parametrize(
    ("message", "fix"),
    [
        ("not authorized to perform: kms:GenerateDataKey", "needs kms:GenerateDataKey and kms:Decrypt"),
        ("Access Denied", "needs s3:PutObject, .*; or set landing:snowflake.probe to false"),
    ],
)
@pytest.mark.usefixtures("s3")
def test_a_refusal_names_the_place_and_the_right_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, message: str, fix: str
) -> None:
    objects = canaries()

    class Refusing:
        def put_object(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "PutObject")

    monkeypatch.setattr(objects, "_s3", Refusing())
    with pytest.raises(ServiceError, match=rf"S3 refused to put a canary to s3://landing/canary/ .*{message}.*{fix}"):
        objects.put("one.csv", "")
