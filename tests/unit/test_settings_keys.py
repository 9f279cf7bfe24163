"""Public keys in the settings: whose they are, what they are, and how long they are good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.private_keys import PKCS8, PUTTY, text_of
from tests.stack_values import TODAY, check, faults, feed, partner, partner_of, public_key, sftp, user, values

PRIVATE = "this is a PRIVATE key: treat it as exposed, make a new pair, and give the .pub file's line"
NOT_REPEATED = "holds the text of a private key, which is not repeated here: treat it as exposed"
FORMS = "give the public key's line, or {file:"


def expiring(expires: object, seed: int = 1) -> dict[str, object]:
    return {"key": public_key(seed), "expires": expires}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (lambda: text_of("ed25519"), PRIVATE),
        (lambda: text_of("ed25519", PKCS8), PRIVATE),
        (lambda: PUTTY, PRIVATE),
        (lambda: {"key": text_of("ed25519")}, PRIVATE),
        (lambda: {"file": text_of("ed25519", PKCS8)}, NOT_REPEATED),
        (lambda: {"file": "x", "expires": text_of("ed25519", PKCS8)}, NOT_REPEATED),
        (
            lambda: "ssh-dss AAAA",
            "'ssh-dss' is not an accepted key type; it is one of ssh-ed25519, ecdsa-sha2-nistp256",
        ),
        (lambda: "ssh-ed25519 AAAA", "cut short or damaged"),
        (lambda: "nonsense", "is not one line of an OpenSSH public key"),
        (lambda: public_key(1, "ssh-rsa"), "cut short or damaged: an RSA key has two numbers"),
        (lambda: public_key(1, "ssh-rsa", b"\x01\x00\x01", b"\x7f" * 128), "an RSA key of 1023 bits is too short"),
        (lambda: {"file": "no/such.pub"}, "the key file 'no/such.pub' cannot be read (No such file or directory)"),
        (lambda: {"path": "x"}, FORMS),
        (lambda: {"file": "x", "key": public_key()}, FORMS),
        (lambda: {"key": 7}, FORMS),
        (lambda: 7, FORMS),
    ],
)
def test_a_bad_key_says_what_it_is_and_never_more_than_its_beginning(key: Callable[[], object], words: str) -> None:
    (told,) = faults(values(partners=[partner(key=key())]))
    assert told.startswith("landing:partners[0].publicKeys[0]: ")
    assert words in told
    assert not any(line[-20:] in told for line in text_of("ed25519", PKCS8).splitlines()[1:-1])


def test_a_private_key_where_a_list_or_a_name_belongs_is_not_repeated_either() -> None:
    key = text_of("ed25519", PKCS8)
    entry = partner(publicKeys=key) | {"name": key, "timeZone": key}
    told = faults(values(partners=[entry], sftp=sftp(endpoint=key, securityPolicy=key), bucket={"name": key}))
    assert len(told) == 6
    assert all(NOT_REPEATED in line for line in told)
    assert key.splitlines()[1] not in "".join(told)


def test_a_key_without_its_first_line_is_not_shown_up_to_its_secret_part() -> None:
    body = text_of("ed25519", PKCS8).splitlines()[1]
    (told,) = faults(values(partners=[partner(key=body)]))
    # 21 characters say what kind of key it is, the same for all of them.
    assert body[:22] not in told


def test_a_key_may_be_a_file_beside_the_program(tmp_path: Path) -> None:
    (tmp_path / "skyway.pub").write_text(public_key() + "\n")
    settings = check(values(partners=[partner(key={"file": "skyway.pub"})]), tmp_path)
    assert settings.partners[0].logins[0].public_keys[0].key.body == public_key().rsplit(" ", 1)[0]


def test_a_key_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_bytes(b"\xff\xfe")
    (told,) = faults(values(partners=[partner(key={"file": "key.pub"})]), tmp_path)
    assert "the key file 'key.pub' is no text" in told


def test_a_key_file_that_holds_the_private_half(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(text_of("ed25519"))
    (told,) = faults(values(partners=[partner(key={"file": "key"})]), tmp_path)
    assert told == f"landing:partners[0].publicKeys[0]: {PRIVATE}"


def test_one_key_opens_one_users_door() -> None:
    sentence = "the same public key stands elsewhere already; one key opens one user's door"
    twice = user(publicKeys=[public_key(1), public_key(1)])
    entries = [partner_of(twice, user("human", seed=1)), partner("rail", feeds=[feed("trains")])]
    first = "landing:partners[0].users[0].publicKeys[0]"
    assert faults(values(partners=entries)) == [
        f"landing:partners[0].users[0].publicKeys[1]: {sentence} (see {first})",
        f"landing:partners[0].users[1].publicKeys[0]: {sentence} (see {first})",
        f"landing:partners[1].publicKeys[0]: {sentence} (see {first})",
    ]


def test_more_keys_than_transfer_keeps_for_a_user() -> None:
    fifty = [public_key(seed) for seed in range(50)]
    assert check(values(partners=[partner(publicKeys=fifty)]))
    assert faults(values(partners=[partner(publicKeys=[*fifty, public_key(50)])])) == [
        "landing:partners[0].publicKeys: has 51 entries, and at most 50 are allowed; leave some out"
    ]


@pytest.mark.parametrize(
    "written", ["2027-03-01", "2027-03-01 00:00:00 +0000 UTC", "2027-03-01T00:00:00Z", dt.date(2027, 3, 1), None]
)
def test_a_day_comes_as_a_text_and_as_the_engine_hands_a_bare_yaml_date_on(written: object) -> None:
    settings = check(values(partners=[partner(key=expiring(written))]))
    assert settings.partners[0].logins[0].public_keys[0].expires == (dt.date(2027, 3, 1) if written else None)


@pytest.mark.parametrize(
    "written", ["", "soon", "2027-02-30", "01.03.2027", "2027-03-01 12:30:00 +0000 UTC", "2027-03-01T23:00:00+02:00", 7]
)
def test_what_is_no_day(written: object) -> None:
    assert faults(values(partners=[partner(key=expiring(written))])) == [
        f"landing:partners[0].publicKeys[0]: expires: {written!r} is not a day; write it as 2027-03-31"
    ]


def test_a_key_whose_last_day_is_over_is_refused_at_its_place() -> None:
    yesterday = TODAY - dt.timedelta(days=1)
    robot = user(publicKeys=[expiring(str(TODAY), 2), expiring(str(yesterday), 3)])
    told = faults(values(partners=[partner_of(robot)]))
    assert len(told) == 1
    assert told[0].startswith("landing:partners[0].users[0].publicKeys[1]: the key SHA256:")
    assert told[0].endswith(
        " expired on 2026-11-23; remove it, give it a later day, or set landing:sftp.expiredKeys to leaveOut"
    )


def test_left_out_it_is_gone_and_told_of_and_the_user_stays() -> None:
    over = expiring("2026-11-23", 2)
    entry = partner(
        publicKeys=[over],
        users=[{"name": "robot", "publicKeys": [expiring("2026-11-24", 3), over | {"key": public_key(4)}]}],
    )
    settings = check(values(partners=[entry], sftp=sftp(expiredKeys="leaveOut")))
    (read,) = settings.partners
    assert {login.name: [key.expires for key in login.public_keys] for login in read.logins} == {
        "skyway": [],
        "robot": [TODAY],
    }
    assert [(line.split(" SHA256")[0], line.split(" of ")[1]) for line in settings.warnings] == [
        ("skyway: the key", "user skyway expired on 2026-11-23"),
        ("skyway: the key", "user robot expires on 2026-11-24"),
        ("skyway: the key", "user robot expired on 2026-11-23"),
    ]


@hypothesis.settings(deadline=None)
@given(st.integers(min_value=-400, max_value=400))
def test_a_key_is_good_through_its_last_day_and_told_of_two_weeks_before(days: int) -> None:
    last_day = TODAY + dt.timedelta(days=days)
    stack = values(partners=[partner(key=expiring(str(last_day)))], sftp=sftp(expiredKeys="leaveOut"))
    settings = check(stack)
    assert len(settings.partners[0].logins[0].public_keys) == (days >= 0)
    assert len(settings.warnings) == (days <= 14)
    assert ("expired" in "".join(settings.warnings)) == (days < 0)


def test_how_expired_keys_are_taken_is_one_of_two_words() -> None:
    assert faults(values(sftp=sftp(expiredKeys="ignore"))) == [
        "landing:sftp.expiredKeys: 'ignore' is not one of refuse, leaveOut"
    ]


def test_what_partners_share_and_what_expired_is_told_beside_the_faults_of_one_of_them() -> None:
    entries = [partner("bad", timeZone="Nowhere"), partner(), partner("rail", key=expiring("2026-11-23"))]
    told = faults(values(partners=entries, sftp=sftp(banner="")))
    assert [line.split(": ")[0] for line in told] == [
        "landing:sftp.banner",
        "landing:partners[0].timeZone",
        "landing:partners[2].publicKeys[0]",
        "landing:partners[2].publicKeys[0]",
    ]
    assert "the same public key stands elsewhere already" in told[2]
    assert "(see landing:partners[1].publicKeys[0])" in told[2]
    assert "expired on 2026-11-23" in told[3]
