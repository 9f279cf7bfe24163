"""Who hears of new objects in the bucket."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, ResourceOptions

from domain.partners import PARTNERS_PREFIX


@dataclass(frozen=True, kw_only=True)
class ObjectEventsArgs:
    """Who hears of new objects."""

    bucket: pulumi.Input[str]
    """The bucket's name."""
    queue_arn: pulumi.Input[str] | None
    """The queue that all pipes of the Snowflake account share; None while no feed has a pipe."""


class ObjectEvents(ComponentResource):
    """The bucket's one notification configuration.

    S3 keeps a single one a bucket and replaces it whole: a second resource for it would take this one's queue away.
    """

    def __init__(self, name: str, args: ObjectEventsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:ObjectEvents", name, {}, opts)
        queue: aws.s3.BucketNotificationQueueArgsDict = {
            "id": "snowpipe",
            "queue_arn": args.queue_arn or "",
            "events": ["s3:ObjectCreated:*"],
            "filter_prefix": PARTNERS_PREFIX,
        }
        aws.s3.BucketNotification(
            f"{name}-notification",
            bucket=args.bucket,
            eventbridge=True,
            queues=[queue] if args.queue_arn else [],
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})
