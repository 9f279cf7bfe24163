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


def make_users(credentials: Credentials) -> None:
    """Make the users that are not there yet, and give each its key."""
    _make_user(ACCOUNT_ID, "deployer", credentials.deployer, _ADMINISTRATOR)
    _make_user(ACCOUNT_ID, "prefect-worker", credentials.worker, _WORKER)
    _make_user(SNOWFLAKE_ACCOUNT_ID, "snowflake", credentials.snowflake, _SNOWFLAKE)


def _make_user(account: str, name: str, pair: KeyPair, statements: Sequence[Mapping[str, object]]) -> None:
    iam = iam_of(account)
    if name not in iam.users:
        iam.create_user(region_name=REGION, user_name=name)
    user = iam.get_user(name)
    user.policies["sandbox"] = json.dumps({"Version": "2012-10-17", "Statement": statements})
    give_key(account, name, pair)


def give_key(account: str, name: str, pair: KeyPair) -> None:
    """Let `pair` be an access key of a user; a key of the same id is replaced."""
    iam = iam_of(account)
    user = iam.get_user(name)
    key = cast("AccessKey", AccessKey(user_name=name, prefix="AKIA", account_id=account))
    key.access_key_id, key.secret_access_key = pair.access_key_id, pair.secret_access_key
    user.access_keys[:] = [*(one for one in user.access_keys if one.access_key_id != pair.access_key_id), key]
    iam.access_keys[pair.access_key_id] = key
