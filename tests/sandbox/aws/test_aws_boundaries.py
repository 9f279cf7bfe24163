from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from sandbox.home import KeyPair
from tests.sandbox.aws.conftest import RunningAws

pytestmark = pytest.mark.sandbox


def _policy(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})


@pytest.fixture(scope="module")
def boundary(aws: RunningAws) -> str:
    answer = aws.deployer("iam").create_policy(PolicyName="only-reading", PolicyDocument=_policy("s3:Get*"))
    aws.deployer("s3").create_bucket(Bucket="bounded")
    aws.deployer("s3").put_object(Bucket="bounded", Key="a", Body=b"a")
    return str(answer["Policy"]["Arn"])


def _user(aws: RunningAws, name: str, **more: str) -> Any:  # noqa: ANN401
    """Make a user who may do everything in S3; give its client."""
    iam = aws.deployer("iam")
    iam.create_user(UserName=name, **more)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=_policy("s3:*"))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return aws.client("s3", KeyPair(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]))


def test_a_users_boundary_caps_what_its_policies_allow(aws: RunningAws, boundary: str) -> None:
    s3 = _user(aws, "bounded-from-the-start", PermissionsBoundary=boundary)
    assert s3.get_object(Bucket="bounded", Key="a")["Body"].read() == b"a"
    with pytest.raises(ClientError, match="because no permissions boundary allows the s3:PutObject action"):
        s3.put_object(Bucket="bounded", Key="b", Body=b"b")


def test_a_boundary_is_put_shown_and_taken_away(aws: RunningAws, boundary: str) -> None:
    iam = aws.deployer("iam")
    s3 = _user(aws, "bounded-later")
    s3.put_object(Bucket="bounded", Key="b", Body=b"b")
    iam.put_user_permissions_boundary(UserName="bounded-later", PermissionsBoundary=boundary)
    shown = iam.get_user(UserName="bounded-later")["User"]["PermissionsBoundary"]
    assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="bounded", Key="b", Body=b"b")
    iam.delete_user_permissions_boundary(UserName="bounded-later")
    s3.put_object(Bucket="bounded", Key="b", Body=b"b")
    assert "PermissionsBoundary" not in iam.get_user(UserName="bounded-later")["User"]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.delete_user_permissions_boundary(UserName="bounded-later")


def test_a_boundary_has_to_be_a_policy_that_is_there(aws: RunningAws) -> None:
    missing = "arn:aws:iam::123456789012:policy/missing"
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.deployer("iam").create_user(UserName="never", PermissionsBoundary=missing)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.deployer("iam").get_user(UserName="never")


@pytest.mark.parametrize(
    ("seconds", "status"), [("604800", httpx.codes.OK), ("604801", httpx.codes.BAD_REQUEST), ("-1", 400), ("a", 400)]
)
def test_a_presigned_address_lasts_a_week_at_most(
    aws: RunningAws,
    boundary: str,
    seconds: str,
    status: int,
) -> None:
    assert boundary
    lasting = int(seconds) if seconds.isdecimal() else 60
    address: str = aws.deployer("s3").generate_presigned_url(
        "get_object", Params={"Bucket": "bounded", "Key": "a"}, ExpiresIn=lasting
    )
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    query["X-Amz-Expires"] = seconds
    answer = httpx.get(f"{address.partition('?')[0]}?{urlencode(query)}")
    assert answer.status_code == status
    assert status == httpx.codes.OK or "AuthorizationQueryParametersError" in answer.text
