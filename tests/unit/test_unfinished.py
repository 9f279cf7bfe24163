"""Which names are of whole files."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.unfinished import ENDINGS, finished_names, is_finished
from tests.stack_values import feed, partner, read_partners

TRICKY = st.text(st.sampled_from("./partilemxé\n"), max_size=12)
ENDING = st.text(st.sampled_from("partilem._1"), min_size=1, max_size=4).map(lambda text: f".{text}")


@given(st.tuples(TRICKY, st.sampled_from(["", *ENDINGS])).map("".join))
def test_the_pattern_matches_what_is_finished_and_nothing_else(name: str) -> None:
    folder, _, _ = name.rpartition("/")
    if "\n" not in folder:
        assert bool(re.fullmatch(finished_names(), name)) is is_finished(name)


@given(TRICKY, st.lists(ENDING, max_size=4))
def test_so_it_does_with_endings_of_ones_own(name: str, endings: list[str]) -> None:
    folder, _, _ = name.rpartition("/")
    if "\n" not in folder:
        assert bool(re.fullmatch(finished_names(endings), name)) is is_finished(name, endings)


@pytest.mark.parametrize(
    "name",
    ["orders.csv.filepart", "a/orders.csv.part", "orders.csv.1f0c.partial", "o.tmp", "o.temp", ".in.o.csv", "a/", ""],
)
def test_what_clients_call_an_upload_on_its_way_is_left_out(name: str) -> None:
    assert not is_finished(name)
    assert not re.fullmatch(finished_names(), name)


@pytest.mark.parametrize(
    "name", ["orders.csv", "part", "a.part/orders.csv", "part-0000.parquet", "t", "x.tmp.csv", "temp"]
)
def test_what_only_looks_so_is_not(name: str) -> None:
    assert re.fullmatch(finished_names(), name)


def test_an_ending_without_its_dot_is_refused() -> None:
    with pytest.raises(ValueError, match="an ending begins with a dot"):
        read_partners(partner(feeds=[feed(unfinished=["part"])]))
