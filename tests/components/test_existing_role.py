"""A users' role that another team made: what it lacks is told in the preview, and the stack makes none beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from pulumi.runtime.mocks import MockCallArgs

from tests.components.landing_pieces import KEY, a_bucket, a_gateway, answers, sftp_settings
from tests.components.recorder import CallRefusedError, Program, Registered

ROLE = "arn:aws:iam::123456789012:role/transfer-users"


def opened(
    registered: Program, calls: Callable[[MockCallArgs], dict[str, Any]], *, preview: bool = False
) -> Registered:
    settings = sftp_settings(usersRole=ROLE)
    return registered(
        lambda: a_gateway(a_bucket(), settings=settings).door.role_arn,
        outputs=(lambda _: {}) if preview else answers,
        calls=calls,
        preview=preview,
    )


def simulator(*denied: str) -> Callable[[MockCallArgs], dict[str, Any]]:
    """Play IAM's simulator, to which the role may do all but these."""

    def answer(args: MockCallArgs) -> dict[str, Any]:
        assert args.token == "aws:iam/getPrincipalPolicySimulation:getPrincipalPolicySimulation"
        asked = cast("dict[str, Any]", args.args)  # pyright: ignore[reportUnknownMemberType]  # a plain dict in pulumi
        assert asked["policySourceArn"] == ROLE
        (resource,) = asked["resourceArns"]
        context = {entry["key"]: entry["values"] for entry in asked.get("contexts", [])}
        if resource == KEY:
            assert context["kms:ViaService"] == ["s3.us-east-1.amazonaws.com"]
        if "s3:ListBucket" in asked["actionNames"]:
            assert context["s3:prefix"][0].startswith("partners/")
        return {"results": [{"actionName": name, "allowed": name not in denied} for name in asked["actionNames"]]}

    return answer


def test_it_is_taken_as_it_is_and_none_is_made(registered: Program, caplog: pytest.LogCaptureFixture) -> None:
    run = opened(registered, simulator())
    assert run.result == ROLE
    assert not run.of("aws:iam/role:Role")
    assert not run.of("aws:iam/rolePolicy:RolePolicy")
    assert caplog.messages == []


@pytest.mark.parametrize("lacking", [("kms:Decrypt", "kms:GenerateDataKey"), ("s3:ListBucket",), ("s3:PutObject",)])
def test_what_it_lacks_is_told_with_what_partners_will_see(
    registered: Program, caplog: pytest.LogCaptureFixture, lacking: tuple[str, ...]
) -> None:
    opened(registered, simulator(*lacking))
    (told,) = caplog.messages
    assert told.startswith(f"landing:sftp.usersRole: {ROLE} is not allowed {', '.join(lacking)}: partners will get ")
    assert KEY in told


def test_before_the_key_is_there_what_the_role_will_need_is_told(
    registered: Program, caplog: pytest.LogCaptureFixture
) -> None:
    opened(registered, simulator(), preview=True)
    (told,) = caplog.messages
    assert "must be let use the key that this run makes (kms:Decrypt, kms:GenerateDataKey, through S3)" in told


def test_iam_that_does_not_answer_stops_nobody(registered: Program, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_: MockCallArgs) -> dict[str, Any]:
        raise CallRefusedError("AccessDenied: not authorized to perform iam:SimulatePrincipalPolicy\nmore")

    run = opened(registered, refuse)
    assert run.result == ROLE
    (told,) = caplog.messages
    assert told.startswith(f"landing:sftp.usersRole: IAM does not say what {ROLE} may do (")
    assert "\n" not in told
