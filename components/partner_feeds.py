"""What a partner gets in Snowflake: a table and a pipe for each kind of file that it sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import pulumi_snowflake as snowflake
from pulumi import ComponentResource, Output, ResourceOptions

from components.stage_place import StagePlace
from domain.copy_statement import copy_statement
from domain.feeds import Feed
from domain.kept_tables import KeptObjects
from domain.partners import Partner, feed_path, table_name
from domain.snowflake_sql import SchemaName


@dataclass(frozen=True, kw_only=True)
class PartnerFeedsArgs:
    """One partner, and where its files are loaded from and to."""

    partner: Partner
    place: StagePlace
    earlier_columns: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """By table: the columns that it has by now, in its order."""
    kept: KeptObjects | None = None
    """Tables and pipes that are there and not in the state: they are taken over."""


def pipes_of(partners: Iterable[Partner]) -> dict[str, str]:
    """Say in short what each pipe does, by its name: known before anything is there."""
    return {table_name(partner, feed): _in_short(partner, feed) for partner in partners for feed in partner.feeds}


def _in_short(partner: Partner, feed: Feed) -> str:
    anywhere = SchemaName(database="D", schema="S")
    text = copy_statement(anywhere, table="T", stage="S", path=feed_path(partner, feed), feed=feed)
    return sha256(text.encode()).hexdigest()[:12]


class PartnerFeeds(ComponentResource):
    """The tables and pipes of one partner."""

    queue_arn: Output[str]
    """The queue that S3 must tell of new objects: the same for all pipes of a Snowflake account."""
    tables: dict[str, Output[str]]
    """Each feed's table, by the feed's name, known once its pipe is there."""
    pipes: dict[str, dict[str, Output[str] | str]]
    """By name of each pipe: its folder, and what it is made of."""

    def __init__(self, name: str, args: PartnerFeedsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:snowflake:PartnerFeeds", name, {}, opts)
        self._name = name
        self.pipes = {}
        pipes = {feed.name: self._load(args, feed) for feed in args.partner.feeds}
        self.queue_arn = next(iter(pipes.values())).notification_channel
        self.tables = {feed: pipe.name for feed, pipe in pipes.items()}
        self.register_outputs({"queueArn": self.queue_arn, "tables": self.tables})

    def _load(self, args: PartnerFeedsArgs, feed: Feed) -> snowflake.Pipe:
        physical_name = table_name(args.partner, feed)
        columns = feed.table_columns(args.earlier_columns.get(physical_name, ()))
        table = snowflake.Table(
            f"{self._name}-{feed.name}-table",
            name=physical_name,
            database=args.place.database,
            schema=args.place.schema,
            columns=[{"name": column.name, "type": column.type} for column in columns],
            # What a partner delivered outlives its entry in the configuration, unless the entry said otherwise.
            opts=ResourceOptions(
                parent=self,
                retain_on_delete=not feed.drop,
                import_=args.kept.table_id(physical_name) if args.kept else None,
                # Nothing here says how long Time Travel goes back, and taking a table over would set it to the default.
                ignore_changes=["dataRetentionTimeInDays"],
            ),
        )
        pipe = snowflake.Pipe(
            f"{self._name}-{feed.name}-pipe",
            name=physical_name,
            database=args.place.database,
            schema=args.place.schema,
            auto_ingest=True,
            error_integration=args.place.error_integration,
            copy_statement=args.place.copy(feed, table=physical_name, path=feed_path(args.partner, feed)),
            opts=ResourceOptions(
                parent=self,
                depends_on=[table],
                delete_before_replace=True,
                replacement_trigger=args.place.bound,
                import_=args.kept.pipe_id(physical_name) if args.kept else None,
            ),
        )
        in_short = _in_short(args.partner, feed)
        made_of = Output.all(args.place.bound, pipe.id).apply(lambda known: f"{in_short} {known[0]}")
        self.pipes[physical_name] = {"path": feed_path(args.partner, feed), "made_of": made_of}
        return pipe
