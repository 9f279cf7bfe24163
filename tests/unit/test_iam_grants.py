from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from moto.kms.models import Grant, Key

from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.key_grants import policy_with_grants
from sandbox.aws.policy import read_resource_policy
from sandbox.aws.principals import Caller, CallerKind

ACCOUNT = "123456789012"
ANA = Caller(kind=CallerKind.USER, arn=f"arn:aws:iam::{ACCOUNT}:user/ana", account=ACCOUNT)
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"


@pytest.mark.parametrize(
    ("constraint", "context", "allowed"),
    [
        (None, {}, True),
        ("EncryptionContextSubset", {"a": "1", "b": "2"}, True),
        ("EncryptionContextEquals", {"a": "1"}, True),
        ("EncryptionContextEquals", {"a": "1", "b": "2"}, False),
        ("EncryptionContextSubset", {"b": "2"}, False),
        ("EncryptionContextEquals", {}, False),
    ],
)
def test_a_grants_constraints(constraint: str | None, context: dict[str, str], *, allowed: bool) -> None:
    constraints = {} if constraint is None else {constraint: {"a": "1"}}
    grant = Grant(KEY, "", ANA.arn, ["Decrypt"], constraints, "")
    key = cast("Key", SimpleNamespace(policy='{"Statement": []}', grants={"1": grant}))
    request = Request(
        caller=ANA,
        action="kms:Decrypt",
        resource=KEY,
        resource_account=ACCOUNT,
        context=context_of(
            {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
            | ({"kms:EncryptionContextKeys": list(context)} if context else {})
        ),
    )
    decision = decide(
        request, Policies(resource=read_resource_policy(policy_with_grants(key)), resource_must_allow=True)
    )
    assert decision.allowed is allowed
