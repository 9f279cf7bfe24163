"""S3's events to queues: delivered to queues of any account, and only to those that let S3 send.

moto looks a queue up in the bucket's own account, drops what it does not find there, and asks no queue's policy.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any, Protocol, cast
from urllib.parse import quote_plus

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, S3Backend
from moto.sqs.models import Queue, sqs_backends

from sandbox.aws.authority import ask_for_service
from sandbox.aws.replacing import replace

_LOG = logging.getLogger(__name__)
_SERVICE = "s3.amazonaws.com"
_MOTOS_SEND_EVENT = notifications.send_event
_MOTOS_SEND_TEST_EVENT = notifications.send_test_event
_MOTOS_PUT_CONFIGURATION = S3Backend.put_bucket_notification_configuration

Event = dict[str, Any]


class Notification(Protocol):
    """What a bucket's configuration says of one queue."""

    id: str
    arn: str

    def matches(self, event_name: str, key_name: str) -> bool:
        """Say whether the queue wants such an event of such a key."""
        ...


class StoredObject(Protocol):
    """What an event says of an object."""

    name: str
    size: int
    etag: str
    version_id: str
    multipart: object | None
    """The upload in parts of which it was made."""


def install() -> None:
    """Deliver events to queues here; topics, functions and EventBridge stay moto's."""
    replace(S3Backend, "put_bucket_notification_configuration", _put_configuration)
    replace(notifications, "send_event", _send_event)
    replace(notifications, "send_test_event", _send_test_event)
    replace(notifications, "_send_sqs_message", _leave_queues_alone)


def _leave_queues_alone(_account: str, _event: Event, _queue: str, _region: str) -> None:
    """Stand in for moto's own delivery to a queue."""


class DestinationError(S3ClientError):
    """A queue that cannot be notified."""

    def __init__(self, arn: str, why: str) -> None:
        super().__init__(
            "InvalidArgument", f"Unable to validate the following destination configurations: {arn}: {why}"
        )


def _put_configuration(backend: S3Backend, bucket_name: str, notification_config: dict[str, Any]) -> None:
    """Refuse a queue that is not there, or whose policy does not let S3 send from this bucket."""
    bucket = backend.get_bucket(bucket_name)
    queues = cast("list[dict[str, str]]", notification_config.get("QueueConfiguration") or [])
    for arn in [queue["Queue"] for queue in queues]:
        if _queue(arn) is None:
            raise DestinationError(arn, "there is no such queue")
        if not _may_send(bucket, arn):
            raise DestinationError(arn, f"its policy does not let {_SERVICE} send from {bucket.arn}")
    _MOTOS_PUT_CONFIGURATION(backend, bucket_name, notification_config)


def _may_send(bucket: FakeBucket, queue_arn: str) -> bool:
    source = {"aws:SourceArn": bucket.arn, "aws:SourceAccount": bucket.account_id}
    return bool(ask_for_service(_SERVICE, "sqs:SendMessage", queue_arn, source))


def _queue(arn: str) -> Queue | None:
    *_, region, account, name = arn.split(":")
    return sqs_backends[account][region].queues.get(name)


def _send(bucket: FakeBucket, arn: str, message: Event) -> None:
    if _queue(arn) is None or not _may_send(bucket, arn):
        _LOG.warning("an event of %s is lost: %s is not there, or does not let S3 send", bucket.arn, arn)
        return
    *_, region, account, name = arn.split(":")
    sqs_backends[account][region].send_message(queue_name=name, message_body=json.dumps(message))


def _queues(bucket: FakeBucket) -> list[Notification]:
    configuration = bucket.notification_configuration
    return [] if configuration is None else cast("list[Notification]", configuration.queue)


def _send_test_event(account_id: str, bucket: FakeBucket) -> None:
    for arn in sorted({queue.arn for queue in _queues(bucket)}):
        _send(bucket, arn, _test_event(bucket))
    _MOTOS_SEND_TEST_EVENT(account_id, bucket)


def _send_event(
    account_id: str, event_name: notifications.S3NotificationEvent, bucket: FakeBucket, key: StoredObject
) -> None:
    if key.multipart is not None and event_name is notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT:
        return  # moto tells of a complete upload twice: as put, which it is not, and as complete
    for queue in _queues(bucket):
        if queue.matches(event_name, key.name):
            _send(bucket, queue.arn, _event(event_name, bucket, key, queue.id))
    _MOTOS_SEND_EVENT(account_id, event_name, bucket, key)


def _test_event(bucket: FakeBucket) -> Event:
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso_8601_datetime_with_milliseconds(),
        "Bucket": bucket.name,
        "RequestId": "sandbox",
        "HostId": "sandbox",
    }


def _event(name: str, bucket: FakeBucket, key: StoredObject, configuration: str) -> Event:
    """Give an event's message; its key is URL-encoded but for slashes, with `+` for a space."""
    stored: Event = {
        "key": quote_plus(key.name, safe="/"),
        "size": key.size,
        "eTag": key.etag.strip('"'),
        "sequencer": f"{time.time_ns():018X}",
    }
    if bucket.is_versioned:
        stored["versionId"] = key.version_id
    record: Event = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": iso_8601_datetime_with_milliseconds(),
        "eventName": str(name.value if isinstance(name, notifications.S3NotificationEvent) else name).removeprefix(
            "s3:"
        ),
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {"name": bucket.name, "arn": bucket.arn},
            "object": stored,
        },
    }
    return {"Records": [record]}
