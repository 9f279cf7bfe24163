"""Snowpipe: the account's queue of object events, and the pipes that load what the events tell of."""

from __future__ import annotations

import datetime as dt
import enum
import json
import logging
import threading
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import before_sleep_log, retry, stop_never, wait_exponential

from sandbox.home import REGION, SNOWFLAKE_ACCOUNT_ID
from sandbox.snowflake import history
from sandbox.snowflake.backlog import Backlog
from sandbox.snowflake.copying import chosen, source, stage_name
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.faults import Fault
from sandbox.snowflake.loading import Loader
from sandbox.snowflake.object_events import Event, created_objects, message_of
from sandbox.snowflake.objects import Pipe, Stage
from sandbox.snowflake.pipe_state import RUNNING, copy_of, state_of
from sandbox.snowflake.storage import FILE_IS_GONE, Client, Location, Storage, StoredFile, UnreachableError
from sandbox.snowflake.store import ObjectStore

QUEUE = "sf-snowpipe-LANDING"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{SNOWFLAKE_ACCOUNT_ID}:{QUEUE}"
"""The one queue of the account, which every pipe with AUTO_INGEST names as its notification channel."""

VISIBILITY_SECONDS = 5
"""How long a message that is being loaded stays hidden; one whose load died comes back after it."""

LONGEST_WAIT_SECONDS = 900
"""How long a message whose load failed stays hidden at most; the wait doubles from `VISIBILITY_SECONDS` on."""

REFRESHED_DAYS = 7
"""How far back ALTER PIPE REFRESH looks, as Snowflake's does."""

_FILES_A_MESSAGE = 100
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


class Outcome(enum.IntEnum):
    """What became of a message; of several files that of the worst."""

    DONE = 0
    PAUSED = 1
    """A pipe is paused: the message is needed once it is resumed."""
    HINDERED = 2
    """A load is denied: it is tried again, each time later."""


class Snowpipe:
    """Takes object events from the queue and runs the pipes that they concern."""

    def __init__(self, store: ObjectStore, storage: Storage, loader: Loader) -> None:
        self._store = store
        self._storage = storage
        self.loader = loader
        self.backlog = Backlog()
        self._needed = threading.Event()
        self._stopped = threading.Event()
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

    def waiting(self) -> int:
        """Count the messages that the queue holds, whatever pipe they concern; 0 while it does not answer."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        try:
            sqs = self._storage.client("sqs")
            url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
            told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        except (BotoCoreError, ClientError):
            return 0
        return sum(int(count) for count in told.values())

    def refresh(self, pipe: Pipe, prefix: str, after: dt.datetime | None = None) -> list[StoredFile]:
        """Put into the queue what lies under the pipe's location and was not loaded yet; give these files.

        `after` limits them to those that were modified later; without it they are those of the last seven days.
        """
        job = self.loader.plan(copy_of(pipe), pipe.name.holder, pipe)
        place = Location(job.folder.bucket, job.folder.key + prefix)
        since = (after or dt.datetime.now(dt.UTC) - dt.timedelta(days=REFRESHED_DAYS)).timestamp()
        listed = [file for file in self._storage.list(job.integration, place) if file.last_modified >= since]
        with self.loader.engine.cursor() as cursor:
            files = job.new(cursor, self.loader.files(job, listed))
        try:
            sqs = self._storage.client("sqs")
            url = self._make_queue(sqs)
            for start in range(0, len(files), _FILES_A_MESSAGE):
                body = message_of(files[start : start + _FILES_A_MESSAGE], pipe)
                sqs.send_message(QueueUrl=url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise SnowflakeError(
                91003, "22000", f"Failure using stage area. Cause: [the pipes' queue does not answer: {error}]"
            ) from error
        self._needed.set()
        return files

    def handle(self, body: str) -> Outcome:
        """Load what a message tells of, for each pipe that it concerns.

        Raises UnreachableError, and what a fault of the sandbox raises.
        """
        try:
            events = list(created_objects(body))
        except (ValueError, LookupError, TypeError, AttributeError):  # must not come back for ever
            _LOG.exception("a message that tells of no object event is dropped: %s", body)
            return Outcome.DONE
        pipes = self._store.all(Pipe)
        concerned = [(pipe, event) for event in events for pipe in pipes if self._concerns(pipe, event)]
        for pipe, event in concerned:
            self.backlog.received(pipe, event.file, event.moment)
        return max([self._serve(pipe, event) for pipe, event in concerned], default=Outcome.DONE)

    def _serve(self, pipe: Pipe, event: Event) -> Outcome:
        """Load a file through a pipe."""
        state = state_of(self._store, self.loader.engine, pipe)
        if state == "PAUSED":
            return Outcome.PAUSED
        if state == RUNNING:
            try:
                self._load(pipe, event)
            except UnreachableError:
                raise
            except SnowflakeError as error:
                if self.backlog.failed(pipe, event.file, error.message):
                    _LOG.warning("%s cannot load %s: %s", pipe.name, event.file.location.url, error.message)
                    self._note(pipe, event, error)
                if error.number != FILE_IS_GONE:
                    return Outcome.HINDERED
        else:
            _LOG.warning("%s does not load %s: it is %s", pipe.name, event.file.location.url, state)
        self.backlog.done(pipe, event.file)
        return Outcome.DONE

    def _concerns(self, pipe: Pipe, event: Event) -> bool:
        if event.pipe != pipe.identity and (event.pipe is not None or not pipe.auto_ingest):
            return False
        command, location = copy_of(pipe), event.file.location
        stage = self._store.find(Stage, stage_name(command, pipe.name.holder))
        if stage is None:
            return False
        folder = source(stage, command.stage.path)
        return location.bucket == folder.bucket and chosen(command, folder, location.key)

    def _load(self, pipe: Pipe, event: Event) -> None:
        job = self.loader.plan(copy_of(pipe), pipe.name.holder, pipe)
        with self.loader.engine.cursor() as cursor:
            # a message that comes back after a kill, whose file was found faulty and noted before the kill
            if history.failed_before(cursor, job.reading.table, event.file, pipe, event.moment):
                return
        for load in self.loader.run(job, [event.file]):
            _LOG.info("%s: %s %s, %d rows", pipe.name, load.status.lower(), load.file.location.url, load.loaded)

    def _note(self, pipe: Pipe, event: Event, error: SnowflakeError) -> None:
        """Tell the load history of a file that cannot be read, so far as there is a table whose history it is."""
        fault = Fault(message=error.message, number=error.number, sql_state=error.sql_state, category="access")
        try:
            job = self.loader.plan(copy_of(pipe), pipe.name.holder, pipe)
        except SnowflakeError:
            return
        # without an ETag, which tells it from a file that was read and found faulty: this one is tried again
        unread = replace(event.file, etag="")
        with self.loader.engine.cursor() as cursor:
            noted = history.failed_before(cursor, job.reading.table, unread, pipe, event.moment)
        if not noted:
            self.loader.refuse(job, unread, fault)

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
        number = str(message.get("MessageId", ""))
        try:
            outcome = self.handle(message["Body"])
        except UnreachableError:  # nothing is noted: the message comes back once AWS does
            raise
        except Exception as error:  # noqa: BLE001 # no fault of the engine's may end the thread, or lose a file
            if self._stopped.is_set():  # the databases were closed under the load
                return
            if self.backlog.is_new_fault(number, str(error)):
                _LOG.exception("a load failed for a fault of the sandbox; it is tried again, each time later")
            outcome = Outcome.HINDERED
        if outcome is Outcome.DONE:
            self.backlog.forget(number)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        elif outcome is Outcome.HINDERED:
            wait = min(VISIBILITY_SECONDS * 2 ** self.backlog.tried(number), LONGEST_WAIT_SECONDS)
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=wait)

    def _make_queue(self, sqs: Client) -> str:
        attributes = {"Policy": json.dumps(_QUEUE_POLICY), "VisibilityTimeout": str(VISIBILITY_SECONDS)}
        url = sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]
        return str(url)
