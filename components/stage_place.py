"""Where files are loaded from and to: what a partner's feeds, and the canary, are told of the Snowflake side."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from domain.copy_statement import copy_statement
from domain.feeds import Feed
from domain.snowflake_sql import SchemaName


@dataclass(frozen=True, kw_only=True)
class StagePlace:
    """Plain values and outputs alone, so that a stack of its own could get them by reference."""

    database: pulumi.Input[str]
    schema: pulumi.Input[str]
    stage: pulumi.Input[str]
    """The stage's name, once it provably reads: pipes wait for it."""
    bound: pulumi.Input[str] = ""
    """Which stage and which integration are tied together: pipes are made anew when it changes."""
    error_integration: str | None = None
    """The notification integration that hears of loads that fail."""

    def copy(self, feed: Feed, *, table: str, path: str) -> pulumi.Output[str]:
        """Write the COPY of a feed's pipe; `path` is relative to the stage."""
        return pulumi.Output.all(self.database, self.schema, self.stage).apply(
            lambda known: copy_statement(
                SchemaName(database=known[0], schema=known[1]), table=table, stage=known[2], path=path, feed=feed
            )
        )
