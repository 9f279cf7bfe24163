"""What pipes missed while they were made anew, handed to them: each file once.

A pipe remembers what it loaded, and a new one remembers nothing: a refresh would load again all that the old one had.
So the files in its folder are held against the table's load history, which knows the loads of all its pipes, and the
new pipe is told of those alone that no load has taken. ADR 20 has the whole sequence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from clients.errors import ServiceError
from clients.snowflake import SnowflakeClient
from domain.canary import parse_pipe_status, pipe_status, use_warehouse
from domain.pipe_repair import list_files, missed, pause_pipe, recent_files, refresh_pipe, taken_along
from domain.reconciliation import parse_copy_history, render_copy_history
from domain.snowflake_sql import SchemaName
from providers.snowflake_provider import SchemaSpec, SnowflakeProvider
from providers.typed_provider import Created, Found


@dataclass(frozen=True, kw_only=True)
class PipeSpec:
    """A pipe, which has the name of its table."""

    path: str
    """Its folder, relative to the stage, with a closing slash."""
    made_of: str
    """What it does and what it reads through, in short: another text means a new pipe."""


@dataclass(frozen=True, kw_only=True)
class RefreshSpec(SchemaSpec):
    """The pipes that read through one stage."""

    stage: str
    location: str
    """What the stage is over: an `s3://` address with a closing slash."""
    warehouse: str
    """Where the load history is asked for."""
    pipes: dict[str, PipeSpec] = field(default_factory=dict[str, PipeSpec])
    occasions: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """What may have kept any pipe from loading, each as it is now: when one changes, all pipes are looked after."""


@dataclass(frozen=True, kw_only=True)
class RefreshOutputs:
    """Nothing: what was missed is loaded, and the load history tells of it."""


class PipeRefreshProvider(SnowflakeProvider[RefreshSpec, RefreshOutputs]):
    """Looks after the pipes that were made anew; after all of them when something else may have stopped any."""

    spec_type = RefreshSpec
    outputs_type = RefreshOutputs
    replaces_on = frozenset({"database", "schema"})

    def describe(self, spec: RefreshSpec) -> str:
        """Name what is handed over."""
        return f"what the pipes of stage {spec.stage} missed"

    def create_object(self, spec: RefreshSpec) -> Created[RefreshOutputs]:
        """Hand every pipe what lies in its folder and was never loaded."""
        self._refresh(spec, spec.pipes)
        return Created(id=spec.home.object(spec.stage), outputs=RefreshOutputs())

    def update_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        old: Found[RefreshSpec, RefreshOutputs],
        new: RefreshSpec,
    ) -> RefreshOutputs:
        """Hand what they missed to the pipes that are other ones now, or to all."""
        known = old.spec.pipes if old.spec.occasions == new.occasions else {}
        self._refresh(new, {name: pipe for name, pipe in new.pipes.items() if known.get(name) != pipe})
        return RefreshOutputs()

    def read_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        known: Found[RefreshSpec, RefreshOutputs],
    ) -> Found[RefreshSpec, RefreshOutputs] | None:
        """Look at nothing: there is nothing of its own."""
        return known

    def delete_object(self, object_id: str, spec: RefreshSpec) -> None:
        """Leave what is loaded."""

    def _refresh(self, spec: RefreshSpec, pipes: Mapping[str, PipeSpec]) -> None:
        if not pipes:
            return
        with self.connected() as snowflake:
            now = dt.datetime.now(dt.UTC)
            # A new stack has many pipes and few files: one listing serves them all.
            only = next(iter(pipes.values())).path if len(pipes) == 1 else ""
            listed = recent_files(snowflake.query(list_files(spec.home, spec.stage, only)), now)
            if listed:
                snowflake.query(use_warehouse(spec.warehouse))
            for name, pipe in pipes.items():
                folder = f"{spec.location}{pipe.path}"
                _hand_over(snowflake, spec.home, name, folder, [url for url in listed if url.startswith(folder)])
                _let_go_on(snowflake, spec.home, name)


def _hand_over(snowflake: SnowflakeClient, home: SchemaName, pipe: str, folder: str, listed: Sequence[str]) -> None:
    if not listed:
        return
    missing = missed(listed, parse_copy_history(snowflake.query(render_copy_history(home, pipe))))
    for url in missing:
        if twice := taken_along(url, missing, listed):
            raise ServiceError(
                f"the pipe {pipe} missed {url}, and handing it over would load {twice[0]} again, whose name begins so",
                hint=f"load it by hand: COPY INTO with FILES, or have {url.rpartition('/')[2]} sent under another name",
            )
    for url in missing:
        snowflake.query(refresh_pipe(home, pipe, url.removeprefix(folder)))


def _let_go_on(snowflake: SnowflakeClient, home: SchemaName, pipe: str) -> None:
    """Resume a pipe that was paused to be made anew and then was not, since somebody took the change back."""
    if parse_pipe_status(str(snowflake.value(pipe_status(home, pipe)))).state == "PAUSED":
        snowflake.query(pause_pipe(home, pipe, paused=False))


class PipeRefresh(Resource, module="landing", name="PipeRefresh"):
    """The files that pipes missed, loaded once the pipes are there again."""

    def __init__(
        self,
        resource_name: str,
        *,
        database: pulumi.Input[str],
        schema: pulumi.Input[str],
        stage: pulumi.Input[str],
        location: pulumi.Input[str],
        warehouse: pulumi.Input[str],
        pipes: Mapping[str, Mapping[str, pulumi.Input[Any]]],
        occasions: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            PipeRefreshProvider(),
            resource_name,
            {
                "database": database,
                "schema": schema,
                "stage": stage,
                "location": location,
                "warehouse": warehouse,
                "pipes": {name: dict(pipe) for name, pipe in pipes.items()},
                "occasions": dict(occasions),
            },
            opts,
        )
