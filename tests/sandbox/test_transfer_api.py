# ruff: noqa: ANN401  # boto3 gives clients without types
"""Transfer's API over HTTP, as boto3 sees it. Every test would hold on the service."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import asyncssh
import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer
from moto.transfer.models import transfer_backends

from sandbox.aws import transfer
from sandbox.home import ACCOUNT_ID, LOOPBACK, REGION
from tests.sandbox.sftp_landing import eventually

pytestmark = pytest.mark.sandbox

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/partner"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    transfer.install()
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def api(endpoint: str) -> Iterator[Any]:
    client = cast("Any", boto3).client(
        "transfer",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="any",
    )
    yield client
    for server in client.list_servers()["Servers"]:
        client.delete_server(ServerId=server["ServerId"])


@pytest.fixture
def server_id(api: Any) -> str:
    return api.create_server(Tags=[{"Key": "stage", "Value": "dev"}])["ServerId"]


def public_key(comment: str = "") -> str:
    key = cast("Any", asyncssh).generate_private_key("ssh-ed25519")
    return key.export_public_key().decode().strip() + comment


def add_user(api: Any, server_id: str, name: str = "skyway", **more: object) -> None:
    logical = {
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryMappings": [{"Entry": "/", "Target": f"/landing/partners/{name}"}],
    }
    api.create_user(**{"ServerId": server_id, "UserName": name, "Role": ROLE, **logical, **more})


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    facts = cast("Any", error.value).response["Error"]
    return facts["Code"], facts["Message"]


def test_a_server_comes_with_the_services_defaults_and_an_rsa_key(api: Any, server_id: str) -> None:
    server = api.describe_server(ServerId=server_id)["Server"]
    assert server["State"] == "ONLINE"
    assert server["SecurityPolicyName"] == "TransferSecurityPolicy-2024-01"
    assert server["Protocols"] == ["SFTP"]
    assert server["ProtocolDetails"]["SetStatOption"] == "DEFAULT"
    (key,) = api.list_host_keys(ServerId=server_id)["HostKeys"]
    assert key["Type"] == "ssh-rsa"
    assert server["HostKeyFingerprint"] == key["Fingerprint"]
    assert server["Tags"] == [{"Key": "stage", "Value": "dev"}]


def test_what_a_server_is_made_with_is_described(api: Any) -> None:
    given = {
        "LoggingRole": f"arn:aws:iam::{ACCOUNT_ID}:role/logs",
        "StructuredLogDestinations": [f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:sftp:*"],
        "SecurityPolicyName": "TransferSecurityPolicy-2025-03",
        "PreAuthenticationLoginBanner": "partners only",
    }
    made = api.create_server(ProtocolDetails={"SetStatOption": "ENABLE_NO_OP"}, **given)["ServerId"]
    server = api.describe_server(ServerId=made)["Server"]
    assert {name: server[name] for name in given} == given
    assert server["ProtocolDetails"] == {
        "PassiveIp": "AUTO",
        "TlsSessionResumptionMode": "ENFORCED",
        "SetStatOption": "ENABLE_NO_OP",
    }


def test_update_server_changes_what_it_names_alone(api: Any, server_id: str) -> None:
    api.update_server(
        ServerId=server_id,
        SecurityPolicyName="TransferSecurityPolicy-2025-03",
        ProtocolDetails={"SetStatOption": "ENABLE_NO_OP"},
        WorkflowDetails={"OnUpload": [{"WorkflowId": "w-12345678901234567", "ExecutionRole": ROLE}]},
    )
    server = api.describe_server(ServerId=server_id)["Server"]
    assert server["SecurityPolicyName"] == "TransferSecurityPolicy-2025-03"
    assert server["ProtocolDetails"]["PassiveIp"] == "AUTO"
    assert server["WorkflowDetails"]["OnUpload"][0]["ExecutionRole"] == ROLE
    assert server["Tags"] == [{"Key": "stage", "Value": "dev"}]
    api.update_server(ServerId=server_id, LoggingRole="")
    assert "LoggingRole" not in api.describe_server(ServerId=server_id)["Server"]


def test_a_server_stops_and_starts(api: Any, server_id: str) -> None:
    def state() -> str:
        (listed,) = api.list_servers()["Servers"]
        described = api.describe_server(ServerId=server_id)["Server"]
        return f"{listed['State']} {described['State']}"

    api.stop_server(ServerId=server_id)
    assert state() == "STOPPING STOPPING"
    eventually(lambda: state() == "OFFLINE OFFLINE")
    api.stop_server(ServerId=server_id)
    assert state() == "OFFLINE OFFLINE"
    api.start_server(ServerId=server_id)
    assert state() == "STARTING STARTING"
    eventually(lambda: state() == "ONLINE ONLINE")


def test_an_unknown_security_policy_is_refused(api: Any) -> None:
    with pytest.raises(ClientError) as error:
        api.create_server(SecurityPolicyName="TransferSecurityPolicy-1999-01")
    assert refusal(error)[0] == "InvalidRequestException"
    assert "TransferSecurityPolicy-2025-03" in api.list_security_policies()["SecurityPolicyNames"]
    policy = api.describe_security_policy(SecurityPolicyName="TransferSecurityPolicy-2024-01")["SecurityPolicy"]
    assert policy["Fips"] is False
    assert "aes256-gcm@openssh.com" in policy["SshCiphers"]


def test_a_user_is_described_listed_updated_and_deleted(api: Any, server_id: str) -> None:
    add_user(api, server_id, SshPublicKeyBody=public_key(), Tags=[{"Key": "partner", "Value": "skyway"}], Policy="{}")
    user = api.describe_user(ServerId=server_id, UserName="skyway")["User"]
    assert user["HomeDirectoryMappings"] == [{"Entry": "/", "Target": "/landing/partners/skyway"}]
    assert user["Tags"] == [{"Key": "partner", "Value": "skyway"}]
    assert user["Policy"] == "{}"
    assert api.list_users(ServerId=server_id)["Users"] == [
        {
            "Arn": f"arn:aws:transfer:{REGION}:{ACCOUNT_ID}:user/{server_id}/skyway",
            "HomeDirectoryType": "LOGICAL",
            "Role": ROLE,
            "SshPublicKeyCount": 1,
            "UserName": "skyway",
        }
    ]
    mappings = [{"Entry": "/in", "Target": "/landing/in", "Type": "DIRECTORY"}]
    api.update_user(ServerId=server_id, UserName="skyway", HomeDirectoryMappings=mappings)
    user = api.describe_user(ServerId=server_id, UserName="skyway")["User"]
    assert user["HomeDirectoryMappings"] == mappings
    assert user["Role"] == ROLE
    api.update_user(
        ServerId=server_id, UserName="skyway", HomeDirectoryType="PATH", HomeDirectory="/landing", Policy=""
    )
    user = api.describe_user(ServerId=server_id, UserName="skyway")["User"]
    assert (user["HomeDirectory"], "HomeDirectoryMappings" in user, "Policy" in user) == ("/landing", False, False)
    api.delete_user(ServerId=server_id, UserName="skyway")
    assert api.describe_server(ServerId=server_id)["Server"]["UserCount"] == 0


def test_list_users_gives_pages(api: Any, server_id: str) -> None:
    names = [f"partner-{number}" for number in range(5)]
    for name in names:
        add_user(api, server_id, name)
    pages = list(api.get_paginator("list_users").paginate(ServerId=server_id, PaginationConfig={"PageSize": 2}))
    assert [len(page["Users"]) for page in pages] == [2, 2, 1]
    assert [user["UserName"] for page in pages for user in page["Users"]] == names


def test_a_second_user_of_a_name_is_refused(api: Any, server_id: str) -> None:
    add_user(api, server_id)
    with pytest.raises(api.exceptions.ResourceExistsException):
        add_user(api, server_id)
    assert len(api.list_users(ServerId=server_id)["Users"]) == 1


@pytest.mark.parametrize("name", ["sky way", "-skyway", "a" * 101, "sky/way", "skywäy"])
def test_a_user_name_keeps_the_services_rule(api: Any, server_id: str, name: str) -> None:
    with pytest.raises(ClientError) as error:
        add_user(api, server_id, name)
    code, message = refusal(error)
    assert code == "ValidationException"
    assert f"Value '{name}' at 'userName' failed to satisfy constraint" in message


def test_home_directory_type_and_mappings_must_fit(api: Any, server_id: str) -> None:
    with pytest.raises(ClientError, match="InvalidRequestException"):
        api.create_user(ServerId=server_id, UserName="skyway", Role=ROLE, HomeDirectoryType="LOGICAL")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        add_user(api, server_id, HomeDirectoryType="PATH")
    assert api.list_users(ServerId=server_id)["Users"] == []


def test_keys_have_the_services_ids_and_times(api: Any, server_id: str) -> None:
    add_user(api, server_id)
    body = public_key(" ops@skyway")
    key_id = api.import_ssh_public_key(ServerId=server_id, UserName="skyway", SshPublicKeyBody=body)["SshPublicKeyId"]
    (key,) = api.describe_user(ServerId=server_id, UserName="skyway")["User"]["SshPublicKeys"]
    assert key["SshPublicKeyId"] == key_id
    assert (len(key_id), key_id[:4]) == (21, "key-")
    assert key["SshPublicKeyBody"] == body
    assert abs((datetime.now(UTC) - key["DateImported"]).total_seconds()) < 60
    user = transfer_backends[ACCOUNT_ID][REGION].describe_user(server_id, "skyway")[1]
    assert isinstance(cast("object", user.ssh_public_keys[0]["date_imported"]), int | float)
    api.delete_ssh_public_key(ServerId=server_id, UserName="skyway", SshPublicKeyId=key_id)
    with pytest.raises(api.exceptions.ResourceNotFoundException):
        api.delete_ssh_public_key(ServerId=server_id, UserName="skyway", SshPublicKeyId=key_id)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("", "ValidationException", "Value at 'sshPublicKeyBody' failed to satisfy constraint"),
        ("ssh-rsa", "ValidationException", "Value at 'sshPublicKeyBody' failed to satisfy constraint"),
        ("hello", "ValidationException", "Value at 'sshPublicKeyBody' failed to satisfy constraint"),
        ("ssh-ed25519 AAAA", "InvalidRequestException", "Unsupported or invalid SSH public key format"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "InvalidRequestException", "Unsupported or invalid SSH public key format"),
    ],
)
def test_a_key_that_is_none_is_refused(api: Any, server_id: str, body: str, code: str, said: str) -> None:
    add_user(api, server_id)
    with pytest.raises(ClientError) as error:
        api.import_ssh_public_key(ServerId=server_id, UserName="skyway", SshPublicKeyBody=body)
    assert refusal(error)[0] == code
    assert said in refusal(error)[1]


def test_a_key_is_imported_once_whatever_its_comment(api: Any, server_id: str) -> None:
    body = public_key()
    add_user(api, server_id, SshPublicKeyBody=body)
    with pytest.raises(api.exceptions.ResourceExistsException):
        api.import_ssh_public_key(ServerId=server_id, UserName="skyway", SshPublicKeyBody=f"{body} again\n")


def test_what_is_not_there_is_said_to_be_so(api: Any, server_id: str) -> None:
    for call, parameters in [
        ("describe_server", {"ServerId": "s-" + "0" * 17}),
        ("delete_server", {"ServerId": "s-" + "0" * 17}),
        ("describe_user", {"ServerId": server_id, "UserName": "nobody"}),
        ("delete_user", {"ServerId": server_id, "UserName": "nobody"}),
        ("update_user", {"ServerId": server_id, "UserName": "nobody"}),
        ("list_tags_for_resource", {"Arn": f"arn:aws:transfer:{REGION}:{ACCOUNT_ID}:server/s-{'0' * 17}"}),
        ("describe_security_policy", {"SecurityPolicyName": "TransferSecurityPolicy-1999-01"}),
    ]:
        with pytest.raises(api.exceptions.ResourceNotFoundException):
            getattr(api, call)(**parameters)


def test_tags_of_server_and_user_change_and_are_read_back(api: Any, server_id: str) -> None:
    add_user(api, server_id)
    server = api.describe_server(ServerId=server_id)["Server"]["Arn"]
    user = api.describe_user(ServerId=server_id, UserName="skyway")["User"]["Arn"]
    for arn in (server, user):
        api.tag_resource(Arn=arn, Tags=[{"Key": "stage", "Value": "prod"}, {"Key": "team", "Value": "data"}])
        api.untag_resource(Arn=arn, TagKeys=["team"])
        assert api.list_tags_for_resource(Arn=arn)["Tags"] == [{"Key": "stage", "Value": "prod"}]
    assert api.describe_server(ServerId=server_id)["Server"]["Tags"] == [{"Key": "stage", "Value": "prod"}]
    assert api.describe_user(ServerId=server_id, UserName="skyway")["User"]["Tags"] == [
        {"Key": "stage", "Value": "prod"}
    ]


def test_an_operation_that_is_not_served_is_refused_at_once(api: Any) -> None:
    with pytest.raises(ClientError) as error:
        api.list_workflows()
    assert refusal(error) == ("UnknownOperationException", "The sandbox's Transfer does not serve ListWorkflows.")


def test_the_state_outlives_a_pickle(api: Any, server_id: str) -> None:
    add_user(api, server_id, SshPublicKeyBody=public_key())
    server = transfer_backends[ACCOUNT_ID][REGION].servers[server_id]
    again = pickle.loads(pickle.dumps(server))  # noqa: S301  # made on this line
    assert again == server
