"""The canary's own stage, table and pipe, through everything else that the partners' files go through."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi
import pulumi_snowflake as snowflake
from pulumi import ComponentResource, Output, ResourceOptions

from components.stage_place import StagePlace
from domain.canary import CANARY_FEED, CANARY_TABLE, canary_stage
from providers.stage_binding import StageBinding


@dataclass(frozen=True, kw_only=True)
class CanaryArgs:
    """What the canary shares with the partners."""

    place: StagePlace
    integration: pulumi.Input[str]
    location: pulumi.Input[str]
    """Where canaries lie: an `s3://` address with a closing slash."""
    trusted: pulumi.Input[str]
    """Whom the role trusts: a new one means a new integration."""
    timeout_seconds: int
    """How long a canary may take, in seconds."""


class Canary(ComponentResource):
    """Loads canaries: files of our own, below a prefix of their own, into a table that nobody reads."""

    timeout_seconds: int
    """How long a canary may take, in seconds."""
    table: Output[str]
    pipe: Output[str]
    queue_arn: Output[str]
    """The queue that S3 must tell of new objects: the same for all pipes of a Snowflake account."""
    way: Output[str]
    """How the pipe gets at a file: its stage with what that is tied to, and its COPY."""

    def __init__(self, name: str, args: CanaryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:snowflake:Canary", name, {}, opts)
        self.timeout_seconds = args.timeout_seconds
        stage = snowflake.StageExternalS3(
            f"{name}-stage",
            name=Output.from_input(args.place.stage).apply(canary_stage),
            url=args.location,
            storage_integration=args.integration,
            database=args.place.database,
            schema=args.place.schema,
            opts=ResourceOptions(parent=self),
        )
        table = snowflake.Table(
            f"{name}-table",
            name=CANARY_TABLE,
            columns=[{"name": column.name, "type": column.type} for column in CANARY_FEED.table_columns()],
            database=args.place.database,
            schema=args.place.schema,
            opts=ResourceOptions(parent=self),
        )
        binding = StageBinding(
            f"{name}-binding",
            database=args.place.database,
            schema=args.place.schema,
            stage=stage.name,
            integration=args.integration,
            location=stage.url,
            trusted=args.trusted,
            opts=ResourceOptions(parent=self),
        )
        copy = replace(args.place, stage=stage.name).copy(CANARY_FEED, table=CANARY_TABLE, path="")
        pipe = snowflake.Pipe(
            f"{name}-pipe",
            name=CANARY_TABLE,
            auto_ingest=True,
            copy_statement=copy,
            database=args.place.database,
            schema=args.place.schema,
            opts=ResourceOptions(
                parent=self, depends_on=[table], delete_before_replace=True, replacement_trigger=binding.bound
            ),
        )
        self.table, self.pipe, self.queue_arn = table.name, pipe.name, pipe.notification_channel
        self.way = Output.concat(binding.bound, " ", copy)
        self.register_outputs({"table": self.table, "pipe": self.pipe, "queueArn": self.queue_arn})
