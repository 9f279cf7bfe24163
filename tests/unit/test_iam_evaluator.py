from __future__ import annotations

import timeit

import pytest

from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.principals import Caller
from tests.unit.iam_documents import (
    ACCOUNT,
    BUCKET,
    FOREIGNER,
    KEY,
    OTHER,
    OTHERS,
    OWN,
    ROLE,
    SESSION,
    TRANSFER,
    USER,
    allow,
    deny,
    policy,
)

WIDE = policy(allow("s3:*"), allow("kms:*"))
HOME = policy(
    allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": ["partners/skyway", "partners/skyway/*"]}}),
    allow(["s3:GetObject", "s3:PutObject"], f"{BUCKET}/partners/skyway/*"),
    allow(["kms:Decrypt", "kms:GenerateDataKey"], KEY),
)
ROOT_KEY = policy(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
ROLE_KEY = policy(allow("kms:Decrypt", Principal={"AWS": ROLE}))
OTHER_ROLE_KEY = policy(allow("kms:Decrypt", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}))
TLS_ONLY = policy(
    deny("s3:*", [BUCKET, f"{BUCKET}/*"], Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
)
OUR_KEY_ONLY = policy(
    deny(
        "s3:PutObject",
        f"{BUCKET}/*",
        Principal="*",
        Condition={
            "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY},
            "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
        },
    )
)
SSE_REQUIRED = policy(
    deny("s3:PutObject", f"{BUCKET}/*", Principal="*", Condition={"Null": {"s3:x-amz-server-side-encryption": "true"}})
)
BY_NAME = policy(allow("s3:GetObject", BUCKET + "/home/${aws:username}/*"))
TRUST_TRANSFER = policy(
    {
        "Effect": "Allow",
        "Principal": {"Service": "transfer.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
)
TRUST_SNOWFLAKE = policy(
    {
        "Effect": "Allow",
        "Principal": {"AWS": FOREIGNER.arn},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "SANDBOX_1"}},
    }
)
TRUST_ACCOUNT = policy({"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"})
MAY_ASSUME = policy(allow("sts:AssumeRole"))

YES: dict[str, tuple[Caller, str, str, Policies, dict[str, str]]] = {
    "get in the own prefix": (SESSION, "s3:GetObject", OWN, Policies(identity=(WIDE,), session=HOME), {}),
    "list of the own prefix": (
        *(SESSION, "s3:ListBucket", BUCKET, Policies(identity=(WIDE,), session=HOME)),
        {"s3:prefix": "partners/skyway/"},
    ),
    "a session wider than its role, where the role allows": (
        *(SESSION, "s3:GetObject", OWN, Policies(identity=(HOME,), session=WIDE)),
        {},
    ),
    "a key that leaves it to the account": (
        *(SESSION, "kms:Decrypt", KEY, Policies(identity=(HOME,), resource=ROOT_KEY, resource_must_allow=True)),
        {},
    ),
    "a key that names the role, without an IAM policy": (
        *(SESSION, "kms:Decrypt", KEY, Policies(resource=ROLE_KEY, resource_must_allow=True)),
        {},
    ),
    "TLS where TLS is demanded": (
        *(SESSION, "s3:GetObject", OWN, Policies(identity=(HOME,), resource=TLS_ONLY)),
        {"aws:SecureTransport": "true"},
    ),
    "no key named where another would be refused": (
        *(SESSION, "s3:PutObject", OWN, Policies(identity=(HOME,), resource=OUR_KEY_ONLY)),
        {},
    ),
    "encryption where it is demanded": (
        *(SESSION, "s3:PutObject", OWN, Policies(identity=(HOME,), resource=SSE_REQUIRED)),
        {"s3:x-amz-server-side-encryption": "aws:kms"},
    ),
    "the home of the name": (
        *(USER, "s3:GetObject", f"{BUCKET}/home/ana/x", Policies(identity=(BY_NAME,))),
        {"aws:username": "ana"},
    ),
    "a bucket policy alone, in one account": (
        *(USER, "s3:GetObject", OWN, Policies(resource=policy(allow("s3:GetObject", Principal={"AWS": USER.arn})))),
        {},
    ),
    "Transfer into the role that trusts it": (
        *(TRANSFER, "sts:AssumeRole", ROLE, Policies(resource=TRUST_TRANSFER, resource_must_allow=True)),
        {"aws:SourceAccount": ACCOUNT},
    ),
    "Snowflake with its external id": (
        *(FOREIGNER, "sts:AssumeRole", ROLE),
        Policies(identity=(MAY_ASSUME,), resource=TRUST_SNOWFLAKE, resource_must_allow=True),
        {"sts:ExternalId": "SANDBOX_1"},
    ),
    "another account that is trusted as a whole": (
        *(FOREIGNER, "sts:AssumeRole", ROLE),
        Policies(identity=(MAY_ASSUME,), resource=TRUST_ACCOUNT, resource_must_allow=True),
        {},
    ),
    "a session named by a bucket policy, past its session policy": (
        *(SESSION, "s3:GetObject", OTHERS),
        Policies(session=HOME, resource=policy(allow("s3:GetObject", Principal={"AWS": SESSION.arn}))),
        {},
    ),
}
NO: dict[str, tuple[Caller, str, str, Policies, dict[str, str], str]] = {
    "get in another's prefix": (
        *(SESSION, "s3:GetObject", OTHERS, Policies(identity=(WIDE,), session=HOME), {}),
        "because no session policy allows the s3:GetObject action",
    ),
    "list without a prefix": (
        *(SESSION, "s3:ListBucket", BUCKET, Policies(identity=(WIDE,), session=HOME), {}),
        "because no session policy allows the s3:ListBucket action",
    ),
    "list of another's prefix": (
        *(SESSION, "s3:ListBucket", BUCKET, Policies(identity=(HOME,)), {"s3:prefix": "partners/rail/"}),
        "because no identity-based policy allows the s3:ListBucket action",
    ),
    "a session wider than its role, where the role does not allow": (
        *(SESSION, "s3:GetObject", OTHERS, Policies(identity=(HOME,), session=WIDE), {}),
        "because no identity-based policy allows the s3:GetObject action",
    ),
    "an explicit deny beside an allow": (
        *(SESSION, "s3:GetObject", OWN, Policies(identity=(WIDE, policy(deny("s3:Get*", f"{BUCKET}/*"))))),
        {},
        "with an explicit deny in an identity-based policy",
    ),
    "a key that names another role": (
        *(SESSION, "kms:Decrypt", KEY),
        Policies(identity=(HOME,), resource=OTHER_ROLE_KEY, resource_must_allow=True),
        {},
        "because no resource-based policy allows the kms:Decrypt action",
    ),
    "a key that leaves it to the account, which says nothing": (
        *(SESSION, "kms:Decrypt", KEY, Policies(resource=ROOT_KEY, resource_must_allow=True), {}),
        "because no identity-based policy allows the kms:Decrypt action",
    ),
    "a key that names the role, past a session policy without it": (
        *(SESSION, "kms:Decrypt", KEY),
        Policies(session=policy(allow("s3:*")), resource=ROLE_KEY, resource_must_allow=True),
        {},
        "because no session policy allows the kms:Decrypt action",
    ),
    "plain HTTP where TLS is demanded": (
        *(SESSION, "s3:GetObject", OWN, Policies(identity=(HOME,), resource=TLS_ONLY)),
        {"aws:SecureTransport": "false"},
        "with an explicit deny in a resource-based policy",
    ),
    "another key than ours": (
        *(SESSION, "s3:PutObject", OWN, Policies(identity=(HOME,), resource=OUR_KEY_ONLY)),
        {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:123456789012:key/other"},
        "with an explicit deny in a resource-based policy",
    ),
    "no encryption where it is demanded": (
        *(SESSION, "s3:PutObject", OWN, Policies(identity=(HOME,), resource=SSE_REQUIRED), {}),
        "with an explicit deny in a resource-based policy",
    ),
    "the home of another name": (
        *(USER, "s3:GetObject", f"{BUCKET}/home/ben/x", Policies(identity=(BY_NAME,)), {"aws:username": "ana"}),
        "because no identity-based policy allows the s3:GetObject action",
    ),
    "a name with a wildcard in it": (
        *(USER, "s3:GetObject", f"{BUCKET}/home/ben/x", Policies(identity=(BY_NAME,)), {"aws:username": "*"}),
        "because no identity-based policy allows the s3:GetObject action",
    ),
    "a variable without a value": (
        *(SESSION, "s3:GetObject", f"{BUCKET}/home//x", Policies(identity=(BY_NAME,)), {}),
        "because no identity-based policy allows the s3:GetObject action",
    ),
    "Transfer for another account": (
        *(TRANSFER, "sts:AssumeRole", ROLE, Policies(resource=TRUST_TRANSFER, resource_must_allow=True)),
        {"aws:SourceAccount": OTHER},
        "because no resource-based policy allows the sts:AssumeRole action",
    ),
    "a user into a role for a service": (
        *(USER, "sts:AssumeRole", ROLE),
        Policies(identity=(WIDE, MAY_ASSUME), resource=TRUST_TRANSFER, resource_must_allow=True),
        {"aws:SourceAccount": ACCOUNT},
        "because no resource-based policy allows the sts:AssumeRole action",
    ),
    "Snowflake without its external id": (
        *(FOREIGNER, "sts:AssumeRole", ROLE),
        Policies(identity=(MAY_ASSUME,), resource=TRUST_SNOWFLAKE, resource_must_allow=True),
        {},
        "because no resource-based policy allows the sts:AssumeRole action",
    ),
    "a trusted foreigner without a policy of its own": (
        *(FOREIGNER, "sts:AssumeRole", ROLE),
        Policies(resource=TRUST_SNOWFLAKE, resource_must_allow=True),
        {"sts:ExternalId": "SANDBOX_1"},
        "because no identity-based policy allows the sts:AssumeRole action",
    ),
    "a foreigner that the bucket does not name": (
        *(FOREIGNER, "s3:GetObject", OWN, Policies(identity=(WIDE,)), {}),
        "because no resource-based policy allows the s3:GetObject action",
    ),
    "a permissions boundary": (
        *(SESSION, "s3:GetObject", OTHERS, Policies(identity=(WIDE,), boundary=HOME), {}),
        "because no permissions boundary allows the s3:GetObject action",
    ),
    "NotPrincipal without the caller": (
        *(USER, "s3:GetObject", OWN),
        Policies(identity=(WIDE,), resource=policy(deny("s3:*", NotPrincipal={"AWS": [ROLE, SESSION.arn, ACCOUNT]}))),
        {},
        "with an explicit deny in a resource-based policy",
    ),
    "NotAction": (
        *(USER, "s3:GetObject", OWN),
        Policies(identity=(policy({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}),)),
        {},
        "because no identity-based policy allows the s3:GetObject action",
    ),
    "NotResource": (
        *(USER, "s3:GetObject", OWN),
        Policies(identity=(policy({"Effect": "Allow", "Action": "s3:*", "NotResource": f"{BUCKET}/*"}),)),
        {},
        "because no identity-based policy allows the s3:GetObject action",
    ),
}


def asked(caller: Caller, action: str, resource: str, keys: dict[str, str]) -> Request:
    return Request(caller=caller, action=action, resource=resource, resource_account=ACCOUNT, context=context_of(keys))


@pytest.mark.parametrize("case", YES)
def test_allowed(case: str) -> None:
    caller, action, resource, policies, keys = YES[case]
    decision = decide(asked(caller, action, resource, keys), policies)
    assert decision, decision.reason


@pytest.mark.parametrize("case", NO)
def test_not_allowed(case: str) -> None:
    caller, action, resource, policies, keys, reason = NO[case]
    decision = decide(asked(caller, action, resource, keys), policies)
    assert not decision
    assert decision.reason == reason


def test_a_listed_principal_is_spared_by_not_principal() -> None:
    spared = policy(deny("s3:*", NotPrincipal={"AWS": [ROLE, SESSION.arn, ACCOUNT]}))
    assert decide(asked(SESSION, "s3:GetObject", OWN, {}), Policies(identity=(WIDE,), resource=spared))


def test_variables_are_plain_text_in_the_older_version() -> None:
    older = policy(allow("s3:GetObject", BUCKET + "/home/${aws:username}/*"), version="2008-10-17")
    request = asked(USER, "s3:GetObject", f"{BUCKET}/home/ana/x", {"aws:username": "ana"})
    assert not decide(request, Policies(identity=(older,)))


def test_a_wildcard_does_not_reach_into_the_next_part_of_an_arn() -> None:
    narrow = policy(allow("kms:Decrypt", f"arn:aws:kms:*:{ACCOUNT}:key/1234"))
    assert decide(asked(USER, "kms:Decrypt", KEY, {}), Policies(identity=(narrow,), resource=ROOT_KEY))
    reaching = policy(allow("kms:Decrypt", "arn:aws:*:us-east-1:key/1234:x"))
    named = "arn:aws:kms:eu-west-1:us-east-1:key/1234:x"
    assert not decide(asked(USER, "kms:Decrypt", named, {}), Policies(identity=(reaching,)))


def test_not_principal_spares_nobody_with_a_permissions_boundary() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""
    spared = policy(deny("s3:*", NotPrincipal={"AWS": [ROLE, SESSION.arn, ACCOUNT]}))
    bounded = Policies(identity=(WIDE,), boundary=WIDE, resource=spared)
    assert not decide(asked(SESSION, "s3:GetObject", OWN, {}), bounded)


@pytest.mark.parametrize(("named", "allowed"), [(SESSION.arn, True), ("*", True), (ROLE, False), (ACCOUNT, False)])
def test_a_session_policy_limits_what_a_bucket_grants_to_the_role_and_not_what_it_grants_to_the_session(
    named: str, *, allowed: bool
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html"""
    bucket = policy(allow("s3:GetObject", Principal={"AWS": named}))
    decision = decide(
        asked(SESSION, "s3:GetObject", OTHERS, {}), Policies(identity=(WIDE,), session=HOME, resource=bucket)
    )
    assert bool(decision) is allowed


def test_a_decision_is_quick() -> None:
    request = asked(SESSION, "s3:GetObject", OWN, {"aws:SecureTransport": "true"})
    policies = Policies(identity=(WIDE,), session=HOME, resource=TLS_ONLY)
    seconds = min(timeit.repeat(lambda: decide(request, policies), number=200, repeat=5)) / 200
    assert seconds < 5e-4  # dozens of times what it takes: a guard, not a benchmark, which is tools/bench_policy.py
