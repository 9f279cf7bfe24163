"""Sessions that nobody uses end after four hours, and leave nothing behind."""

from __future__ import annotations

import threading
from typing import cast

from sandbox.snowflake.session import Session
from sandbox.snowflake.sessions import IDLE_SECONDS, Sessions


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeSession:
    def __init__(self) -> None:
        self.closed = False
        self.running = threading.RLock()

    def close(self) -> None:
        self.closed = True


def opened(sessions: Sessions) -> tuple[str, FakeSession]:
    session = FakeSession()
    return sessions.open(cast("Session", session)), session


def test_a_session_in_use_lasts() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    token, session = opened(sessions)
    for _ in range(5):
        clock.now += IDLE_SECONDS - 1
        assert sessions.find(token) is cast("Session", session)
    assert not session.closed


def test_an_idle_session_is_gone_after_four_hours_and_closed_at_the_next_login() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    token, session = opened(sessions)
    clock.now = IDLE_SECONDS
    assert sessions.find(token) is None
    _, other = opened(sessions)
    assert (session.closed, other.closed, len(sessions)) == (True, False, 1)


def test_dead_sessions_do_not_pile_up() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    for _ in range(100):
        opened(sessions)
        clock.now += IDLE_SECONDS / 10
    assert len(sessions) <= 10


def test_an_ended_session_is_closed_and_unknown() -> None:
    sessions = Sessions(Clock())
    token, session = opened(sessions)
    sessions.end(token)
    sessions.end(token)
    assert session.closed
    assert sessions.find(token) is None
