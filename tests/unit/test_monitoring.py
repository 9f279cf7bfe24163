"""What the door's log is watched for: patterns that hold every user once, and no more than CloudWatch takes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import monitoring
from sandbox.aws.log_patterns import read_event, read_pattern
from tests.stack_values import partner, read_partners

NAMES = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_@.-]{2,99}", fullmatch=True)
(SKYWAY,) = read_partners(partner())


def matches(pattern: str, **event: str) -> bool:
    return read_pattern(pattern)(read_event(json.dumps({name.replace("_", "-"): event[name] for name in event})))


@settings(deadline=None)
@given(st.sets(NAMES, max_size=60))
def test_each_user_stands_in_one_pattern_and_each_pattern_is_short_enough(users: set[str]) -> None:
    patterns = monitoring.failed_logins(users)
    assert all(len(pattern) <= monitoring.LONGEST_PATTERN for pattern in patterns)
    named = [sum(f"($.user = {json.dumps(user)})" in pattern for pattern in patterns) for user in users]
    assert named == [1] * len(users)
    assert sum(pattern.count("$.user") for pattern in patterns) == len(users)


@pytest.mark.parametrize("length", range(3, 101))
def test_patterns_are_full_and_never_too_long(length: int) -> None:
    users = [f"{n:03}".ljust(length, "x") for n in range(100)]
    patterns = monitoring.failed_logins(reversed(users))
    assert all(len(pattern) <= monitoring.LONGEST_PATTERN for pattern in patterns)
    one_more = len(f' || ($.user = "{users[0]}")')
    assert all(len(pattern) + one_more > monitoring.LONGEST_PATTERN for pattern in patterns[:-1])


def test_nobody_needs_no_pattern() -> None:
    assert monitoring.failed_logins([]) == ()


@settings(deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=4), NAMES)
def test_only_refused_logins_of_users_that_exist_are_counted(users: set[str], stranger: str) -> None:
    patterns = monitoring.failed_logins(users)

    def counted(user: str, activity: str = "AUTH_FAILURE") -> int:
        return sum(matches(pattern, activity_type=activity, user=user) for pattern in patterns)

    assert [counted(user) for user in users] == [1] * len(users)
    assert counted(stranger) == (stranger in users)
    assert not any(counted(user, "CONNECTED") for user in users)


@pytest.mark.parametrize(
    ("activity", "path", "counts"),
    [
        ("ERROR", "/landing/partners/skyway/orders/a.csv", True),
        ("PARTIAL_CLOSE", "/landing/partners/skyway/a.csv", True),
        ("CLOSE", "/landing/partners/skyway/a.csv", False),
        ("ERROR", "/landing/partners/skyway2/a.csv", False),
        ("ERROR", "/landing/outbox/skyway/a.csv", False),
        ("ERROR", "/other/partners/skyway/a.csv", False),
    ],
)
def test_failed_uploads_are_those_below_the_partners_inbox(activity: str, path: str, *, counts: bool) -> None:
    assert matches(monitoring.failed_uploads("landing", SKYWAY), activity_type=activity, path=path) is counts


def test_the_longest_names_make_a_pattern_that_cloudwatch_takes() -> None:
    (longest,) = read_partners(partner("p" * 32))
    assert len(monitoring.failed_uploads("b" * 63, longest)) <= monitoring.LONGEST_PATTERN
