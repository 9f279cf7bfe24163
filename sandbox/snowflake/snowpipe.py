"""Snowpipe: the account's queue of object events, and the pipes that load what the events tell of."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote_plus

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import before_sleep_log, retry, stop_never, wait_exponential

from sandbox.home import REGION, SNOWFLAKE_ACCOUNT_ID
from sandbox.snowflake.copying import CopyCommand, chosen, parse_copy, source, stage_name
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.history import FileLoad
from sandbox.snowflake.loading import Loader
from sandbox.snowflake.objects import Pipe, Stage
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.storage import FILE_IS_GONE, Client, Location, Storage, StoredFile
from sandbox.snowflake.store import ObjectStore

QUEUE = "sf-snowpipe-LANDING"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{SNOWFLAKE_ACCOUNT_ID}:{QUEUE}"
"""The one queue of the account, which every pipe with AUTO_INGEST names as its notification channel."""

VISIBILITY_SECONDS = 5
"""How long a message that is being loaded stays hidden; one whose load died comes back after it."""

_LONG_POLL_SECONDS = 10
_QUEUE_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ObjectEvents",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": QUEUE_ARN,
        }
    ],
}
_LOG = logging.getLogger(__name__)


class Snowpipe:
    """Takes object events from the queue and runs the pipes that they concern."""

    def __init__(self, store: ObjectStore, storage: Storage, loader: Loader) -> None:
        self._store = store
        self._storage = storage
        self._loader = loader
        self._needed = threading.Event()
        self._stopped = threading.Event()
        self._url: str | None = None
        self._thread = threading.Thread(target=self._work, name="snowpipe", daemon=True)

    def start(self) -> None:
        """Start to work, as soon as there is a pipe."""
        if self._store.all(Pipe):
            self._needed.set()
        self._thread.start()

    def stop(self) -> None:
        """Take no further message. One that is being loaded is finished or comes back."""
        self._stopped.set()
        self._needed.set()

    def open_queue(self) -> None:
        """Make sure that the queue is there, so that a bucket may be told to notify it."""
        try:
            self._make_queue(self._storage.client("sqs"))
        except (BotoCoreError, ClientError) as error:
            _LOG.warning("the pipes' queue is made later, SQS does not answer: %s", error)
        self._needed.set()

    def refresh(self, pipe: Pipe, prefix: str) -> list[FileLoad]:
        """Load what lies under the pipe's location and was not loaded yet."""
        command = copy_of(pipe)
        stage, integration = self._loader.external_stage(stage_name(command, pipe.name.holder))
        folder = source(stage, command.stage.path)
        place = Location(folder.bucket, folder.key + prefix)
        return self._load(pipe, command, list(self._storage.list(integration, place)))

    def handle(self, body: str) -> bool:
        """Load what a message tells of, for each pipe that it concerns; False: the message is still needed.

        It is while a pipe is paused, which loads the file once it is resumed, and while a load is denied. Raises what a
        fault of the sandbox raises; the message is needed then too.
        """
        try:
            files = list(created_objects(body))
        except (ValueError, LookupError, TypeError, AttributeError):  # must not come back for ever
            _LOG.exception("a message that tells of no object event is dropped: %s", body)
            return True
        done = True
        for file in files:
            for pipe in self._store.all(Pipe):
                if not pipe.auto_ingest or not self._concerns(pipe, file.location):
                    continue
                if pipe.paused:
                    done = False
                    continue
                try:
                    self._load(pipe, copy_of(pipe), [file])
                except SnowflakeError as error:
                    _LOG.warning("%s cannot load %s: %s", pipe.name, file.location.url, error.message)
                    done = done and error.number == FILE_IS_GONE
        return done

    def _concerns(self, pipe: Pipe, location: Location) -> bool:
        command = copy_of(pipe)
        stage = self._store.find(Stage, stage_name(command, pipe.name.holder))
        if stage is None:
            return False
        folder = source(stage, command.stage.path)
        return location.bucket == folder.bucket and chosen(command, folder, location.key)

    def _load(self, pipe: Pipe, command: CopyCommand, files: list[StoredFile]) -> list[FileLoad]:
        loads = self._loader.run(command, pipe.name.holder, pipe=pipe, only=files)
        for load in loads:
            _LOG.info("%s: %s %s, %d rows", pipe.name, load.status.lower(), load.file.location.url, load.loaded)
        return loads

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._needed.wait()
            self._serve_queue()

    @retry(
        wait=wait_exponential(multiplier=0.1, max=1.0),
        stop=stop_never,
        before_sleep=before_sleep_log(_LOG, logging.INFO),
    )
    def _serve_queue(self) -> None:
        """Serve the queue until stopped; begin anew, with the queue made again, whenever AWS is not there."""
        sqs = self._storage.client("sqs")
        url = self._make_queue(sqs)
        while not self._stopped.is_set():
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=_LONG_POLL_SECONDS)
            for message in answer.get("Messages", ()):
                self._take(sqs, url, message)

    def _take(self, sqs: Client, url: str, message: dict[str, Any]) -> None:
        """Load a message's files, then delete it: after a kill between the two the load history knows them."""
        try:
            if not self.handle(message["Body"]):
                return
        except Exception:  # noqa: BLE001 # no fault of the engine's may end the thread, or lose a file
            if not self._stopped.is_set():  # else the databases were closed under the load
                _LOG.exception("a load failed for a fault of the sandbox; it is tried again")
            return
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _make_queue(self, sqs: Client) -> str:
        attributes = {"Policy": json.dumps(_QUEUE_POLICY), "VisibilityTimeout": str(VISIBILITY_SECONDS)}
        url = sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]
        return str(url)


def copy_of(pipe: Pipe) -> CopyCommand:
    """Read a pipe's COPY statement."""
    return parse_copy(Statement(pipe.definition))


def created_objects(body: str) -> Iterator[StoredFile]:
    """Give the objects that an S3 event message says were created; a test event has none."""
    event = cast("dict[str, Any]", json.loads(body))
    for record in event.get("Records", ()):
        if str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated:"):
            told = record["s3"]["object"]
            place = Location(record["s3"]["bucket"]["name"], unquote_plus(told["key"]))
            yield StoredFile(place, int(told.get("size", 0)), str(told.get("eTag", "")).strip('"'), 0.0)
