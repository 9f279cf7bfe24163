"""A Prefect deployment of a flow whose code is in Git.

Prefect is written to only where it differs from what the program says, and only in what the program changed: an
operator's pause, or an edit in Prefect's page, is not undone by a change that has nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, Resource

from clients.errors import ServiceError
from clients.prefect import Deployment, PrefectClient, deployment_page, prefect_at
from clients.prefect_access import PrefectAccess, ca_bundle_fault
from domain.flow_deployments import OWNER_LABEL, DeploymentSpec, FlowSchedule, faults_of, render_fields, render_schedule
from providers.codec import Properties
from providers.deployment_convergence import converge, held_spec
from providers.deployment_surroundings import missing, require
from providers.prefect_credentials import credentials_of
from providers.typed_provider import Created, Found, StackConfig, TypedProvider


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a preview asks Prefect about, where it is new: a part of a deployment's inputs, by their names."""

    api_url: str
    work_pool: str
    work_pool_id: str | None = None
    work_queue: str | None = None
    token_secret_name: str | None = None
    ca_bundle: str | None = None


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
        """Take Prefect's credentials."""
        self._credentials = credentials_of(config)

    def describe(self, spec: DeploymentSpec) -> str:
        """Name the deployment as Prefect's own tools do."""
        return f"the Prefect deployment {spec.flow_name}/{spec.name}"

    def faults(self, spec: DeploymentSpec) -> list[tuple[str, str]]:
        """Check what Prefect would accept in silence and fail on in a run."""
        told = list(faults_of(spec))
        if spec.ca_bundle and (fault := ca_bundle_fault(spec.ca_bundle)):
            told.append(("ca_bundle", f"{fault}; set landing:prefect.caBundle to a PEM file beside the program"))
        return told

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        """Check the inputs, and ask Prefect whether what they name for the first time is there.

        A server that does not answer says nothing here: a preview may come before it.
        """
        checked = super().check(_olds, news)
        names = [each.name for each in fields(Asked) if each.name in checked.inputs]
        asked = {name: checked.inputs[name] for name in names}
        if checked.failures or pulumi.contains_unknowns(asked) or all(_olds.get(name) == asked[name] for name in names):
            return checked
        return CheckResult(checked.inputs, [CheckFailure(*fault) for fault in self._missing(Asked(**asked))])

    def create_object(self, spec: DeploymentSpec) -> Created[DeploymentOutputs]:
        """Create the deployment, or go on with the one that a killed run of this stack has left."""
        prefect = self._prefect(spec)
        known = prefect.find_deployment(spec.flow_name, spec.name)
        if known:
            _refuse_unless_ours(known, spec)
            converge(prefect, known, None, spec)
            return Created(id=known.id, outputs=_outputs(known.id, spec))
        require(prefect, spec, pool=True, secret=True)
        created = prefect.put_deployment(
            {
                "name": spec.name,
                "flow_id": prefect.ensure_flow(spec.flow_name),
                "labels": {OWNER_LABEL: spec.owner},
                "schedules": [render_schedule(schedule) for schedule in spec.schedules],
                **render_fields(spec),
            }
        )
        return Created(id=created.id, outputs=_outputs(created.id, spec))

    def read_object(
        self, object_id: str, known: Found[DeploymentSpec, DeploymentOutputs]
    ) -> Found[DeploymentSpec, DeploymentOutputs] | None:
        """Read what Prefect holds now."""
        held = self._prefect(known.spec).read_deployment(object_id)
        if held is None:
            return None
        found = held_spec(held, known.spec)
        return Found(spec=found, outputs=_outputs(held.id, found))

    def update_object(
        self, object_id: str, old: Found[DeploymentSpec, DeploymentOutputs], new: DeploymentSpec
    ) -> DeploymentOutputs:
        """Write what the program changed, unless Prefect holds it already."""
        prefect = self._prefect(new)
        known = prefect.read_deployment(object_id)
        if known is None:
            raise ServiceError("it was deleted in Prefect", hint="run `pulumi up --refresh`, which makes it again")
        converge(prefect, known, old.spec, new)
        return _outputs(object_id, new)

    def delete_object(self, object_id: str, spec: DeploymentSpec) -> None:
        """Delete the deployment; its flow and the record of its runs stay."""
        self._prefect(spec).delete_deployment(object_id)

    def _prefect(self, spec: DeploymentSpec | Asked) -> PrefectClient:
        return prefect_at(PrefectAccess(api_url=spec.api_url, credentials=self._credentials, ca_bundle=spec.ca_bundle))

    def _missing(self, asked: Asked) -> list[tuple[str, str]]:
        """Leave out a pool that the stack makes: in a preview its new queues are not there yet."""
        try:
            return list(missing(self._prefect(asked), asked, pool=asked.work_pool_id is None, secret=True))
        except ServiceError:
            return []


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
        work_pool_id: pulumi.Input[str] | None = None,
        work_queue: str | None = None,
        branch: str | None = None,
        commit_sha: str | None = None,
        token_secret_name: str | None = None,
        username: str | None = None,
        parameters: Mapping[str, pulumi.Input[Any]] | None = None,
        parameter_schema: Mapping[str, Any] | None = None,
        concurrency_limit: int | None = None,
        tags: Sequence[str] = (),
        description: str = "",
        job_variables: Mapping[str, pulumi.Input[Any]] | None = None,
        schedules: Sequence[FlowSchedule] = (),
        ca_bundle: str | None = None,
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
                "username": username,
                "work_pool": work_pool,
                "work_pool_id": work_pool_id,
                "work_queue": work_queue,
                "parameters": dict(parameters or {}),
                "parameter_schema": dict(parameter_schema) if parameter_schema else None,
                "concurrency_limit": concurrency_limit,
                "tags": list(tags),
                "description": description,
                "job_variables": dict(job_variables or {}),
                "schedules": [_properties_of(schedule) for schedule in schedules],
                "ca_bundle": ca_bundle,
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
