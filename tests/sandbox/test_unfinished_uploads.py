# ruff: noqa: ANN401  # asyncssh's client takes any option, so its types are of little help here
"""What partners' clients leave on the way, through the real door: every row of a whole file once, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from tests.sandbox.loading_feeds import loads, open_feed
from tests.sandbox.sftp_landing import TRUST, Landing, policy
from tests.sandbox.snowflake_account import BUCKET, SnowflakeAccount, build_landing, snowflake_account, until

pytestmark = pytest.mark.sandbox

COLUMNS = [{"name": "ID", "type": "NUMBER"}]
Steps = Callable[[Any], Awaitable[None]]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("landing"), "aws", "snowflake") as running:
        build_landing(running)
        yield running


@pytest.fixture(scope="module")
def zone(account: SnowflakeAccount) -> Landing:
    """Open a door for skyway into the bucket that the stage is over."""
    door = Landing(account.home)
    key = door.host_key.export_private_key().decode()
    door.server_id = door.client("transfer").create_server(HostKey=key)["ServerId"]
    iam = door.client("iam")
    role = iam.create_role(RoleName="door", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    document = policy({"Action": "s3:*", "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]})
    iam.put_role_policy(RoleName="door", PolicyName="access", PolicyDocument=document)
    target = f"/{BUCKET}/partners/skyway"
    door.add_user("skyway", role, HomeDirectoryMappings=[{"Entry": "/", "Target": target}])
    return door


def visit(zone: Landing, steps: Steps) -> None:
    async def run() -> None:
        async with zone.connect("skyway") as connection, connection.start_sftp_client() as sftp:
            await steps(sftp)

    asyncio.run(run())


async def put(sftp: Any, path: str, *ids: int) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write("\n".join(["ID", *map(str, ids), ""]).encode())


def settled(account: SnowflakeAccount, table: str) -> bool:
    told = json.loads(account.run(f"SELECT SYSTEM$PIPE_STATUS('{table}')")[0][0])
    return told["pendingFileCount"] + told["numOutstandingMessagesOnChannel"] == 0


def loaded(account: SnowflakeAccount, table: str) -> list[int]:
    """Give what the table holds once nothing is under way any more."""
    until(lambda: settled(account, table))
    return [number for (number,) in account.run(f"SELECT ID FROM {table} ORDER BY ID")]  # noqa: S608  # our own


def under_temporary_names(feed: str, *names: str) -> Steps:
    """Upload as clients do that rename at the end, one file under each temporary name; then one as it is."""

    async def steps(sftp: Any) -> None:
        for number, name in enumerate(names):
            await put(sftp, f"/{feed}/{name}", number)
            await sftp.rename(f"/{feed}/{name}", f"/{feed}/{number}.csv")
        await put(sftp, f"/{feed}/last.csv", len(names))

    return steps


def test_files_that_are_renamed_at_the_end_come_once(account: SnowflakeAccount, zone: Landing) -> None:
    table = open_feed(account, {"name": "renamed", "columns": COLUMNS})
    names = ("a.csv.filepart", "a.csv.part", "a.csv.1f0c.partial", "a.tmp", "a.csv.temp", ".in.a.csv", ".a.csv.Xy12")
    visit(zone, under_temporary_names("renamed", *names))
    until(lambda: "last.csv" in loads(account, table))
    assert loaded(account, table) == list(range(len(names) + 1))
    assert sorted(loads(account, table)) == [*(f"{number}.csv" for number in range(len(names))), "last.csv"]


def test_a_pipe_that_takes_temporary_names_too_would_load_rows_twice(account: SnowflakeAccount, zone: Landing) -> None:
    table = open_feed(account, {"name": "twice", "columns": COLUMNS, "unfinished": []})
    visit(zone, lambda sftp: put(sftp, "/twice/a.csv.filepart", 1))
    until(lambda: "a.csv.filepart" in loads(account, table))
    visit(zone, lambda sftp: sftp.rename("/twice/a.csv.filepart", "/twice/a.csv"))
    until(lambda: "a.csv" in loads(account, table))
    assert loaded(account, table) == [1, 1]


def test_endings_of_a_clients_own_are_left_out_where_the_feed_names_them(
    account: SnowflakeAccount, zone: Landing
) -> None:
    table = open_feed(account, {"name": "own", "columns": COLUMNS, "unfinished": [".axway"]})
    visit(zone, under_temporary_names("own", "a.csv.axway"))
    until(lambda: "last.csv" in loads(account, table))
    assert (loaded(account, table), sorted(loads(account, table))) == ([0, 1], ["0.csv", "last.csv"])


def test_folders_and_uploads_that_were_cut_off_leave_nothing(account: SnowflakeAccount, zone: Landing) -> None:
    table = open_feed(account, {"name": "cut", "columns": COLUMNS})

    async def break_off(sftp: Any) -> None:
        await sftp.mkdir("/cut")
        await sftp.mkdir("/cut/2026")
        await put(sftp, "/cut/2026/deep.csv", 1)
        file = await sftp.open("/cut/half.csv", "wb")
        await file.write(b"ID\n2\n")
        sftp.exit()  # without a close of the file
        await sftp.wait_closed()

    visit(zone, break_off)
    until(lambda: "deep.csv" in loads(account, table))
    assert loaded(account, table) == [1]

    async def send_again(sftp: Any) -> None:
        await put(sftp, "/cut/half.csv", 2, 3)

    visit(zone, send_again)
    until(lambda: "half.csv" in loads(account, table))
    assert loaded(account, table) == [1, 2, 3]
    assert sorted(loads(account, table)) == ["deep.csv", "half.csv"]
