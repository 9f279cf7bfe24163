# ruff: noqa: ANN401  # asyncssh's client takes any option, so its types are of little help here
"""Who gets in through the door, and how far: keys, homes, roles and session policies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

import asyncssh
import pytest

from tests.sandbox.sftp_landing import BUCKET, TRUST, Landing, eventually, landing, policy, prefix_policy

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def visit(zone: Landing, user: str, steps: Callable[[Any], Awaitable[None]]) -> None:
    async def run() -> None:
        async with zone.connect(user) as connection, connection.start_sftp_client() as sftp:
            await steps(sftp)

    asyncio.run(run())


def log_in(zone: Landing, user: str, key: asyncssh.SSHKey | None = None) -> None:
    async def run() -> None:
        async with zone.connect(user, key):
            pass

    asyncio.run(run())


async def put(sftp: Any, path: str, content: bytes = b"a") -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(content)


async def get(sftp: Any, path: str) -> bytes:
    async with sftp.open(path, "rb") as file:
        return await file.read()


def test_a_key_opens_its_own_users_home_alone(zone: Landing) -> None:
    strange = cast("Any", asyncssh).generate_private_key("ssh-ed25519")
    for user, key in [("skyway", strange), ("skyway", zone.keys["otherline"]), ("nobody", zone.keys["skyway"])]:
        with pytest.raises(asyncssh.PermissionDenied):
            log_in(zone, user, key)
    refused = zone.activities()[-1]
    assert (refused["activity-type"], refused["user"]) == ("AUTH_FAILURE", "nobody")


def test_a_key_that_is_deleted_opens_nothing_and_one_that_is_imported_does(zone: Landing) -> None:
    transfer = zone.client("transfer")
    zone.add_user("changing", zone.add_role("changing", prefix_policy("partners/changing")))
    log_in(zone, "changing")
    (key,) = transfer.describe_user(ServerId=zone.server_id, UserName="changing")["User"]["SshPublicKeys"]
    named = {"ServerId": zone.server_id, "UserName": "changing"}
    transfer.delete_ssh_public_key(SshPublicKeyId=key["SshPublicKeyId"], **named)
    with pytest.raises(asyncssh.PermissionDenied):
        log_in(zone, "changing")
    transfer.import_ssh_public_key(SshPublicKeyBody=f"{key['SshPublicKeyBody'].strip()} again", **named)
    log_in(zone, "changing")


def test_a_server_that_is_stopped_lets_nobody_in(zone: Landing) -> None:
    transfer = zone.client("transfer")
    transfer.stop_server(ServerId=zone.server_id)
    # On its way for a fifth of a second, which a busy machine may sleep through.
    assert zone.state() in {"STOPPING", "OFFLINE"}
    eventually(lambda: zone.state() == "OFFLINE")
    with pytest.raises((asyncssh.ConnectionLost, ConnectionResetError)):
        log_in(zone, "skyway")
    transfer.start_server(ServerId=zone.server_id)
    assert zone.state() in {"STARTING", "ONLINE"}
    eventually(lambda: zone.state() == "ONLINE")
    log_in(zone, "skyway")


def test_a_home_that_is_no_logical_one_is_not_served(zone: Landing) -> None:
    role = zone.add_role("path", prefix_policy("partners"))
    zone.add_user("path", role, HomeDirectoryType="PATH", HomeDirectoryMappings=None, HomeDirectory=f"/{BUCKET}")
    with pytest.raises(asyncssh.PermissionDenied):
        log_in(zone, "path")


def test_no_way_leads_to_another_partners_home(zone: Landing) -> None:
    zone.client("s3").put_object(Bucket=BUCKET, Key="partners/otherline/secret.csv", Body=b"secret")

    async def steps(sftp: Any) -> None:
        for path in (
            "../otherline/secret.csv",
            "/../otherline/secret.csv",
            "//../otherline/secret.csv",
            "/partners/otherline/secret.csv",
            f"/{BUCKET}/partners/otherline/secret.csv",
            "a/../../otherline/secret.csv",
            "..//..//partners/otherline/secret.csv",
        ):
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await get(sftp, path)
        assert await sftp.realpath("..") == "/"
        assert await sftp.realpath("a//b/../../../..") == "/"
        await put(sftp, "/../otherline/mine.csv")

    visit(zone, "skyway", steps)
    assert zone.stored("partners/otherline/mine.csv") is None
    assert zone.stored("partners/skyway/otherline/mine.csv") == b"a"


def test_the_session_policy_caps_a_mapping_that_leads_too_far(zone: Landing) -> None:
    role = zone.client("iam").get_role(RoleName="partner")["Role"]["Arn"]
    zone.add_user(
        "curious",
        role,
        HomeDirectoryMappings=[
            {"Entry": "/own", "Target": f"/{BUCKET}/partners/curious"},
            {"Entry": "/other", "Target": f"/{BUCKET}/partners/otherline"},
        ],
        Policy=prefix_policy("partners/${Transfer:UserName}"),
    )

    async def steps(sftp: Any) -> None:
        await put(sftp, "own/a.csv")
        assert sorted(await sftp.listdir("/")) == ["other", "own"]
        for request in (
            put(sftp, "other/x"),
            get(sftp, "other/secret.csv"),
            sftp.listdir("other"),
            sftp.stat("other/x"),
        ):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await request
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await sftp.rename("own/a.csv", "other/a.csv")
        for request in (sftp.mkdir("other/new"), sftp.remove("other/secret.csv")):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await request
        assert await get(sftp, "own/a.csv") == b"a"

    visit(zone, "curious", steps)
    refused = {
        one["operation"] for one in zone.activities() if one["activity-type"] == "ERROR" and one["user"] == "curious"
    }
    assert refused == {"CLOSE", "OPEN", "READDIR", "STAT", "RENAME", "MKDIR", "DELETE"}


def test_an_upload_that_is_denied_on_its_way_leaves_nothing(zone: Landing) -> None:
    document = prefix_policy("partners/halfway").replace(
        '["kms:Decrypt", "kms:GenerateDataKey"]', '"kms:GenerateDataKey"'
    )
    zone.add_user("halfway", zone.add_role("halfway", document))

    async def steps(sftp: Any) -> None:
        await put(sftp, "small.csv", b"one request needs no kms:Decrypt")
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await put(sftp, "large.csv", bytes(20_000_000))

    visit(zone, "halfway", steps)
    assert zone.stored("partners/halfway/large.csv") is None
    assert zone.unfinished_uploads() == []


def test_a_role_that_transfer_may_not_assume_reaches_nothing(zone: Landing) -> None:
    role = zone.add_role("closed", prefix_policy("partners/closed"))
    trust = json.loads(json.dumps(TRUST).replace("transfer.amazonaws.com", "lambda.amazonaws.com"))
    zone.client("iam").update_assume_role_policy(RoleName="closed", PolicyDocument=json.dumps(trust))
    zone.add_user("closed", role)

    async def steps(sftp: Any) -> None:
        for request in (sftp.listdir("/"), put(sftp, "a.csv")):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await request

    visit(zone, "closed", steps)


def test_write_only_is_enough_to_deliver(zone: Landing) -> None:
    document = policy(
        {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/partners/sender/*"},
        {"Action": "kms:GenerateDataKey", "Resource": "*"},
    )
    zone.add_user("sender", zone.add_role("sender", document))

    async def steps(sftp: Any) -> None:
        await put(sftp, "a.csv")
        for request in (sftp.listdir("/"), get(sftp, "a.csv"), sftp.remove("a.csv")):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await request

    visit(zone, "sender", steps)
    assert zone.stored("partners/sender/a.csv") == b"a"


def test_setstat_is_passed_over_where_the_server_says_so(zone: Landing) -> None:
    transfer = zone.client("transfer")
    transfer.update_server(ServerId=zone.server_id, ProtocolDetails={"SetStatOption": "ENABLE_NO_OP"})

    async def steps(sftp: Any) -> None:
        await put(sftp, "a.csv")
        await sftp.utime("a.csv", (0, 0))
        async with sftp.open("b.csv", "wb") as file:
            await file.chmod(0o600)

    visit(zone, "skyway", steps)
    transfer.update_server(ServerId=zone.server_id, ProtocolDetails={"SetStatOption": "DEFAULT"})
    with pytest.raises(asyncssh.SFTPOpUnsupported):
        visit(zone, "skyway", steps)


def test_there_is_sftp_3_and_nothing_else(zone: Landing) -> None:
    async def run() -> None:
        async with zone.connect("skyway") as connection:
            async with connection.start_sftp_client(sftp_version=6) as sftp:
                assert sftp.version == 3
            for refused in (
                connection.run("ls"),
                connection.run(),
                connection.run("scp -t /"),
                connection.run(subsystem="x"),
            ):
                with pytest.raises(asyncssh.ChannelOpenError):
                    await refused
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", zone.home.ports.aws)
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", zone.home.ports.aws)

    asyncio.run(run())


def test_a_connection_holds_ten_sessions(zone: Landing) -> None:
    async def run() -> None:
        async with zone.connect("skyway") as connection:
            sessions = [await connection.start_sftp_client() for _ in range(10)]
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.start_sftp_client()
            assert [await sftp.realpath(".") for sftp in sessions] == ["/"] * 10

    asyncio.run(run())


def test_partners_deliver_at_the_same_time(zone: Landing) -> None:
    async def deliver(user: str) -> None:
        async with zone.connect(user) as connection, connection.start_sftp_client() as sftp:
            await put(sftp, "same.csv", user.encode() * 1_500_000)

    async def run() -> None:
        await asyncio.gather(deliver("skyway"), deliver("otherline"))

    asyncio.run(run())
    for user in ("skyway", "otherline"):
        assert zone.stored(f"partners/{user}/same.csv") == user.encode() * 1_500_000


def test_the_log_holds_no_secret(zone: Landing) -> None:
    log_in(zone, "skyway")
    eventually(lambda: zone.activities()[-1]["activity-type"] == "DISCONNECTED")
    text = zone.home.log("aws").read_text()
    assert zone.home.credentials.deployer.secret_access_key not in text
    assert "PRIVATE KEY" not in text
    assert "sandbox/sftp/" not in text, "a traceback"
