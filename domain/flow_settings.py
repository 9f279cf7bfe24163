"""`landing:flows`: which code runs, in which runtime environments, when, and what its runs are told."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from domain.entry import Entry, EntryPoint, FeedName
from domain.flow_deployments import FlowSchedule, schedule_faults
from domain.sections import NotEmpty, SecretBlockName


class ScheduleEntry(Entry):
    """When a flow runs by itself."""

    slug: NotEmpty
    """Tells it from the flow's other schedules, so that an operator's pause stays when something else changes."""
    cron: NotEmpty
    timezone: NotEmpty = "UTC"
    """The IANA time zone whose clocks the cron expression goes by."""
    parameters: Mapping[str, Any] = {}
    """What this schedule's runs are told beside the flow's own parameters."""

    def schedule(self) -> FlowSchedule:
        """Give it in the words of a deployment."""
        return FlowSchedule(slug=self.slug, cron=self.cron, timezone=self.timezone, parameters=dict(self.parameters))


def _schedules_fit(entries: tuple[ScheduleEntry, ...]) -> tuple[ScheduleEntry, ...]:
    if faults := list(schedule_faults([entry.schedule() for entry in entries])):
        raise ValueError("; ".join(faults))
    return entries


def _texts_in_env(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        _ENVIRONMENT.validate_python(variables.get("env", {}))
    except ValidationError:
        raise ValueError(
            f"env is {variables['env']!r}, which is not allowed: names with texts, such as {{STAGE: raw}}"
        ) from None
    return variables


_ENVIRONMENT = TypeAdapter(dict[str, str])

JobVariables = Annotated[Mapping[str, Any], AfterValidator(_texts_in_env)]
"""What the runs of a work pool are started with, by the names of its base job template."""

Schedules = Annotated[tuple[ScheduleEntry, ...], AfterValidator(_schedules_fit)]


class Runtime(Entry):
    """An environment that runs start in, by a name that flows choose it by."""

    work_pool: NotEmpty | None = None
    """`landing:prefect.workPool` when left out."""
    image: NotEmpty | None = None
    """The container image, for pools that start containers."""
    variables: JobVariables = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_image(self) -> Self:
        if self.image and "image" in self.variables:
            raise ValueError("has image, and variables.image beside it; leave one of them out")
        return self


class FlowEntry(Entry):
    """A flow of the repository that belongs to no feed."""

    name: FeedName
    entrypoint: EntryPoint
    runtime: NotEmpty | None = None
    """One of `landing:flows.runtimes`."""
    work_pool: NotEmpty | None = None
    """The runtime's when left out."""
    work_queue: NotEmpty | None = None
    """The pool's `default` when left out."""
    parameters: Mapping[str, Any] = {}
    variables: JobVariables = Field(default_factory=dict)
    """Those beside the runtime's; `env` is merged name by name."""
    schedules: Schedules = ()
    concurrency_limit: Annotated[int, Field(ge=1)] | None = None
    """How many of its runs may be under way at once; further ones wait."""
    tags: tuple[NotEmpty, ...] = ()
    description: str = ""


class FlowSettings(Entry):
    """`landing:flows`: which code runs, and what its runs need."""

    repository: NotEmpty | None = None
    """The Git remote that workers pull from; the checkout's own when left out."""
    reference: NotEmpty | None = None
    """A branch, a tag or a commit; BUILD_TAG, GIT_BRANCH or the checkout's active branch when left out."""
    folder: NotEmpty = "flows"
    """Where in the repository the flows are: what is changed there and not pushed is warned of."""
    token_secret_name: SecretBlockName | None = None
    """The Prefect secret block that holds the token for the remote."""
    username: NotEmpty | None = None
    """Whose token it is, for hosts that ask."""
    environment: Mapping[str, str] = {}
    """Environment variables of each run: addresses and names, never secrets."""
    runtimes: Mapping[str, Runtime] = {}
    deployments: tuple[FlowEntry, ...] = ()

    @model_validator(mode="after")
    def _runtimes_are_known(self) -> Self:
        faults = [
            f"deployments[{index}].runtime: {reason}"
            for index, flow in enumerate(self.deployments)
            if flow.runtime and (reason := self.unknown_runtime(flow.runtime))
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def unknown_runtime(self, name: str) -> str:
        """Say what is wrong with the name of a runtime; empty when it is one."""
        if name in self.runtimes:
            return ""
        known = ", ".join(self.runtimes) or "none yet"
        close = get_close_matches(name, self.runtimes, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"{name!r} is not one of landing:flows.runtimes, which are {known}{hint}"

    def runtime_of(self, name: str | None) -> Runtime:
        """Give a runtime by its name; one with nothing of its own for None."""
        return self.runtimes[name] if name else Runtime()

    def job_variables(self, runtime: str | None, own: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the job variables of a deployment: the stack's environment, the runtime's, then its own."""
        chosen = self.runtime_of(runtime)
        layers = (chosen.variables, {"image": chosen.image} if chosen.image else {}, own or {})
        environment = dict(self.environment)
        merged: dict[str, Any] = {}
        for layer in layers:
            merged |= layer
            environment |= _ENVIRONMENT.validate_python(layer.get("env") or {})
        return {**merged, "env": environment}
