"""Callers, ARNs and statements that tests of the policy evaluator share."""

from __future__ import annotations

import json
from typing import Any

from sandbox.aws.policy import Policy, read_policy, read_resource_policy
from sandbox.aws.principals import Caller, CallerKind

ACCOUNT = "123456789012"
OTHER = "999999999999"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/partner"
BUCKET = "arn:aws:s3:::landing"
OWN = f"{BUCKET}/partners/skyway/flights/a.csv"
OTHERS = f"{BUCKET}/partners/rail/trips/a.csv"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"

SESSION = Caller(
    kind=CallerKind.SESSION, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/partner/skyway", account=ACCOUNT, role_arn=ROLE
)
USER = Caller(kind=CallerKind.USER, arn=f"arn:aws:iam::{ACCOUNT}:user/ana", account=ACCOUNT)
FOREIGNER = Caller(kind=CallerKind.USER, arn=f"arn:aws:iam::{OTHER}:user/snowflake", account=OTHER)
TRANSFER = Caller(kind=CallerKind.SERVICE, arn="transfer.amazonaws.com", account="")


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> Policy:
    """Read the statements as a resource's policy where the first names a principal, else as a caller's own."""
    read = read_resource_policy if {"Principal", "NotPrincipal"} & set(statements[0]) else read_policy
    return read(json.dumps({"Version": version, "Statement": list(statements)}))


def allow(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    """Write an Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    """Write a Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}
