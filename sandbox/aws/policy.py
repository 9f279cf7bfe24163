"""A policy document, read once and then asked often."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from sandbox.aws.conditions import Condition, read_condition
from sandbox.aws.patterns import Context, Pattern, action_matches
from sandbox.aws.principals import Caller, Grant, PrincipalSet, read_principals


class PolicyError(ValueError):
    """A policy document that is not one."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy."""

    allows: bool
    actions: tuple[str, ...]
    except_actions: bool
    resources: tuple[Pattern, ...] | None
    """None where a statement names no resource: a role's trust policy is about the role itself."""
    except_resources: bool
    principals: PrincipalSet | None
    except_principals: bool
    conditions: tuple[Condition, ...]

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Say whether the statement speaks of this action on this resource under these conditions."""
        if any(action_matches(pattern, action) for pattern in self.actions) == self.except_actions:
            return False
        if self.resources is not None:
            named = any(pattern.like_arn(resource, context) for pattern in self.resources)
            if named == self.except_resources:
                return False
        return all(condition.holds(context) for condition in self.conditions)

    def grant_to(self, caller: Caller) -> Grant:
        """Say how closely the statement names the caller; one without principals belongs to its caller."""
        if self.principals is None:
            return Grant.CALLER
        if self.except_principals:
            return Grant.NONE if self.principals.exempts(caller) else Grant.CALLER
        return self.principals.grant_to(caller)


@dataclass(frozen=True)
class Policy:
    """A policy document's statements."""

    allows: tuple[Statement, ...]
    denies: tuple[Statement, ...]

    def denied(self, caller: Caller, action: str, resource: str, context: Context) -> bool:
        """Say whether a statement denies the request."""
        return any(
            statement.grant_to(caller) and statement.covers(action, resource, context) for statement in self.denies
        )

    def granted(self, caller: Caller, action: str, resource: str, context: Context) -> Grant:
        """Say how closely the statements that allow the request name the caller."""
        grants = (
            statement.grant_to(caller) for statement in self.allows if statement.covers(action, resource, context)
        )
        return max(grants, default=Grant.NONE)


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


def _read_conditions(block: object, *, variables: bool) -> tuple[Condition, ...]:
    if not isinstance(block, dict):
        raise PolicyError(f"Condition must be an object, got {block!r}")
    conditions: list[Condition] = []
    for operator, keys in cast("dict[str, object]", block).items():
        if not isinstance(keys, dict):
            raise PolicyError(f"Condition {operator} must be an object, got {keys!r}")
        for key, values in cast("dict[str, object]", keys).items():
            patterns = tuple(Pattern(_condition_value(value), variables) for value in _as_list(values))
            conditions.append(read_condition(operator, key, patterns))
    return tuple(conditions)


def _read_statement(value: object, *, variables: bool) -> Statement:
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
    if resources is None and principals is None:
        raise PolicyError("a statement names neither a Resource nor a Principal")
    return Statement(
        allows=effect == "Allow",
        actions=_texts("Action", actions),
        except_actions=except_actions,
        resources=None
        if resources is None
        else tuple(Pattern(text, variables) for text in _texts("Resource", resources)),
        except_resources=except_resources,
        principals=None if principals is None else read_principals(principals),
        except_principals=except_principals,
        conditions=_read_conditions(statement.get("Condition", {}), variables=variables),
    )


@lru_cache(maxsize=2048)
def read_policy(text: str) -> Policy:
    """Read a policy document; raises PolicyError, PrincipalError or UnknownOperatorError.

    What was read is kept, because the same few documents are asked at each request.
    """
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
    statements = [_read_statement(value, variables=variables) for value in _as_list(elements.get("Statement", []))]
    return Policy(
        allows=tuple(statement for statement in statements if statement.allows),
        denies=tuple(statement for statement in statements if not statement.allows),
    )
