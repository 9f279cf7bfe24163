from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, cast

import duckdb
import pytest

from sandbox.snowflake.engine import Engine
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.history import FileLoad, table_of
from sandbox.snowflake.loading import Job, Loader
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Integration, Pipe, Stage, now
from sandbox.snowflake.snowpipe import Outcome, Snowpipe
from sandbox.snowflake.storage import Storage, StoredFile, UnreachableError
from sandbox.snowflake.store import ObjectStore

WAIT_SECONDS = 30
NAME = Name(("LANDING", "RAW", "SKYWAY_FLIGHTS"))
EVENT = json.dumps(
    {
        "Records": [
            {
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "landing"}, "object": {"key": "partners/skyway/flights/1.csv"}},
            }
        ]
    }
)


class Queue:
    """A queue with one message, given out until it is deleted."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.deleted = Event()
        self.given = 0
        self.waits: list[int] = []

    def create_queue(self, **_: object) -> dict[str, str]:
        return {"QueueUrl": "queue"}

    def receive_message(self, **_: object) -> dict[str, Any]:
        if self.deleted.wait(0.01):
            return {}
        self.given += 1
        return {"Messages": [{"Body": self.body, "ReceiptHandle": "one", "MessageId": "one"}]}

    def change_message_visibility(self, **given: object) -> None:
        self.waits.append(cast("int", given["VisibilityTimeout"]))

    def delete_message(self, **_: object) -> None:
        self.deleted.set()


class Aws:
    """What a pipe asks of AWS: its queue, and nothing of S3."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def client(self, _service: str) -> Queue:
        return self._queue


class Loads(Loader):
    """A loader that does what the test says."""

    load: Callable[[], None]

    def run(self, job: Job, only: Sequence[StoredFile] | None = None) -> list[FileLoad]:
        assert job.pipe is not None
        assert only
        self.load()
        return []


@contextmanager
def piping(folder: Path, queue: Queue, load: Callable[[], None]) -> Generator[Snowpipe]:
    engine, store, aws = Engine(folder / "databases"), ObjectStore(folder / "account.db"), cast("Storage", Aws(queue))
    engine.create_database("LANDING")
    for sql in ('CREATE SCHEMA "LANDING"."RAW"', f"CREATE TABLE {NAME.sql()} (ID BIGINT)"):
        engine.duck_conn.execute(sql)
    store.put(
        Integration(name=Name.of("S3"), role_arn="", external_id="", allowed_locations=("s3://landing/partners/",))
    )
    store.put(Stage(name=Name(("LANDING", "RAW", "PARTNERS")), url="s3://landing/partners/", integration="S3"))
    definition = "COPY INTO SKYWAY_FLIGHTS FROM @PARTNERS/skyway/flights/"
    store.put(Pipe(name=NAME, definition=definition, auto_ingest=True))
    loader = Loads(engine, store, aws, folder / "spool")
    loader.load = load
    pipes = Snowpipe(store, aws, loader)
    pipes.start()
    try:
        yield pipes
    finally:
        pipes.stop()
        engine.close()
        store.close()


def history(pipes: Snowpipe) -> list[tuple[Any, ...]]:
    sql = f"SELECT file_name, status, first_error_message FROM {table_of('LANDING')}"  # noqa: S608 # quoted
    return pipes.loader.engine.query(sql)


def test_a_load_that_fails_for_a_fault_of_the_engine_is_tried_again(tmp_path: Path) -> None:
    faults = [duckdb.OutOfMemoryException("once"), duckdb.IOException("twice")]

    def load() -> None:
        if faults:
            raise faults.pop()

    queue = Queue(EVENT)
    with piping(tmp_path, queue, load):
        assert queue.deleted.wait(WAIT_SECONDS)
    assert queue.given == 3


def test_a_load_that_is_cut_off_by_the_end_keeps_its_message(tmp_path: Path) -> None:
    loading, closed, over = Event(), Event(), Event()

    def load() -> None:
        loading.set()
        closed.wait(WAIT_SECONDS)
        over.set()
        raise duckdb.ConnectionException("Connection already closed")

    queue = Queue(EVENT)
    with piping(tmp_path, queue, load) as pipes:
        assert loading.wait(WAIT_SECONDS)
        pipes.stop()
        closed.set()
        assert over.wait(WAIT_SECONDS)
    assert not queue.deleted.wait(0.1)


def test_a_load_that_is_denied_is_told_once_and_tried_ever_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    denied = SnowflakeError(91003, "55000", "Failure using stage area. Cause: [Access Denied]")
    left = [denied] * 10

    def load() -> None:
        if left:
            raise left.pop()

    queue = Queue(EVENT)
    with piping(tmp_path, queue, load) as pipes:
        assert queue.deleted.wait(WAIT_SECONDS)
        told = history(pipes)
    assert queue.waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert told == [("skyway/flights/1.csv", "Load failed", denied.message)]
    warnings = [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert [record.exc_info for record in warnings] == [None]
    assert "cannot load s3://landing/partners/skyway/flights/1.csv: Failure using stage" in warnings[0].getMessage()


def test_a_load_that_aws_does_not_answer_is_tried_again_and_told_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left = [UnreachableError(91003, "22000", "Failure using stage area. Cause: [Could not connect]")] * 2

    def load() -> None:
        if left:
            raise left.pop()

    queue = Queue(EVENT)
    with piping(tmp_path, queue, load) as pipes:
        assert queue.deleted.wait(WAIT_SECONDS)
        told = history(pipes)
    assert (queue.given, queue.waits, told) == (3, [], [])
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


def test_a_stage_made_again_stops_its_pipe(tmp_path: Path) -> None:
    loads: list[None] = []
    queue = Queue("[]")
    with piping(tmp_path, queue, lambda: loads.append(None)) as pipes:
        stage = pipes.loader.staging.store.all(Stage)[0]
        pipes.loader.staging.store.put(replace(stage, comment="altered"))
        assert pipes.handle(EVENT) is Outcome.DONE
        assert len(loads) == 1
        pipes.loader.staging.store.put(replace(stage, created_on=now()))
        assert pipes.handle(EVENT) is Outcome.DONE
        assert len(loads) == 1


def test_a_message_that_tells_of_no_event_is_dropped(tmp_path: Path) -> None:
    for at, body in enumerate(
        ("", "[]", '{"Records": [{"eventName": "ObjectCreated:Put"}]}', '{"Event": "s3:TestEvent"}')
    ):
        queue = Queue(body)
        folder = tmp_path / str(at)
        folder.mkdir()
        with piping(folder, queue, load=lambda: None):
            assert queue.deleted.wait(WAIT_SECONDS), body
