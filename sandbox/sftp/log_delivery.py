# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# boto3 is not typed: nothing of it leaves this file.
"""The door's way to CloudWatch Logs: events go into a queue, and a thread of their own puts them into log groups.

No client waits for it. It speaks to the sandbox's own API over HTTP, so that an event meets there whatever watches the
log group, such as a metric filter.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.home import REGION, KeyPair

BATCH_SECONDS = 0.2
"""How long events are gathered before they are sent together."""

MOST_EVENTS = 1_000
"""How many events one request carries; PutLogEvents takes 10,000 and 1 MB."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """One event on its way to a log group."""

    group: str
    stream: str
    timestamp: int
    """In milliseconds since 1970."""
    message: str


class LogDelivery:
    """Delivers events until it is closed, and on closing what is still in the queue."""

    def __init__(self, endpoint: str, key: KeyPair) -> None:
        """Take the API's address, and a key that may write into every log group, as the service itself may."""
        self._endpoint = endpoint
        self._key = key
        self._queue: queue.SimpleQueue[LogEvent | None] = queue.SimpleQueue()
        self._streams: set[tuple[str, str]] = set()
        self._failing: set[str] = set()
        self._thread = threading.Thread(target=self._work, name="sftp-logs", daemon=True)
        self._thread.start()

    def put(self, groups: Sequence[str], stream: str, activity: Mapping[str, object]) -> None:
        """Send an activity to `stream` in each of `groups`, without waiting for it."""
        message, now = json.dumps(activity, ensure_ascii=False), int(time.time() * 1000)
        for group in groups:
            self._queue.put(LogEvent(group=group, stream=stream, timestamp=now, message=message))

    def close(self) -> None:
        """Send what is left, and end."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        client: Any = None
        last = False
        while not last:
            events, last = self._gathered()
            if events and client is None:
                client = self._client()
            events.sort(key=lambda event: (event.group, event.stream))
            for (group, stream), some in groupby(events, key=lambda event: (event.group, event.stream)):
                of_stream = list(some)
                for start in range(0, len(of_stream), MOST_EVENTS):
                    self._send(client, group, stream, of_stream[start : start + MOST_EVENTS])

    def _gathered(self) -> tuple[list[LogEvent], bool]:
        """Wait for an event and give it with those that follow soon; say whether it was the end."""
        first = self._queue.get()
        if first is None:
            return [], True
        events, until = [first], time.monotonic() + BATCH_SECONDS
        while (remaining := until - time.monotonic()) > 0:
            try:
                event = self._queue.get(timeout=remaining)
            except queue.Empty:
                break
            if event is None:
                return events, True
            events.append(event)
        return events, False

    def _client(self) -> Any:  # noqa: ANN401  # see the file's first lines
        return boto3.client(  # pyright: ignore[reportUnknownArgumentType]
            "logs",
            endpoint_url=self._endpoint,
            region_name=REGION,
            aws_access_key_id=self._key.access_key_id,
            aws_secret_access_key=self._key.secret_access_key,
            config=Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=5, read_timeout=20),
        )

    def _send(self, client: Any, group: str, stream: str, events: Sequence[LogEvent]) -> None:  # noqa: ANN401
        try:
            self._make_stream(client, group, stream)
            client.put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": event.timestamp, "message": event.message} for event in events],
            )
        except (ClientError, BotoCoreError) as error:
            self._streams.discard((group, stream))
            if group not in self._failing:
                self._failing.add(group)
                _LOG.warning("%d events did not reach the log group %s: %s", len(events), group, error)
        else:
            self._failing.discard(group)

    def _make_stream(self, client: Any, group: str, stream: str) -> None:  # noqa: ANN401
        if (group, stream) in self._streams:
            return
        try:
            client.create_log_stream(logGroupName=group, logStreamName=stream)
        except client.exceptions.ResourceAlreadyExistsException:
            _LOG.debug("the log stream %s is there already", stream)
        self._streams.add((group, stream))


def group_named(destination: str) -> str:
    """Give the name of the log group in a destination such as `arn:aws:logs:...:log-group:/aws/transfer/x:*`."""
    return destination.split(":", 6)[6].removesuffix(":*")
