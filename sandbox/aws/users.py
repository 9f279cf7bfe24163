"""The IAM users that the sandbox starts with, each with exactly the key that the sandbox made for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from moto.iam.models import AccessKey

from sandbox.aws.accounts import iam_of
from sandbox.home import ACCOUNT_ID, REGION, SNOWFLAKE_ACCOUNT_ID, Credentials, KeyPair

ADMINISTRATOR_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/deployer"

_ADMINISTRATOR = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
_WORKER = [
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::landing-*",
        "Condition": {"StringLike": {"s3:prefix": "partners/*"}},
    },
    {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": "arn:aws:s3:::landing-*/partners/*",
    },
    {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/*",
        "Condition": {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}},
    },
]
_SNOWFLAKE = [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
    {"Effect": "Allow", "Action": "sqs:*", "Resource": f"arn:aws:sqs:{REGION}:{SNOWFLAKE_ACCOUNT_ID}:*"},
]


def make_users(credentials: Credentials, further_administrator: KeyPair | None = None) -> None:
    """Make the users that are not there yet, and give each its key and no other.

    `further_administrator` is one more key of the administrator, for a client that cannot be given the right one.
    """
    further = [] if further_administrator is None else [further_administrator]
    _make_user(ACCOUNT_ID, "deployer", [credentials.deployer, *further], _ADMINISTRATOR)
    _make_user(ACCOUNT_ID, "prefect-worker", [credentials.worker], _WORKER)
    _make_user(SNOWFLAKE_ACCOUNT_ID, "snowflake", [credentials.snowflake], _SNOWFLAKE)


def _make_user(account: str, name: str, pairs: Sequence[KeyPair], statements: Sequence[Mapping[str, object]]) -> None:
    iam = iam_of(account)
    if name not in iam.users:
        iam.create_user(region_name=REGION, user_name=name)
    user = iam.get_user(name)
    user.policies["sandbox"] = json.dumps({"Version": "2012-10-17", "Statement": statements})
    for old in user.access_keys:
        iam.access_keys.pop(old.access_key_id, None)
    user.access_keys[:] = [_access_key(account, name, pair) for pair in pairs]
    iam.access_keys.update({key.access_key_id: key for key in user.access_keys})


def _access_key(account: str, name: str, pair: KeyPair) -> AccessKey:
    key = cast("AccessKey", AccessKey(user_name=name, prefix="AKIA", account_id=account))
    key.access_key_id, key.secret_access_key = pair.access_key_id, pair.secret_access_key
    return key
