"""The properties of a deployment, as tests of its provider give them."""

from __future__ import annotations

from typing import Any


def inputs(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return {
        "api_url": "http://prefect.example/api",
        "owner": "landing/dev",
        "flow_name": "reconcile",
        "name": "skyway-flights",
        "entrypoint": "flows/reconcile.py:reconcile",
        "repository": "https://git.example/landing.git",
        "branch": "main",
        "work_pool": "landing",
        "parameters": {"partner": "skyway", "wait_seconds": 120.0},
        "tags": ["skyway", "flights"],
        "job_variables": {"env": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}},
        "schedules": [daily()],
        **changes,
    }


def daily(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return {"slug": "daily", "cron": "0 7 * * *", "timezone": "America/New_York", **changes}
