"""A stage and the integration that it goes through, as they are in Snowflake, and pipes that wait while they change.

Snowflake ties a stage to an integration, and a pipe to a stage, by ids that it does not show: what is made anew under
its old name leaves the other side detached. So this resource tells when each was made, ties them again, and stops the
pipes that have to be made anew before they go; ADR 20 has the whole sequence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import tenacity
from pulumi.dynamic import ReadResult, Resource

from clients.errors import NotFoundError, ServiceError
from clients.snowflake import SnowflakeClient
from domain.canary import PipeStatus, parse_pipe_status, pipe_status
from domain.pipe_repair import bind_stage, changed_pipes, made_at, pause_pipe, show_integration, show_pipes, show_stage
from providers.codec import Properties
from providers.snowflake_provider import SchemaSpec, SnowflakeProvider
from providers.typed_provider import Created, Found

_POLL_SECONDS = 0.2
_SETTLED_POLLS = 15
"""After how many looks without progress a paused pipe counts as done: what is left waits for it to go on."""


@dataclass(frozen=True, kw_only=True)
class BindingSpec(SchemaSpec):
    """A stage, its integration, and the pipes that read through it."""

    stage: str
    integration: str
    location: str
    """What the stage is over: an `s3://` address."""
    timeout_seconds: int
    """How long each pipe may take to finish what it has in hand, in seconds."""
    pipes: dict[str, str] = field(default_factory=dict[str, str])
    """By name of each pipe: what it does, in short; one that changes is stopped before it is made anew."""
    trusted: str = field(default="", repr=False)
    """Whom the role trusts: a new one means a new integration, and the stage is bound anew."""
    drift: str = ""
    """Empty in a program; after a refresh it says which stage and integration were there before others came."""


@dataclass(frozen=True, kw_only=True)
class BindingOutputs:
    """What is bound."""

    bound: str
    """Which stage over what, and which integration: when each was made. A pipe lives as long as this stays."""
    stopped: str = ""
    """When pipes were last stopped; who hears of it lets those go on that were not made anew after all."""


class StageBindingProvider(SnowflakeProvider[BindingSpec, BindingOutputs]):
    """Owns nothing: it ties together what other resources own."""

    spec_type = BindingSpec
    outputs_type = BindingOutputs
    replaces_on = frozenset({"database", "schema"})

    def describe(self, spec: BindingSpec) -> str:
        """Name both ends."""
        return f"the binding of stage {spec.stage} to storage integration {spec.integration}"

    def create_object(self, spec: BindingSpec) -> Created[BindingOutputs]:
        """Tie the stage to its integration, which may be another one than when the stage was made; stop nothing."""
        with self.connected() as snowflake:
            bound = _bound(snowflake, spec)
            snowflake.query(bind_stage(spec.home, spec.stage, spec.integration))
        return Created(id=spec.home.object(spec.stage), outputs=BindingOutputs(bound=bound))

    def update_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        old: Found[BindingSpec, BindingOutputs],
        new: BindingSpec,
    ) -> BindingOutputs:
        """Stop the pipes that are made anew next, let them finish, and tie the stage to its integration again.

        Where stage and integration are what they were, pipes stay too: only those stop whose own text is another one.
        """
        with self.connected() as snowflake:
            bound = _bound(snowflake, new)
            another = bool(old.spec.drift) or bound != old.outputs.bound
            stopped = _stop(snowflake, new, changed_pipes(old.spec.pipes, {} if another else new.pipes))
            if another:
                snowflake.query(bind_stage(new.home, new.stage, new.integration))
        when = dt.datetime.now(dt.UTC).isoformat() if stopped else old.outputs.stopped
        return BindingOutputs(bound=bound, stopped=when)

    def read_object(self, object_id: str, spec: BindingSpec) -> Found[BindingSpec, BindingOutputs] | None:  # noqa: ARG002  # the base's signature
        """Look which stage and which integration are there now."""
        with self.connected() as snowflake:
            try:
                bound = _bound(snowflake, spec)
            except NotFoundError:
                return None
        return Found(spec=spec, outputs=BindingOutputs(bound=bound))

    def read(self, id_: str, props: Properties) -> ReadResult:
        """Tell as drift a stage or an integration that is another one than was bound."""
        found = super().read(id_, props)
        if found.outs and found.inputs:
            found.outs["stopped"] = props.get("stopped", "")
            if found.outs["bound"] != props["bound"]:
                found.outs["drift"] = found.inputs["drift"] = f"was {props['bound']}"
        return found

    def delete_object(self, object_id: str, spec: BindingSpec) -> None:
        """Leave everything as it is: stage and integration have owners."""


def _bound(snowflake: SnowflakeClient, spec: BindingSpec) -> str:
    stage = made_at(snowflake.query(show_stage(spec.home, spec.stage)), spec.stage)
    integration = made_at(snowflake.query(show_integration(spec.integration)), spec.integration)
    for kind, name, found in (("stage", spec.stage, stage), ("storage integration", spec.integration, integration)):
        if not found:
            raise NotFoundError(f"there is no {kind} {name}", hint="run `pulumi up --refresh`, which makes it again")
    return f"{spec.location} by the stage of {stage} and the integration of {integration}"


def _stop(snowflake: SnowflakeClient, spec: BindingSpec, pipes: Sequence[str]) -> bool:
    """Pause those of the pipes that are there, and wait for each; say whether there were any."""
    there = {row["name"] for row in snowflake.query(show_pipes(spec.home))} if pipes else set[object]()
    stopping = [pipe for pipe in pipes if pipe in there]
    for pipe in stopping:
        snowflake.query(pause_pipe(spec.home, pipe, paused=True))
    for pipe in stopping:
        _await_end(snowflake, spec, pipe)
    return bool(stopping)


def _await_end(snowflake: SnowflakeClient, spec: BindingSpec, pipe: str) -> None:
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


class StageBinding(Resource, module="landing", name="StageBinding"):
    """The tie between a stage and its integration; pipes are made anew when it changes."""

    bound: pulumi.Output[str]
    stopped: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        database: pulumi.Input[str],
        schema: pulumi.Input[str],
        stage: pulumi.Input[str],
        integration: pulumi.Input[str],
        location: pulumi.Input[str],
        timeout_seconds: int,
        trusted: pulumi.Input[str],
        pipes: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            StageBindingProvider(),
            resource_name,
            {
                "database": database,
                "schema": schema,
                "stage": stage,
                "integration": integration,
                "location": location,
                "timeout_seconds": timeout_seconds,
                "trusted": trusted,
                "pipes": dict(pipes),
                "bound": None,
                "stopped": None,
            },
            opts,
        )
