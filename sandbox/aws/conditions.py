"""The condition block of a policy's statement.

An operator that is not in the table here is refused with UnknownOperatorError when the policy is read: a guard that
guesses is none. What the operators mean is in AWS's reference, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from sandbox.aws.patterns import Context, Pattern


class UnknownOperatorError(ValueError):
    """A policy uses a condition operator that the evaluator does not know."""


Test = Callable[[Pattern, str, Context], bool]
"""Whether a request's value meets one of the policy's values."""


def _ignoring_case(pattern: Pattern, value: str, context: Context) -> bool:
    filled = pattern.filled(context)
    return filled is not None and filled.casefold() == value.casefold()


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(text: str) -> Decimal | None:
    """Give a date's seconds since 1970, for an ISO 8601 text or seconds."""
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Decimal(str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


def _compare(read: Callable[[str], Decimal | None], holds: Callable[[Decimal, Decimal], bool]) -> Test:
    def test(pattern: Pattern, value: str, _: Context) -> bool:
        wanted, given = read(pattern.text), read(value)
        return wanted is not None and given is not None and holds(given, wanted)

    return test


def _boolean(pattern: Pattern, value: str, _: Context) -> bool:
    return pattern.text.lower() == value.lower()


def _in_network(pattern: Pattern, value: str, _: Context) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(pattern.text, strict=False)
    except ValueError:
        return False


def _same_bytes(pattern: Pattern, value: str, _: Context) -> bool:
    try:
        return base64.b64decode(pattern.text, validate=True) == base64.b64decode(value, validate=True)
    except binascii.Error:
        return False


def _orders(family: str, read: Callable[[str], Decimal | None]) -> dict[str, Test]:
    return {
        f"{family}equals": _compare(read, operator.eq),
        f"{family}lessthan": _compare(read, operator.lt),
        f"{family}lessthanequals": _compare(read, operator.le),
        f"{family}greaterthan": _compare(read, operator.gt),
        f"{family}greaterthanequals": _compare(read, operator.ge),
    }


_POSITIVE: dict[str, Test] = {
    "stringequals": Pattern.equals,
    "stringequalsignorecase": _ignoring_case,
    "stringlike": Pattern.like,
    "arnequals": Pattern.like_arn,
    "arnlike": Pattern.like_arn,
    "bool": _boolean,
    "binaryequals": _same_bytes,
    "ipaddress": _in_network,
    **_orders("numeric", _number),
    **_orders("date", _moment),
}
_NEGATIVE: dict[str, Test] = {
    "stringnotequals": Pattern.equals,
    "stringnotequalsignorecase": _ignoring_case,
    "stringnotlike": Pattern.like,
    "arnnotequals": Pattern.like_arn,
    "arnnotlike": Pattern.like_arn,
    "notipaddress": _in_network,
    "numericnotequals": _compare(_number, operator.eq),
    "datenotequals": _compare(_moment, operator.eq),
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One operator on one key: `{"StringLike": {"s3:prefix": ["a/*"]}}`."""

    key: str
    values: tuple[Pattern, ...]
    test: Test | None
    """None for `Null`, which asks only whether the key is there."""
    negative: bool
    if_exists: bool
    quantifier: str | None
    """`forallvalues`, `foranyvalue`, or None."""

    def holds(self, context: Context) -> bool:
        """Say whether a request with these condition keys meets the condition."""
        given = context.get(self.key, ())
        if self.test is None:
            return any((value.text.lower() == "true") == (not given) for value in self.values)
        if not given:
            return self._holds_without_value()
        if self.quantifier == "forallvalues":
            return all(self._meets(value, context) for value in given)
        if self.quantifier is None and self.negative:
            return all(self._meets(value, context) for value in given)
        return any(self._meets(value, context) for value in given)

    def _holds_without_value(self) -> bool:
        if self.quantifier is not None:
            return self.quantifier == "forallvalues" or self.if_exists
        return self.negative or self.if_exists

    def _meets(self, value: str, context: Context) -> bool:
        test = self.test
        found = test is not None and any(test(pattern, value, context) for pattern in self.values)
        return found != self.negative


def read_condition(name: str, key: str, values: tuple[Pattern, ...]) -> Condition:
    """Read one operator and key of a condition block; raises UnknownOperatorError."""
    quantifier, colon, rest = name.lower().partition(":")
    if colon and quantifier not in {"forallvalues", "foranyvalue"}:
        raise UnknownOperatorError(f"condition operator {name!r}: {quantifier!r} is no set operator")
    base = rest if colon else quantifier
    if_exists = base.endswith("ifexists")
    base = base.removesuffix("ifexists")
    is_null = base == "null" and not colon and not if_exists
    if not is_null and base not in _POSITIVE and base not in _NEGATIVE:
        raise UnknownOperatorError(f"condition operator {name!r} is not known to the sandbox's policy evaluator")
    return Condition(
        key=key.lower(),
        values=values,
        test=None if is_null else _POSITIVE.get(base) or _NEGATIVE[base],
        negative=base in _NEGATIVE,
        if_exists=if_exists,
        quantifier=quantifier if colon else None,
    )
