"""Differences of JSON documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.json_differences import REMOVED, applied, differences

LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab/~", max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3)
)
DOCUMENTS = st.dictionaries(st.text("ab/~", max_size=2), VALUES, max_size=4)


@given(old=DOCUMENTS, new=DOCUMENTS)
def test_what_is_added_and_changed_can_be_applied(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = differences(old, new)
    if REMOVED not in found.values():
        assert applied(old, found) == new
        assert differences(applied(old, found), new) == {}


@given(old=DOCUMENTS, new=DOCUMENTS)
def test_equal_documents_alone_have_no_differences(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert (differences(old, new) == {}) == (old == new)
    before = repr(old)
    applied(old, {"/new/deep": [1]})
    assert repr(old) == before


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"/a/c": 3}),
        ({"a": 1}, {"a": 1, "b": {"c": {"d": "x"}}}, {"/b/c/d": "x"}),
        ({"a": 1}, {"a": 1, "b": {}}, {"/b": {}}),
        ({"a": [{"b": 1}, 2]}, {"a": [{"b": 3}, 2]}, {"/a/0/b": 3}),
        ({"a": [1]}, {"a": [1, 2]}, {"/a": [1, 2]}),
        ({"a": 1, "b": 2}, {"b": 2}, {"/a": REMOVED}),
        ({"a": {"b": 1}}, {"a": None}, {"/a": None}),
        ({}, {"a/b": {"c~d": 1}}, {"/a~1b/c~0d": 1}),
    ],
)
def test_a_difference_is_told_where_it_stands(old: dict[str, Any], new: dict[str, Any], told: dict[str, Any]) -> None:
    assert differences(old, new) == told
