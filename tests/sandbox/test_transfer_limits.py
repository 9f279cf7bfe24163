# ruff: noqa: ANN401  # boto3 gives clients without types
"""What Transfer's API refuses: names, keys, policies and homes that do not hold to the service's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.transfer_request import TransferError
from sandbox.aws.transfer_users import MOST_KEYS, check_mappings
from sandbox.home import ACCOUNT_ID
from tests.sandbox.sftp_landing import new_key
from tests.sandbox.transfer_api import refused, served_transfer

pytestmark = pytest.mark.sandbox

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/partner"


@pytest.fixture(scope="module")
def api() -> Iterator[Any]:
    with served_transfer() as client:
        yield client()


@pytest.fixture(scope="module")
def server_id(api: Any) -> Iterator[str]:
    made = api.create_server()["ServerId"]
    yield made
    api.delete_server(ServerId=made)


def user(server_id: str, name: str = "skyway", **more: object) -> dict[str, object]:
    return {
        "ServerId": server_id,
        "UserName": name,
        "Role": ROLE,
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryMappings": [{"Entry": "/", "Target": f"/landing/partners/{name}"}],
        **more,
    }


def test_a_name_has_three_characters_at_least(api: Any, server_id: str) -> None:
    code, message = refused(api.create_user, **user(server_id, "ab"))
    assert code == "ValidationException"
    assert "Value 'ab' at 'userName' failed to satisfy constraint" in message


def test_root_is_no_user(api: Any, server_id: str) -> None:
    assert refused(api.create_user, **user(server_id, "root")) == (
        "InvalidRequestException",
        "The user name root is reserved",
    )


def test_a_session_policy_has_2048_characters_at_most(api: Any, server_id: str) -> None:
    code, message = refused(api.create_user, **user(server_id, Policy="x" * 2049))
    assert code == "ValidationException"
    assert "at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048" in message
    api.create_user(**user(server_id, "longest", Policy="x" * 2048))


def test_a_user_has_fifty_keys_at_most(api: Any, server_id: str) -> None:
    api.create_user(**user(server_id, "collector"))
    named = {"ServerId": server_id, "UserName": "collector"}
    for _ in range(MOST_KEYS):
        api.import_ssh_public_key(SshPublicKeyBody=new_key().export_public_key().decode(), **named)
    body = new_key().export_public_key().decode()
    code, message = refused(api.import_ssh_public_key, SshPublicKeyBody=body, **named)
    assert code == "InvalidRequestException"
    assert message == "The user has 50 public keys, the maximum"


def test_a_banner_is_ascii_and_not_too_long(api: Any, server_id: str) -> None:
    for banner in ("only für partners", "x" * 4097):
        for name in ("PreAuthenticationLoginBanner", "PostAuthenticationLoginBanner"):
            code, message = refused(api.update_server, ServerId=server_id, **{name: banner})
            assert code == "ValidationException"
            assert f"at '{name[0].lower()}{name[1:]}' failed to satisfy constraint" in message
    api.update_server(ServerId=server_id, PreAuthenticationLoginBanner="x" * 4096)


def test_entries_do_not_overlap(api: Any, server_id: str) -> None:
    mappings = [{"Entry": "/", "Target": "/landing/in"}, {"Entry": "/reports", "Target": "/landing/out"}]
    code, message = refused(api.create_user, **user(server_id, HomeDirectoryMappings=mappings))
    assert code == "InvalidRequestException"
    assert message == "HomeDirectoryMappings must not overlap, as / and /reports/ do"
    api.create_user(**user(server_id, "updated"))
    code, _ = refused(api.update_user, ServerId=server_id, UserName="updated", HomeDirectoryMappings=mappings)
    assert code == "InvalidRequestException"
    kept = api.describe_user(ServerId=server_id, UserName="updated")["User"]["HomeDirectoryMappings"]
    assert kept == [{"Entry": "/", "Target": "/landing/partners/updated"}]


@pytest.mark.parametrize(
    ("mappings", "more"),
    [
        ([{"Entry": "/in", "Target": "/landing/in/"}], {}),
        ([{"Entry": "/in", "Target": "/landing/a"}, {"Entry": "/in", "Target": "/landing/b"}], {}),
        ([{"Entry": "/in", "Target": "/landing/in"}], {"HomeDirectory": "/elsewhere"}),
    ],
)
def test_a_home_holds_to_the_rules(
    api: Any, server_id: str, mappings: list[dict[str, str]], more: dict[str, str]
) -> None:
    code, _ = refused(api.create_user, **user(server_id, HomeDirectoryMappings=mappings, **more))
    assert code == "InvalidRequestException"


names = st.text("ab-", min_size=1, max_size=2)
entries = st.lists(names, max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.lists(entries, min_size=1, max_size=5))
def test_homes_are_taken_if_no_entry_lies_in_another(home: list[str]) -> None:
    def lies_in(one: str, other: str) -> bool:
        return other in {"/", one} or one.startswith(f"{other}/")

    overlaps = any(
        lies_in(one, other) for at, one in enumerate(home) for place, other in enumerate(home) if at != place
    )
    mappings = [{"entry": entry, "target": "/landing/x", "type": None} for entry in home]
    if overlaps:
        with pytest.raises(TransferError):
            check_mappings(mappings, "")
    else:
        check_mappings(mappings, "")
