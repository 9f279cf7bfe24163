"""IAM's policy simulator, SimulatePrincipalPolicy: moto has none, so the sandbox's own evaluator answers.

Left out: the statements that matched and the details by kind of policy, which AWS lists beside each decision; a
`CallerArn` beside the principal itself, and with it a resource policy for a role; `PolicyExclusionList`.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.iam.exceptions import IAMException, InvalidInput, NotFoundException
from moto.iam.responses import IamResponse

from sandbox.aws.accounts import iam_of, policies_of, role_by_arn
from sandbox.aws.authority import simulate
from sandbox.aws.principals import Caller, CallerKind
from sandbox.aws.unreadable import PolicyError

_PAGE = 100
_VARIABLE = re.compile(r"\$\{([\w:/-]+)")


class PolicyEvaluationError(IAMException):
    """A policy that the evaluator does not understand."""

    code = "PolicyEvaluation"


def install() -> None:
    """Let moto's IAM simulate."""
    # moto finds an operation by a method's name, and has none of this one that could be replaced.
    setattr(IamResponse, "simulate_principal_policy", _simulate_principal_policy)  # noqa: B010


def _simulate_principal_policy(response: IamResponse) -> ActionResult:
    """Decide on each of the request's actions on each of its resources, a page at a time."""
    given: dict[str, Any] = response._get_params()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # moto's way
    caller = _caller(given["PolicySourceArn"])
    _refuse_what_is_left_out(given, caller)
    keys = {entry["ContextKeyName"]: _values(entry) for entry in given.get("ContextEntries", [])}
    further = cast("list[str]", given.get("PolicyInputList", []))
    boundaries = cast("list[str]", given.get("PermissionsBoundaryPolicyInputList", []))
    missing = _missing_keys((*policies_of(caller).identity, *further, *boundaries), keys)
    pairs = [(action, resource) for action in given["ActionNames"] for resource in given.get("ResourceArns") or ["*"]]
    start, size = int(given.get("Marker") or 0), int(given.get("MaxItems") or _PAGE)
    results: list[dict[str, Any]] = []
    for action, resource in pairs[start : start + size]:
        try:
            decision = simulate(
                caller,
                action,
                resource,
                keys,
                further=further,
                boundary=boundaries[0] if boundaries else None,
                resource_policy=given.get("ResourcePolicy"),
            )
        except PolicyError as error:
            raise PolicyEvaluationError(f"The sandbox cannot evaluate a policy: {error}") from error
        verdict = "allowed" if decision else "explicitDeny" if decision.explicit else "implicitDeny"
        results.append(
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": verdict,
                "MatchedStatements": [],
                "MissingContextValues": missing,
            }
        )
    more = start + size < len(pairs)
    return ActionResult(
        {"EvaluationResults": results, "IsTruncated": more, **({"Marker": str(start + size)} if more else {})}
    )


def _caller(arn: str) -> Caller:
    """Give the principal of an ARN as whoever would make the requests: for a role, a session of it."""
    role = role_by_arn(arn)
    if role is not None:
        return Caller(kind=CallerKind.SESSION, arn=f"{arn}/simulated", account=role.account_id, role_arn=arn)
    account = arn.split(":")[4] if arn.count(":") > 4 else ""  # noqa: PLR2004  # the place of the account in an ARN
    if any(user.arn == arn for user in tuple(iam_of(account).users.values())):
        return Caller(kind=CallerKind.USER, arn=arn, account=account)
    raise NotFoundException(f"{arn} is no role and no user of the sandbox")


def _refuse_what_is_left_out(given: Mapping[str, Any], caller: Caller) -> None:
    if given.get("CallerArn", caller.principal_arn) != caller.principal_arn or given.get("PolicyExclusionList"):
        raise InvalidInput("The sandbox simulates a principal as itself, with all its policies; see docs/deviations.md")
    if given.get("ResourcePolicy") and caller.kind is not CallerKind.USER:
        raise InvalidInput("You must specify the ARN of an IAM user as the caller of a request to a resource policy")


def _values(entry: Mapping[str, Any]) -> str | list[str]:
    values = cast("list[str]", entry.get("ContextKeyValues", []))
    return values[0] if len(values) == 1 and not str(entry["ContextKeyType"]).endswith("List") else values


def _missing_keys(documents: Iterable[str], keys: Mapping[str, object]) -> list[str]:
    """Give the condition keys of policies that a simulation was not given a value for."""
    known = {key.lower() for key in keys}
    used = {key for document in documents for key in (*_condition_keys(document), *_VARIABLE.findall(document))}
    return sorted(key for key in used if key.lower() not in known)


def _condition_keys(document: str) -> Iterator[str]:
    found = json.loads(document).get("Statement", [])
    statements = cast("list[dict[str, Any]]", found if isinstance(found, list) else [found])
    for statement in statements:
        for test in statement.get("Condition", {}).values():
            yield from test
