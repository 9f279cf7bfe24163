"""A policy document, read once and then asked often."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from sandbox.aws.conditions import Condition, NullCondition, read_condition
from sandbox.aws.patterns import ActionSet, Context, Pattern, arn_pattern, read_actions
from sandbox.aws.principals import Caller, Grant, PrincipalSet, read_principals
from sandbox.aws.unreadable import PolicyError


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy."""

    allows: bool
    actions: ActionSet
    except_actions: bool
    resources: tuple[Pattern, ...] | None
    """None where a statement names no resource: a role's trust policy is about the role itself."""
    except_resources: bool
    principals: PrincipalSet | None
    except_principals: bool
    conditions: tuple[Condition | NullCondition, ...]

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Say whether the statement speaks of this action on this resource under these conditions."""
        if (action in self.actions) == self.except_actions or not self._names(resource, context):
            return False
        for condition in self.conditions:  # noqa: SIM110  # a generator costs more than all else here
            if not condition.holds(context):
                return False
        return True

    def _names(self, resource: str, context: Context) -> bool:
        if self.resources is None:
            return True
        if self.except_resources and not all(pattern.resolves(context) for pattern in self.resources):
            return False  # a variable without a value makes the statement invalid
        for pattern in self.resources:
            if pattern.like_arn(resource, context):
                return not self.except_resources
        return self.except_resources

    def grant_to(self, caller: Caller) -> Grant:
        """Say how closely the statement names the caller; one without principals belongs to its caller."""
        return Grant.CALLER if self.principals is None else self.principals.grant_to(caller)

    def denies_to(self, caller: Caller, *, bounded: bool) -> bool:
        """Say whether the statement is about the caller; `bounded` where it has a permissions boundary.

        NotPrincipal spares nobody who has a permissions boundary:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
        """
        if self.principals is None or not self.except_principals:
            return bool(self.grant_to(caller))
        return bounded or not self.principals.exempts(caller)


@dataclass(frozen=True)
class Policy:
    """A policy document's statements."""

    allows: tuple[Statement, ...]
    denies: tuple[Statement, ...]

    def denied(self, caller: Caller, action: str, resource: str, context: Context, *, bounded: bool) -> bool:
        """Say whether a statement denies the request; `bounded` where the caller has a permissions boundary."""
        for statement in self.denies:  # a generator costs more than all else here
            if statement.covers(action, resource, context) and statement.denies_to(caller, bounded=bounded):
                return True
        return False

    def granted(self, caller: Caller, action: str, resource: str, context: Context) -> Grant:
        """Say how closely the statements that allow the request name the caller."""
        closest = Grant.NONE
        for statement in self.allows:
            if closest is Grant.CALLER:
                break
            if statement.covers(action, resource, context):
                closest = max(closest, statement.grant_to(caller))
        return closest


def _as_list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _texts(element: str, value: object) -> tuple[str, ...]:
    texts = _as_list(value)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise PolicyError(f"{element} must be a text or a list of texts, got {value!r}")
    return tuple(cast("list[str]", texts))


def _condition_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise PolicyError(f"a condition's value must be a text, a number or a boolean, got {value!r}")


def _either(statement: Mapping[str, object], element: str) -> tuple[object, bool]:
    """Give the value of `Element` or `NotElement`, and whether it is the latter."""
    plain, negated = statement.get(element), statement.get(f"Not{element}")
    if plain is not None and negated is not None:
        raise PolicyError(f"a statement has both {element} and Not{element}")
    return (negated, True) if negated is not None else (plain, False)


_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}
)


def _read_conditions(block: object, *, variables: bool) -> tuple[Condition | NullCondition, ...]:
    if not isinstance(block, dict):
        raise PolicyError(f"Condition must be an object, got {block!r}")
    conditions: list[Condition | NullCondition] = []
    for operator, keys in cast("dict[str, object]", block).items():
        if not isinstance(keys, dict):
            raise PolicyError(f"Condition {operator} must be an object, got {keys!r}")
        for key, values in cast("dict[str, object]", keys).items():
            patterns = tuple(Pattern(_condition_value(value), variables) for value in _as_list(values))
            conditions.append(read_condition(operator, key, patterns))
    return tuple(conditions)


def _read_statement(value: object, *, variables: bool, of_resource: bool) -> Statement:
    if not isinstance(value, dict):
        raise PolicyError(f"a statement must be an object, got {value!r}")
    statement = cast("dict[str, object]", value)
    if unknown := set(statement) - _ELEMENTS:
        raise PolicyError(f"a statement has unknown elements: {', '.join(sorted(unknown))}")
    effect = statement.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise PolicyError(f"Effect must be Allow or Deny, got {effect!r}")
    actions, except_actions = _either(statement, "Action")
    resources, except_resources = _either(statement, "Resource")
    principals, except_principals = _either(statement, "Principal")
    if of_resource and principals is None:
        raise PolicyError("a statement of a resource's policy must name a Principal")
    if not of_resource and principals is not None:
        raise PolicyError("a statement of a caller's own policy must not name a Principal")
    if not of_resource and resources is None:
        raise PolicyError("a statement names no Resource")
    if except_principals and effect == "Allow":
        raise PolicyError("NotPrincipal is for Deny alone: with Allow it would let in everybody else")
    return Statement(
        allows=effect == "Allow",
        actions=read_actions(_texts("Action", actions)),
        except_actions=except_actions,
        resources=None
        if resources is None
        else tuple(arn_pattern(text, variables=variables) for text in _texts("Resource", resources)),
        except_resources=except_resources,
        principals=None if principals is None else read_principals(principals),
        except_principals=except_principals,
        conditions=_read_conditions(statement.get("Condition", {}), variables=variables),
    )


@lru_cache(maxsize=2048)
def read_policy(text: str) -> Policy:
    """Read a policy of a caller's own: an identity's, a session's or a permissions boundary; raises PolicyError.

    What was read is kept, because the same few documents are asked at each request.
    """
    return _read(text, of_resource=False)


@lru_cache(maxsize=2048)
def read_resource_policy(text: str) -> Policy:
    """Read the policy of a resource, such as a bucket, a key or a role (its trust); raises PolicyError."""
    return _read(text, of_resource=True)


def _read(text: str, *, of_resource: bool) -> Policy:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise PolicyError(f"a policy must be JSON: {error}") from error
    if not isinstance(document, dict):
        raise PolicyError(f"a policy must be an object, got {document!r}")
    elements = cast("dict[str, object]", document)
    version = elements.get("Version", "2008-10-17")
    if version not in {"2008-10-17", "2012-10-17"}:
        raise PolicyError(f"Version must be 2012-10-17 or 2008-10-17, got {version!r}")
    variables = version == "2012-10-17"
    statements = [
        _read_statement(value, variables=variables, of_resource=of_resource)
        for value in _as_list(elements.get("Statement", []))
    ]
    return Policy(
        allows=tuple(statement for statement in statements if statement.allows),
        denies=tuple(statement for statement in statements if not statement.allows),
    )
