from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.home import ACCOUNT_ID
from tests.sandbox.aws.conftest import RunningAws

pytestmark = pytest.mark.sandbox

BUCKET_ARN = "arn:aws:s3:::granted"
TRUST = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}


@pytest.fixture(scope="module")
def key_arn(aws: RunningAws) -> str:
    key = str(aws.deployer("kms").create_key()["KeyMetadata"]["Arn"])
    aws.make_bucket("granted", key_arn=key)
    aws.deployer("s3").put_object(Bucket="granted", Key="a", Body=b"a")
    return key


@pytest.fixture(scope="module")
def reader(aws: RunningAws, key_arn: str) -> str:
    assert key_arn
    return aws.make_role("reader", TRUST, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})


def test_a_grant_opens_what_it_lists_until_it_is_revoked(aws: RunningAws, key_arn: str, reader: str) -> None:
    kms, s3 = aws.deployer("kms"), aws.assumed("s3", "reader")
    denied = "is not authorized to perform: kms:"
    with pytest.raises(ClientError, match=f"{denied}Decrypt"):
        s3.get_object(Bucket="granted", Key="a")
    grant = kms.create_grant(KeyId=key_arn, GranteePrincipal=reader, Operations=["Decrypt"])["GrantId"]
    assert s3.get_object(Bucket="granted", Key="a")["Body"].read() == b"a"
    with pytest.raises(ClientError, match=f"{denied}GenerateDataKey"):
        s3.put_object(Bucket="granted", Key="b", Body=b"b")
    kms.revoke_grant(KeyId=key_arn, GrantId=grant)
    with pytest.raises(ClientError, match=f"{denied}Decrypt"):
        s3.get_object(Bucket="granted", Key="a")


@pytest.mark.parametrize(
    ("constraints", "opens"),
    [
        ({"EncryptionContextEquals": {"aws:s3:arn": BUCKET_ARN}}, True),
        ({"EncryptionContextSubset": {"aws:s3:arn": BUCKET_ARN}}, True),
        ({"EncryptionContextEquals": {"aws:s3:arn": BUCKET_ARN, "more": "x"}}, False),
        ({"EncryptionContextSubset": {"aws:s3:arn": "arn:aws:s3:::other"}}, False),
    ],
)
def test_a_grant_may_ask_for_an_encryption_context(
    aws: RunningAws, key_arn: str, reader: str, constraints: dict[str, Any], *, opens: bool
) -> None:
    kms, s3 = aws.deployer("kms"), aws.assumed("s3", "reader")
    grant = kms.create_grant(KeyId=key_arn, GranteePrincipal=reader, Operations=["Decrypt"], Constraints=constraints)[
        "GrantId"
    ]
    try:
        if opens:
            assert s3.get_object(Bucket="granted", Key="a")["Body"].read() == b"a"
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                s3.get_object(Bucket="granted", Key="a")
    finally:
        kms.revoke_grant(KeyId=key_arn, GrantId=grant)
