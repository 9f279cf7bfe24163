"""The end of `up`: nothing was missed, and a file really loads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pulumi import ComponentResource, ResourceOptions

from components.landing_bucket import LandingBucket
from components.object_events import ObjectEvents
from components.partner_feeds import PartnerFeeds
from components.snowflake_stage import SnowflakeStage
from domain.canary import CANARY_PREFIX
from providers.pipe_refresh import PipeRefresh
from providers.stage_probe import StageProbe


@dataclass(frozen=True, kw_only=True)
class LoadingProofArgs:
    """All that a file passes on its way into a table."""

    bucket: LandingBucket
    stage: SnowflakeStage
    events: ObjectEvents
    feeds: Iterable[PartnerFeeds]


class LoadingProof(ComponentResource):
    """Hands pipes what they missed while they were made anew, and sends a canary when something on the way has changed.

    It is there once both are loaded.
    """

    def __init__(self, name: str, args: LoadingProofArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:snowflake:LoadingProof", name, {}, opts)
        refresh = PipeRefresh(
            f"{name}-refresh",
            database=args.stage.database,
            schema=args.stage.schema,
            stage=args.stage.stage,
            location=args.stage.location,
            warehouse=args.stage.warehouse,
            pipes={pipe: made for each in args.feeds for pipe, made in each.pipes.items()},
            occasions={"trust": args.stage.trusted, "stop": args.stage.stopped},
            # What comes after the listing is told of by events.
            opts=ResourceOptions(parent=self, depends_on=[args.events]),
        )
        if canary := args.stage.canary:
            StageProbe(
                f"{name}-probe",
                bucket=args.bucket.bucket,
                prefix=CANARY_PREFIX,
                database=args.stage.database,
                schema=args.stage.schema,
                stage=args.stage.stage,
                table=canary.table,
                pipe=canary.pipe,
                warehouse=args.stage.warehouse,
                timeout_seconds=canary.timeout_seconds,
                legs={
                    "key": args.bucket.key_arn,
                    "trust": args.stage.trusted,
                    "pipe": canary.way,
                    "events": args.events.heard,
                },
                opts=ResourceOptions(parent=self, depends_on=[refresh]),
            )
        self.register_outputs({})
