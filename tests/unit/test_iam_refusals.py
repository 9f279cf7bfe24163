"""What the policy evaluator does not know it refuses: a guard that guesses is none."""

from __future__ import annotations

import json

import pytest

from sandbox.aws.conditions import UnknownOperatorError
from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.policy import read_policy, read_resource_policy
from sandbox.aws.principals import PrincipalError
from sandbox.aws.unreadable import PolicyError
from tests.unit.iam_documents import ACCOUNT, OWN, USER, allow, policy


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (allow("s3:*", Condition={"StringSortOf": {"a": "b"}}), UnknownOperatorError),
        (allow("s3:*", Condition={"ForSome:StringEquals": {"a": "b"}}), UnknownOperatorError),
        (allow("s3:*", Condition={"ForAnyValue:Null": {"a": "true"}}), UnknownOperatorError),
        (allow("s3:*", Condition={"ForAnyValue:StringEqualsIfExists": {"a": "b"}}), UnknownOperatorError),
        (allow("s3:*", Condition={"NumericLessThan": {"a": "ten"}}), PolicyError),
        (allow("s3:*", Condition={"DateLessThan": {"a": "2026"}}), PolicyError),
        (allow("s3:*", Condition={"DateLessThan": {"a": "2026-11-31"}}), PolicyError),
        (allow("s3:*", Condition={"Bool": {"a": "yes"}}), PolicyError),
        (allow("s3:*", Condition={"Null": {"a": "yes"}}), PolicyError),
        (allow("s3:*", Condition={"BinaryEquals": {"a": "-"}}), PolicyError),
        (allow("s3:*", Condition={"IpAddress": {"a": "10.0.0.0/33"}}), PolicyError),
        (allow("s3:*", Condition={"ArnLike": {"a": "arn:aws:iam"}}), PolicyError),
        (allow("s3:*", "landing/*"), PolicyError),
        (allow("s3:*", "arn:aws:s3"), PolicyError),
        (allow("GetObject"), PolicyError),
        (allow("s*:GetObject"), PolicyError),
        (allow("s3:*", Principal={"CanonicalUser": "x"}), PrincipalError),
        (allow("s3:*", Principal={"AWS": "arn:aws:iam::123456789012:role/*"}), PrincipalError),
        (allow("s3:*", NotPrincipal={"AWS": ACCOUNT}), PolicyError),
        ({"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}, PolicyError),
        ({"Effect": "Allow", "Action": "s3:*"}, PolicyError),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Resourse": "x"}, PolicyError),
        ({"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}, PolicyError),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": [1]}, PolicyError),
    ],
)
def test_what_it_does_not_understand_it_refuses(statement: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        policy(statement)


def test_a_callers_own_policy_names_no_principal_and_a_resources_policy_does() -> None:
    own = json.dumps({"Statement": allow("s3:*")})
    resources = json.dumps({"Statement": allow("s3:*", Principal="*")})
    with pytest.raises(PolicyError, match="must not name a Principal"):
        read_policy(resources)
    with pytest.raises(PolicyError, match="must name a Principal"):
        read_resource_policy(own)


def test_several_values_want_a_set_operator() -> None:
    red = policy(allow("s3:GetObject", Condition={"StringEquals": {"aws:TagKeys": "red"}}))
    request = Request(
        caller=USER,
        action="s3:GetObject",
        resource=OWN,
        resource_account=ACCOUNT,
        context=context_of({"aws:TagKeys": ["red", "blue"]}),
    )
    with pytest.raises(PolicyError, match="wants ForAnyValue or ForAllValues"):
        decide(request, Policies(identity=(red,)))
