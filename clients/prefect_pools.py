"""Prefect's HTTP API, as far as keeping work pools and their queues needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from clients.errors import NotFoundError, ServiceError
from clients.prefect_http import PrefectHttp, segment
from clients.prefect_pages import page

ReplyT = TypeVar("ReplyT")

_PAGE = 200
"""How many objects a server gives at most in one reply, unless it is set otherwise (PREFECT_API_DEFAULT_LIMIT)."""
_NOT_OVER = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
_CONFLICT = 409


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A work pool, as Prefect holds it."""

    id: str
    name: str
    type: str
    description: str | None = None
    concurrency_limit: int | None = None
    base_job_template: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue of a work pool, as Prefect holds it."""

    id: str
    name: str
    priority: int
    concurrency_limit: int | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """A flow run, as Prefect holds it."""

    name: str
    state_name: str | None = None
    auto_scheduled: bool = False

    @property
    def is_only_planned(self) -> bool:
        """Whether a schedule has planned it for later, and would plan it again."""
        return self.auto_scheduled and self.state_name == "Scheduled"


@dataclass(frozen=True, kw_only=True)
class PoolDeployment:
    """A deployment whose runs go to a pool."""

    name: str
    labels: dict[str, Any] | None = None


class PrefectPools:
    """Work pools and queues of one Prefect API."""

    def __init__(self, http: PrefectHttp) -> None:
        self._http = http

    def find_pool(self, name: str) -> Pool | None:
        """Give the pool with this name, or None."""
        try:
            return self._http.parsed(Pool, self._http.call("GET", _pool(name)))
        except NotFoundError:
            return None

    def create_pool(self, body: Mapping[str, Any]) -> Pool | None:
        """Create a pool; None when there is one with its name."""
        try:
            return self._http.parsed(Pool, self._http.call("POST", "work_pools/", json=body))
        except ServiceError as error:
            if error.status == _CONFLICT:
                return None
            raise

    def change_pool(self, name: str, changes: Mapping[str, Any]) -> None:
        """Change some fields of a pool."""
        self._http.call("PATCH", _pool(name), json=changes)

    def delete_pool(self, name: str) -> None:
        """Remove a pool with its queues; one that is gone already is fine."""
        self._delete(_pool(name))

    def queues(self, pool: str) -> list[Queue]:
        """Give a pool's queues."""
        return self._listed(Queue, f"{_pool(pool)}/queues/filter", {})

    def create_queue(self, pool: str, body: Mapping[str, Any]) -> bool:
        """Create a queue; False when the pool has one with its name."""
        try:
            self._http.call("POST", f"{_pool(pool)}/queues", json=body)
        except ServiceError as error:
            if error.status == _CONFLICT:
                return False
            raise
        return True

    def change_queue(self, pool: str, name: str, changes: Mapping[str, Any]) -> None:
        """Change some fields of a queue."""
        self._http.call("PATCH", f"{_pool(pool)}/queues/{segment(name)}", json=changes)

    def delete_queue(self, pool: str, name: str) -> None:
        """Remove a queue; one that is gone already is fine."""
        self._delete(f"{_pool(pool)}/queues/{segment(name)}")

    def runs_not_over(self, pool: str, queue: str | None = None) -> list[Run]:
        """Give the runs of a pool, or of one of its queues, that wait or are under way."""
        states = {"state": {"type": {"any_": _NOT_OVER}}}
        return self._listed(Run, "flow_runs/filter", {**_place(pool, queue), "flow_runs": states})

    def deployments(self, pool: str, queue: str | None = None) -> list[PoolDeployment]:
        """Give the deployments whose runs go to a pool, or to one of its queues."""
        return self._listed(PoolDeployment, "deployments/filter", _place(pool, queue))

    def _listed(self, reply_type: type[ReplyT], path: str, asked: Mapping[str, Any]) -> list[ReplyT]:
        """Read all pages; what comes or goes meanwhile may be left out or told twice."""
        found: list[ReplyT] = []
        while True:
            page = self._http.listed(path, json={**asked, "limit": _PAGE, "offset": len(found)})
            found += [self._http.parsed(reply_type, reply) for reply in page]
            if len(page) < _PAGE:
                return found

    def _delete(self, path: str) -> None:
        try:
            self._http.call("DELETE", path)
        except NotFoundError:
            return


def pool_page(api_url: str, name: str) -> str:
    """Give the address of a pool's page."""
    return page(api_url, f"work-pools/work-pool/{segment(name)}")


def _place(pool: str, queue: str | None) -> dict[str, Any]:
    place: dict[str, Any] = {"work_pools": {"name": {"any_": [pool]}}}
    return place if queue is None else {**place, "work_pool_queues": {"name": {"any_": [queue]}}}


def _pool(name: str) -> str:
    return f"work_pools/{segment(name)}"
