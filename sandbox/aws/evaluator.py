"""The decision on one request: IAM's evaluation logic as a pure function.

An explicit deny anywhere wins. Then the caller's account and the resource's account decide what has to allow:
in one account, the caller's own policies or the resource's policy; across accounts, both; a KMS key and a role
have to allow by their own policy always. Session policies and permissions boundaries only ever cap.

Left out, because nothing in the sandbox has them: service control policies, resource control policies, VPC endpoint
policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.aws.decision import Decision
from sandbox.aws.patterns import Context
from sandbox.aws.policy import Policy
from sandbox.aws.principals import Caller, CallerKind, Grant


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for."""

    caller: Caller
    action: str
    """Such as `s3:GetObject`."""
    resource: str
    """An ARN, or `*` where the action has none."""
    resource_account: str
    """The account that owns the resource."""
    context: Context = field(default_factory=dict[str, tuple[str, ...]])


def context_of(values: Mapping[str, str | Sequence[str]]) -> Context:
    """Give condition keys as the evaluator wants them: keys in lower case, each with a tuple of values."""
    return {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in values.items()
        if value != ()
    }


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What governs a request."""

    identity: tuple[Policy, ...] = ()
    """The policies of the caller: a user's own, or those of a session's role."""
    boundary: Policy | None = None
    session: Policy | None = None
    resource: Policy | None = None
    resource_must_allow: bool = False
    """True for KMS keys and roles: without their own policy's word, no IAM policy opens them."""


def decide(request: Request, policies: Policies) -> Decision:
    """Decide on one request."""
    denier = _denier(request, policies)
    if denier is not None:
        return Decision(allowed=False, reason=f"with an explicit deny in {denier}", explicit=True)
    by_resource = _granted(request, policies.resource)
    same_account = request.caller.account == request.resource_account
    if request.caller.kind is CallerKind.SERVICE:
        return _allowed() if by_resource else _implicit(request, "resource-based policy")
    missing = _missing_from_caller(request, policies)
    if same_account and by_resource is Grant.CALLER:
        return _allowed()
    if same_account and by_resource is Grant.ROLE:
        capped_by = _missing_cap(request, policies)
        return _allowed() if capped_by is None else _implicit(request, capped_by)
    if (policies.resource_must_allow or not same_account) and not by_resource:
        return _implicit(request, "resource-based policy")
    return _allowed() if missing is None else _implicit(request, missing)


def _denier(request: Request, policies: Policies) -> str | None:
    asked = (request.caller, request.action, request.resource, request.context)
    bounded = policies.boundary is not None
    for policy in policies.identity:
        if policy.denied(*asked, bounded=bounded):
            return "an identity-based policy"
    if policies.boundary is not None and policies.boundary.denied(*asked, bounded=bounded):
        return "a permissions boundary"
    if policies.session is not None and policies.session.denied(*asked, bounded=bounded):
        return "a session policy"
    if policies.resource is not None and policies.resource.denied(*asked, bounded=bounded):
        return "a resource-based policy"
    return None


def _granted(request: Request, policy: Policy | None) -> Grant:
    if policy is None:
        return Grant.NONE
    return policy.granted(request.caller, request.action, request.resource, request.context)


def _missing_from_caller(request: Request, policies: Policies) -> str | None:
    """Name the kind of the caller's own policies that does not allow the request."""
    if not any(_granted(request, policy) for policy in policies.identity):
        return "identity-based policy"
    return _missing_cap(request, policies)


def _missing_cap(request: Request, policies: Policies) -> str | None:
    if policies.boundary is not None and not _granted(request, policies.boundary):
        return "permissions boundary"
    if policies.session is not None and not _granted(request, policies.session):
        return "session policy"
    return None


def _allowed() -> Decision:
    return Decision(allowed=True, reason="allowed")


def _implicit(request: Request, kind: str) -> Decision:
    return Decision(allowed=False, reason=f"because no {kind} allows the {request.action} action")
