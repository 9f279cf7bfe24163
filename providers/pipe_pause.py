"""Pipes that are made anew next are stopped first, and finish what they have in hand, so that nothing is loaded twice.

It comes between what pipes read through and the pipes themselves; ADR 20 has the whole sequence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import tenacity
from pulumi.dynamic import Resource

from clients.errors import ServiceError
from clients.snowflake import SnowflakeClient
from domain.canary import PipeStatus, parse_pipe_status, pipe_status
from domain.pipe_repair import changed_pipes, pause_pipe, show_pipes
from providers.snowflake_provider import SchemaSpec, SnowflakeProvider
from providers.typed_provider import Created, Found

_POLL_SECONDS = 0.2
_SETTLED_POLLS = 15
"""After how many looks without progress a paused pipe counts as done: what is left waits for it to go on."""


@dataclass(frozen=True, kw_only=True)
class PauseSpec(SchemaSpec):
    """Pipes, and what they read through."""

    bound: str
    """What they all read through: when it is another one, all are stopped."""
    pipes: dict[str, str] = field(default_factory=dict[str, str])
    """By name of each pipe: what it does, in short; one that changes is stopped before it is made anew."""
    timeout_seconds: int
    """How long each pipe may take to finish what it has in hand, in seconds."""


@dataclass(frozen=True, kw_only=True)
class PauseOutputs:
    """What was stopped last."""

    stopped: str
    """When pipes were last stopped; who hears of it lets those go on that were not made anew after all."""


class PipePauseProvider(SnowflakeProvider[PauseSpec, PauseOutputs]):
    """Owns nothing: pipes have owners, those that it stops are gone next, or go on by `PipeRefresh`."""

    spec_type = PauseSpec
    outputs_type = PauseOutputs
    replaces_on = frozenset({"database", "schema"})

    def describe(self, spec: PauseSpec) -> str:
        """Name what it is for."""
        return f"the pause of pipes in {spec.home.quoted} that are made anew"

    def create_object(self, spec: PauseSpec) -> Created[PauseOutputs]:
        """Stop nothing: no pipe of ours is there yet."""
        return Created(id=spec.home.quoted, outputs=PauseOutputs(stopped=""))

    def update_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        old: Found[PauseSpec, PauseOutputs],
        new: PauseSpec,
    ) -> PauseOutputs:
        """Stop those whose own text is another one, or all, and let them finish."""
        changed = changed_pipes(old.spec.pipes, new.pipes if old.spec.bound == new.bound else {})
        if not changed:
            return old.outputs
        with self.connected() as snowflake:
            there = {str(row["name"]) for row in snowflake.query(show_pipes(new.home))}
            stopping = [pipe for pipe in changed if pipe in there]
            _stop(snowflake, new, stopping)
        return PauseOutputs(stopped=dt.datetime.now(dt.UTC).isoformat()) if stopping else old.outputs

    def read_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        known: Found[PauseSpec, PauseOutputs],
    ) -> Found[PauseSpec, PauseOutputs] | None:
        """Look at nothing: a pipe that an operator paused by hand stays paused."""
        return known

    def delete_object(self, object_id: str, spec: PauseSpec) -> None:
        """Leave everything as it is."""


def _stop(snowflake: SnowflakeClient, spec: PauseSpec, pipes: Sequence[str]) -> None:
    """Pause them all before waiting for the first."""
    for pipe in pipes:
        snowflake.query(pause_pipe(spec.home, pipe, paused=True))
    for pipe in pipes:
        _await_end(snowflake, spec, pipe)


def _await_end(snowflake: SnowflakeClient, spec: PauseSpec, pipe: str) -> None:
    """Wait until a paused pipe has finished what it had in hand."""
    seen: list[PipeStatus] = []

    def busy() -> bool:
        seen.append(parse_pipe_status(str(snowflake.value(pipe_status(spec.home, pipe)))))
        now = seen[-1]
        # Snowflake may count what waits for the pipe to go on: that is not in hand, and does not get less.
        settled = len(seen) > _SETTLED_POLLS and seen[-_SETTLED_POLLS].pending_files == now.pending_files
        return now.state == "PAUSED" and now.pending_files > 0 and not settled

    def give_up(_state: tenacity.RetryCallState) -> bool:
        raise ServiceError(
            f"the pipe {pipe} still has {seen[-1].pending_files} files in hand, {spec.timeout_seconds} s after it was "
            "paused",
            hint="run `pulumi up` again when it is done",
        )

    tenacity.Retrying(
        retry=tenacity.retry_if_result(bool),
        wait=tenacity.wait_fixed(_POLL_SECONDS),
        stop=tenacity.stop_after_delay(spec.timeout_seconds),
        retry_error_callback=give_up,
    )(busy)


class PipePause(Resource, module="landing", name="PipePause"):
    """The stop of pipes that are made anew next."""

    stopped: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        database: pulumi.Input[str],
        schema: pulumi.Input[str],
        bound: pulumi.Input[str],
        pipes: Mapping[str, pulumi.Input[Any]],
        timeout_seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            PipePauseProvider(),
            resource_name,
            {
                "database": database,
                "schema": schema,
                "bound": bound,
                "pipes": dict(pipes),
                "timeout_seconds": timeout_seconds,
                "stopped": None,
            },
            opts,
        )
