"""Prefect's HTTP API, as far as registering deployments needs it; no part of the `prefect` package."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clients.errors import NotFoundError
from clients.prefect_access import PrefectAccess, http_at
from clients.prefect_http import PrefectHttp, segment, without_credentials


@dataclass(frozen=True, kw_only=True)
class DeploymentSchedule:
    """A schedule of a deployment, as Prefect holds it."""

    id: str
    slug: str | None = None
    active: bool = True
    schedule: Mapping[str, Any]
    """`{"cron": ..., "timezone": ...}`, or what Prefect writes for its other kinds of schedule."""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class ConcurrencyLimit:
    """How many runs may be under way at once."""

    name: str
    """`deployment:<id>` for a deployment's own; another one may be shared by several."""
    limit: int


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A deployment, as Prefect holds it."""

    id: str
    name: str
    flow_id: str
    entrypoint: str | None = None
    pull_steps: list[dict[str, Any]] | None = None
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    paused: bool = False
    updated: str = ""
    """When it was last written, by the server's clock: ISO 8601."""
    as_of: str = ""
    """When it was read, by the server's clock: ISO 8601."""
    global_concurrency_limit: ConcurrencyLimit | None = None
    parameter_openapi_schema: dict[str, Any] | None = None
    enforce_parameter_schema: bool = True
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    job_variables: dict[str, Any] = field(default_factory=dict[str, Any])
    tags: list[str] = field(default_factory=list[str])
    labels: dict[str, Any] | None = None
    description: str | None = None
    schedules: list[DeploymentSchedule] = field(default_factory=list[DeploymentSchedule])


class PrefectClient:
    """One Prefect API; what a process has once seen there is not asked for again."""

    def __init__(self, http: PrefectHttp) -> None:
        self._http = http
        self._flows: dict[str, str] = {}
        self._seen: set[str] = set()

    @property
    def address(self) -> str:
        """The API's address, for people to read."""
        return self._http.address

    def ensure_flow(self, name: str) -> str:
        """Give the id of the flow with this name, made now if there is none."""
        if name not in self._flows:
            self._flows[name] = str(self._http.call("POST", "flows/", json={"name": name})["id"])
        return self._flows[name]

    def find_deployment(self, flow_name: str, name: str) -> Deployment | None:
        """Give the deployment `flow_name/name`, or None."""
        return self._read_deployment(f"deployments/name/{segment(flow_name)}/{segment(name)}")

    def read_deployment(self, deployment_id: str) -> Deployment | None:
        """Give the deployment with this id, or None."""
        return self._read_deployment(f"deployments/{segment(deployment_id)}")

    def _read_deployment(self, path: str) -> Deployment | None:
        try:
            reply, at = self._http.read(path)
        except NotFoundError:
            return None
        return self._http.parsed(Deployment, {**reply, "as_of": at})

    def put_deployment(self, body: Mapping[str, Any]) -> Deployment:
        """Create a deployment, or write over the one of the same name; raises NotFoundError for an unknown pool.

        Of what `body` leaves out, parameters, labels and schedules are reset; schedules get new ids in any case.
        """
        return self._http.parsed(Deployment, self._http.call("POST", "deployments/", json=body))

    def change_deployment(self, deployment_id: str, changes: Mapping[str, Any]) -> None:
        """Change some fields of a deployment; schedules are matched by slug, and none goes by being left out."""
        self._http.call("PATCH", f"deployments/{segment(deployment_id)}", json=changes)

    def delete_deployment(self, deployment_id: str) -> None:
        """Remove a deployment; one that is gone already is fine."""
        self._delete(f"deployments/{segment(deployment_id)}")

    def plan_runs(self, deployment_id: str, since: str) -> None:
        """Plan the next runs of its active schedules from `since` on (ISO 8601); one that is there stays the only one.

        A write to a deployment throws its planned runs away, and Prefect itself plans anew only seconds later.
        """
        self._http.call("POST", f"deployments/{segment(deployment_id)}/schedule", json={"start_time": since})

    def has_work_pool(self, name: str) -> bool:
        """Say whether there is a work pool with this name."""
        return self._has(f"work_pools/{segment(name)}")

    def has_work_queue(self, pool: str, name: str) -> bool:
        """Say whether a work pool has a queue with this name."""
        return self._has(f"work_pools/{segment(pool)}/queues/{segment(name)}")

    def has_secret(self, name: str) -> bool:
        """Say whether there is a Secret block with this name; its value is not asked for."""
        return self._has(f"block_types/slug/secret/block_documents/name/{segment(name)}")

    def work_pools(self) -> list[str]:
        """Give the names of all work pools."""
        return sorted(str(pool["name"]) for pool in self._http.listed("work_pools/filter", json={}))

    def work_queues(self, pool: str) -> list[str]:
        """Give the names of a work pool's queues."""
        path = f"work_pools/{segment(pool)}/queues/filter"
        return sorted(str(queue["name"]) for queue in self._http.listed(path, json={}))

    def _has(self, path: str) -> bool:
        if path in self._seen:
            return True
        try:
            self._http.call("GET", path)
        except NotFoundError:
            return False
        self._seen.add(path)
        return True

    def _delete(self, path: str) -> None:
        try:
            self._http.call("DELETE", path)
        except NotFoundError:
            return


def deployment_page(api_url: str, deployment_id: str) -> str:
    """Give the address of a deployment's page, on Prefect Cloud or on a server of one's own."""
    base = without_credentials(api_url).rstrip("/")
    cloud = "https://api.prefect.cloud/api/"
    if base.startswith(cloud):
        workspace = base.removeprefix(cloud).replace("accounts/", "account/").replace("workspaces/", "workspace/")
        return f"https://app.prefect.cloud/{workspace}/deployments/deployment/{deployment_id}"
    return f"{base.removesuffix('/api')}/deployments/deployment/{deployment_id}"


@functools.cache
def prefect_at(access: PrefectAccess) -> PrefectClient:
    """Give the process's one client for this way."""
    return PrefectClient(http_at(access))
