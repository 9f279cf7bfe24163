"""JSON filter patterns of CloudWatch Logs, and the states that an alarm's periods make."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.alarms import State, state_of
from sandbox.aws.log_patterns import PatternError, read_event, read_pattern

LOGIN = {"activity-type": "AUTH_FAILURE", "user": "skyway", "bytes-in": "12", "size": 12, "ok": False, "role": None}
NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True)


def matches(pattern: str, event: object = LOGIN) -> bool:
    return read_pattern(pattern)(read_event(json.dumps(event)))


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        '{ $.activity-type = "AUTH_FAILURE" }',
        "{$.activity-type=AUTH_FAILURE}",
        '{ ($.activity-type = "AUTH_FAILURE") && ($.user = "rail" || $.user = "skyway") }',
        '{ $.user = "rail" && $.user = "road" || $.user = "sky*" }',
        '{ $.user = "*way" }',
        '{ $.user != "rail" }',
        "{ $.size = 12 }",
        "{ $.size >= 1.2e1 && $.size < 13 }",
        "{ $.bytes-in = 12 }",
        "{ $.ok IS FALSE }",
        "{ $.role IS NULL }",
        "{ $.path NOT EXISTS }",
    ],
)
def test_a_pattern_matches(pattern: str) -> None:
    assert matches(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.user = "SKYWAY" }',
        '{ $.user = "sky" }',
        '{ $.user != "sky*" }',
        '{ $.path != "a" }',
        "{ $.size > 12 }",
        "{ $.bytes-in > 1 }",
        "{ $.path IS NULL }",
        "{ $.role NOT EXISTS }",
        '{ $.user = "skyway" && ($.size = 1 || $.size = 2) }',
    ],
)
def test_a_pattern_does_not_match(pattern: str) -> None:
    assert not matches(pattern)


def test_a_pattern_reaches_into_objects_and_lists() -> None:
    event = {"a": {"b": [{"c": 'say "hi"'}, 2]}}
    assert matches(r'{ $.a.b[0].c = "say \"hi\"" }', event)
    assert matches("{ $.a.b[1] = 2 }", event)
    assert not matches("{ $.a.b[2] = 2 }", event)


def test_a_text_that_is_no_json_matches_only_the_empty_pattern() -> None:
    assert read_pattern("")(read_event("plain"))
    assert not read_pattern('{ $.user = "*" }')(read_event("plain"))


@pytest.mark.parametrize(
    "pattern",
    [
        "ERROR",
        "[ip, user]",
        "{ user = 1 }",
        "{ $.user = }",
        "{ $.user = %a+% }",
        "{ $.user > sky }",
        "{ ($.user = 1 }",
        "{ $.user = 1 } more",
        "{" + "(" * 500 + "$.a = 1" + ")" * 500 + "}",
    ],
)
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        read_pattern(pattern)


@given(st.lists(NAMES, min_size=1, max_size=12), NAMES)
def test_a_chunk_of_users_matches_exactly_its_users(users: list[str], other: str) -> None:
    either = " || ".join(f'$.user = "{user}"' for user in users)
    pattern = f'{{ ($.activity-type = "AUTH_FAILURE") && ({either}) }}'
    assert all(matches(pattern, {**LOGIN, "user": user}) for user in users)
    assert matches(pattern, {**LOGIN, "user": other}) is (other in users)
    assert not matches(pattern, {"activity-type": "ERROR", "user": users[0]})


@pytest.mark.parametrize(
    ("values", "needed", "missing", "expected"),
    [
        ([5.0], 1, "notBreaching", "ALARM"),
        ([4.0], 1, "notBreaching", "OK"),
        ([None], 1, "notBreaching", "OK"),
        ([None], 1, "missing", "INSUFFICIENT_DATA"),
        ([None], 1, "breaching", "ALARM"),
        ([None], 1, "ignore", "ALARM"),
        ([5.0, None, 5.0], 2, "missing", "ALARM"),
        ([5.0, None, 4.0], 2, "missing", "OK"),
        ([5.0, None, 4.0], 2, "breaching", "ALARM"),
    ],
)
def test_the_state_of_an_alarm(values: list[float | None], needed: int, missing: str, expected: State) -> None:
    state = state_of(values, is_breaching=lambda value: value >= 5, needed=needed, missing=missing, now="ALARM")
    assert state == expected
