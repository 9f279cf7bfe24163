"""The work pools that the stack makes, for flows to run in."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions

from domain.sections import PrefectSettings
from domain.work_pool_settings import WorkPoolEntry
from providers.work_pool import WorkPool


@dataclass(frozen=True, kw_only=True)
class WorkPoolsArgs:
    """Where Prefect is, and which pools are ours."""

    settings: PrefectSettings


class WorkPools(ComponentResource):
    """Work pools in Prefect, each with its queues and the template of its jobs."""

    outputs: dict[str, dict[str, Output[str]]]
    """Each pool's id and page, as the stack's output: `{"id": ..., "url": ...}` by the pool's name."""

    def __init__(self, name: str, args: WorkPoolsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:prefect:WorkPools", name, {}, opts)
        self._child = ResourceOptions(parent=self)
        self._pools = {entry.name: self._make(name, entry, args.settings) for entry in args.settings.work_pools}
        self.outputs = {key: {"id": pool.pool_id, "url": pool.url} for key, pool in self._pools.items()}
        self.register_outputs({"pools": self.outputs})

    def name_of(self, pool: str) -> Input[str]:
        """Give a pool's name for what runs in it, which then comes after the pool where we make it."""
        return self._pools[pool].name if pool in self._pools else pool

    def id_of(self, pool: str) -> Output[str] | None:
        """Give the id of a pool that we make: with another one, its deployments have to be put into it again."""
        return self._pools[pool].pool_id if pool in self._pools else None

    def _make(self, name: str, entry: WorkPoolEntry, settings: PrefectSettings) -> WorkPool:
        return WorkPool(
            f"{name}-{entry.name}",
            api_url=settings.api_url,
            ca_bundle=settings.ca_bundle,
            name=entry.name,
            type=entry.type,
            description=entry.description,
            concurrency_limit=entry.concurrency_limit,
            queues=[queue.queue() for queue in entry.queues],
            jobs=entry.job_settings(),
            opts=self._child,
        )
