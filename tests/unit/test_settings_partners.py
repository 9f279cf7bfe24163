"""Partners in the settings: their names, their users, and their folders."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import iam
from domain.sftp_limits import access_of
from tests.stack_values import (
    check,
    faults,
    folder,
    partner,
    partner_of,
    public_key,
    read_partners,
    sftp,
    user,
    values,
)


def told_of(*users: dict[str, object]) -> list[str]:
    return faults(values(partners=[partner_of(*users)]))


def test_a_close_zone_is_offered() -> None:
    (told,) = faults(values(partners=[partner() | {"timeZone": "America/NewYork"}]))
    assert "did you mean 'America/New_York'?" in told


@pytest.mark.parametrize("name", ["ab", "root!", "-x-", "Skyway", "a" * 33])
def test_a_partner_name_that_cannot_be_a_user_or_a_folder(name: str) -> None:
    (told,) = faults(values(partners=[partner(name)]))
    assert told.startswith(f"landing:partners[0].name: {name!r} is not allowed")


@pytest.mark.parametrize("given", [None, "", 7, {}, True])
def test_partners_that_are_no_list_are_told_so(given: object) -> None:
    (told,) = faults(values(partners=given))
    assert told.startswith("landing:partners: ")
    assert "is not a list" in told


def test_a_number_for_a_name_is_told_so() -> None:
    assert faults(values(partners=[partner() | {"name": 7}])) == [
        "landing:partners[0].name: 7 is not a text; write one, in quotes where it looks like a number"
    ]


def test_what_two_partners_cannot_share() -> None:
    told = faults(values(partners=[partner(), partner()]))
    assert told[0].startswith(
        "landing:partners[1].name: 'skyway' is another partner's name (see landing:partners[0].name)"
    )
    assert any(line.startswith("landing:partners[1].publicKeys[0]: the same public key") for line in told)


def test_a_user_has_its_name_once_on_the_server_whoever_it_belongs_to() -> None:
    entries = [partner(), partner_of(user("skyway", seed=2), user("robot", seed=3), user("robot", seed=4), name="rail")]
    entries[1]["feeds"] = [{"name": "trains", "columns": [{"name": "ID", "type": "NUMBER"}]}]
    assert faults(values(partners=entries)) == [
        (
            "landing:partners[1].users[0].name: 'skyway' is another user's name; a server has each name once "
            "(see landing:partners[0].publicKeys)"
        ),
        (
            "landing:partners[1].users[2].name: 'robot' is another user's name; a server has each name once "
            "(see landing:partners[1].users[1].name)"
        ),
    ]


@pytest.mark.parametrize("name", ["a", "ab", "a" * 101, "", "-robot", ".robot", "@robot", "ro bot", "röbot", "robot\n"])
def test_a_user_name_that_transfer_does_not_take(name: str) -> None:
    assert told_of(user(name)) == [
        (
            f"landing:partners[0].users[0].name: {name!r} is not allowed: a user name at AWS Transfer has 3 to 100 "
            "letters, digits and _ @ . -, the first a letter, a digit or _"
        )
    ]


def test_root_is_refused_as_a_user_and_as_a_partner_whose_user_it_would_be() -> None:
    sentence = "name: 'root' is not allowed: AWS Transfer blocks it; choose another user name"
    assert told_of(user("root")) == [f"landing:partners[0].users[0].{sentence}"]
    assert faults(values(partners=[partner("root")])) == [f"landing:partners[0].{sentence}"]


@settings(deadline=None)
@given(st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_@.-]{2,99}", fullmatch=True).filter(lambda name: name != "root"))
def test_user_names_that_transfer_takes_are_read_as_they_are_written(name: str) -> None:
    assert check(values(partners=[partner_of(user(name))])).user_names == (name,)


def test_nobody_to_let_in_is_told_so() -> None:
    entry = partner()
    entry.pop("publicKeys")
    (told,) = faults(values(partners=[entry]))
    assert told.startswith("landing:partners[0]: has nobody who may come in; add publicKeys")


@pytest.mark.parametrize(
    ("folders", "sentence"),
    [
        ([("/", "inbox"), ("/reports", "outbox")], "the paths '/' and '/reports' overlap"),
        ([("/a", "inbox/a"), ("/a/b", "outbox")], "the paths '/a' and '/a/b' overlap"),
        ([("/a", "inbox"), ("/b", "inbox/b")], "the targets 'inbox' and 'inbox/b' overlap"),
        ([("/a", "outbox/x/y"), ("/b", "outbox/x")], "the targets 'outbox/x/y' and 'outbox/x' overlap"),
        ([("/a", "inbox"), ("/a", "outbox")], "the paths '/a' and '/a' overlap"),
    ],
)
def test_folders_that_overlap(folders: list[tuple[str, str]], sentence: str) -> None:
    assert told_of(user(folders=[folder(*each) for each in folders])) == [
        f"landing:partners[0].users[0].folders: {sentence}; AWS Transfer takes only folders that lie apart"
    ]


@pytest.mark.parametrize("path", ["", "reports", "/reports/", "//reports", "/a/../b", "/.", "/a b", "/a*", "/${x}"])
def test_a_path_that_is_none(path: str) -> None:
    assert told_of(user(folders=[folder(path, "inbox")])) == [
        (
            f"landing:partners[0].users[0].folders[0].path: {path!r} is not allowed: a path from the user's root, "
            "such as '/' or '/reports'"
        )
    ]


@pytest.mark.parametrize("target", ["", "inbox/", "/inbox", "inboxes", "inbox/..", "inbox//a", "out/a", "inbox/*", "x"])
def test_a_target_outside_the_partners_own_part(target: str) -> None:
    (told,) = told_of(user(folders=[folder("/", target)]))
    assert told.startswith(f"landing:partners[0].users[0].folders[0].target: {target!r} is not allowed: 'inbox' (wri")


def test_a_folder_of_a_length_that_transfer_does_not_take() -> None:
    told = told_of(user(folders=[folder("/" + "p" * 1024, "inbox/" + "t" * 512)]))
    assert [line.split(": ")[0] for line in told] == [
        "landing:partners[0].users[0].folders[0].path",
        "landing:partners[0].users[0].folders[0].target",
    ]
    assert told[0].endswith("has 1025 characters, and at most 1024 are allowed; leave some out")


def test_no_folders_at_all() -> None:
    assert told_of(user(folders=[])) == ["landing:partners[0].users[0].folders: needs at least one entry"]


def test_folders_whose_policy_is_too_long_are_counted_before_up() -> None:
    many = [folder(f"/{n}", f"inbox/a-rather-long-name-of-a-folder-{n}") for n in range(20)]
    (told,) = told_of(user(), user("other", seed=2, folders=many))
    assert told.startswith("landing:partners[0].users[1].folders: 20 folders make a session policy of ")
    assert told.endswith("and AWS Transfer takes 2048; give fewer folders, or their common parent")


def test_alarms_that_need_more_filters_than_a_log_group_has() -> None:
    many = [partner(f"partner-{n}", key=public_key(n)) for n in range(100)]
    (told,) = faults(values(partners=many))
    assert told.startswith("landing:sftp.failedUploadsAlarm: alarms for 100 partners need 103 metric filters, and a lo")
    assert told.endswith("takes 100; set failedUploadsAlarm: 0, or part the partners into stacks")
    assert check(values(partners=many, sftp=sftp(failedUploadsAlarm=0)))
    assert check(values(partners=many, sftp=sftp(failedLoginsAlarm=0)))


segment = st.from_regex(r"[a-z0-9_.-]{1,6}", fullmatch=True).filter(lambda text: text not in {".", ".."})
below = st.lists(segment, max_size=3)
paths = below.map(lambda parts: "/" + "/".join(parts))
targets = below.flatmap(lambda parts: st.sampled_from(["inbox", "outbox"]).map(lambda box: "/".join([box, *parts])))


@settings(deadline=None)
@given(st.lists(st.builds(folder, paths, targets), min_size=1, max_size=6))
def test_folders_that_are_taken_lie_apart_and_keep_their_words(folders: list[dict[str, object]]) -> None:
    entry = partner_of(user(folders=folders))
    try:
        (read,) = read_partners(entry)
    except ValueError as error:
        assert "overlap" in str(error)  # noqa: PT017  # which folders do is what is generated here
        return
    (only,) = read.logins
    assert [each.model_dump() for each in only.folders] == folders
    access = access_of(read, only)
    for one, other in itertools.permutations(access, 2):
        assert not one.prefix.startswith(other.prefix)
    entries = [each.path.rstrip("/") + "/" for each in only.folders]
    assert not any(one.startswith(other) for one, other in itertools.permutations(entries, 2))
    length = iam.length_of_session_policy("landing-test-partners", access, "us-east-1")
    rendered = iam.session_policy("landing-test-partners", access, f"arn:aws:kms:us-east-1:{'1' * 12}:key/{'a' * 36}")
    assert length == len(json.dumps(rendered, separators=iam.COMPACT))
