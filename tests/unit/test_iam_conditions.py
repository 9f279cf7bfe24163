from __future__ import annotations

import pytest

from sandbox.aws.conditions import read_condition
from sandbox.aws.evaluator import context_of
from sandbox.aws.patterns import Pattern

GIVEN: dict[str, str | list[str]] = {
    "text": "Partners/a",
    "number": "10",
    "date": "2026-11-24T10:00:00Z",
    "flag": "true",
    "address": "10.1.2.3",
    "arn": "arn:aws:iam::123456789012:role/x",
    "bytes": "aGVsbG8=",
    "tags": ["red", "blue"],
    "none": [],
}


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("StringEquals", "text", ["Partners/a"], True),
        ("StringEquals", "text", ["partners/a"], False),
        ("StringEquals", "text", ["Partners/*"], False),
        ("StringEquals", "TEXT", ["x", "Partners/a"], True),
        ("StringEqualsIgnoreCase", "text", ["partners/A"], True),
        ("StringNotEqualsIgnoreCase", "text", ["partners/A"], False),
        ("StringNotEquals", "text", ["x", "Partners/a"], False),
        ("StringNotEquals", "missing", ["x"], True),
        ("StringEquals", "missing", ["x"], False),
        ("StringEqualsIfExists", "missing", ["x"], True),
        ("StringEqualsIfExists", "text", ["x"], False),
        ("StringNotEqualsIfExists", "missing", ["x"], True),
        ("StringLike", "text", ["Partners/?"], True),
        ("StringNotLike", "text", ["P*"], False),
        ("NumericEquals", "number", ["10.0"], True),
        ("NumericNotEquals", "number", ["10"], False),
        ("NumericLessThan", "number", ["10"], False),
        ("NumericLessThanEquals", "number", ["10"], True),
        ("NumericGreaterThan", "number", ["9"], True),
        ("NumericGreaterThanEquals", "number", ["11"], False),
        ("DateLessThan", "date", ["2026-11-24T11:00:00+00:00"], True),
        ("DateGreaterThan", "date", ["2026-11-24T12:00:00+01:00"], False),
        ("DateGreaterThan", "date", ["2026-11-24T12:00:00+03:00"], True),
        ("DateEquals", "date", ["1795514400"], True),
        ("Bool", "flag", ["true"], True),
        ("Bool", "flag", ["false"], False),
        ("BoolIfExists", "missing", ["true"], True),
        ("BinaryEquals", "bytes", ["aGVsbG8="], True),
        ("BinaryEquals", "bytes", ["aGVsbG9v"], False),
        ("IpAddress", "address", ["10.0.0.0/8"], True),
        ("NotIpAddress", "address", ["10.1.2.3"], False),
        ("IpAddress", "address", ["10.1.2.3/32", "fe80::/10"], True),
        ("NotIpAddress", "address", ["fe80::/10"], True),
        ("ArnLike", "arn", ["arn:aws:iam::*:role/*"], True),
        ("ArnEquals", "arn", ["arn:aws:iam::*:role/*"], True),
        ("ArnLike", "arn", ["arn:aws:iam:*:role/x:*"], False),
        ("ArnNotLike", "arn", ["arn:aws:iam::123456789012:*"], False),
        ("Null", "missing", ["true"], True),
        ("Null", "text", ["true"], False),
        ("Null", "text", ["false"], True),
        ("ForAllValues:StringEquals", "tags", ["red", "blue", "green"], True),
        ("ForAllValues:StringEquals", "tags", ["red"], False),
        ("ForAllValues:StringEquals", "none", ["red"], True),
        ("ForAnyValue:StringEquals", "tags", ["red"], True),
        ("ForAnyValue:StringEquals", "missing", ["red"], False),
        ("ForAnyValue:StringNotEquals", "tags", ["red"], True),
        ("ForAllValues:StringNotEquals", "tags", ["red"], False),
        ("ForAllValues:StringLikeIfExists", "missing", ["red"], True),
        ("StringNotEquals", "text", ["${aws:missing}"], False),
        ("StringNotEquals", "text", ["${aws:missing, 'guest'}"], True),
        ("StringNotEqualsIfExists", "missing", ["${aws:missing}"], True),
        ("ArnNotLike", "arn", ["arn:aws:iam::123456789012:role/${aws:missing}"], False),
        ("StringEquals", "text", ["${aws:missing}", "Partners/a"], True),
    ],
)
def test_operators(operator: str, key: str, values: list[str], *, holds: bool) -> None:
    condition = read_condition(operator, key, tuple(Pattern(value, variables=True) for value in values))
    assert condition.holds(context_of(GIVEN)) is holds


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ("${aws:username}/*", "ana/x", True),
        ("${aws:username}/*", "ben/x", False),
        ("${aws:missing, 'guest'}/x", "guest/x", True),
        ("${aws:missing}/x", "/x", False),
        ("a${*}b", "a*b", True),
        ("a${*}b", "axb", False),
        ("a${?}${$}", "a?$", True),
        ("a.c", "abc", False),
        ("a*", "a\nb", True),
    ],
)
def test_patterns(text: str, value: str, *, matches: bool) -> None:
    assert Pattern(text, variables=True).like(value, context_of({"aws:username": "ana"})) is matches
