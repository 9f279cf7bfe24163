"""How long the sandbox's policy evaluator takes for one decision: what a partner's put asks of S3 and of the key."""

from __future__ import annotations

import json
import timeit

from domain import iam
from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.policy import read_policy, read_resource_policy
from sandbox.aws.principals import Caller, CallerKind

_ACCOUNT = "123456789012"
_REGION = "us-east-1"
_BUCKET = "arn:aws:s3:::landing"
_KEY = f"arn:aws:kms:{_REGION}:{_ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
_ROUNDS = 2000
_FOLDERS = (
    iam.Access(prefix="partners/skyway/", writable=True),
    iam.Access(prefix="outbox/skyway/", writable=False),
)
_CALLER = Caller(
    kind=CallerKind.SESSION,
    arn=f"arn:aws:sts::{_ACCOUNT}:assumed-role/users/skyway",
    account=_ACCOUNT,
    role_arn=f"arn:aws:iam::{_ACCOUNT}:role/users",
)
_GENERAL = {
    "aws:SecureTransport": "true",
    "aws:SourceIp": "127.0.0.1",
    "aws:PrincipalArn": f"arn:aws:iam::{_ACCOUNT}:role/users",
    "aws:PrincipalAccount": _ACCOUNT,
}


def microseconds_per_decision() -> float:
    """Give the time of a put's decisions, on the object and on the key, from policies that are read; their mean."""
    identity = (read_policy(json.dumps(iam.users_access("landing", _KEY))),)
    session = read_policy(json.dumps(iam.session_policy("landing", _FOLDERS, _KEY)))
    bucket = read_resource_policy(json.dumps(iam.bucket_policy(_BUCKET, f"{_BUCKET}/*", _KEY)))
    log_group = f"arn:aws:logs:{_REGION}:{_ACCOUNT}:log-group:/aws/transfer/landing"
    key = read_resource_policy(json.dumps(iam.key_policy(_ACCOUNT, _REGION, log_group)))

    def put() -> None:
        on_object = decide(
            _request("s3:PutObject", f"{_BUCKET}/partners/skyway/flights/2026-11-24.csv", {}),
            Policies(identity=identity, session=session, resource=bucket),
        )
        on_key = decide(
            _request(
                "kms:GenerateDataKey",
                _KEY,
                {"kms:ViaService": f"s3.{_REGION}.amazonaws.com", "kms:CallerAccount": _ACCOUNT},
            ),
            Policies(identity=identity, session=session, resource=key, resource_must_allow=True),
        )
        if not (on_object and on_key):
            raise AssertionError(f"a partner's own put has to be allowed: {on_object.reason}; {on_key.reason}")

    best = min(timeit.repeat(put, number=_ROUNDS, repeat=5))
    return best / _ROUNDS / 2 * 1e6


def _request(action: str, resource: str, keys: dict[str, str]) -> Request:
    return Request(
        caller=_CALLER,
        action=action,
        resource=resource,
        resource_account=_ACCOUNT,
        context=context_of(_GENERAL | keys),
    )


if __name__ == "__main__":
    print(f"{microseconds_per_decision():.1f} microseconds a decision")
