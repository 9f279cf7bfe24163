# ruff: noqa: ANN401  # boto3 and asyncssh give clients without types
"""A server's structured logs: what the door writes into the log group that the server names."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from sandbox.home import ACCOUNT_ID, REGION, KeyPair
from sandbox.sftp.log_delivery import LogDelivery, group_named
from tests.ports import closed_port
from tests.sandbox.sftp_landing import BUCKET, Landing, eventually, landing, new_key, prefix_policy, running

pytestmark = pytest.mark.sandbox


@dataclass(frozen=True)
class Watched:
    """A landing zone whose server writes into a log group of the test's own."""

    zone: Landing
    group: str

    def visit(self, steps: Callable[[Any], Awaitable[None]], user: str = "skyway") -> None:
        async def run() -> None:
            async with self.zone.connect(user) as connection, connection.start_sftp_client() as sftp:
                await steps(sftp)

        asyncio.run(run())

    def events(self) -> dict[str, list[dict[str, str]]]:
        """Give what each log stream holds."""
        logs = self.zone.client("logs")
        streams = [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=self.group)["logStreams"]]
        return {
            name: [
                json.loads(one["message"])
                for one in logs.get_log_events(logGroupName=self.group, logStreamName=name, startFromHead=True)[
                    "events"
                ]
            ]
            for name in streams
        }

    def of_session(self) -> list[dict[str, str]]:
        """Give the events of the one session, in their order."""
        found = [one for name, one in self.events().items() if name != "ERRORS"]
        return found[0] if found else []

    def activities(self) -> list[str]:
        return [event["activity-type"] for event in self.of_session()]


def watch(zone: Landing, group: str) -> Watched:
    zone.client("logs").create_log_group(logGroupName=group)
    destination = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{group}:*"
    zone.client("transfer").update_server(ServerId=zone.server_id, StructuredLogDestinations=[destination])
    return Watched(zone, group)


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def watched(zone: Landing, request: pytest.FixtureRequest) -> Watched:
    return watch(zone, f"/aws/transfer/{request.node.name}")


def test_a_delivery_is_logged_with_transfers_fields(watched: Watched) -> None:
    async def steps(sftp: Any) -> None:
        async with sftp.open("a.csv", "wb") as file:
            await file.write(b"12345")
        await sftp.remove("a.csv")

    watched.visit(steps)
    eventually(lambda: watched.activities() == ["CONNECTED", "OPEN", "CLOSE", "DELETE", "DISCONNECTED"])
    (stream,) = watched.events()
    connected, opened, closed, deleted, ended = watched.of_session()
    session = stream.removeprefix("skyway.")
    server = watched.zone.client("transfer").describe_server(ServerId=watched.zone.server_id)["Server"]["Arn"]
    assert {(one["session-id"], one["resource-arn"]) for one in watched.of_session()} == {(session, server)}
    key = watched.zone.keys["skyway"]
    assert {name: connected[name] for name in ("user", "home-dir", "source-ip", "ssh-public-key-fingerprint")} == {
        "user": "skyway",
        "home-dir": "/",
        "source-ip": "127.0.0.1",
        "ssh-public-key-fingerprint": key.get_fingerprint(),
    }
    assert connected["role"].endswith(":role/partner")
    assert "AsyncSSH" in connected["client"]
    assert connected["ciphers"] == "aes256-gcm@openssh.com,aes256-gcm@openssh.com"
    path = f"/{BUCKET}/partners/skyway/a.csv"
    assert (opened["path"], opened["mode"]) == (path, "CREATE|TRUNCATE|WRITE")
    assert (closed["path"], closed["bytes-in"]) == (path, "5")
    assert deleted["path"] == path
    assert not any("user" in one for one in (opened, closed, deleted, ended)), "Transfer names the user at CONNECTED"


def test_refused_logins_go_into_a_stream_of_their_own(watched: Watched) -> None:
    strange = new_key()

    async def run() -> None:
        with pytest.raises(asyncssh.PermissionDenied):
            async with watched.zone.connect("skyway", strange):
                pass

    asyncio.run(run())
    eventually(lambda: "ERRORS" in watched.events())
    (refused,) = watched.events()["ERRORS"]
    assert refused["activity-type"] == "AUTH_FAILURE"
    assert (refused["user"], refused["method"], refused["source-ip"]) == ("skyway", "publickey", "127.0.0.1")
    assert refused["ssh-public-key-fingerprint"] == strange.get_fingerprint()
    assert strange.get_fingerprint() in refused["message"]


def test_an_error_names_its_place_in_s3(watched: Watched) -> None:
    mappings = [{"Entry": "/other", "Target": f"/{BUCKET}/partners/otherline"}]
    role = watched.zone.add_role("lost", prefix_policy("partners/lost"))
    watched.zone.add_user("lost", role, HomeDirectoryMappings=mappings)

    async def steps(sftp: Any) -> None:
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            async with sftp.open("/other/a.csv", "wb") as file:
                await file.write(b"12345")
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await sftp.listdir("/other")

    watched.visit(steps, "lost")
    eventually(lambda: "DISCONNECTED" in watched.activities())
    errors = [one for one in watched.of_session() if one["activity-type"] == "ERROR"]
    found = {(one["operation"], one["path"]) for one in errors}
    place = f"/{BUCKET}/partners/otherline"
    assert ("CLOSE", f"{place}/a.csv") in found
    assert ("READDIR", place) in {(operation, path.rstrip("/")) for operation, path in found}
    assert all(one["message"] for one in errors)


def test_an_upload_that_is_cut_off_is_a_partial_close(watched: Watched) -> None:
    async def run() -> None:
        async with watched.zone.connect("skyway") as connection, connection.start_sftp_client() as sftp:
            file = await sftp.open("half.csv", "wb")
            await file.write(b"12345")
            connection.abort()

    asyncio.run(run())
    eventually(lambda: "DISCONNECTED" in watched.activities())
    (partial,) = (one for one in watched.of_session() if one["activity-type"] == "PARTIAL_CLOSE")
    assert partial["path"] == f"/{BUCKET}/partners/skyway/half.csv"
    assert "CLOSE" not in watched.activities()


def test_what_is_logged_just_before_the_end_is_not_lost(tmp_path: Path) -> None:
    with ExitStack() as first_life:
        watched = watch(first_life.enter_context(landing(tmp_path)), "/aws/transfer/lasting")

        async def deliver() -> None:
            async with watched.zone.connect("skyway") as connection, connection.start_sftp_client() as sftp:
                for number in range(20):
                    async with sftp.open(f"{number}.csv", "wb") as file:
                        await file.write(b"1")
                await asyncio.to_thread(first_life.close)

        with suppress(asyncssh.Error, OSError):
            asyncio.run(deliver())
    with running(watched.zone.home):
        found = watched.activities()
    assert (found.count("CLOSE"), found[-1]) == (20, "DISCONNECTED")


def test_a_log_group_that_is_not_there_is_said_once_and_keeps_nobody_out(watched: Watched) -> None:
    watched.zone.client("logs").delete_log_group(logGroupName=watched.group)

    async def steps(sftp: Any) -> None:
        assert await sftp.listdir("/") == []

    for _ in range(2):
        watched.visit(steps)
    warned = "did not reach the log group"
    eventually(lambda: warned in watched.zone.home.log("aws").read_text())
    assert watched.zone.home.log("aws").read_text().count(warned) == 1


def test_no_events_wait_for_an_address_that_does_not_answer() -> None:
    delivery = LogDelivery(f"http://127.0.0.1:{closed_port()}", KeyPair.generate())
    delivery.put(["/aws/transfer/x"], "ERRORS", {"activity-type": "AUTH_FAILURE"})
    ended = threading.Thread(target=delivery.close)
    ended.start()
    ended.join(timeout=30)
    assert not ended.is_alive()


def test_a_destination_names_its_group() -> None:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/transfer/x"
    assert group_named(f"{arn}:*") == group_named(arn) == "/aws/transfer/x"
