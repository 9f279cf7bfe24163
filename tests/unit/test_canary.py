"""What a pipe's state says about a canary that does not come through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canary import (
    CANARY_FEED,
    CANARY_PREFIX,
    CANARY_TABLE,
    PipeStatus,
    canary_text,
    likely_cause,
    may_pass,
    parse_pipe_status,
    stuck_on_the_way,
)
from domain.partners import OUTBOX_PREFIX, PARTNERS_PREFIX, table_name
from domain.pipe_repair import changed_pipes, taken_along
from tests.stack_values import partner, read_partners


def test_no_partner_meets_a_canary() -> None:
    assert not CANARY_PREFIX.startswith((PARTNERS_PREFIX, OUTBOX_PREFIX))
    assert not PARTNERS_PREFIX.startswith(CANARY_PREFIX)
    (one,) = read_partners(partner())
    # The names of partners begin with a letter, and so do their tables.
    assert table_name(one, one.feeds[0])[0].isalpha()
    assert not CANARY_TABLE[0].isalpha()


def test_a_canary_is_a_file_of_its_feed() -> None:
    header, row = canary_text("x.csv").splitlines()
    assert (header.split(","), row) == ([column.name for column in CANARY_FEED.columns], "x.csv")


def test_a_state_of_which_little_is_known_is_read() -> None:
    assert parse_pipe_status("{}") == PipeStatus(state="unknown")
    told = '{"executionState": "RUNNING", "pendingFileCount": 2, "lastForwardedMessageTimestamp": "t", "error": "e"}'
    assert parse_pipe_status(told) == PipeStatus(state="RUNNING", last_forwarded="t", pending_files=2, error="e")


IDLE = PipeStatus(state="RUNNING")


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (PipeStatus(state="PAUSED"), "the pipe P is PAUSED"),
        (PipeStatus(state="RUNNING", last_forwarded="t", error="Access Denied"), "cannot read it (Access Denied)"),
        # Of a canary of long ago: this one's event never came.
        (PipeStatus(state="RUNNING", error="Access Denied"), "no event of it reached the pipe P"),
        (IDLE, "no event of it reached the pipe P"),
        (PipeStatus(state="RUNNING", last_forwarded="t", pending_files=1), "and 1 files wait there"),
    ],
)
def test_the_leg_is_named(now: PipeStatus, words: str) -> None:
    leg = stuck_on_the_way("P", IDLE, now)
    assert words in leg.what
    assert leg.fix


@pytest.mark.parametrize(
    ("words", "passes", "fix"),
    [
        ("Error assuming AWS_ROLE: not authorized", True, "does not trust Snowflake"),
        ("not authorized to perform kms:Decrypt", True, "lacks kms:Decrypt"),
        ("Access Denied (Status Code: 403)", True, "may not read there"),
        ("Location 's3://b/' is not allowed by integration", False, "does not allow the location"),
        ("Stage 'LANDING.RAW.PARTNERS' does not exist or not authorized.", False, "makes again what is gone"),
        ("Numeric value 'x' is not recognized", False, "do not fit each other"),
    ],
)
def test_what_may_pass_is_told_from_what_stays(words: str, *, passes: bool, fix: str) -> None:
    assert may_pass(words) == passes
    assert fix in likely_cause(words)


DIGESTS = st.dictionaries(st.sampled_from("ABCD"), st.sampled_from("12"))


@given(DIGESTS, DIGESTS)
def test_a_pipe_is_stopped_exactly_when_it_is_no_longer_what_it_was(old: dict[str, str], new: dict[str, str]) -> None:
    assert set(changed_pipes(old, new)) == {name for name in old if old[name] != new.get(name)}


FILES = st.lists(st.text("ab.", min_size=1, max_size=4), unique=True)


@given(FILES, st.sets(st.text("ab.", min_size=1, max_size=4)))
def test_handing_over_takes_no_loaded_file_along_unless_it_is_told(listed: list[str], loaded: set[str]) -> None:
    missing = [name for name in listed if name not in loaded]
    for name in missing:
        refreshed = {other for other in listed if other.startswith(name)}
        assert set(taken_along(name, missing, listed)) == refreshed & loaded
