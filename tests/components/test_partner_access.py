"""What a partner gets at the door: folders that are there, users who see only theirs, and keys by fingerprint."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.partner_access import PartnerAccess, PartnerAccessArgs
from tests.components.landing_pieces import BUCKET, KEY, a_door
from tests.components.recorder import Program, Registered, run_piece
from tests.stack_values import feed, folder, partner, partner_of, public_key, read_partners, user

USER = "aws:transfer/user:User"
FOLDER = "aws:s3/bucketObjectv2:BucketObjectv2"
SSH_KEY = "aws:transfer/sshKey:SshKey"
FOLDERS = [folder("/in", "inbox/a-b"), folder("/also", "inbox/a/b"), folder("/out", "outbox/reports")]


def admitted(entry: dict[str, object]) -> Registered:
    (read,) = read_partners(entry)
    return run_piece(lambda: PartnerAccess(read.name, PartnerAccessArgs(partner=read, door=a_door())))


@pytest.fixture
def several() -> Registered:
    """Admit a partner with a user of each kind."""
    return admitted(partner(publicKeys=[public_key(1)], users=[user("robot", seed=2, folders=FOLDERS)]))


def test_a_user_of_the_short_form_has_the_inbox_as_its_whole_tree(registered: Program) -> None:
    (read,) = read_partners(partner())
    run = registered(lambda: PartnerAccess("skyway", PartnerAccessArgs(partner=read, door=a_door())))
    made = run.named("skyway-user").inputs
    policy = json.loads(made.pop("policy"))
    assert made == {
        "serverId": "s-1",
        "userName": "skyway",
        "role": "arn:aws:iam::123456789012:role/users",
        "homeDirectoryType": "LOGICAL",
        "homeDirectoryMappings": [{"entry": "/", "target": f"/{BUCKET}/partners/skyway"}],
    }
    assert resources_of(policy) == [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/partners/skyway/*", KEY]


def resources_of(policy: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for statement in policy["Statement"]:
        named = statement["Resource"]
        found += named if isinstance(named, list) else [named]
    return found


def test_a_user_with_folders_has_a_mapping_and_a_right_for_each(several: Registered) -> None:
    made = several.named("robot-user").inputs
    assert made["homeDirectoryMappings"] == [
        {"entry": "/in", "target": f"/{BUCKET}/partners/skyway/a-b"},
        {"entry": "/also", "target": f"/{BUCKET}/partners/skyway/a/b"},
        {"entry": "/out", "target": f"/{BUCKET}/outbox/skyway/reports"},
    ]
    policy = json.loads(made["policy"])
    assert resources_of(policy) == [
        f"arn:aws:s3:::{BUCKET}",
        f"arn:aws:s3:::{BUCKET}/partners/skyway/a-b/*",
        f"arn:aws:s3:::{BUCKET}/partners/skyway/a/b/*",
        f"arn:aws:s3:::{BUCKET}/outbox/skyway/reports/*",
        KEY,
    ]
    assert made["policy"] == json.dumps(policy, separators=(",", ":"))
    # No variable: with a LOGICAL home none stands for bucket or folder.
    assert "${" not in made["policy"]


def test_each_target_is_there_before_the_users_whose_home_it_is(several: Registered) -> None:
    common = {
        "bucket": BUCKET,
        "content": "",
        "contentType": "application/x-directory",
        "serverSideEncryption": "aws:kms",
        "kmsKeyId": KEY,
        "bucketKeyEnabled": True,
    }
    assert {each.name: each.inputs for each in several.of(FOLDER)} == {
        f"skyway-{target}-folder": common | {"key": key}
        for target, key in {
            "inbox": "partners/skyway/",
            "inbox/a-b": "partners/skyway/a-b/",
            "inbox/a/b": "partners/skyway/a/b/",
            "inbox/orders": "partners/skyway/orders/",
            "outbox/reports": "outbox/skyway/reports/",
        }.items()
    }
    assert several.named("skyway-user").depends_on == {"skyway-inbox-folder"}
    assert several.named("robot-user").depends_on == {
        "skyway-inbox/a-b-folder",
        "skyway-inbox/a/b-folder",
        "skyway-outbox/reports-folder",
    }


def test_a_target_that_two_users_share_is_made_once() -> None:
    both = [user(name, seed=n, folders=[folder("/", "inbox/orders")]) for n, name in enumerate(("one", "two"))]
    run = admitted(partner_of(*both))
    assert [each.name for each in run.of(FOLDER)] == ["skyway-inbox/orders-folder"]


def test_keys_are_named_by_their_fingerprints_and_their_order_means_nothing() -> None:
    keys = [public_key(1), public_key(2)]
    one, other = admitted(partner(publicKeys=keys)), admitted(partner(publicKeys=keys[::-1]))
    assert one.shape == other.shape
    assert sorted(each["body"] for each in one.inputs_of(SSH_KEY)) == sorted(key.rsplit(" ", 1)[0] for key in keys)
    assert {each["userName"] for each in one.inputs_of(SSH_KEY)} == {"skyway"}


def test_a_key_that_a_user_gains_or_loses_changes_no_other() -> None:
    one, other = admitted(partner(publicKeys=[public_key(1), public_key(2)])), admitted(partner(key=public_key(2)))
    assert len(set(one.shape) - set(other.shape)) == 1
    assert set(other.shape) < set(one.shape)


segment = st.from_regex(r"[a-c-]{1,3}", fullmatch=True)
targets = st.lists(segment, min_size=1, max_size=3).map(lambda parts: "/".join(["inbox", *parts]))


@settings(max_examples=25, deadline=None)
@given(st.lists(targets, min_size=1, max_size=4, unique=True))
def test_no_two_resources_have_one_name_whatever_folders_are_called(wanted: list[str]) -> None:
    users = [user(f"user-{n}", seed=n, folders=[folder("/", target)]) for n, target in enumerate(wanted)]
    run = admitted(partner_of(*users, feeds=[feed("a")]))
    shape = run.shape
    assert len(set(shape)) == len(shape)
    for made in run.inputs_of(USER):
        assert len(made["policy"]) <= 2048
        assert f"{made['homeDirectoryMappings'][0]['target']}/" in {
            f"/{BUCKET}/{each['key']}" for each in run.inputs_of(FOLDER)
        }
