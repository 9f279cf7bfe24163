"""AssumeRole: who may become which role, and for how long. moto itself lets anybody become anything."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from moto.iam.models import Role
from moto.sts.models import AssumedRole, sts_backends

from sandbox.aws.accounts import PARTITION, KeyHolder, role_by_arn
from sandbox.aws.authority import ask, ask_for_service
from sandbox.aws.decision import AccessDeniedError, Decision
from sandbox.aws.policy import read_policy
from sandbox.aws.principals import CallerKind
from sandbox.aws.refusal import RefusedError, denied
from sandbox.aws.unreadable import PolicyError
from sandbox.home import REGION

_SHORTEST = 900
_LONGEST_CHAINED = 3600
_DEFAULT = 3600
_LONGEST_SESSION_POLICY = 2048
ACTION = "sts:AssumeRole"


def check_assume_role(holder: KeyHolder, parameters: Mapping[str, str]) -> None:
    """Check an AssumeRole request; raises RefusedError.

    A role that is not there is denied like one that is not open to the caller, as on AWS: nobody learns which.
    """
    role_arn, session_name = parameters.get("RoleArn", ""), parameters.get("RoleSessionName", "")
    keys = {"sts:RoleSessionName": session_name}
    if "ExternalId" in parameters:
        keys["sts:ExternalId"] = parameters["ExternalId"]
    role = role_by_arn(role_arn)
    if role is None or not ask(holder, ACTION, role_arn, keys):
        raise denied(holder.caller, ACTION, role_arn, Decision(allowed=False, reason=""))
    check_session_policy(parameters.get("Policy"))
    _check_duration(holder, role, parameters.get("DurationSeconds", str(_DEFAULT)))


def _check_duration(holder: KeyHolder, role: Role, text: str) -> None:
    longest = int(role.max_session_duration or _DEFAULT)
    seconds = int(text) if text.isdecimal() else 0
    if seconds < _SHORTEST:
        raise _invalid(f"DurationSeconds must be a number of at least {_SHORTEST}, got {text!r}")
    if seconds > longest:
        raise _invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if holder.caller.kind is CallerKind.SESSION and seconds > _LONGEST_CHAINED:
        raise _invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationError", message, HTTPStatus.BAD_REQUEST)


def check_session_policy(policy: str | None) -> None:
    """Check that a session policy is a policy and not too long; raises RefusedError."""
    if policy is None:
        return
    if len(policy) > _LONGEST_SESSION_POLICY:
        raise _invalid(
            f"1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length"
            f" less than or equal to {_LONGEST_SESSION_POLICY}; this one has {len(policy)}"
        )
    try:
        read_policy(policy)
    except PolicyError as error:
        raise RefusedError("MalformedPolicyDocument", str(error), HTTPStatus.BAD_REQUEST) from error


def assume_for_service(
    service: str, role_arn: str, session_name: str, policy: str | None, source: Mapping[str, str]
) -> AssumedRole:
    """Let an AWS service assume a role; raises AccessDeniedError when the role's trust policy does not let it."""
    role = role_by_arn(role_arn)
    if role is None or not ask_for_service(service, ACTION, role_arn, source):
        raise AccessDeniedError(f"{service} is not authorized to perform: {ACTION} on resource: {role_arn}")
    try:
        check_session_policy(policy)
    except RefusedError as error:
        raise AccessDeniedError(error.message) from error
    return sts_backends[role.account_id][PARTITION].assume_role(
        region_name=REGION,
        role_session_name=session_name,
        role_arn=role_arn,
        policy=policy or "",
        duration=_DEFAULT,
        external_id="",
    )
