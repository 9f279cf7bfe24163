"""A renamed partner is found by its keys; what is new, gone, or has changed its keys is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.earlier_deployment import partner_keys
from domain.partners import Partner
from domain.renames import renamed
from tests.stack_values import partner, partner_of, public_key, read_partners, user

NAMES = ["skyway", "skyways", "rail", "road"]


def stack(keys: dict[str, list[int]]) -> tuple[Partner, ...]:
    entries = [partner(name, publicKeys=[public_key(seed) for seed in seeds]) for name, seeds in keys.items()]
    return read_partners(*entries)


def told(now: dict[str, list[int]], earlier: dict[str, list[int]]) -> list[str]:
    return [str(fault) for fault in renamed(stack(now), partner_keys(stack(earlier)), "landing:partners")]


@pytest.mark.parametrize(
    ("now", "earlier"),
    [
        ({"skyway": [1]}, {}),
        ({"skyway": [1]}, {"skyway": [1]}),
        ({"skyway": [2]}, {"skyway": [1]}),
        ({}, {"skyway": [1]}),
        ({"rail": [2]}, {"skyway": [1]}),
        ({"skyway": [2], "rail": [1]}, {"skyway": [1]}),
    ],
)
def test_what_is_no_rename(now: dict[str, list[int]], earlier: dict[str, list[int]]) -> None:
    assert told(now, earlier) == []


def test_a_rename_is_told_at_the_new_name_with_the_way_to_do_it() -> None:
    assert told({"rail": [3], "skyways": [2, 1]}, {"skyway": [1], "rail": [3]}) == [
        (
            "landing:partners[1].name: 'skyways' has the keys of 'skyway', which is gone: a partner's name is its "
            "folder, its tables and its flows, and a rename would leave them behind. Bring back 'skyway' and add "
            "'skyways' beside it with new keys; when the partner has moved, remove 'skyway'"
        )
    ]


def test_keys_of_users_count_as_well() -> None:
    earlier = partner_keys(read_partners(partner_of(user("robot", seed=5))))
    now = read_partners(partner_of(user("robot", seed=5), name="skyways"))
    assert len(renamed(now, earlier, "landing:partners")) == 1


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), st.sets(st.integers(0, 3), min_size=1).map(list), max_size=3),
    st.dictionaries(st.sampled_from(NAMES), st.sets(st.integers(0, 3), min_size=1).map(list), max_size=3),
)
def test_a_rename_is_a_new_name_with_a_key_of_one_that_is_gone(
    now: dict[str, list[int]], earlier: dict[str, list[int]]
) -> None:
    wanted = {
        (new, old)
        for new in now.keys() - earlier.keys()
        for old in earlier.keys() - now.keys()
        if {*now[new]} & {*earlier[old]}
    }
    found = {(line.split("'")[1], line.split("'")[3]) for line in told(now, earlier)}
    assert found == wanted
