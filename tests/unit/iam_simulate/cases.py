"""A request and all that governs it, in one form for our evaluator and for the independent one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.policy import read_policy, read_resource_policy
from sandbox.aws.principals import Caller, CallerKind

Document = Mapping[str, object]

ACCOUNT = "123456789012"
FOREIGN_ACCOUNT = "999999999999"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request."""

    shape: str
    """What kind of request it is, for a reader of a failure."""
    caller: Caller
    action: str
    resource: str
    account: str = ACCOUNT
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict[str, str])
    identity: Sequence[Document] = ()
    boundary: Document | None = None
    session: Document | None = None
    resource_policy: Document | None = None

    def simulation(self) -> dict[str, object]:
        """Give the request in iam-simulate's form."""
        simulation: dict[str, object] = {
            "request": {
                "principal": self.caller.arn,
                "action": self.action,
                "resource": {"resource": self.resource, "accountId": self.account},
                "contextVariables": self.context,
            },
            "identityPolicies": [{"name": f"p{n}", "policy": policy} for n, policy in enumerate(self.identity)],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        if self.session is not None:
            simulation["sessionPolicy"] = self.session
        if self.boundary is not None:
            simulation["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": self.boundary}]
        if self.resource_policy is not None:
            simulation["resourcePolicy"] = self.resource_policy
        return simulation

    def our_answer(self) -> str:
        """Give our evaluator's answer: A (allowed), D (explicitly denied) or I (implicitly denied)."""
        decision = decide(
            Request(
                caller=self.caller,
                action=self.action,
                resource=self.resource,
                resource_account=self.account,
                context=context_of(self.context),
            ),
            Policies(
                identity=tuple(read_policy(json.dumps(policy)) for policy in self.identity),
                boundary=None if self.boundary is None else read_policy(json.dumps(self.boundary)),
                session=None if self.session is None else read_policy(json.dumps(self.session)),
                resource=None
                if self.resource_policy is None
                else read_resource_policy(json.dumps(self.resource_policy)),
                resource_must_allow=self.action == "sts:AssumeRole" or ":key/" in self.resource,
            ),
        )
        if decision:
            return "A"
        return "D" if decision.explicit else "I"


def user(name: str, account: str = ACCOUNT) -> Caller:
    """Give an IAM user as caller."""
    return Caller(kind=CallerKind.USER, arn=f"arn:aws:iam::{account}:user/{name}", account=account)


def session(role: str, name: str, account: str = ACCOUNT, path: str = "/") -> Caller:
    """Give a role's session as caller."""
    return Caller(
        kind=CallerKind.SESSION,
        arn=f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        account=account,
        role_arn=f"arn:aws:iam::{account}:role{path}{role}",
    )


def service(name: str) -> Caller:
    """Give an AWS service as caller."""
    return Caller(kind=CallerKind.SERVICE, arn=name, account="")


def document(*statements: Document) -> Document:
    """Write a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}
