from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, cast

import duckdb

from sandbox.snowflake.loading import Loader
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Pipe, Stage
from sandbox.snowflake.snowpipe import Snowpipe
from sandbox.snowflake.storage import Storage
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

    def create_queue(self, **_: object) -> dict[str, str]:
        return {"QueueUrl": "queue"}

    def receive_message(self, **_: object) -> dict[str, Any]:
        if self.deleted.wait(0.01):
            return {}
        self.given += 1
        return {"Messages": [{"Body": self.body, "ReceiptHandle": "one"}]}

    def delete_message(self, **_: object) -> None:
        self.deleted.set()


class Fakes:
    """What a pipe works with: S3's queue, and a loader that does what the test says."""

    def __init__(self, queue: Queue, load: Callable[[], None]) -> None:
        self._queue = queue
        self._load = load

    def client(self, _service: str) -> Queue:
        return self._queue

    def run(self, *_: object, **__: object) -> list[object]:
        self._load()
        return []


@contextmanager
def piping(folder: Path, queue: Queue, load: Callable[[], None]) -> Generator[Snowpipe]:
    store, fakes = ObjectStore(folder / "account.db"), Fakes(queue, load)
    store.put(Stage(name=Name(("LANDING", "RAW", "PARTNERS")), url="s3://landing/partners/"))
    definition = "COPY INTO SKYWAY_FLIGHTS FROM @PARTNERS/skyway/flights/"
    store.put(Pipe(name=NAME, definition=definition, auto_ingest=True))
    pipes = Snowpipe(store, cast("Storage", fakes), cast("Loader", fakes))
    pipes.start()
    try:
        yield pipes
    finally:
        pipes.stop()
        store.close()


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


def test_a_message_that_tells_of_no_event_is_dropped(tmp_path: Path) -> None:
    for body in ("", "[]", '{"Records": [{"eventName": "ObjectCreated:Put"}]}', '{"Event": "s3:TestEvent"}'):
        queue = Queue(body)
        with piping(tmp_path, queue, load=lambda: None):
            assert queue.deleted.wait(WAIT_SECONDS), body
