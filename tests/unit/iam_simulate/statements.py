"""Random elements of policies: actions, resources, principals, conditions, in the shapes that README.md admits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.unit.iam_simulate.cases import ACCOUNT, FOREIGN_ACCOUNT, Document

Values = str | list[str]

_TEXTS = ["skyway", "Skyway", "sky", "sky-way", "partners/skyway/", "partners/sky", "a*b", "a.b", "red"]
_PATTERNS = ["sky*", "s?y", "*way", "partners/*/", "*", "??", "p*s/s?yway/*", "*sky*", "a.b*"]
_VARIABLES = ["${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'sky'}", "p-${aws:username}"]
_ARNS = [
    f"arn:aws:iam::{ACCOUNT}:role/partners",
    f"arn:aws:iam::{ACCOUNT}:user/ana",
    f"arn:aws:sns:us-east-1:{ACCOUNT}:t",
]
_ARN_PATTERNS = [
    f"arn:aws:iam::{ACCOUNT}:*",
    "arn:aws:iam::*:role/*",
    "arn:aws:*:*:*:*",
    f"arn:aws:iam::{FOREIGN_ACCOUNT}:role/*",
    f"arn:aws:sns:us-east-?:{ACCOUNT}:?",
    f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}",
]
_TAGS = ["red", "green", "blue"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """Operators that compare values of one kind."""

    operators: Sequence[str]
    keys: Sequence[str]
    in_policy: Sequence[str]
    in_request: Sequence[str]


def _comparisons(kind: str) -> list[str]:
    orders = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
    return [kind + order for order in orders]


_STRING_KEYS = ["aws:PrincipalTag/dept", "aws:userid", "aws:UserAgent"]
FAMILIES = [
    Family(
        operators=["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
        keys=_STRING_KEYS,
        in_policy=[*_TEXTS, *_VARIABLES],
        in_request=_TEXTS,
    ),
    Family(
        operators=["StringLike", "StringNotLike"],
        keys=_STRING_KEYS,
        in_policy=[*_TEXTS, *_PATTERNS, *_VARIABLES, "a${*}b"],
        in_request=_TEXTS,
    ),
    Family(
        operators=_comparisons("Numeric"),
        keys=["aws:MultiFactorAuthAge"],
        in_policy=["0", "9.99", "10", "10.5", "300"],
        in_request=["0", "9.99", "10", "10.0", "300"],
    ),
    Family(
        operators=_comparisons("Date"),
        keys=["aws:CurrentTime", "aws:TokenIssueTime"],
        in_policy=["2026-11-24T10:00:00Z", "2026-11-24T11:00:00+01:00", "2026-11-25", "2025-01-01T00:00:00Z"],
        in_request=["2026-11-24T10:00:00Z", "2026-11-24T10:00:01Z", "2026-11-25T00:00:00Z", "2024-02-29T23:59:59Z"],
    ),
    Family(
        operators=_comparisons("Date"),
        keys=["aws:EpochTime"],
        in_policy=["1795514400", "1795514401", "1700000000"],
        in_request=["1795514400", "1795514399", "1800000000"],
    ),
    Family(
        operators=["Bool"],
        keys=["aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService"],
        in_policy=["true", "false", "True"],
        in_request=["true", "false"],
    ),
    Family(
        operators=["BinaryEquals"],
        keys=["aws:PrincipalTag/blob"],
        in_policy=["aGVsbG8=", "aGVsbG9v", "AA=="],
        in_request=["aGVsbG8=", "AA=="],
    ),
    Family(
        operators=["IpAddress", "NotIpAddress"],
        keys=["aws:SourceIp"],
        in_policy=["10.0.0.0/8", "10.1.2.3", "10.1.2.0/24", "192.168.0.0/16", "2001:db8::/32", "10.1.2.3/32"],
        in_request=["10.1.2.3", "10.1.3.4", "192.168.255.1", "11.0.0.1"],
    ),
    Family(
        operators=["IpAddress", "NotIpAddress"],
        keys=["aws:SourceIp"],
        in_policy=["10.0.0.0/8", "2001:db8::/32", "2001:db8:1::/48", "fd00::/8"],
        in_request=["2001:db8::1", "2001:db8:1::5", "fd00::1"],
    ),
    Family(
        operators=["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        keys=["aws:PrincipalArn", "aws:SourceArn"],
        in_policy=[*_ARNS, *_ARN_PATTERNS],
        in_request=_ARNS,
    ),
]


def condition(rng: Random) -> tuple[dict[str, object], dict[str, Values]]:
    """Give a condition block and the condition keys of a request that it may or may not hold for."""
    if rng.random() < 0.2:
        return _of_several_values(rng)
    family = rng.choice(FAMILIES)
    operator, key = rng.choice(family.operators), rng.choice(family.keys)
    wanted = [rng.choice(family.in_policy) for _ in range(rng.randint(1, 3))]
    given: dict[str, Values] = {} if rng.random() < 0.15 else {key: rng.choice(family.in_request)}
    dice = rng.random()
    if dice < 0.1:
        return {"Null": {key: rng.choice(["true", "false"])}}, given
    if dice < 0.2:
        operator = rng.choice(["ForAnyValue:", "ForAllValues:"]) + operator
    elif dice < 0.4:
        operator += "IfExists"
    if rng.random() < 0.5 or operator.startswith("Arn"):
        given["aws:username"] = "skyway"
    if rng.random() < 0.3:
        given["aws:PrincipalTag/team"] = rng.choice(["sky", "red"])
    return {operator: {key.swapcase() if rng.random() < 0.1 else key: wanted if len(wanted) > 1 else wanted[0]}}, given


def _of_several_values(rng: Random) -> tuple[dict[str, object], dict[str, Values]]:
    operator = rng.choice(["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"])
    quantifier = rng.choice(["ForAnyValue", "ForAllValues"])
    suffix = "IfExists" if quantifier == "ForAllValues" and rng.random() < 0.2 else ""
    wanted = [rng.choice([*_TAGS, "r*", "Red"]) for _ in range(rng.randint(1, 3))]
    given: dict[str, Values] = {"aws:TagKeys": rng.choices(_TAGS, k=rng.randint(1, 3))} if rng.random() < 0.85 else {}
    return {f"{quantifier}:{operator}{suffix}": {"aws:TagKeys": wanted}}, given


BUCKET = "arn:aws:s3:::landing"
OBJECT_ACTIONS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:GetObjectVersion",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:PutObjectAcl",
]
_ACTION_PATTERNS = [
    "*",
    "s3:*",
    "s3:Get*",
    "s3:?etObject",
    "S3:getobject",
    "s3:*Object",
    "s3:Put*",
    "kms:*",
    "s3:*Multipart*",
]
_RESOURCES = [
    "*",
    f"{BUCKET}/*",
    f"{BUCKET}/partners/*",
    f"{BUCKET}/partners/skyway/*",
    f"{BUCKET}/partners/sky*",
    f"{BUCKET}/partners/*/a.csv",
    f"{BUCKET}/partners/skyway/?.csv",
    f"{BUCKET}/partners/${{aws:username}}/*",
    f"{BUCKET}/partners/${{aws:PrincipalTag/team, 'skyway'}}/*",
    "arn:aws:s3:::*/partners/*",
    "arn:aws:s3:::landin?/*",
    "arn:aws:*:::landing/*",
    f"{BUCKET}/outbox/*",
    "arn:aws:s3:::landing-access-logs/*",
]


def statement(rng: Random, actions: Sequence[str], *, deny: float = 0.2, wide: float = 0.5) -> dict[str, object]:
    """Give a statement about S3 objects, in which each of `actions` is likely meant."""
    chosen = rng.choices([*actions, *_ACTION_PATTERNS], k=rng.randint(1, 3))
    if rng.random() < wide:
        chosen.append(rng.choice(actions))
    resources = rng.choices(_RESOURCES, k=rng.randint(1, 2))
    return {
        "Effect": "Deny" if rng.random() < deny else "Allow",
        "NotAction" if rng.random() < 0.1 else "Action": chosen if len(chosen) > 1 else chosen[0],
        "NotResource" if rng.random() < 0.1 else "Resource": resources if len(resources) > 1 else resources[0],
    }


def with_principal(statement: Document, principal: object, *, negated: bool = False) -> dict[str, object]:
    """Give the statement as one of a resource's policy."""
    return {**statement, "NotPrincipal" if negated else "Principal": principal}
