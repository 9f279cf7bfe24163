"""The kinds of values that condition operators compare: numbers, dates, booleans, bytes, IP addresses.

Each reads the policy's value once, and refuses with a PolicyError what is not of its kind, in the policy and in the
request alike.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from sandbox.aws.patterns import Context, Pattern
from sandbox.aws.unreadable import PolicyError

Test = Callable[[str, Context], bool]
"""Whether a request's value meets one of the policy's values."""

TestOf = Callable[[Pattern], Test]
"""Reads one of the policy's values; raises PolicyError."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_SECONDS = re.compile(r"-?\d{5,}")  # fewer digits might be a year
_DAY_OR_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T.+)?")


def text_test(compare: Callable[[Pattern, str, Context], bool]) -> TestOf:
    """Give the test that `compare` makes of a text of the policy."""
    return lambda pattern: partial(compare, pattern)


def number(text: str) -> Decimal:
    """Read a number; raises PolicyError."""
    if _NUMBER.fullmatch(text) is None:
        raise PolicyError(f"a number is wanted, such as 10 or 0.5; got {text!r}")
    return Decimal(text)


def moment(text: str) -> Decimal:
    """Read a date as its seconds since 1970: ISO 8601, taken as UTC where it names no zone, or seconds."""
    if _SECONDS.fullmatch(text) is not None:
        return Decimal(text)
    if _DAY_OR_MOMENT.fullmatch(text) is not None:
        try:
            when = datetime.fromisoformat(text)
        except ValueError as error:
            raise PolicyError(f"{text!r} is not a date: {error}") from error
        return Decimal(str((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()))
    raise PolicyError(f"a date is wanted, such as 2026-11-24T10:00:00Z or seconds since 1970; got {text!r}")


def ordered(read: Callable[[str], Decimal], holds: Callable[[Decimal, Decimal], bool]) -> TestOf:
    """Give a comparison of values that have an order: the request's stands left."""

    def test_of(pattern: Pattern) -> Test:
        wanted = read(pattern.text)
        return lambda value, _: holds(read(value), wanted)

    return test_of


def boolean(pattern: Pattern) -> Test:
    """Compare with `true` or `false`."""
    wanted = _truth(pattern.text)
    return lambda value, _: _truth(value) == wanted


def _truth(text: str) -> bool:
    lower = text.lower()
    if lower not in {"true", "false"}:
        raise PolicyError(f"true or false is wanted, got {text!r}")
    return lower == "true"


def bits(pattern: Pattern) -> Test:
    """Compare bytes, written in base 64."""
    wanted = _bytes(pattern.text)
    return lambda value, _: _bytes(value) == wanted


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise PolicyError(f"bytes in base 64 are wanted, got {text!r}") from error


def network(pattern: Pattern) -> Test:
    """Look for an address in a network, or compare it with one address."""
    try:
        wanted = ipaddress.ip_network(pattern.text, strict=False)
    except ValueError as error:
        raise PolicyError(f"an IP address or network is wanted, such as 10.0.0.0/8; got {pattern.text!r}") from error
    return lambda value, _: _address(value) in wanted


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise PolicyError(f"an IP address is wanted, got {text!r}") from error
