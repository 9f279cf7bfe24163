"""Who hears of new objects in the bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from domain.canary import CANARY_PREFIX
from domain.partners import PARTNERS_PREFIX


@dataclass(frozen=True, kw_only=True)
class ObjectEventsArgs:
    """Who hears of new objects."""

    bucket: pulumi.Input[str]
    """The bucket's name."""
    queue_arn: pulumi.Input[str] | None
    """The queue that all pipes of the Snowflake account share, so any can name it; None while there is no pipe."""
    canaries: bool = False
    """Whether there is a pipe for canaries too."""


class ObjectEvents(ComponentResource):
    """The bucket's one notification configuration.

    S3 keeps a single one a bucket and replaces it whole: a second resource for it would take this one's queue away.
    """

    heard: Output[str]
    """Which prefixes are told of to which queue, once they are."""

    def __init__(self, name: str, args: ObjectEventsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:ObjectEvents", name, {}, opts)
        prefixes = {"snowpipe": PARTNERS_PREFIX} | ({"snowpipe-canary": CANARY_PREFIX} if args.canaries else {})
        notification = aws.s3.BucketNotification(
            f"{name}-notification",
            bucket=args.bucket,
            eventbridge=True,
            queues=[_queue(args.queue_arn, *each) for each in prefixes.items()] if args.queue_arn else [],
            opts=ResourceOptions(parent=self),
        )
        self.heard = notification.queues.apply(_as_text)
        self.register_outputs({"heard": self.heard})


def _queue(queue_arn: pulumi.Input[str], id_: str, prefix: str) -> aws.s3.BucketNotificationQueueArgsDict:
    return {"id": id_, "queue_arn": queue_arn, "events": ["s3:ObjectCreated:*"], "filter_prefix": prefix}


def _as_text(queues: Sequence[aws.s3.outputs.BucketNotificationQueue] | None) -> str:
    return ", ".join(sorted(f"{queue.filter_prefix} to {queue.queue_arn}" for queue in queues or ()))
