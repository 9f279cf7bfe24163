"""A Prefect deployment of a flow whose code is in Git.

Prefect is written to only where it differs from what is wanted, field by field and schedule by schedule: each write
throws away runs that it has already planned. An operator's pause is nobody else's to undo, so it is never written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pulumi.dynamic import Resource

from clients.errors import NotFoundError, ServiceError
from clients.prefect import Deployment, DeploymentSchedule, PrefectClient, PrefectCredentials, deployment_page
from domain.flow_deployments import (
    OWNER_LABEL,
    DeploymentSpec,
    FlowSchedule,
    faults_of,
    parse_pull_steps,
    render_fields,
    render_schedule,
)
from providers.typed_provider import Created, Found, StackConfig, TypedProvider


@dataclass(frozen=True, kw_only=True)
class DeploymentOutputs:
    """Where the deployment is, and what it runs."""

    deployment_id: str
    url: str
    """The deployment's page."""
    reference: str
    """The branch or the commit that its runs take."""


class FlowDeploymentProvider(TypedProvider[DeploymentSpec, DeploymentOutputs]):
    """Keeps deployments that carry our label; touches no others."""

    spec_type = DeploymentSpec
    outputs_type = DeploymentOutputs
    replaces_on = frozenset({"api_url", "owner", "flow_name", "name"})

    def configured(self, config: StackConfig) -> None:
        """Take Prefect's credentials: `landing:prefect.apiKey`, `.basicAuth`, or Prefect's own variables."""
        section: object = config.get("landing:prefect") or {}
        values = cast("dict[str, Any]", json.loads(section) if isinstance(section, str) else section)
        self._credentials = PrefectCredentials(
            api_key=values.get("apiKey") or os.environ.get("PREFECT_API_KEY"),
            basic_auth=values.get("basicAuth") or os.environ.get("PREFECT_API_AUTH_STRING"),
        )

    def describe(self, spec: DeploymentSpec) -> str:
        """Name the deployment as Prefect's own tools do."""
        return f"the Prefect deployment {spec.flow_name}/{spec.name}"

    def faults(self, spec: DeploymentSpec) -> list[tuple[str, str]]:
        """Check what Prefect would accept in silence and fail on in a run."""
        return list(faults_of(spec))

    def create_object(self, spec: DeploymentSpec) -> Created[DeploymentOutputs]:
        """Create the deployment, or go on with the one that a killed run of this stack has left."""
        with self._prefect(spec) as prefect:
            known = prefect.find_deployment(spec.flow_name, spec.name)
            if known:
                _refuse_unless_ours(known, spec)
                _converge(prefect, known, spec)
                return Created(id=known.id, outputs=_outputs(known.id, spec))
            body = {
                "name": spec.name,
                "flow_id": prefect.ensure_flow(spec.flow_name),
                "labels": {OWNER_LABEL: spec.owner},
                "schedules": [render_schedule(schedule) for schedule in spec.schedules],
                **render_fields(spec),
            }
            try:
                created = prefect.create_deployment(body)
            except NotFoundError as error:
                raise _no_such_pool(spec) from error
        return Created(id=created.id, outputs=_outputs(created.id, spec))

    def read_object(
        self, object_id: str, known: Found[DeploymentSpec, DeploymentOutputs]
    ) -> Found[DeploymentSpec, DeploymentOutputs] | None:
        """Read what Prefect holds now."""
        with self._prefect(known.spec) as prefect:
            held = prefect.read_deployment(object_id)
        if held is None:
            return None
        found = _parse(held, known.spec)
        return Found(spec=found, outputs=_outputs(held.id, found))

    def update_object(
        self,
        object_id: str,
        old: Found[DeploymentSpec, DeploymentOutputs],  # noqa: ARG002  # the base's signature
        new: DeploymentSpec,
    ) -> DeploymentOutputs:
        """Write what differs from what Prefect holds, which may not be what it held at the last run."""
        with self._prefect(new) as prefect:
            known = prefect.read_deployment(object_id)
            if known is None:
                raise ServiceError("it was deleted in Prefect", hint="run `pulumi up --refresh`, which makes it again")
            _converge(prefect, known, new)
        return _outputs(object_id, new)

    def delete_object(self, object_id: str, spec: DeploymentSpec) -> None:
        """Delete the deployment; its flow and the record of its runs stay."""
        with self._prefect(spec) as prefect:
            prefect.delete_deployment(object_id)

    def _prefect(self, spec: DeploymentSpec) -> AbstractContextManager[PrefectClient]:
        return PrefectClient.connected(spec.api_url, self._credentials)


def _outputs(deployment_id: str, spec: DeploymentSpec) -> DeploymentOutputs:
    return DeploymentOutputs(
        deployment_id=deployment_id, url=deployment_page(spec.api_url, deployment_id), reference=spec.reference
    )


def _refuse_unless_ours(known: Deployment, spec: DeploymentSpec) -> None:
    owner = (known.labels or {}).get(OWNER_LABEL)
    if owner == spec.owner:
        return
    whose = f"belongs to the stack {owner}" if owner else "was registered by other means than this program"
    raise ServiceError(
        f"Prefect at {spec.api_url} already has it, and it {whose}",
        hint="delete it there, or give this one another name",
    )


def _no_such_pool(spec: DeploymentSpec) -> ServiceError:
    return ServiceError(
        f"Prefect at {spec.api_url} has no work pool {spec.work_pool!r}",
        hint=f"set landing:prefect.workPool, or run `prefect work-pool create {spec.work_pool} --type process`",
    )


def _parse(known: Deployment, spec: DeploymentSpec) -> DeploymentSpec:
    """Give the spec that would make the deployment what it is; what identifies it is taken from `spec`."""
    return DeploymentSpec(
        api_url=spec.api_url,
        owner=str((known.labels or {}).get(OWNER_LABEL, "")),
        flow_name=spec.flow_name,
        name=known.name,
        entrypoint=known.entrypoint or "",
        work_pool=known.work_pool_name or "",
        parameters=known.parameters,
        tags=tuple(known.tags),
        description=known.description or "",
        job_variables=known.job_variables,
        schedules=tuple(map(_parse_schedule, known.schedules)),
        **parse_pull_steps(known.pull_steps or []),  # pyright: ignore[reportArgumentType]
    )


def _parse_schedule(known: DeploymentSchedule) -> FlowSchedule:
    """Read a schedule back; one of another kind than ours (an interval, a rule) has an empty cron expression."""
    return FlowSchedule(
        slug=known.slug or known.id,
        cron=str(known.schedule.get("cron", "")),
        timezone=str(known.schedule.get("timezone") or "UTC"),
        parameters=known.parameters,
    )


def _converge(prefect: PrefectClient, known: Deployment, wanted: DeploymentSpec) -> None:
    """Write what differs, and nothing else."""
    found = _parse(known, wanted)
    have, want = render_fields(found), render_fields(wanted)
    changes = {name: value for name, value in want.items() if value != have[name]}
    if "work_pool_name" in changes and not prefect.has_work_pool(wanted.work_pool):
        # Prefect itself answers 500 to this.
        raise _no_such_pool(wanted)
    slugs = {schedule.slug for schedule in wanted.schedules}
    for schedule in known.schedules:
        # First: as long as there is a schedule without a slug, Prefect replaces all of them, pauses and all.
        if schedule.slug not in slugs:
            prefect.delete_schedule(known.id, schedule.id)
    schedules = [render_schedule(schedule) for schedule in wanted.schedules if schedule not in found.schedules]
    if schedules:
        changes["schedules"] = schedules
    if changes:
        prefect.change_deployment(known.id, changes)


class FlowDeployment(Resource, module="landing", name="FlowDeployment"):
    """A flow that Prefect can run, pulled from Git at each run."""

    deployment_id: pulumi.Output[str]
    url: pulumi.Output[str]
    reference: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        api_url: pulumi.Input[str],
        flow_name: str,
        name: str,
        entrypoint: str,
        repository: str,
        work_pool: pulumi.Input[str],
        branch: str | None = None,
        commit_sha: str | None = None,
        token_secret_name: str | None = None,
        parameters: Mapping[str, pulumi.Input[Any]] | None = None,
        tags: Sequence[str] = (),
        description: str = "",
        job_variables: Mapping[str, pulumi.Input[Any]] | None = None,
        schedules: Sequence[FlowSchedule] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            FlowDeploymentProvider(),
            resource_name,
            {
                "api_url": api_url,
                "owner": f"{pulumi.get_project()}/{pulumi.get_stack()}",
                "flow_name": flow_name,
                "name": name,
                "entrypoint": entrypoint,
                "repository": repository,
                "branch": branch,
                "commit_sha": commit_sha,
                "token_secret_name": token_secret_name,
                "work_pool": work_pool,
                "parameters": dict(parameters or {}),
                "tags": list(tags),
                "description": description,
                "job_variables": dict(job_variables or {}),
                "schedules": [_properties_of(schedule) for schedule in schedules],
                "deployment_id": None,
                "url": None,
                "reference": None,
            },
            opts,
        )


def _properties_of(schedule: FlowSchedule) -> dict[str, Any]:
    return {
        "slug": schedule.slug,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "parameters": schedule.parameters,
    }
