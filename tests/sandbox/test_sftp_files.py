# ruff: noqa: ANN401  # asyncssh's client takes any option, so its types are of little help here
"""A partner's files through the door, by asyncssh's own client: what is put is an object, whole or not at all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import FXF_CREAT, FXF_TRUNC, FXF_WRITE

from tests.sandbox.sftp_landing import BUCKET, LISTING_PAGE, Landing, eventually, landing

pytestmark = pytest.mark.sandbox

HOME = "partners/skyway"
Visit = Callable[[Any], Awaitable[None]]


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def visit(zone: Landing) -> Iterator[Callable[[Visit], None]]:
    """Run a coroutine with an SFTP client of skyway; afterwards its home is empty again."""

    async def run(steps: Visit) -> None:
        async with zone.connect("skyway") as connection, connection.start_sftp_client() as sftp:
            await steps(sftp)

    yield lambda steps: asyncio.run(run(steps))
    bucket = zone.client("s3")
    for page in bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page.get("Contents", []):
            if item["Key"] != "partners/skyway/":  # without it, Transfer would pass over the mapping
                bucket.delete_object(Bucket=BUCKET, Key=item["Key"])


async def put(sftp: Any, path: str, content: bytes) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(content)


async def get(sftp: Any, path: str) -> bytes:
    async with sftp.open(path, "rb") as file:
        return await file.read()


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311  # content, not a secret


@pytest.mark.parametrize("size", [0, 1, 32_768, 300_001, 20_000_000])
def test_a_file_comes_back_as_it_was_put(zone: Landing, visit: Callable[[Visit], None], size: int) -> None:
    async def steps(sftp: Any) -> None:
        await put(sftp, "flights.csv", noise(size))
        assert await get(sftp, "flights.csv") == noise(size)
        assert (await sftp.stat("flights.csv")).size == size

    visit(steps)
    assert zone.stored(f"{HOME}/flights.csv") == noise(size)
    assert zone.unfinished_uploads() == []


def test_the_object_is_encrypted_with_the_buckets_key(zone: Landing, visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        await put(sftp, "flights.csv", b"x")

    visit(steps)
    head = zone.client("s3").head_object(Bucket=BUCKET, Key=f"{HOME}/flights.csv")
    assert head["ServerSideEncryption"] == "aws:kms"


def test_a_file_is_there_only_once_it_is_closed(zone: Landing, visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        async with sftp.open("flights.csv", "wb") as file:
            await file.write(noise(9_000_000))
            assert zone.stored(f"{HOME}/flights.csv") is None
            assert not await sftp.exists("flights.csv")

    visit(steps)
    assert zone.stored(f"{HOME}/flights.csv") == noise(9_000_000)


def test_a_file_that_is_not_emptied_first_is_not_cut_short(visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        await put(sftp, "a.csv", b"12345")
        file = await sftp.open("a.csv", FXF_WRITE | FXF_CREAT, encoding=None)
        await file.write(b"abc", 0)
        with pytest.raises(asyncssh.SFTPOpUnsupported, match="of which 3 were written"):
            await file.close()
        assert await get(sftp, "a.csv") == b"12345"
        async with sftp.open("a.csv", FXF_WRITE | FXF_CREAT, encoding=None) as file:
            await file.write(b"abcdef", 0)
        assert await get(sftp, "a.csv") == b"abcdef"
        async with sftp.open("a.csv", FXF_WRITE | FXF_CREAT, encoding=None) as file:
            await file.write(b"abc", 0)
            with pytest.raises(asyncssh.SFTPOpUnsupported):
                await file.truncate(2)
            await file.truncate(3)
        assert await get(sftp, "a.csv") == b"abc"

    visit(steps)


def test_a_file_shows_what_became_of_it_elsewhere(zone: Landing, visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        for size in (5, 7, 9):
            zone.client("s3").put_object(Bucket=BUCKET, Key=f"{HOME}/a.csv", Body=noise(size))
            assert (await sftp.stat("a.csv")).size == size
            assert [name.attrs.size for name in await sftp.readdir("/") if name.filename == "a.csv"] == [size]
        zone.client("s3").delete_object(Bucket=BUCKET, Key=f"{HOME}/a.csv")
        assert not await sftp.exists("a.csv")

    visit(steps)


def test_reads_may_jump(visit: Callable[[Visit], None]) -> None:
    content = noise(6_000_000)

    async def steps(sftp: Any) -> None:
        await put(sftp, "flights.csv", content)
        async with sftp.open("flights.csv", "rb") as file:
            for offset, size in [(5_000_000, 100), (0, 100), (3, 70_000), (5_999_990, 100), (2_097_152, 1)]:
                assert await file.read(size, offset) == content[offset : offset + size]
            assert await file.read(10, 7_000_000) == b""

    visit(steps)


def test_a_write_with_a_gap_fails_at_once_and_leaves_nothing(zone: Landing, visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        file = await sftp.open("flights.csv", "wb")
        await file.write(noise(9_000_000), 0)
        with pytest.raises(asyncssh.SFTPFailure, match=r"byte 9000000 .* comes next, not 9000001"):
            await file.write(b"x", 9_000_001)
        with pytest.raises(asyncssh.SFTPFailure):
            await file.write(b"x", 9_000_000)
        with pytest.raises(asyncssh.SFTPFailure):
            await file.close()

    visit(steps)
    assert zone.stored(f"{HOME}/flights.csv") is None
    assert zone.unfinished_uploads() == []


@pytest.mark.parametrize("size", [1000, 20_000_000])
@pytest.mark.parametrize("how", ["connection", "channel"])
def test_an_upload_that_is_cut_off_leaves_nothing(zone: Landing, size: int, how: str) -> None:
    before = len([one for one in zone.activities() if one["activity-type"] == "PARTIAL_CLOSE"])

    async def cut_off() -> None:
        async with zone.connect("skyway") as connection:
            sftp = await connection.start_sftp_client()
            file = await sftp.open("cut.csv", "wb")
            await file.write(noise(size))
            if how == "connection":
                connection.abort()
            else:
                sftp.exit()
                await sftp.wait_closed()

    asyncio.run(cut_off())
    eventually(lambda: len([one for one in zone.activities() if one["activity-type"] == "PARTIAL_CLOSE"]) == before + 1)
    eventually(lambda: zone.unfinished_uploads() == [])
    assert zone.stored(f"{HOME}/cut.csv") is None


def test_directories_are_made_listed_and_removed(zone: Landing, visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        await sftp.mkdir("orders")
        assert zone.stored(f"{HOME}/orders/") == b""
        assert await sftp.isdir("orders")
        assert await sftp.listdir("orders") == []
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.mkdir("orders")
        await put(sftp, "orders/a.csv", b"a")
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.rmdir("orders")
        with pytest.raises(asyncssh.SFTPOpUnsupported):
            await sftp.remove("orders")
        await sftp.remove("orders/a.csv")
        await sftp.rmdir("orders")
        assert not await sftp.exists("orders")
        for missing in (sftp.listdir("orders"), sftp.rmdir("orders"), sftp.remove("orders"), get(sftp, "orders")):
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await missing
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.rmdir("/")

    visit(steps)


def test_a_listing_of_many_pages_is_whole(visit: Callable[[Visit], None], zone: Landing) -> None:
    names = [f"{number:03}.csv" for number in range(LISTING_PAGE * 8)]
    for name in names:
        zone.client("s3").put_object(Bucket=BUCKET, Key=f"{HOME}/flights/{name}", Body=b"1")

    async def steps(sftp: Any) -> None:
        assert sorted(await sftp.listdir("flights")) == names
        assert await sftp.listdir("/") == ["flights"]

    visit(steps)


def test_keys_that_would_lead_elsewhere_are_not_listed(visit: Callable[[Visit], None], zone: Landing) -> None:
    for key in ("../x.csv", "/x.csv", "./x.csv", "plain.csv"):
        zone.client("s3").put_object(Bucket=BUCKET, Key=f"{HOME}/{key}", Body=b"1")

    async def steps(sftp: Any) -> None:
        assert await sftp.listdir("/") == ["plain.csv"]

    visit(steps)


def test_a_file_is_renamed_and_a_directory_is_not(zone: Landing, visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        await put(sftp, "a.csv", b"a")
        await put(sftp, "orders/b.csv", b"b")
        await sftp.rename("a.csv", "orders/a.csv")
        assert sorted(await sftp.listdir("orders")) == ["a.csv", "b.csv"]
        assert await sftp.listdir("/") == ["orders"]
        await sftp.rename("orders/a.csv", "orders/a.csv")
        assert await get(sftp, "orders/a.csv") == b"a"
        with pytest.raises(asyncssh.SFTPOpUnsupported):
            await sftp.rename("orders", "shipped")
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.rename("orders/a.csv", "orders")
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.rename("missing.csv", "b.csv")

    visit(steps)
    assert zone.stored(f"{HOME}/orders/a.csv") == b"a"


def test_what_s3_cannot_do_is_refused(visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        await put(sftp, "a.csv", b"a")
        for mode in ("ab", "r+b", "w+b"):
            with pytest.raises(asyncssh.SFTPOpUnsupported):
                await sftp.open("a.csv", mode)
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.open("a.csv", "xb")
        with pytest.raises(asyncssh.SFTPOpUnsupported):
            await sftp.open("a.csv", FXF_WRITE)
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.open("b.csv", FXF_WRITE | FXF_TRUNC)
        with pytest.raises(asyncssh.SFTPOpUnsupported):
            await sftp.truncate("a.csv", 0)
        with pytest.raises(asyncssh.SFTPOpUnsupported):
            await sftp.utime("a.csv", (0, 0))
        for request in (sftp.symlink("a.csv", "l"), sftp.readlink("a.csv"), sftp.link("a.csv", "l"), sftp.statvfs("/")):
            with pytest.raises(asyncssh.SFTPOpUnsupported):
                await request
        assert await get(sftp, "a.csv") == b"a"
        assert await sftp.listdir("/") == ["a.csv"]

    visit(steps)


@pytest.mark.parametrize(
    "name", ["Zürich ✈ 日本.csv", " leading and trailing ", "100%+a?b#c&d=e.csv", "%2e%2e", "-rf", "~"]
)
def test_names_are_kept_as_they_are(zone: Landing, visit: Callable[[Visit], None], name: str) -> None:
    async def steps(sftp: Any) -> None:
        await put(sftp, f"/{name}", b"a")
        assert await sftp.listdir("/") == [name]
        await sftp.rename(f"/{name}", f"/sub/{name}")
        assert await get(sftp, f"/sub/{name}") == b"a"

    visit(steps)
    assert zone.stored(f"{HOME}/sub/{name}") == b"a"


def test_names_that_are_not_utf_8_are_refused(visit: Callable[[Visit], None]) -> None:
    async def steps(sftp: Any) -> None:
        for name in (b"Z\xfcrich.csv", b"a\0b"):
            with pytest.raises(asyncssh.SFTPFailure):
                await sftp.open(name, "wb")

    visit(steps)


def test_what_happens_is_logged_as_transfer_logs_it(zone: Landing, visit: Callable[[Visit], None]) -> None:
    before = len(zone.activities())

    async def steps(sftp: Any) -> None:
        await put(sftp, "a.csv", b"12345")

    visit(steps)
    eventually(lambda: zone.activities()[-1]["activity-type"] == "DISCONNECTED")
    connected, opened, closed, _ = zone.activities()[before:]
    assert connected["activity-type"] == "CONNECTED"
    assert connected["role"].endswith(":role/partner")
    assert opened["mode"] == "CREATE|TRUNCATE|WRITE"
    assert opened["path"] == closed["path"] == f"/{BUCKET}/{HOME}/a.csv"
    assert closed["bytes-in"] == "5"
    assert len({one["session-id"] for one in (connected, opened, closed)}) == 1
    assert {one["user"] for one in (connected, opened, closed)} == {"skyway"}
