"""The end of `up`: a file really loads."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import ComponentResource, ResourceOptions

from components.landing_bucket import LandingBucket
from components.object_events import ObjectEvents
from components.snowflake_stage import SnowflakeStage
from domain.canary import CANARY_PREFIX
from domain.sections import SnowflakeSettings
from providers.stage_probe import StageProbe


@dataclass(frozen=True, kw_only=True)
class LoadingProofArgs:
    """All that a file passes on its way into a table."""

    bucket: LandingBucket
    stage: SnowflakeStage
    events: ObjectEvents
    settings: SnowflakeSettings


class LoadingProof(ComponentResource):
    """Sends a canary when something on the way of files has changed, and is there once it was loaded."""

    def __init__(self, name: str, args: LoadingProofArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:snowflake:LoadingProof", name, {}, opts)
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
                timeout_seconds=args.settings.probe_timeout_seconds,
                legs={
                    "key": args.bucket.key_arn,
                    "trust": args.stage.trusted,
                    "pipe": canary.way,
                    "events": args.events.heard,
                },
                opts=ResourceOptions(parent=self),
            )
        self.register_outputs({})
