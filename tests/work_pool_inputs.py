"""The properties of a work pool, as tests of its provider give them."""

from __future__ import annotations

from typing import Any

from domain.job_templates import JobSettings, base_job_template, described


def inputs(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    pool_type = changes.get("type", "docker")
    return {
        "api_url": "http://prefect.example/api",
        "owner": "landing/dev",
        "name": "containers",
        "type": pool_type,
        "description": "Runs flows in containers.",
        "concurrency_limit": 4.0,
        "queues": [urgent()],
        **jobs(pool_type, **({} if pool_type == "process" else {"image": "flows:1"})),
        **changes,
    }


def jobs(pool_type: str = "docker", **settings: Any) -> dict[str, Any]:  # noqa: ANN401  # any setting
    said = described(pool_type, template(pool_type, **settings))
    return {"default_template": said.default, "template_changes": said.changes}


def template(pool_type: str = "docker", **settings: Any) -> dict[str, Any]:  # noqa: ANN401  # any setting
    return base_job_template(pool_type, JobSettings(**settings))


def urgent(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return {"name": "urgent", "priority": 1.0, "concurrency_limit": 2.0, "description": "Goes first.", **changes}
