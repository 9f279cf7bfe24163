"""A thousand files through the door into a table, each process that has a part in it killed once on the way.

The parts run under the sandbox's own supervisor, which starts again what is killed. Kills come in the middle of
deliveries and loads, wherever these happen to be; what holds afterwards holds wherever they were.
"""

# ruff: noqa: S608  # the names in the statements are the test's own

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from domain.copy_statement import copy_statement
from domain.feeds import Feed
from domain.snowflake_sql import SchemaName
from sandbox.lifecycle import down, up
from sandbox.parts import Part, chosen, named
from sandbox.supervision import Supervisor
from tests.sandbox.sftp_landing import Landing, policy
from tests.sandbox.sftp_sender import Delivery, Sender
from tests.sandbox.snowflake_account import BUCKET, Row, SnowflakeAccount, build_landing, until

pytestmark = pytest.mark.sandbox

FILES = 1000
PARTS = ("aws", "snowflake")
SCHEMA = SchemaName(database="LANDING", schema="RAW")
TABLE = SCHEMA.object("SKYWAY_MANY")
FEED = Feed.model_validate(
    {"name": "many", "columns": [{"name": "ID", "type": "NUMBER(38,0)"}, {"name": "NOTE", "type": "VARCHAR"}]}
)
HISTORY = (
    "FROM TABLE(LANDING.INFORMATION_SCHEMA.COPY_HISTORY("
    "TABLE_NAME => 'RAW.SKYWAY_MANY', START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP())))"
)
PATIENCE_SECONDS = 300
"""How long a step may take on a machine that has other things to do."""
FAULTY_LINE = 4
LARGE_NOTE = "x" * 1000


@dataclass(frozen=True)
class Ids:
    """What a file holds: the numbers of its rows, in their order, each with the same note."""

    first: int
    rows: int
    note: str = "a small file's note"
    faulty: bool = False

    @property
    def content(self) -> bytes:
        """The file; the one without rows is empty, without even a header."""
        if not self.rows:
            return b""
        names = [str(self.first + number) for number in range(self.rows)]
        if self.faulty:
            names[FAULTY_LINE - 2] = "no number"
        return "".join(["ID,NOTE\n", *(f"{name},{self.note}\n" for name in names)]).encode()


def path_of(number: int) -> str:
    return f"many/{number}.csv"


def ids_of(number: int) -> Ids:
    """Say what the file of a number holds: empty, faulty, large, the same as its neighbour's, or some rows."""
    first = number * 100_000
    if number % 20 == 0:
        return Ids(first, 0)
    if number % 97 == 5:
        return Ids(first, 10, faulty=True)
    if number % 125 == 3:
        # 2 and 3 MB, and two of 9 MB: more than the door puts at once
        return Ids(first, {3: 9_000, 128: 9_000}.get(number, 2_000 + number), LARGE_NOTE)
    if number % 50 == 7:
        return ids_of(number - 1)
    return Ids(first, 1 + number % 30)


FAULTY = [number for number in range(FILES) if ids_of(number).faulty]
CORRECTED = FAULTY[::2]
CHANGED = [number for number in range(FILES) if number % 111 == 2]


def first_deliveries() -> list[Delivery]:
    """Give all files, each tenth twice."""
    files = [Delivery(path_of(number), ids_of(number).content) for number in range(FILES)]
    return [each for number, file in enumerate(files) for each in ([file, file] if number % 10 == 1 else [file])]


def later_deliveries() -> list[Delivery]:
    """Give what comes once all is loaded: files that are there again or changed, and faulty ones corrected."""
    again = [Delivery(path_of(number), ids_of(number).content) for number in range(30)]
    changed = [Delivery(path_of(number), b"ID,NOTE\n0,changed\n") for number in CHANGED]
    corrected = [Delivery(path_of(number), Ids(number, 3).content) for number in CORRECTED]
    return again + changed + corrected


@dataclass
class Zone:
    """A sandbox whose parts run under its supervisor, with a landing zone in it."""

    account: SnowflakeAccount
    door: Landing
    connection: Any = None

    def up(self) -> None:
        up(self.account.home, chosen(PARTS), _unsaid)

    def kill(self, part: str) -> None:
        """Kill a part's process, and wait until the supervisor has another one that is ready."""
        home = self.account.home
        supervisor = Supervisor(home)
        process = supervisor.processes()[part].pid
        assert process
        os.kill(process, signal.SIGKILL)
        until(lambda: supervisor.processes()[part].pid not in {None, process}, seconds=60)
        until(lambda: named(part).ready(home), seconds=60)

    def kill_supervisor(self) -> None:
        """Kill the supervisor, which ends the parts, and bring everything up again."""
        process = int((self.account.home.root / "supervisor" / "supervisord.pid").read_text())
        os.kill(process, signal.SIGKILL)
        self.up()

    def ask(self, sql: str) -> list[Row]:
        """Ask Snowflake, with a new login after a kill; raises what the connector raises."""
        self.connection = self.connection or self.account.connect()
        try:
            return self.connection.cursor().execute(sql).fetchall()
        except Exception:
            self.connection = None
            raise

    def status(self) -> dict[str, Any]:
        return json.loads(self.ask(f"SELECT SYSTEM$PIPE_STATUS('{TABLE}')")[0][0])

    def history(self) -> list[Row]:
        return self.ask(f"SELECT FILE_NAME, STATUS, ROW_COUNT, FIRST_ERROR_MESSAGE, FIRST_ERROR_LINE_NUMBER {HISTORY}")

    def told(self) -> int:
        """Count the lines of the load history."""
        return self.ask(f"SELECT COUNT(*) {HISTORY}")[0][0]

    def is_quiet(self, files: int) -> bool:
        """Say whether the history tells of so many loads at least, and nothing waits."""
        if self.told() < files:
            return False
        status = self.status()
        return status["pendingFileCount"] == 0 and status["numOutstandingMessagesOnChannel"] == 0


def _unsaid(_part: Part) -> None: ...


@contextmanager
def landing_zone(root: Path) -> Generator[Zone]:
    account = SnowflakeAccount(root)
    zone = Zone(account, Landing(account.home))
    try:
        zone.up()
        build_landing(account)
        columns = ", ".join(f'"{each.name}" {each.type}' for each in FEED.table_columns())
        account.run(f"CREATE TABLE {TABLE} ({columns})")
        copy = copy_statement(SCHEMA, table="SKYWAY_MANY", stage="PARTNERS", path="skyway/many/", feed=FEED)
        account.run(f"CREATE PIPE {TABLE} AUTO_INGEST = TRUE AS {copy}")
        open_door(zone.door)
        yield zone
    finally:
        down(account.home)


def open_door(door: Landing) -> None:
    host_key = door.host_key.export_private_key().decode()
    door.server_id = door.client("transfer").create_server(HostKey=host_key)["ServerId"]
    bucket = f"arn:aws:s3:::{BUCKET}"
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    role = door.add_role(
        "partner",
        policy({"Action": "s3:ListBucket", "Resource": bucket}, {"Action": objects, "Resource": f"{bucket}/*"}),
    )
    target = f"/{BUCKET}/partners/skyway"
    door.add_user("skyway", role, HomeDirectoryMappings=[{"Entry": "/", "Target": target}])
    # roles and users are not kept at once, as files are: a kill is to come when the state has them
    state = door.home.folder("aws") / "state"
    begun = state.stat().st_mtime_ns if state.exists() else 0
    door.client("iam").tag_role(RoleName="partner", Tags=[{"Key": "for", "Value": "skyway"}])
    until(lambda: state.stat().st_mtime_ns > begun, seconds=60)


def test_every_file_is_loaded_exactly_once(tmp_path: Path) -> None:
    with landing_zone(tmp_path) as zone, ThreadPoolExecutor(1) as pool:
        sender = Sender(zone.door, "skyway")
        sending = sender.send(first_deliveries(), pool)
        kills: list[tuple[Callable[[], bool], Callable[[], None]]] = [
            (lambda: zone.told() >= 50, partial(zone.kill, "snowflake")),
            (lambda: len(sender.confirmed) >= 350, partial(zone.kill, "aws")),
            (lambda: len(sender.confirmed) >= 700, zone.kill_supervisor),
        ]
        for due, kill in kills:
            eventually(due)
            assert not sending.done()
            kill()
        sending.result()
        assert sender.cut_off > 0
        eventually(lambda: zone.is_quiet(FILES))
        check_loaded(zone, corrected=False)

        sender.send(later_deliveries(), pool).result()
        eventually(lambda: zone.is_quiet(FILES + len(CORRECTED)))
        check_loaded(zone, corrected=True)
        check_bucket(zone, sender)


@retry(stop=stop_after_delay(PATIENCE_SECONDS), wait=wait_fixed(0.3), reraise=True)
def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, and ask for it seldom: what is asked loads the files."""
    assert condition()


def check_loaded(zone: Zone, *, corrected: bool) -> None:
    """Check the load history and the table against what was sent."""
    good = {number: ids_of(number) for number in range(FILES) if number not in FAULTY}
    if corrected:
        good |= {number: Ids(number, 3) for number in CORRECTED}
    history = zone.history()
    loaded = {name: rows for name, status, rows, *_ in history if status == "Loaded"}
    assert Counter(name for name, status, *_ in history if status == "Loaded") == dict.fromkeys(loaded, 1)
    assert loaded == {f"skyway/{path_of(number)}": ids.rows for number, ids in good.items()}
    failed = {row for row in history if row[1] != "Loaded"}
    fault = ("Load failed", 0, "Numeric value 'no number' is not recognized", FAULTY_LINE)
    assert failed == {(f"skyway/{path_of(number)}", *fault) for number in FAULTY}

    found = zone.ask(
        f"SELECT LOADED_FILE, COUNT(*), COUNT(DISTINCT LOADED_ROW), COUNT(DISTINCT ID), MIN(ID), MAX(ID) FROM {TABLE} "
        "GROUP BY LOADED_FILE"
    )
    expected = {
        (f"partners/skyway/{path_of(number)}", ids.rows, ids.rows, ids.rows, ids.first, ids.first + ids.rows - 1)
        for number, ids in good.items()
        if ids.rows
    }
    assert set(found) == expected
    assert len(found) == len(expected)


def check_bucket(zone: Zone, sender: Sender) -> None:
    """Check that the bucket has, of each name, what was confirmed last, and nothing unfinished."""
    s3 = zone.account.aws("s3")
    last = {f"partners/skyway/{each.path}": each.content for each in sender.confirmed}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="partners/skyway/many/")
    kept = {entry["Key"]: entry for page in pages for entry in page["Contents"]}
    assert {key: entry["Size"] for key, entry in kept.items()} == {key: len(content) for key, content in last.items()}
    whole = {key: entry["ETag"].strip('"') for key, entry in kept.items() if "-" not in entry["ETag"]}
    assert whole == {key: hashlib.md5(last[key], usedforsecurity=False).hexdigest() for key in whole}
    assert s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []
