"""Trying again until an outcome can no longer change, or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10


def patiently(attempt: Callable[[], T], *, until: float, may_pass: Callable[[T], bool]) -> T:
    """Attempt at least once, and again with growing random waits while `may_pass` says so of the outcome.

    Gives the last outcome; `until` is a time of `time.monotonic()`, and no wait goes beyond it. What `attempt` raises
    ends it.
    """
    import tenacity  # noqa: PLC0415  # only who waits pays for it

    def last(state: tenacity.RetryCallState) -> T:
        assert state.outcome  # noqa: S101  # there was an attempt
        return state.outcome.result()

    return tenacity.Retrying(
        retry=tenacity.retry_if_result(may_pass),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS),
        stop=tenacity.stop_before_delay(max(0, until - time.monotonic())),
        retry_error_callback=last,
    )(attempt)
