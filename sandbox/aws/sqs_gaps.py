"""Where moto's SQS differs from SQS in what the pipes see."""

from __future__ import annotations

import time

from moto.sqs.models import Message, SQSBackend

from sandbox.aws.replacing import replace


def install() -> None:
    """Close the gaps in this process's moto."""
    replace(SQSBackend, "is_message_valid_based_on_retention_period", _is_retained)


def _is_retained(backend: SQSBackend, queue_name: str, message: Message) -> bool:
    """Say whether a message is not too old: moto counts the whole queue six times to find out, for each message."""
    sent, retained = vars(message)["sent_timestamp"], vars(backend.get_queue(queue_name))["message_retention_period"]
    return time.time() - sent / 1000 < retained
