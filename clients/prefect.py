"""Prefect's HTTP API, as far as registering deployments needs it; no part of the `prefect` package."""

from __future__ import annotations

import functools
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from clients.errors import NotFoundError, ServiceError
from clients.prefect_http import TIMEOUT_SECONDS, PrefectHttp, without_credentials

if TYPE_CHECKING:
    from pydantic import TypeAdapter

ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True, kw_only=True)
class PrefectCredentials:
    """How to come in: an API key (Prefect Cloud) or `user:password` (a server of one's own), or neither."""

    api_key: str | None = field(default=None, repr=False)
    basic_auth: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """Give the request headers that show the API key."""
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}


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
class Deployment:
    """A deployment, as Prefect holds it."""

    id: str
    name: str
    flow_id: str
    entrypoint: str | None = None
    pull_steps: list[dict[str, Any]] | None = None
    work_pool_name: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    job_variables: dict[str, Any] = field(default_factory=dict[str, Any])
    tags: list[str] = field(default_factory=list[str])
    labels: dict[str, Any] | None = None
    description: str | None = None
    schedules: list[DeploymentSchedule] = field(default_factory=list[DeploymentSchedule])


class PrefectClient:
    """A connection to one Prefect API."""

    def __init__(self, http: PrefectHttp) -> None:
        self._http = http

    @classmethod
    @contextmanager
    def connected(cls, api_url: str, credentials: PrefectCredentials) -> Generator[PrefectClient]:
        """Open a connection for a block of calls; nothing is sent yet."""
        import httpx  # noqa: PLC0415  # a quarter of a second that a program which only names a provider need not pay

        user, _, password = (credentials.basic_auth or "").partition(":")
        with httpx.Client(
            base_url=f"{api_url.rstrip('/')}/",
            headers=credentials.headers(),
            auth=(user, password) if user else None,
            timeout=TIMEOUT_SECONDS,
        ) as http:
            yield cls(PrefectHttp(http))

    def ensure_flow(self, name: str) -> str:
        """Give the id of the flow with this name, made now if there is none."""
        flow = self._http.call("POST", "flows/", json={"name": name})
        return str(flow["id"])

    def find_deployment(self, flow_name: str, name: str) -> Deployment | None:
        """Give the deployment `flow_name/name`, or None."""
        try:
            reply = self._http.call("GET", f"deployments/name/{_segment(flow_name)}/{_segment(name)}")
        except NotFoundError:
            return None
        return self._parsed(Deployment, reply)

    def read_deployment(self, deployment_id: str) -> Deployment | None:
        """Give the deployment with this id, or None."""
        try:
            return self._parsed(Deployment, self._http.call("GET", f"deployments/{_segment(deployment_id)}"))
        except NotFoundError:
            return None

    def create_deployment(self, body: Mapping[str, Any]) -> Deployment:
        """Create a deployment; raises NotFoundError for an unknown work pool.

        Prefect takes this call for an update when the name is known, and then resets what `body` leaves out.
        """
        return self._parsed(Deployment, self._http.call("POST", "deployments/", json=body))

    def change_deployment(self, deployment_id: str, changes: Mapping[str, Any]) -> None:
        """Change some fields of a deployment; schedules are matched by slug, and none goes by being left out."""
        self._http.call("PATCH", f"deployments/{_segment(deployment_id)}", json=changes)

    def delete_schedule(self, deployment_id: str, schedule_id: str) -> None:
        """Remove a schedule; one that is gone already is fine."""
        self._delete(f"deployments/{_segment(deployment_id)}/schedules/{_segment(schedule_id)}")

    def delete_deployment(self, deployment_id: str) -> None:
        """Remove a deployment; one that is gone already is fine."""
        self._delete(f"deployments/{_segment(deployment_id)}")

    def has_work_pool(self, name: str) -> bool:
        """Say whether a work pool with this name exists."""
        try:
            self._http.call("GET", f"work_pools/{_segment(name)}")
        except NotFoundError:
            return False
        return True

    def _delete(self, path: str) -> None:
        try:
            self._http.call("DELETE", path)
        except NotFoundError:
            return

    def _parsed(self, reply_type: type[ReplyT], reply: Mapping[str, Any]) -> ReplyT:
        from pydantic import ValidationError  # noqa: PLC0415  # as in `_adapter`

        try:
            return cast("ReplyT", _adapter(reply_type).validate_python(reply))
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False))
            raise ServiceError(
                f"Prefect at {self._http.address} answered in a form that is not known here ({fields})",
                hint="use a Prefect 3 server",
            ) from None


def deployment_page(api_url: str, deployment_id: str) -> str:
    """Give the address of a deployment's page, on Prefect Cloud or on a server of one's own."""
    base = without_credentials(api_url).rstrip("/")
    cloud = "https://api.prefect.cloud/api/"
    if base.startswith(cloud):
        workspace = base.removeprefix(cloud).replace("accounts/", "account/").replace("workspaces/", "workspace/")
        return f"https://app.prefect.cloud/{workspace}/deployments/deployment/{deployment_id}"
    return f"{base.removesuffix('/api')}/deployments/deployment/{deployment_id}"


@functools.cache
def _adapter(type_: Any) -> TypeAdapter[Any]:  # noqa: ANN401  # any reply's type
    from pydantic import TypeAdapter  # noqa: PLC0415  # 130 ms that a program which only names a provider need not pay

    return TypeAdapter(type_)


def _segment(name: str) -> str:
    return quote(name, safe="")
