"""A client's path and where it lies in S3."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.sftp.paths import Location, LogicalHome, UnusableNameError, normalise

SKYWAY = LogicalHome.of(
    [("/", "/landing/partners/skyway"), ("/shared", "/common/"), ("/shared/in/deep", "/other/in")],
)

names = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=8)
pieces = st.one_of(
    names, st.sampled_from(["..", ".", "", "shared", "in", "deep", "partners", "skyway", "%2e%2e", "\uff0e\uff0e"])
)
client_paths = st.tuples(
    st.sampled_from(["", "/", "//", "///", "../", "/../"]),
    st.lists(pieces, max_size=8).map("/".join),
    st.sampled_from(["", "/", "//", "/.", "/.."]),
).map("".join)
entries = st.lists(names.filter(lambda name: name not in {".", ".."}), max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
homes = st.dictionaries(entries, entries.map(lambda key: f"/bucket{key}"), min_size=1, max_size=4).map(
    lambda mappings: LogicalHome.of(mappings.items())
)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", Location("landing", "partners/skyway")),
        ("", Location("landing", "partners/skyway")),
        ("flights/2013-01.csv", Location("landing", "partners/skyway/flights/2013-01.csv")),
        ("/flights/", Location("landing", "partners/skyway/flights")),
        ("/../../otherline/x.csv", Location("landing", "partners/skyway/otherline/x.csv")),
        ("//flights//x.csv", Location("landing", "partners/skyway/flights/x.csv")),
        ("//shared", Location("common", "")),
        ("/shared/x.csv", Location("common", "x.csv")),
        ("/sharedx", Location("landing", "partners/skyway/sharedx")),
        ("/shared/in/deep/x", Location("other", "in/x")),
        ("/shared/in/deep/../x", Location("common", "in/x")),
        ("/shared/../x", Location("landing", "partners/skyway/x")),
        ("/Zürich/日本.csv", Location("landing", "partners/skyway/Zürich/日本.csv")),
        ("/%2e%2e/x", Location("landing", "partners/skyway/%2e%2e/x")),
    ],
)
def test_the_longest_entry_that_holds_a_path_wins(path: str, location: Location) -> None:
    assert SKYWAY.locate(path) == location


def test_a_path_that_no_entry_holds_lies_nowhere() -> None:
    home = LogicalHome.of([("/in/orders", "/landing/orders")])
    assert home.locate("/elsewhere") is None
    assert home.locate("/in") is None
    assert home.is_fixed("/in")
    assert home.is_fixed("/")
    assert not home.is_fixed("/in/orders/x")
    assert home.entries_below("/") == {"in"}
    assert home.entries_below("/in") == {"orders"}
    assert home.entries_below("/in/orders") == frozenset()


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(UnusableNameError, match="NUL"):
        SKYWAY.locate("/x\0.csv")


@given(home=homes, path=client_paths)
def test_no_path_leads_out_of_the_targets(home: LogicalHome, path: str) -> None:
    location = home.locate(path)
    if location is None:
        return
    parts = location.key.split("/")
    assert ".." not in parts
    assert any(
        location.bucket == target.bucket and (location.key == target.key or location.key.startswith(target.prefix))
        for target in home.entries.values()
    )


@given(path=client_paths)
def test_a_partner_stays_below_its_own_prefix(path: str) -> None:
    location = LogicalHome.of([("/", "/landing/partners/skyway")]).locate(path)
    assert location is not None
    assert location.bucket == "landing"
    assert f"{location.key}/".startswith("partners/skyway/")


@given(path=client_paths)
def test_a_normalised_path_is_absolute_and_stays_as_it_is(path: str) -> None:
    normal = normalise(path)
    assert normal.startswith("/")
    assert not normal.startswith("//")
    assert normalise(normal) == normal == posixpath.normpath(normal)
