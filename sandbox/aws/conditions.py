"""The condition block of a policy's statement.

What is not in the table of operators, a value that is not of its operator's kind, and several values for a key that
is compared without a set operator are refused with a PolicyError: a guard that guesses is none. What the operators
mean is in AWS's reference, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

from sandbox.aws.condition_values import Test, TestOf, bits, boolean, moment, network, number, ordered, text_test
from sandbox.aws.patterns import Context, Pattern, arn_pattern
from sandbox.aws.unreadable import PolicyError


class UnknownOperatorError(PolicyError):
    """A policy uses a condition operator that the evaluator does not know."""


def _ignoring_case(pattern: Pattern, value: str, context: Context) -> bool:
    filled = pattern.filled(context)
    return filled is not None and filled.casefold() == value.casefold()


def _like_arn(pattern: Pattern) -> Test:
    return arn_pattern(pattern.text, variables=pattern.variables).like_arn


_EQUALS: dict[str, TestOf] = {
    "string{}equals": lambda pattern: pattern.equals,
    "string{}equalsignorecase": text_test(_ignoring_case),
    "string{}like": lambda pattern: pattern.like,
    "arn{}equals": _like_arn,
    "arn{}like": _like_arn,
    "{}ipaddress": network,
    "numeric{}equals": ordered(number, operator.eq),
    "date{}equals": ordered(moment, operator.eq),
}
"""Operators that have a negative: the same with `not` in it."""

_ORDERS = {
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}
_POSITIVE: dict[str, TestOf] = {
    **{name.format(""): test for name, test in _EQUALS.items()},
    **{f"numeric{name}": ordered(number, order) for name, order in _ORDERS.items()},
    **{f"date{name}": ordered(moment, order) for name, order in _ORDERS.items()},
    "bool": boolean,
    "binaryequals": bits,
}
_NEGATIVE: dict[str, TestOf] = {name.format("not"): test for name, test in _EQUALS.items()}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One operator on one key: `{"StringLike": {"s3:prefix": ["a/*"]}}`."""

    name: str
    key: str
    tests: tuple[Test, ...]
    """For each of the policy's values, whether a request's value meets it."""
    unresolved: tuple[Pattern, ...]
    """The values that have variables."""
    negative: bool
    if_exists: bool
    quantifier: str | None
    """`forallvalues`, `foranyvalue`, or None."""

    def holds(self, context: Context) -> bool:
        """Say whether a request with these condition keys meets the condition; raises PolicyError."""
        given = context.get(self.key)
        if not given:
            return self.quantifier == "forallvalues" or (self.quantifier is None and (self.negative or self.if_exists))
        if self.negative and not all(value.resolves(context) for value in self.unresolved):
            # A variable without a value makes the statement invalid, so it does not make "not equal" true:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
            return False
        if self.quantifier == "foranyvalue":
            return any(self._meets(value, context) for value in given)
        if self.quantifier is None and len(given) > 1:
            raise PolicyError(f"{self.name} on {self.key}, which has several values, wants ForAnyValue or ForAllValues")
        return all(self._meets(value, context) for value in given)

    def _meets(self, value: str, context: Context) -> bool:
        for test in self.tests:
            if test(value, context):
                return not self.negative
        return self.negative


@dataclass(frozen=True, kw_only=True)
class NullCondition:
    """`Null`: whether a key is absent (`true`) or there (`false`)."""

    key: str
    absent: frozenset[bool]

    def holds(self, context: Context) -> bool:
        """Say whether the key's absence is one of those asked for."""
        return (not context.get(self.key)) in self.absent


def read_condition(name: str, key: str, values: tuple[Pattern, ...]) -> Condition | NullCondition:
    """Read one operator and key of a condition block; raises PolicyError."""
    quantifier, colon, rest = name.lower().partition(":")
    if colon and quantifier not in {"forallvalues", "foranyvalue"}:
        raise UnknownOperatorError(f"condition operator {name!r}: {quantifier!r} is no set operator")
    base = rest if colon else quantifier
    if base == "null" and not colon:
        return NullCondition(key=key.lower(), absent=frozenset(map(_absence, values)))
    if_exists = base.endswith("ifexists")
    base = base.removesuffix("ifexists")
    test_of = _POSITIVE.get(base) or _NEGATIVE.get(base)
    if test_of is None or (if_exists and quantifier == "foranyvalue"):
        # AWS does not say what ForAnyValue with IfExists makes of an absent key.
        raise UnknownOperatorError(f"condition operator {name!r} is not known to the sandbox's policy evaluator")
    return Condition(
        name=name,
        key=key.lower(),
        tests=tuple(map(test_of, values)),
        unresolved=tuple(value for value in values if value.has_variables),
        negative=base in _NEGATIVE,
        if_exists=if_exists,
        quantifier=quantifier if colon else None,
    )


def _absence(value: Pattern) -> bool:
    if value.text.lower() not in {"true", "false"}:
        raise PolicyError(f"Null wants true or false, got {value.text!r}")
    return value.text.lower() == "true"
