# ruff: noqa: ANN401  # boto3 gives clients without types
"""A server's host keys over the API. Every test but for the wording of errors would hold on the service."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from moto.transfer.models import transfer_backends

from sandbox.aws.transfer_host_keys import MOST_HOST_KEYS, active_host_keys
from sandbox.home import ACCOUNT_ID, REGION
from tests.sandbox.sftp_landing import new_key
from tests.sandbox.transfer_api import refused, served_transfer

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def api() -> Iterator[Any]:
    with served_transfer() as client:
        yield client()


@pytest.fixture
def server_id(api: Any) -> Iterator[str]:
    made = api.create_server(HostKey=private(new_key("ssh-ed25519")))["ServerId"]
    yield made
    api.delete_server(ServerId=made)


def private(key: Any) -> str:
    return key.export_private_key().decode()


def test_a_key_is_imported_described_changed_and_deleted(api: Any, server_id: str) -> None:
    key = new_key("ecdsa-sha2-nistp256")
    tags = [{"Key": "stage", "Value": "dev"}]
    made = api.import_host_key(ServerId=server_id, HostKeyBody=private(key), Description="second", Tags=tags)
    described = api.describe_host_key(ServerId=server_id, HostKeyId=made["HostKeyId"])["HostKey"]
    assert described["HostKeyFingerprint"] == key.get_fingerprint() + "="
    assert (described["Type"], described["Tags"]) == ("ecdsa-sha2-nistp256", tags)
    api.update_host_key(ServerId=server_id, HostKeyId=made["HostKeyId"], Description="third")
    api.untag_resource(Arn=described["Arn"], TagKeys=["stage"])
    assert api.list_tags_for_resource(Arn=described["Arn"])["Tags"] == []
    listed = api.list_host_keys(ServerId=server_id)["HostKeys"][1]
    assert (listed["HostKeyId"], listed["Description"]) == (made["HostKeyId"], "third")
    assert listed["Fingerprint"] == described["HostKeyFingerprint"]
    api.delete_host_key(ServerId=server_id, HostKeyId=made["HostKeyId"])
    assert len(api.list_host_keys(ServerId=server_id)["HostKeys"]) == 1


def test_the_servers_own_argument_is_a_host_key_too(api: Any) -> None:
    key = new_key("ecdsa-sha2-nistp384")
    made = api.create_server(HostKey=private(key))["ServerId"]
    server = api.describe_server(ServerId=made)["Server"]
    assert server["HostKeyFingerprint"] == key.get_fingerprint() + "="
    assert [one["Type"] for one in api.list_host_keys(ServerId=made)["HostKeys"]] == ["ecdsa-sha2-nistp384"]
    api.update_server(ServerId=made, HostKey=private(new_key()))
    types = [one["Type"] for one in api.list_host_keys(ServerId=made)["HostKeys"]]
    assert types == ["ecdsa-sha2-nistp384", "ssh-ed25519"]
    api.delete_server(ServerId=made)


def test_no_answer_holds_a_private_key(api: Any, server_id: str) -> None:
    key_id = api.list_host_keys(ServerId=server_id)["HostKeys"][0]["HostKeyId"]
    answers = [
        api.list_host_keys(ServerId=server_id),
        api.describe_host_key(ServerId=server_id, HostKeyId=key_id),
        api.describe_server(ServerId=server_id),
        api.list_servers(),
    ]
    text = json.dumps(answers, default=str)
    assert "PRIVATE" not in text
    assert "HostKeyBody" not in text


@pytest.mark.parametrize("kind", ["text", "public", "dss", "secured"])
def test_what_is_no_host_key_is_refused(api: Any, server_id: str, kind: str) -> None:
    body = {
        "text": lambda: "no key",
        "public": lambda: new_key().export_public_key().decode(),
        "dss": lambda: private(new_key("ssh-dss")),
        "secured": lambda: new_key("ecdsa-sha2-nistp256").export_private_key("pkcs8-pem", passphrase="secret").decode(),
    }[kind]()
    said = ("InvalidRequestException", "Unsupported or invalid SSH private key format")
    assert refused(api.import_host_key, ServerId=server_id, HostKeyBody=body) == said
    assert refused(api.update_server, ServerId=server_id, HostKey=body) == said
    servers = len(api.list_servers()["Servers"])
    assert refused(api.create_server, HostKey=body) == said
    assert len(api.list_servers()["Servers"]) == servers


def test_a_key_is_there_once(api: Any, server_id: str) -> None:
    body = private(new_key())
    api.import_host_key(ServerId=server_id, HostKeyBody=body)
    assert refused(api.import_host_key, ServerId=server_id, HostKeyBody=body)[0] == "ResourceExistsException"


def test_a_server_has_ten_keys_at_most(api: Any, server_id: str) -> None:
    for _ in range(MOST_HOST_KEYS - 1):
        api.import_host_key(ServerId=server_id, HostKeyBody=private(new_key()))
    code, message = refused(api.import_host_key, ServerId=server_id, HostKeyBody=private(new_key()))
    assert (code, message) == ("InvalidRequestException", "The server has 10 host keys, the maximum")


def test_what_is_not_there_is_said_to_be_so(api: Any, server_id: str) -> None:
    nowhere, nothing = "s-" + "0" * 17, "hostkey-" + "0" * 17
    body = private(new_key())
    for call, parameters in (
        (api.import_host_key, {"ServerId": nowhere, "HostKeyBody": body}),
        (api.list_host_keys, {"ServerId": nowhere}),
        (api.describe_host_key, {"ServerId": server_id, "HostKeyId": nothing}),
        (api.delete_host_key, {"ServerId": server_id, "HostKeyId": nothing}),
        (api.update_host_key, {"ServerId": server_id, "HostKeyId": nothing, "Description": "x"}),
    ):
        assert refused(call, **parameters)[0] == "ResourceNotFoundException"


def test_the_oldest_key_of_each_type_is_active_and_outlives_a_restart(api: Any, server_id: str) -> None:
    first, second = new_key("ecdsa-sha2-nistp521"), new_key("ecdsa-sha2-nistp256")
    for key in (first, second, new_key()):
        api.import_host_key(ServerId=server_id, HostKeyBody=private(key))
    server = transfer_backends[ACCOUNT_ID][REGION].servers[server_id]
    again = pickle.loads(pickle.dumps(server))  # noqa: S301  # made on this line
    active = {key.get_fingerprint() + "=" for key in active_host_keys(again)}
    assert active == {
        api.describe_server(ServerId=server_id)["Server"]["HostKeyFingerprint"],
        first.get_fingerprint() + "=",
    }
