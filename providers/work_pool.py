"""A Prefect work pool, with its queues and the template of its jobs.

Prefect is written to only where it differs from what the program says, and only in what the program changed; an
operator's pause, of a pool or of a queue, is never undone. A pool or a queue that somebody still uses is not deleted:
Prefect would leave its runs waiting for ever and its deployments without a pool, and say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pulumi
from pulumi.dynamic import DiffResult, Resource

from clients.errors import ServiceError
from clients.prefect_access import PrefectAccess, http_at
from clients.prefect_pools import Pool, PrefectPools, pool_page
from domain.job_templates import (
    JobSettings,
    base_job_template,
    described,
)
from domain.work_pools import WorkPoolSpec, WorkQueue, faults_of, render_fields
from providers.codec import Properties
from providers.pool_claims import is_ours, refuse_unless_free, refuse_while_in_use
from providers.pool_convergence import converge, converge_queues, held_spec
from providers.prefect_credentials import credentials_of
from providers.typed_provider import Created, Found, StackConfig, TypedProvider


@dataclass(frozen=True, kw_only=True)
class WorkPoolOutputs:
    """Where the pool is."""

    pool_id: str
    """Prefect's own id; a pool that is made anew has another one, and deployments have to be put into it again."""
    url: str
    """The pool's page."""


class WorkPoolProvider(TypedProvider[WorkPoolSpec, WorkPoolOutputs]):
    """Keeps pools whose description names our stack, and takes over those that nobody has configured."""

    spec_type = WorkPoolSpec
    outputs_type = WorkPoolOutputs
    replaces_on = frozenset({"api_url", "name", "type"})

    def configured(self, config: StackConfig) -> None:
        """Take Prefect's credentials: `landing:prefect.apiKey`, `.basicAuth`, or Prefect's own variables."""
        self._credentials = credentials_of(config)

    def describe(self, spec: WorkPoolSpec) -> str:
        """Name the pool as Prefect's own tools do."""
        return f"the Prefect work pool {spec.name!r}"

    def faults(self, spec: WorkPoolSpec) -> list[tuple[str, str]]:
        """Check what Prefect would refuse only in `up`."""
        return list(faults_of(spec))

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        """Compare as any; a pool with a new name is made before the old one goes, for its deployments to move over."""
        result = super().diff(_id, _olds, _news)
        result.delete_before_replace = not {"api_url", "name"} & set(result.replaces or [])
        return result

    def create_object(self, spec: WorkPoolSpec) -> Created[WorkPoolOutputs]:
        """Create the pool, or go on with ours that a killed run has left, or with one that nobody has configured."""
        pools = self._pools(spec)
        known = pools.find_pool(spec.name)
        if known is not None and known.type != spec.type and is_ours(known, spec):
            refuse_while_in_use(pools, spec)
            pools.delete_pool(spec.name)
            known = None
        if known is None:
            body = {"name": spec.name, "type": spec.type, **render_fields(spec)}
            made = pools.create_pool(body)
            if made is not None:
                converge_queues(pools, None, spec)
                return Created(id=made.id, outputs=_outputs(made, spec))
            # It is there by now: made by a worker, or by our own call, whose reply was lost.
            known = pools.find_pool(spec.name)
            if known is None:
                raise ServiceError("Prefect says that the name is taken, and has no such pool", hint="run it again")
        refuse_unless_free(pools, known, spec)
        converge(pools, known, None, spec)
        converge_queues(pools, None, spec)
        return Created(id=known.id, outputs=_outputs(known, spec))

    def read_object(
        self, object_id: str, known: Found[WorkPoolSpec, WorkPoolOutputs]
    ) -> Found[WorkPoolSpec, WorkPoolOutputs] | None:
        """Read what Prefect holds now; a pool that somebody has made anew under the name is another one."""
        spec = known.spec
        pools = self._pools(spec)
        pool = pools.find_pool(spec.name)
        if pool is None or pool.id != object_id:
            return None
        found = held_spec(pool, pools.queues(spec.name) if spec.queues else [], spec)
        return Found(spec=found, outputs=_outputs(pool, spec))

    def update_object(
        self, object_id: str, old: Found[WorkPoolSpec, WorkPoolOutputs], new: WorkPoolSpec
    ) -> WorkPoolOutputs:
        """Write what the program changed and Prefect does not hold; queues that we kept and keep no longer go."""
        pools = self._pools(new)
        known = pools.find_pool(new.name)
        if known is None or known.id != object_id:
            raise ServiceError("it was deleted in Prefect", hint="run `pulumi up --refresh`, which makes it again")
        converge(pools, known, old.spec, new)
        converge_queues(pools, old.spec, new)
        return _outputs(known, new)

    def delete_object(self, object_id: str, spec: WorkPoolSpec) -> None:
        """Delete the pool with all its queues, unless it is in use or another one by now."""
        pools = self._pools(spec)
        known = pools.find_pool(spec.name)
        if known is None or known.id != object_id:
            return
        refuse_while_in_use(pools, spec)
        pools.delete_pool(spec.name)

    def _pools(self, spec: WorkPoolSpec) -> PrefectPools:
        return PrefectPools(
            http_at(PrefectAccess(api_url=spec.api_url, credentials=self._credentials, ca_bundle=spec.ca_bundle))
        )


def _outputs(known: Pool, spec: WorkPoolSpec) -> WorkPoolOutputs:
    return WorkPoolOutputs(pool_id=known.id, url=pool_page(spec.api_url, spec.name))


class WorkPool(Resource, module="landing", name="WorkPool"):
    """A work pool: what takes runs from Prefect, and how their jobs look."""

    name: pulumi.Output[str]
    pool_id: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        api_url: pulumi.Input[str],
        name: str,
        type: str,  # noqa: A002  # Prefect's own word
        jobs: JobSettings,
        description: str = "",
        concurrency_limit: int | None = None,
        queues: Sequence[WorkQueue] = (),
        ca_bundle: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        # In few words, for a preview to show what changes in it and not the whole of it.
        template = described(type, base_job_template(type, jobs))
        super().__init__(
            WorkPoolProvider(),
            resource_name,
            {
                "api_url": api_url,
                "ca_bundle": ca_bundle,
                "owner": f"{pulumi.get_project()}/{pulumi.get_stack()}",
                "name": name,
                "type": type,
                "description": description,
                "concurrency_limit": concurrency_limit,
                "queues": [asdict(queue) for queue in queues],
                "default_template": template.default,
                "template_changes": template.changes,
                "pool_id": None,
                "url": None,
            },
            opts,
        )
