"""The handover sheet: all that a partner needs, and nothing that is not so."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.handover import DoorFacts, handover_sheet
from domain.partners import Partner, without_expired_keys
from tests.stack_values import TODAY, feed, folder, partner, partner_of, public_key, read_partners, user

DOOR = DoorFacts(
    hostname="sftp.example.com",
    fingerprints=["SHA256:one", "SHA256:two"],
    known_hosts=["sftp.example.com ssh-ed25519 AAAA", "sftp.example.com ssh-rsa BBBB"],
    addresses=["192.0.2.1", "192.0.2.2"],
    security_policy="TransferSecurityPolicy-2025-03",
)
BARE = DoorFacts(
    hostname="sftp.example.com", fingerprints=["SHA256:one"], known_hosts=[], addresses=[], security_policy="P"
)


def sheet(*users: dict[str, object], door: DoorFacts = DOOR, **changes: object) -> str:
    (read,) = read_partners((partner_of(*users) if users else partner()) | changes)
    return handover_sheet(read, door)


def test_it_says_where_to_connect_and_how_to_know_the_door() -> None:
    page = sheet()
    for said in (
        "# SFTP access for skyway",
        "| Host | `sftp.example.com` |",
        "| Addresses to allow | `192.0.2.1`, `192.0.2.2` |",
        "- `SHA256:one` (ssh-ed25519)\n- `SHA256:two` (ssh-rsa)\n",
        "```\nsftp.example.com ssh-ed25519 AAAA\nsftp.example.com ssh-rsa BBBB\n```",
        "Algorithms: those of AWS's `TransferSecurityPolicy-2025-03`",
        "ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-rsa; RSA of at least 2048 b",
        "Times are in your zone, America/New_York",
    ):
        assert said in page


def test_what_may_change_is_not_promised() -> None:
    page = sheet(door=BARE)
    assert "Addresses" not in page
    assert "known_hosts" not in page
    assert "- `SHA256:one`\n" in page


def test_a_user_of_the_short_form_sends_into_each_feeds_folder() -> None:
    page = sheet(feeds=[feed("orders"), feed("refunds", format="parquet")])
    assert "| `/` | send, list, fetch, rename, remove |" in page
    assert "echo ls | sftp -b - -o IdentitiesOnly=yes -i <private key> skyway@sftp.example.com" in page
    assert (
        "echo 'put <file> /orders/' | sftp -b - -o IdentitiesOnly=yes -i <private key> skyway@sftp.example.com" in page
    )
    assert "| orders | `/orders` (skyway) | CSV |" in page
    assert "| refunds | `/refunds` (skyway) | PARQUET |" in page


def test_a_home_that_is_a_feeds_own_folder_is_written_with_one_slash() -> None:
    page = sheet(user(folders=[folder("/", "inbox/orders")]))
    assert "echo 'put <file> /' | sftp" in page
    assert "| orders | `/` (skyway-robot) | CSV |" in page


def test_a_user_who_only_fetches_is_not_told_to_send() -> None:
    page = sheet(user(folders=[folder("/reports", "outbox/reports")]))
    assert "| `/reports` | list, fetch |" in page
    assert "put <file>" not in page
    assert "| orders | no user of yours reaches it | CSV |" in page


def test_a_keys_last_day_is_told() -> None:
    keys = [{"key": public_key(1), "expires": "2027-03-01"}, public_key(2)]
    page = sheet(publicKeys=keys)
    assert "until 2027-03-01, end of day UTC |" in page
    assert "| until it is withdrawn |" in page


def test_a_user_whose_keys_are_all_over_is_asked_for_another() -> None:
    ended = [{"key": public_key(2), "expires": "2026-11-23"}]
    (read,) = read_partners(partner(users=[user("robot", publicKeys=ended)]))
    page = handover_sheet(without_expired_keys(read, TODAY), DOOR)
    assert "No key of this user is accepted at present: send us a public key." in page
    assert "robot@sftp.example.com" not in page
    assert "skyway@sftp.example.com" in page


segment = st.from_regex(r"[a-z0-9_.-]{1,6}", fullmatch=True).filter(lambda text: text not in {".", ".."})
target = st.lists(segment, max_size=2).flatmap(
    lambda parts: st.sampled_from(["inbox", "outbox"]).map(lambda box: "/".join([box, *parts]))
)


@settings(deadline=None)
@given(
    places=st.lists(st.tuples(segment, target), min_size=1, max_size=4, unique_by=lambda each: each[0]),
    short_form=st.booleans(),
)
def test_it_names_each_user_folder_key_and_feed_and_is_made_of_whole_tables(
    places: list[tuple[str, str]], *, short_form: bool
) -> None:
    users = [
        user(f"user-{n}", seed=n + 2, folders=[folder(f"/{path}", target)]) for n, (path, target) in enumerate(places)
    ]
    entry = partner(users=users) if short_form else partner_of(*users)
    (read,) = read_partners(entry)
    page = handover_sheet(read, DOOR)
    assert all(said in page for said in everything_of(read))
    for table in re.findall(r"(?:^\|.*\|\n?)+", page, re.MULTILINE):
        assert len({row.count("|") for row in table.strip().splitlines()}) == 1


def everything_of(read: Partner) -> list[str]:
    return [
        *(f"`{each.key.fingerprint}` ({each.key.type})" for login in read.logins for each in login.public_keys),
        *(f"## User `{login.name}`" for login in read.logins),
        *(f"{login.name}@sftp.example.com" for login in read.logins),
        *(f"| `{each.path}` |" for login in read.logins for each in login.folders),
        *(f"| {each.name} |" for each in read.feeds),
        *(f"`{fingerprint}`" for fingerprint in DOOR.fingerprints),
    ]
