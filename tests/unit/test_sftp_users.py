"""Users and their folders: who comes by which name, and where in the bucket a folder is."""

from __future__ import annotations

import datetime as dt

import pytest

from domain.partners import without_expired_keys
from domain.sftp_limits import access_of
from domain.sftp_users import AuthorizedKey, Folder
from domain.ssh_keys import parse_public_key
from tests.stack_values import TODAY, feed, folder, partner, partner_of, public_key, read_partners, user


def test_the_user_of_the_short_form_comes_first_with_the_inbox_as_its_home() -> None:
    (read,) = read_partners(partner(users=[user("robot", seed=2)]))
    assert [login.name for login in read.logins] == ["skyway", "robot"]
    assert all(login.folders == (Folder(path="/", target="inbox"),) for login in read.logins)


@pytest.mark.parametrize(
    ("target", "prefix", "writable"),
    [
        ("inbox", "partners/skyway/", True),
        ("inbox/orders/late", "partners/skyway/orders/late/", True),
        ("outbox", "outbox/skyway/", False),
        ("outbox/inbox", "outbox/skyway/inbox/", False),
    ],
)
def test_where_a_folder_is_and_whether_it_may_be_written(target: str, prefix: str, *, writable: bool) -> None:
    (read,) = read_partners(partner_of(user(folders=[folder("/", target)])))
    (access,) = access_of(read, read.users[0])
    assert access.prefix == read.prefix_at(target) == prefix
    assert access.writable is writable


def test_each_feed_has_its_folder_and_each_target_is_named_once() -> None:
    folders = [folder("/in", "inbox/orders"), folder("/out", "outbox")]
    entry = partner(users=[user("robot", seed=2, folders=folders)], feeds=[feed("orders"), feed("refunds")])
    (read,) = read_partners(entry)
    assert read.targets == ("inbox", "inbox/orders", "outbox", "inbox/refunds")


def test_a_key_is_good_until_the_end_of_its_last_day() -> None:
    key = AuthorizedKey(key=parse_public_key(public_key()), expires=TODAY)
    assert not key.is_expired(TODAY)
    assert key.is_expired(TODAY + dt.timedelta(days=1))
    assert not AuthorizedKey(key=key.key).is_expired(dt.date.max)


def test_without_its_expired_keys_a_partner_is_otherwise_the_same() -> None:
    (read,) = read_partners(partner(users=[user("robot", seed=2)]))
    left = without_expired_keys(read, TODAY)
    assert left.logins == read.logins
    assert left.targets == read.targets
