"""A stand-in for Prefect's API that remembers one deployment, and whose calls can be made to fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx

API_URL = "http://prefect.example/api"
ID = "5d1f2a0e-0000-4000-8000-000000000000"
INPUTS = {
    "api_url": API_URL,
    "owner": "landing/dev",
    "flow_name": "hello",
    "name": "hello",
    "entrypoint": "flows/hello.py:hello",
    "repository": "https://git.example/landing.git",
    "branch": "main",
    "token_secret_name": "git-token",
    "work_pool": "landing",
    "work_queue": "fast",
    "parameters": {"note": "hunter2"},
    "schedules": [{"slug": "daily", "cron": "0 7 * * *"}, {"slug": "hourly", "cron": "0 * * * *"}],
}
STATE = {**INPUTS, "deployment_id": ID, "url": "", "reference": "main"}
Fault = Callable[[httpx.Request], httpx.Response]


@dataclass
class Api:
    """One deployment at most; a fault may stand in for the n-th call, before or after it took effect."""

    deployment: dict[str, Any] | None = None
    faults: dict[int, Fault] = field(default_factory=dict[int, Fault])
    after_effect: bool = False
    calls: list[str] = field(default_factory=list[str])
    waits: list[float] = field(default_factory=list[float])

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path.removeprefix('/api/')}")
        fault = self.faults.pop(len(self.calls), None)
        if fault is None:
            return self._effect(request)
        if self.after_effect:
            self._effect(request)
        return fault(request)

    def _effect(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911  # one table of calls
        gone = httpx.Response(404, json={"detail": "Deployment not found"})
        body = cast("dict[str, Any]", json.loads(request.content)) if request.content else {}
        match request.method, request.url.path.removeprefix("/api/").split("/"):
            case "POST", ["flows", ""]:
                return httpx.Response(201, json={"id": "flow"})
            case "POST", ["deployments", ""]:
                schedules = [{"id": schedule["slug"], **schedule} for schedule in body["schedules"]]
                held = self.deployment or {"id": ID, "updated": "2026-01-01T00:00:00Z"}
                self.deployment = {**held, **_as_held(body), "schedules": schedules}
                return httpx.Response(201, json=self.deployment)
            case "POST", ["deployments", _, "schedule"]:
                return httpx.Response(200)
            case "GET", ["deployments", *_]:
                return httpx.Response(200, json=self.deployment) if self.deployment else gone
            case "GET", _:
                return httpx.Response(200, json={"name": "there"})
            case "PATCH", _ if self.deployment:
                self.deployment |= _as_held(body)
                return httpx.Response(204)
            case "DELETE", _ if self.deployment:
                self.deployment = None
                return httpx.Response(204)
            case _:
                return gone


def _as_held(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in {"concurrency_limit", "schedules"}}


def registered() -> dict[str, Any]:
    token = "{{ prefect.blocks.secret.git-token }}"
    step = {"repository": INPUTS["repository"], "branch": "main", "access_token": token}
    return {
        "id": ID,
        "name": "hello",
        "flow_id": "flow",
        "entrypoint": INPUTS["entrypoint"],
        "pull_steps": [{"prefect.deployments.steps.git_clone": step}],
        "work_pool_name": "landing",
        "work_queue_name": "fast",
        "parameters": INPUTS["parameters"],
        "labels": {"landing.owner": "landing/dev"},
        "updated": "2026-01-01T00:00:00Z",
        "schedules": [
            {"id": slug, "slug": slug, "schedule": {"cron": cron, "timezone": "UTC"}}
            for slug, cron in (("daily", "0 7 * * *"), ("hourly", "0 * * * *"))
        ],
    }
