"""The clients that partners have, one after the other through the same door: all that they do comes out the same."""

from __future__ import annotations

import filecmp
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sandbox.sftp_clients import CLIENTS, Client, ClientError, Login, Paramiko, Rclone
from tests.sandbox.sftp_landing import BUCKET, Landing, eventually, landing

pytestmark = pytest.mark.sandbox

HOME = "partners/skyway"
MANY = 500
AT_ONCE = 10


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    """Run a door that passes over a client's wish to set times, as the landing zone's own does."""
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        running.client("transfer").update_server(
            ServerId=running.server_id, ProtocolDetails={"SetStatOption": "ENABLE_NO_OP"}
        )
        yield running


@pytest.fixture(params=CLIENTS, ids=lambda kind: kind.__name__.lower())
def client(request: pytest.FixtureRequest, zone: Landing, tmp_path: Path) -> Iterator[Client]:
    """Give a client of skyway's; afterwards its home is empty again."""
    kind: type[Client] = request.param
    if reason := kind.missing():
        pytest.skip(reason)
    yield kind(Login.of(zone, "skyway", tmp_path))
    bucket = zone.client("s3")
    for page in bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{HOME}/"):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", []) if item["Key"] != f"{HOME}/"]
        if keys:
            bucket.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311  # content, not a secret


def test_a_file_goes_comes_back_and_goes_away(zone: Landing, client: Client, tmp_path: Path) -> None:
    sent, got = tmp_path / "sent.csv", tmp_path / "got.csv"
    sent.write_bytes(noise(10_000_000))
    client.put(sent, "/two words.csv")
    assert zone.stored(f"{HOME}/two words.csv") == noise(10_000_000)
    client.get("/two words.csv", got)
    assert got.read_bytes() == noise(10_000_000)
    client.rename("/two words.csv", "/one.csv")
    assert client.names("/") == ["one.csv"]
    client.remove("/one.csv")
    assert client.names("/") == []
    assert zone.stored(f"{HOME}/one.csv") is None
    assert zone.unfinished_uploads() == []


def test_a_file_is_replaced_as_a_whole(zone: Landing, client: Client, tmp_path: Path) -> None:
    for size in (2_000_000, 1_000, 9_000_000, 0):
        (tmp_path / "a.csv").write_bytes(noise(size))
        client.put(tmp_path / "a.csv", "/a.csv")
        assert zone.stored(f"{HOME}/a.csv") == noise(size)


def test_a_file_that_is_not_there_is_an_error(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ClientError):
        client.get("/missing.csv", tmp_path / "got.csv")
    with pytest.raises(ClientError):
        client.remove("/missing.csv")


def test_a_folder_is_made_and_removed(zone: Landing, client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a")
    client.make_folder("/orders")
    assert zone.stored(f"{HOME}/orders/") == b""
    client.put(tmp_path / "a.csv", "/orders/a.csv")
    assert client.names("/orders") == ["a.csv"]
    with pytest.raises(ClientError):
        client.remove_folder("/orders")
    client.remove("/orders/a.csv")
    client.remove_folder("/orders")
    assert client.names("/") == []


def test_many_files_come_back_as_they_were(zone: Landing, client: Client, tmp_path: Path) -> None:
    sent, got = tmp_path / "sent", tmp_path / "got"
    sent.mkdir()
    got.mkdir()
    names = [f"{number:03}.csv" for number in range(MANY)]
    for number, name in enumerate(names):
        (sent / name).write_bytes(noise(number * 7))
    client.make_folder("/many")
    client.put_all(sent, "/many")
    assert sorted(client.names("/many")) == names
    client.get_all("/many", got)
    assert filecmp.cmpfiles(sent, got, names, shallow=False) == (names, [], [])
    assert zone.unfinished_uploads() == []


def test_a_download_is_resumed(client: Client, tmp_path: Path) -> None:
    sent, got = tmp_path / "sent.csv", tmp_path / "got.csv"
    sent.write_bytes(noise(3_000_000))
    client.put(sent, "/a.csv")
    got.write_bytes(noise(3_000_000)[:1_234_567])
    client.resume_get("/a.csv", got)
    assert got.read_bytes() == noise(3_000_000)


def test_an_upload_is_not_resumed_and_what_was_there_stays(zone: Landing, client: Client, tmp_path: Path) -> None:
    """S3 does not append to an object: Transfer refuses, and the client has to put the whole file anew."""
    half, whole = tmp_path / "half.csv", tmp_path / "whole.csv"
    half.write_bytes(noise(3_000_000)[:1_000_000])
    whole.write_bytes(noise(3_000_000))
    client.put(half, "/a.csv")
    with pytest.raises(ClientError, match=r"unsupported|not supported|does not append|does not resume"):
        client.resume_put(whole, "/a.csv")
    assert zone.stored(f"{HOME}/a.csv") == noise(3_000_000)[:1_000_000]


def test_ten_of_them_at_once_do_not_disturb_each_other(client: Client, tmp_path: Path) -> None:
    def deliver(number: int) -> bool:
        sent, got = tmp_path / f"sent-{number}.csv", tmp_path / f"got-{number}.csv"
        sent.write_bytes(noise(1_000_000 + number))
        client.put(sent, f"/{number}.csv")
        client.get(f"/{number}.csv", got)
        return filecmp.cmp(sent, got, shallow=False)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(deliver, range(AT_ONCE)))
    assert sorted(client.names("/")) == [f"{number}.csv" for number in range(AT_ONCE)]


def test_a_client_that_dies_leaves_nothing_of_its_upload(zone: Landing, client: Client, tmp_path: Path) -> None:
    sent = tmp_path / "sent.csv"
    sent.write_bytes(noise(100_000_000))
    with client.putting(sent, "/cut.csv"):
        eventually(zone.unfinished_uploads)
        assert zone.stored(f"{HOME}/cut.csv") is None
    eventually(lambda: not zone.unfinished_uploads())
    assert zone.stored(f"{HOME}/cut.csv") is None
    assert not [name for name in client.names("/") if not isinstance(client, Rclone) or "partial" not in name]


def test_ten_sessions_share_a_connection_and_an_eleventh_does_not(zone: Landing, tmp_path: Path) -> None:
    with Paramiko(Login.of(zone, "skyway", tmp_path)).session() as first:
        transport = first.get_channel().get_transport()
        others = [first.from_transport(transport) for _ in range(AT_ONCE - 1)]
        for number, sftp in enumerate((first, *others)):
            with sftp.open(f"/{number}.csv", "w") as file:
                file.write(noise(number))
        for number, sftp in enumerate((*others, first)):
            with sftp.open(f"/{number}.csv") as file:
                assert file.read() == noise(number)
        with pytest.raises(Exception, match=r"closed|refused|rejected|prohibited|failed"):
            first.from_transport(transport)
        for number in range(AT_ONCE):
            first.remove(f"/{number}.csv")
