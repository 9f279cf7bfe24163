from __future__ import annotations

import json

import pytest

from sandbox.aws import authority
from sandbox.aws.accounts import CallerPolicies
from sandbox.aws.authority import simulate
from sandbox.aws.principals import Caller, CallerKind

ACCOUNT = "123456789012"
ANA = Caller(kind=CallerKind.USER, arn=f"arn:aws:iam::{ACCOUNT}:user/ana", account=ACCOUNT)


def policy(effect: str, action: str, **more: object) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({}, "allowed"),
        ({"further": [policy("Deny", "s3:*")]}, "explicitDeny"),
        ({"boundary": policy("Allow", "sqs:*")}, "implicitDeny"),
        ({"boundary": policy("Allow", "s3:Get*")}, "allowed"),
        ({"resource_policy": policy("Deny", "s3:*", Principal="*")}, "explicitDeny"),
    ],
)
def test_a_simulation_goes_by_the_callers_policies_and_what_is_given(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, object], answer: str
) -> None:
    def policies_of(_caller: Caller) -> CallerPolicies:
        return CallerPolicies(identity=(policy("Allow", "s3:Get*"),), boundary=None)

    monkeypatch.setattr(authority, "policies_of", policies_of)
    decision = simulate(ANA, "s3:GetObject", "arn:aws:s3:::landing/a", {}, **given)  # pyright: ignore[reportArgumentType]  # as parametrized
    assert (decision.allowed, decision.explicit) == (answer == "allowed", answer == "explicitDeny")
