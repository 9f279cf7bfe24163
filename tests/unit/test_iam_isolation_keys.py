"""No spelling of a key opens what is another's: property-based, over names, keys and folders."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.partners import OUTBOX_PREFIX, PARTNERS_PREFIX, Partner
from domain.sftp_limits import access_of
from domain.sftp_users import Folder, SftpUser
from tests.unit.partner_permissions import (
    BUCKET,
    NAMES,
    NEVER,
    READS,
    WRITES,
    below,
    may,
    may_copy,
    may_on_object,
    may_rename,
    user_of,
)

names = st.from_regex(r"[a-z][a-z0-9-]{2,31}", fullmatch=True) | st.sampled_from(NAMES)
pieces = st.sampled_from(
    [
        "..",
        ".",
        "",
        "a.csv",
        "%2e%2e",
        "%2F",
        "..%2f",
        "*",
        "?",
        "${aws:username}",
        "\\..",
        "\n",
        "\u0000",
        "é",
        "sub",
        " ",
    ]
)


def _wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in text)


BENDS: list[Callable[[str], str]] = [
    str,
    str.upper,
    str.title,
    quote,
    _wide,
    lambda key: unicodedata.normalize("NFD", key),
    lambda key: unicodedata.normalize("NFC", key.replace("/", "\u0301/", 1)),
    lambda key: key.replace("/", "//"),
    lambda key: key.replace("/", "\\"),
    lambda key: key[:-1],
    lambda key: key + "/" + "x" * 1024,
    lambda key: key.replace("-", "\u2010"),
]
"""Ways in which a key may be made to look like another."""


@st.composite
def nasty_keys(draw: st.DrawFn, *partners: str) -> str:
    """Give a key near the partners' own: a name bent, cut, encoded or doubled, with pieces that paths trip over."""
    parts = [
        draw(st.sampled_from([PARTNERS_PREFIX, OUTBOX_PREFIX, f"/{PARTNERS_PREFIX}", "PARTNERS/", "partners%2F", ""])),
        draw(st.sampled_from(partners)),
        *(f"/{draw(pieces | st.sampled_from(partners))}" for _ in range(draw(st.integers(min_value=0, max_value=5)))),
    ]
    return draw(st.sampled_from(BENDS))("".join(parts))


@settings(max_examples=600)
@given(st.data())
def test_a_nasty_key_is_open_exactly_when_it_begins_with_ones_own_prefix(data: st.DataObject) -> None:
    mine, theirs = data.draw(names), data.draw(names)
    folders = user_of(mine)
    key, other = data.draw(nasty_keys(mine, theirs)), data.draw(nasty_keys(mine, theirs))
    for action in READS:
        assert may_on_object(folders, action, key) is below(folders, key)
    for action in WRITES:
        assert may_on_object(folders, action, key) is below(folders, key, writable=True)
    for action in NEVER:
        assert not may_on_object(folders, action, key)
    assert may(folders, "s3:ListBucket", BUCKET, s3_prefix=key) is below(folders, key)
    assert may_copy(folders, key, other) is (below(folders, key) and below(folders, other, writable=True))
    assert may_rename(folders, key, other) is all(below(folders, one, writable=True) for one in (key, other))


segments = st.text(alphabet="ab.-_é", min_size=1, max_size=4).filter(lambda text: text not in {".", ".."})
targets = st.tuples(st.sampled_from(["inbox", "outbox"]), st.lists(segments, max_size=2)).map(
    lambda target: "/".join([target[0], *target[1]])
)


@st.composite
def users(draw: st.DrawFn) -> SftpUser:
    """Give a user with one or two folders, as the settings admit it."""
    first, second = draw(targets), draw(targets)
    both = [Folder(path="/one", target=first), Folder(path="/two", target=second)]
    lies_apart = not (f"{first}/".startswith(f"{second}/") or f"{second}/".startswith(f"{first}/"))
    return SftpUser.model_construct(name="someone", folders=tuple(both if lies_apart else both[:1]))


@settings(max_examples=300)
@given(names, names, users(), users(), st.lists(segments, max_size=2), st.sampled_from(READS + WRITES))
def test_a_user_has_its_own_folders_and_not_the_ones_beside_them(  # noqa: PLR0917  # strategies, by position
    mine: str, theirs: str, user: SftpUser, neighbour: SftpUser, rest: list[str], action: str
) -> None:
    partner, other = Partner.model_construct(name=mine), Partner.model_construct(name=theirs)
    folders = access_of(partner, user)
    for place in (*access_of(partner, neighbour), *access_of(other, neighbour), *folders):
        key = place.prefix + "/".join(rest)
        assert may_on_object(folders, action, key) is below(folders, key, writable=action in WRITES)
        assert may(folders, "s3:ListBucket", BUCKET, s3_prefix=key) is below(folders, key)
        if mine != theirs and key.startswith((f"{PARTNERS_PREFIX}{theirs}/", f"{OUTBOX_PREFIX}{theirs}/")):
            assert not may_on_object(folders, action, key)
