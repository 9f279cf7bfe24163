"""What S3 and SQS confirm is kept when they confirm it: buckets and objects, queues and messages.

A record says how a thing is now, so that the last one of a thing decides. A partner deletes a file once the door has
taken it, and a pipe deletes a message once its file is loaded: neither comes a second time. Uploads in parts that are
not complete have no records: whoever sends them is told so, and begins anew.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from moto.core.base_backend import BackendDict
from moto.s3 import notifications
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from sandbox.aws.accounts import bucket_named
from sandbox.aws.journal import Journal
from sandbox.aws.pickling import StateWriter
from sandbox.aws.replacing import replace
from sandbox.aws.s3_request import S3Request

INLINE_BYTES = 64 * 1024
"""How large a body may be to stay in its record: a file of its own takes longer to make than all the rest."""

_VAIN_ATTEMPTS = 4
_MOTOS_ADD_MESSAGE = Queue.add_message
_MOTOS_DELETE_MESSAGE = Queue.delete_message
_MOTOS_PURGE_QUEUE = SQSBackend.purge_queue

_MESSAGES = "_messages"  # moto has no public name for a queue's list of all messages
_LOCK = "_messages_lock"
_OF_BUCKETS = frozenset({"keys", "multiparts"})
_OF_QUEUES = frozenset({_MESSAGES, "_pending_messages", "deleted_messages", _LOCK})

_OF_MESSAGES = frozenset(
    {
        *("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch", "PurgeQueue"),
        *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch"),
    }
)


@dataclass(frozen=True)
class Stored:
    """A key of a bucket with its versions; with none the key is gone."""

    bucket: str
    key: str
    versions: list[Any]

    def apply(self) -> None:
        """Let moto have it so."""
        bucket = bucket_named(self.bucket)
        if bucket is None:
            return
        if self.versions:
            bucket.keys.setlist(self.key, self.versions)
        elif self.key in bucket.keys:
            bucket.keys.pop(self.key)


@dataclass(frozen=True)
class Sent:
    """A message that a queue took."""

    queue: str
    message: Message

    def apply(self) -> None:
        """Let moto have it so."""
        queue = _queue_of(self.queue)
        if queue is not None:
            _MOTOS_ADD_MESSAGE(queue, self.message)


@dataclass(frozen=True)
class Deleted:
    """Messages that a queue has no more."""

    queue: str
    messages: frozenset[str]

    def apply(self) -> None:
        """Let moto have it so."""
        queue = _queue_of(self.queue)
        if queue is not None:
            left = [message for message in _messages(queue) if message.id not in self.messages]
            setattr(queue, _MESSAGES, left)


@dataclass(frozen=True)
class Buckets:
    """All buckets, without what is in them."""

    backends: dict[str, dict[str, S3Backend]]

    def apply(self) -> None:
        """Let moto have it so."""
        _put(s3_backends, self.backends)
        s3_backends.bucket_accounts.clear()
        for account, partitions in self.backends.items():
            for partition, backend in partitions.items():
                s3_backends.bucket_accounts.update(dict.fromkeys(backend.buckets, (partition, account)))


@dataclass(frozen=True)
class Queues:
    """All queues, without what is in them."""

    backends: dict[str, dict[str, SQSBackend]]

    def apply(self) -> None:
        """Let moto have it so."""
        _put(sqs_backends, self.backends)


Record = Stored | Sent | Deleted | Buckets | Queues


class Keeper:
    """Writes records into the journal; objects' bodies have files of their own, as in the state."""

    def __init__(self, journal: Journal, bodies: Path) -> None:
        self._journal = journal
        self._bodies = bodies

    def install(self) -> None:
        """Keep messages, and an object before anybody is told of it."""
        tell = notifications.send_event

        def send_event(account_id: str, event_name: Any, bucket: FakeBucket, key: Any) -> None:  # noqa: ANN401  # moto's
            if bucket.notification_configuration is not None:
                self._keep_object(bucket.name, key.name)
            tell(account_id, event_name, bucket, key)

        def add_message(queue: Queue, message: Message) -> None:
            self._keep(lambda: Sent(queue.queue_arn, message))
            _MOTOS_ADD_MESSAGE(queue, message)

        def delete_message(queue: Queue, receipt_handle: str) -> None:
            # moto holds no lock while it makes a list of those that stay: one that comes meanwhile would be lost
            with vars(queue)[_LOCK]:
                gone = [one.id for one in _messages(queue) if one.had_receipt_handle(receipt_handle)]
                _MOTOS_DELETE_MESSAGE(queue, receipt_handle)
            self._keep(lambda: Deleted(queue.queue_arn, frozenset(gone)))

        def purge_queue(backend: SQSBackend, queue_name: str) -> None:
            queue = backend.get_queue(queue_name)
            with vars(queue)[_LOCK]:
                gone = [one.id for one in _messages(queue)]
                _MOTOS_PURGE_QUEUE(backend, queue_name)
            self._keep(lambda: Deleted(queue.queue_arn, frozenset(gone)))

        replace(notifications, "send_event", send_event)
        replace(Queue, "add_message", add_message)
        replace(Queue, "delete_message", delete_message)
        replace(SQSBackend, "purge_queue", purge_queue)

    def keep_s3(self, request: S3Request) -> None:
        """Keep what an S3 request changed."""
        if request.key:
            self._keep_object(request.bucket, request.key)
        # an object's tags are beside the buckets
        if not request.key or any("Tagging" in access.action for access in request.accesses):
            self._keep(lambda: Buckets(_held(s3_backends)))

    def keep_objects(self, bucket: str, keys: Collection[str]) -> None:
        """Keep that objects were changed or deleted."""
        for key in keys:
            self._keep_object(bucket, key)

    def keep_service(self, action: str) -> None:
        """Keep what a request to another service changed: that of SQS's queues; messages are kept by themselves."""
        service, _, operation = action.partition(":")
        if service == "sqs" and operation not in _OF_MESSAGES:
            self._keep(lambda: Queues(_held(sqs_backends)))

    def _keep_object(self, bucket: str, key: str) -> None:
        self._keep(lambda: Stored(bucket, key, _versions(bucket, key)))

    def _keep(self, look: Callable[[], Record]) -> None:
        self._journal.append(lambda: self._pickled(look))

    def _pickled(self, look: Callable[[], Record]) -> bytes:
        for _ in range(_VAIN_ATTEMPTS):
            # another request may change a dict's size, or close the body of an object that it replaces
            with suppress(RuntimeError, ValueError):
                return self._pickled_once(look())
        return self._pickled_once(look())

    def _pickled_once(self, record: Record) -> bytes:
        buffer = io.BytesIO()
        _RecordWriter(buffer, self._bodies, set(), inline=INLINE_BYTES).dump(record)
        return buffer.getvalue()


class _RecordWriter(StateWriter):
    """Pickles buckets and queues without what is in them."""

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401  # what pickle wants
        if isinstance(obj, FakeBucket):
            return _bucket, (type(obj), _without(obj, _OF_BUCKETS))
        if isinstance(obj, Queue):
            return _queue, (_without(obj, _OF_QUEUES),)
        return super().reducer_override(obj)


def _without(obj: object, names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in vars(obj).items() if name not in names}


def _bucket(kind: type[FakeBucket], attributes: dict[str, Any]) -> FakeBucket:
    """Make a bucket that holds what the one of this name holds."""
    name = attributes["name"]
    holder = bucket_named(name) or FakeBucket(name, attributes["account_id"], attributes["region_name"])
    bucket = cast("FakeBucket", kind.__new__(kind))
    vars(bucket).update({**attributes, **{name: vars(holder)[name] for name in _OF_BUCKETS}})
    return bucket


def _queue(attributes: dict[str, Any]) -> Queue:
    """Make a queue that holds what the one of this ARN holds."""
    holder = _queue_of(attributes["queue_arn"]) or Queue(
        attributes["_name"], attributes["region"], attributes["account_id"]
    )
    queue = cast("Queue", Queue.__new__(Queue))
    vars(queue).update({**attributes, **{name: vars(holder)[name] for name in _OF_QUEUES}})
    return queue


def _queue_of(arn: str) -> Queue | None:
    *_, region, account, name = arn.split(":")
    return sqs_backends[account][region].queues.get(name)


def _versions(bucket_name: str, key: str) -> list[Any]:
    bucket = bucket_named(bucket_name)
    return [] if bucket is None else list(bucket.keys.getlist(key, []))


def _messages(queue: Queue) -> list[Message]:
    return vars(queue)[_MESSAGES]


def _held(place: BackendDict[Any]) -> dict[str, dict[str, Any]]:
    return {account: dict(regions) for account, regions in place.items()}


def _put(place: BackendDict[Any], backends: dict[str, dict[str, Any]]) -> None:
    for account, regions in backends.items():
        for region, backend in regions.items():
            place[account][region] = backend
