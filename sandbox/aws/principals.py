"""Who asks: the callers that a policy can name, and the `Principal` element that names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import cast

from sandbox.aws.unreadable import PolicyError


class CallerKind(StrEnum):
    """The kinds of caller, in the words of `aws:PrincipalType`."""

    USER = "User"
    SESSION = "AssumedRole"
    SERVICE = "Service"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who makes a request."""

    kind: CallerKind
    arn: str
    """The user's or the session's ARN; for a service its name, such as `transfer.amazonaws.com`."""
    account: str
    """The account of the user or of the session's role; empty for a service."""
    role_arn: str | None = None
    """The role behind a session."""

    @cached_property
    def principal_arn(self) -> str:
        """The value of `aws:PrincipalArn`: for a session, its role."""
        return self.role_arn or self.arn

    @cached_property
    def root_arn(self) -> str:
        """The ARN that stands for the caller's whole account."""
        return f"arn:aws:iam::{self.account}:root"


class Grant(IntEnum):
    """How closely a resource's policy names the caller; the closer, the less else is asked."""

    NONE = 0
    ACCOUNT = 1
    """The caller's account is named: the account's own IAM policies decide."""
    ROLE = 2
    """The session's role is named: session policies and permissions boundaries still cap it."""
    CALLER = 3
    """The user, the very session, or everyone is named."""


class PrincipalError(PolicyError):
    """A `Principal` element that the evaluator does not understand."""


_ACCOUNT = re.compile(r"\d{12}")
_NAMES = {
    "AWS": re.compile(r"\*|\d{12}|arn:aws:(iam::\d{12}:(root|(user|role)/[^*?]+)|sts::\d{12}:assumed-role/[^*?]+)"),
    "Service": re.compile(r"[a-z0-9.-]+"),
    "Federated": re.compile(r"[^*?]+"),
}
"""What may stand for a principal of each kind: no wildcards but `*` for everyone."""


@dataclass(frozen=True, kw_only=True)
class PrincipalSet:
    """A `Principal` or `NotPrincipal` element."""

    everyone: bool
    aws: frozenset[str]
    services: frozenset[str]

    def grant_to(self, caller: Caller) -> Grant:
        """Say how closely this element names `caller`."""
        if self.everyone:
            return Grant.CALLER
        if caller.kind is CallerKind.SERVICE:
            return Grant.CALLER if caller.arn in self.services else Grant.NONE
        if caller.arn in self.aws:
            return Grant.CALLER
        if caller.role_arn in self.aws:
            return Grant.ROLE
        return Grant.ACCOUNT if caller.root_arn in self.aws else Grant.NONE

    def exempts(self, caller: Caller) -> bool:
        """Say whether a `NotPrincipal` spares `caller`: it has to list it with its role and its account.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        if self.everyone:
            return True
        if caller.kind is CallerKind.SERVICE:
            return caller.arn in self.services
        return {caller.arn, caller.principal_arn, caller.root_arn} <= self.aws


def read_principals(element: object) -> PrincipalSet:
    """Read a `Principal` element; raises PrincipalError for what it does not understand."""
    if element == "*":
        return PrincipalSet(everyone=True, aws=frozenset(), services=frozenset())
    if not isinstance(element, Mapping):
        raise PrincipalError(f"Principal must be '*' or an object, got {element!r}")
    named: dict[str, list[str]] = {kind: [] for kind in _NAMES}
    for kind, values in cast("Mapping[str, object]", element).items():
        if kind not in _NAMES:
            raise PrincipalError(f"Principal of kind {kind!r} is not known; known are {', '.join(sorted(_NAMES))}")
        for value in cast("list[object]", values) if isinstance(values, list) else [values]:
            if not isinstance(value, str) or _NAMES[kind].fullmatch(value) is None:
                raise PrincipalError(
                    f"Principal {kind} is not one that the sandbox's policy evaluator knows: {value!r}"
                )
            named[kind].append(value)
    aws = {f"arn:aws:iam::{name}:root" if _ACCOUNT.fullmatch(name) else name for name in named["AWS"]}
    return PrincipalSet(everyone="*" in aws, aws=frozenset(aws), services=frozenset(named["Service"]))
