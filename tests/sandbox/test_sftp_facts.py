"""What a session remembers of objects: never longer than it is true."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.sftp import facts
from sandbox.sftp.facts import ObjectFacts, RecentFacts
from sandbox.sftp.paths import Location

FILE, OTHER = Location("b", "file"), Location("b", "other")


def of_size(size: int) -> ObjectFacts:
    return ObjectFacts(size=size, modified=datetime(2026, 1, 1, tzinfo=UTC))


def test_facts_hold_until_something_changes() -> None:
    changes = [7]
    recent = RecentFacts(lambda: changes[0])
    assert recent.of(FILE) is None
    recent.learn(7, {FILE: of_size(1)})
    recent.learn(7, {OTHER: of_size(2)})
    assert (recent.of(FILE), recent.of(OTHER)) == (of_size(1), of_size(2))
    changes[0] += 1
    assert recent.of(FILE) is None


def test_facts_do_not_hold_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(facts.time, "monotonic", lambda: now[0])
    recent = RecentFacts(lambda: 0)
    recent.learn(0, {FILE: of_size(1)})
    now[0] += facts.LONGEST_SECONDS - 0.1
    recent.learn(0, {OTHER: of_size(2)})
    assert recent.of(FILE) == of_size(1)
    now[0] += 0.2
    assert recent.of(FILE) is None


def test_as_many_are_kept_as_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "MOST", 1)
    recent = RecentFacts(lambda: 0)
    recent.learn(0, {FILE: of_size(1)})
    recent.learn(0, {OTHER: of_size(2)})
    assert (recent.of(FILE), recent.of(OTHER)) == (None, of_size(2))


@given(st.lists(st.sampled_from(["ask", "change", "hear", "look"])))
def test_nothing_that_was_true_before_a_change_is_told_after_it(steps: list[str]) -> None:
    """An answer may arrive after a change that it does not know of."""
    size = 0
    recent = RecentFacts(lambda: size)
    asked: list[int] = []
    for step in steps:
        match step:
            case "ask":
                asked.append(size)
            case "change":
                size += 1
            case "hear" if asked:
                recent.learn(asked[-1], {FILE: of_size(asked.pop())})
            case _:
                assert recent.of(FILE) in {None, of_size(size)}
