"""The last step of `up`: a small file of our own is loaded, or `up` fails and says where it got stuck.

A canary goes the way of every partner's file, through the same bucket, key, role, integration and queue, into a table
of its own. It is sent when something on that way has changed since the last one, so an `up` without changes sends none.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
import tenacity
from pulumi.dynamic import Resource

from clients.canary_objects import CanaryObjects
from clients.errors import ServiceError
from clients.snowflake import SnowflakeClient
from domain.canary import (
    RUNNING,
    BrokenLeg,
    PipeStatus,
    broken_pipe,
    canary_text,
    likely_cause,
    list_nothing,
    may_pass,
    parse_pipe_status,
    pipe_status,
    stuck_on_the_way,
    use_warehouse,
)
from domain.reconciliation import LoadedFile, parse_copy_history, render_copy_history
from providers.snowflake_provider import SchemaSpec, SnowflakeProvider
from providers.typed_provider import Created, Found

_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class ProbeSpec(SchemaSpec):
    """Where canaries are put, and which table they must turn up in."""

    bucket: str
    prefix: str
    """Where in the bucket, with a closing slash."""
    stage: str
    """The stage that partners' files are read through: it must be able to list."""
    table: str
    pipe: str
    warehouse: str
    """Where the load history is asked for."""
    timeout_seconds: int
    """How long a canary may take to be loaded, in seconds."""
    legs: dict[str, str] = field(default_factory=dict[str, str])
    """What a file passes on its way, each as it is now: when one changes, a canary is sent again."""
    drift: str = ""
    """Empty as long as the pipe runs; after a refresh it says what it was found to be, and `up` sends a canary."""


@dataclass(frozen=True, kw_only=True)
class ProbeOutputs:
    """Nothing: what a canary leaves is that `up` went on."""


class StageProbeProvider(SnowflakeProvider[ProbeSpec, ProbeOutputs]):
    """Owns nothing but the canary that is on its way; each one has a name that was never used before."""

    spec_type = ProbeSpec
    outputs_type = ProbeOutputs
    replaces_on = frozenset({"bucket", "prefix"})

    def describe(self, spec: ProbeSpec) -> str:
        """Name the proof."""
        return f"the proof that a file in s3://{spec.bucket}/{spec.prefix} is loaded into {spec.table}"

    def create_object(self, spec: ProbeSpec) -> Created[ProbeOutputs]:
        """Send a canary and wait for it."""
        return Created(id=f"{spec.bucket}/{spec.prefix}{spec.pipe}", outputs=self._probe(spec))

    def update_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        old: Found[ProbeSpec, ProbeOutputs],  # noqa: ARG002  # as above
        new: ProbeSpec,
    ) -> ProbeOutputs:
        """Send another one."""
        return self._probe(new)

    def read_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        known: Found[ProbeSpec, ProbeOutputs],
    ) -> Found[ProbeSpec, ProbeOutputs] | None:
        """Look whether the stage still lists and the pipe still runs; no canary is sent."""
        return Found(spec=replace(known.spec, drift=self._obstacle(known.spec)), outputs=known.outputs)

    def come_off(self, object_id: str, spec: ProbeSpec) -> str:  # noqa: ARG002  # the base's signature
        """Look so at each `up` too: one over a stage or a pipe that somebody dropped or stopped is not green."""
        return self._obstacle(spec)

    def delete_object(self, object_id: str, spec: ProbeSpec) -> None:  # noqa: ARG002  # the base's signature
        """Remove what a killed run may have left."""
        self._canaries(spec).clear()

    def _obstacle(self, spec: ProbeSpec) -> str:
        with self.connected() as snowflake:
            try:
                snowflake.query(list_nothing(spec.home, spec.stage))
                status = _status(snowflake, spec)
            except ServiceError as error:
                return str(error)
        return "" if status.state == RUNNING else broken_pipe(spec.pipe, status).what

    def _probe(self, spec: ProbeSpec) -> ProbeOutputs:
        canaries = self._canaries(spec)
        name = f"{uuid.uuid4()}.csv"
        canaries.clear()
        with self.connected() as snowflake:
            _check_stage(snowflake, spec)
            before = _status(snowflake, spec)
            if before.state != RUNNING:
                raise _failure(broken_pipe(spec.pipe, before))
            url = canaries.put(name, canary_text(name))
            try:
                _await_load(snowflake, spec, url, before)
            except ServiceError:
                with suppress(ServiceError):  # the first fault is the one to tell; the next run clears
                    canaries.clear()
                raise
        canaries.clear()
        return ProbeOutputs()

    def _canaries(self, spec: ProbeSpec) -> CanaryObjects:
        region, profile = str(self._config.get("aws:region")), self._config.get("aws:profile") or None
        return CanaryObjects(spec.bucket, spec.prefix, region=region, profile=profile)


def _failure(leg: BrokenLeg) -> ServiceError:
    return ServiceError(leg.what, hint=leg.fix)


def _check_stage(snowflake: SnowflakeClient, spec: ProbeSpec) -> None:
    try:
        snowflake.query(list_nothing(spec.home, spec.stage))
    except ServiceError as error:
        words = f"the stage {spec.stage} cannot list the bucket: {error.message}"
        raise ServiceError(words, status=error.status, hint=likely_cause(error.message)) from error


def _status(snowflake: SnowflakeClient, spec: ProbeSpec) -> PipeStatus:
    return parse_pipe_status(str(snowflake.value(pipe_status(spec.home, spec.pipe))))


def _await_load(snowflake: SnowflakeClient, spec: ProbeSpec, url: str, before: PipeStatus) -> None:
    """Wait until the canary is in the load history; what is no question of time ends the waiting."""
    snowflake.query(use_warehouse(spec.warehouse))
    history = render_copy_history(spec.home, spec.table)

    def look() -> LoadedFile | None:
        loads = [load for load in parse_copy_history(snowflake.query(history)) if load.url == url]
        load = max(loads, key=lambda each: each.loaded_at, default=None)
        if load is None:
            status = _status(snowflake, spec)
            if status.state != RUNNING:
                raise _failure(broken_pipe(spec.pipe, status))
            return None
        if load.status == "Loaded" or may_pass(load.first_error):
            return load
        if load.status == "Load in progress":
            return None
        raise _refused(load)

    def give_up(state: tenacity.RetryCallState) -> LoadedFile | None:
        load = state.outcome.result() if state.outcome else None
        if load:
            raise _refused(load)
        leg = stuck_on_the_way(spec.pipe, before, _status(snowflake, spec))
        raise ServiceError(
            f"a canary was put, and after {spec.timeout_seconds} s it is not loaded: {leg.what}", hint=leg.fix
        )

    tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda load: load is None or load.status != "Loaded"),
        wait=tenacity.wait_random_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
        stop=tenacity.stop_after_delay(spec.timeout_seconds),
        retry_error_callback=give_up,
    )(look)


def _refused(load: LoadedFile) -> ServiceError:
    return ServiceError(
        f"Snowflake could not load the canary ({load.status}: {load.first_error})", hint=likely_cause(load.first_error)
    )


class StageProbe(Resource, module="landing", name="StageProbe"):
    """The proof that a file in the bucket is loaded, renewed when something on its way changes."""

    def __init__(
        self,
        resource_name: str,
        *,
        bucket: pulumi.Input[str],
        prefix: str,
        database: pulumi.Input[str],
        schema: pulumi.Input[str],
        stage: pulumi.Input[str],
        table: pulumi.Input[str],
        pipe: pulumi.Input[str],
        warehouse: pulumi.Input[str],
        timeout_seconds: int,
        legs: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            StageProbeProvider(),
            resource_name,
            {
                "bucket": bucket,
                "prefix": prefix,
                "database": database,
                "schema": schema,
                "stage": stage,
                "table": table,
                "pipe": pipe,
                "warehouse": warehouse,
                "timeout_seconds": timeout_seconds,
                "legs": dict(legs),
            },
            opts,
        )
