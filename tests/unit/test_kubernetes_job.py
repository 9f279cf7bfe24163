"""The Kubernetes job that a run in a pool of ours would get, rendered by Prefect's own worker and without a cluster.

It is rendered in a process of its own, with none of our environment: the worker copies its own Prefect settings into
each job, credentials too, so that what is rendered elsewhere must not be shown.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, cast

import pytest

from domain.job_templates import (
    JobSettings,
    base_job_template,
    default_template,
    described,
    says_no_more_than_the_default,
)

_RENDERER = """
import asyncio, json, sys, uuid
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, temporary_settings
from prefect.workers.process import ProcessWorker
from prefect_kubernetes.worker import KubernetesWorker, KubernetesWorkerJobConfiguration

async def rendered(case):
    job = await KubernetesWorkerJobConfiguration.from_template_and_values(
        base_job_template=case["template"], values=case["variables"], client=None
    )
    run = FlowRun(id=uuid.uuid4(), flow_id=uuid.uuid4(), name="preview")
    with temporary_settings({PREFECT_API_AUTH_STRING: case["auth"]} if case["auth"] else {}):
        job.prepare_for_flow_run(run, deployment=None, flow=None, work_pool=None, worker_name=None)
    return job.job_manifest

async def main():
    return [await rendered(case) for case in json.load(sys.stdin)]

workers = {"process": ProcessWorker, "kubernetes": KubernetesWorker}
left = {name: worker.get_default_base_job_template() for name, worker in workers.items()}
print(json.dumps({"jobs": asyncio.run(main()), "left": left}))
"""
FULL = JobSettings(
    image="registry.example/flows:1.4",
    namespace="flows",
    service_account="flow-runner",
    cpu_request="250m",
    cpu_limit="1",
    memory_request="256Mi",
    memory_limit="512Mi",
    finished_job_seconds=600,
    environment={"STAGE": "raw", "REGION": "eu-west-1"},
)
OVERRIDE: dict[str, Any] = {
    "image": "registry.example/flows:1.5",
    "cpu_limit": "2",
    "finished_job_ttl": 5,
    "env": {"STAGE": "test", "PARTNER": "skyway"},
}


def case(settings: JobSettings, variables: Mapping[str, Any], auth: str = "") -> dict[str, Any]:
    return {"template": base_job_template("kubernetes", settings), "variables": variables, "auth": auth}


CASES = {
    "the pool's own": case(FULL, {}),
    "a deployment's": case(FULL, OVERRIDE),
    "the type's default": case(JobSettings(), {}),
    "by a worker that logs in": case(FULL, {}, "ada:hunter2"),
}
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = str(tmp_path_factory.mktemp("prefect"))
    # An address that nothing is asked at: without one, Prefect starts a server of its own.
    quiet = {"PREFECT_HOME": home, "PREFECT_API_URL": "http://prefect.example/api", "DO_NOT_TRACK": "1"}
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-W", "ignore", "-c", _RENDERER],
        input=json.dumps(list(CASES.values())),
        env={"PATH": os.environ["PATH"], "HOME": home, **quiet},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return cast("dict[str, Any]", json.loads(done.stdout))


@pytest.fixture
def jobs(said: dict[str, Any]) -> dict[str, Manifest]:
    return dict(zip(CASES, said["jobs"], strict=True))


def container(job: Manifest) -> dict[str, Any]:
    (found,) = job["spec"]["template"]["spec"]["containers"]
    return found


def variables(job: Manifest) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(job)["env"]}


def test_what_the_settings_say_lands_in_the_job(jobs: dict[str, Manifest]) -> None:
    job = jobs["the pool's own"]
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert job["metadata"]["namespace"] == "flows"
    assert job["spec"]["ttlSecondsAfterFinished"] == 600
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == "flow-runner"
    assert container(job)["image"] == "registry.example/flows:1.4"
    assert container(job)["resources"] == {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    }
    assert variables(job).items() >= {"STAGE": "raw", "REGION": "eu-west-1"}.items()


def test_a_deployments_job_variables_come_first_and_its_environment_is_merged(jobs: dict[str, Manifest]) -> None:
    job = jobs["a deployment's"]
    assert container(job)["image"] == "registry.example/flows:1.5"
    assert container(job)["resources"]["limits"] == {"cpu": "2", "memory": "512Mi"}
    assert job["spec"]["ttlSecondsAfterFinished"] == 5
    assert job["metadata"]["namespace"] == "flows"
    assert variables(job).items() >= {"STAGE": "test", "REGION": "eu-west-1", "PARTNER": "skyway"}.items()


def test_without_settings_a_job_is_as_prefect_makes_it(jobs: dict[str, Manifest]) -> None:
    job = jobs["the type's default"]
    assert job["metadata"]["namespace"] == "default"
    assert "ttlSecondsAfterFinished" not in job["spec"]
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
    assert container(job).get("resources", {}) in ({}, {"limits": {}, "requests": {}})


def test_only_a_worker_that_logs_in_writes_its_credentials_into_its_jobs(jobs: dict[str, Manifest]) -> None:
    assert variables(jobs["by a worker that logs in"])["PREFECT_API_AUTH_STRING"] == "ada:hunter2"
    ours = [job for name, job in jobs.items() if name != "by a worker that logs in"]
    assert "PREFECT_API_AUTH_STRING" not in json.dumps(ours)


def test_what_a_pool_keeps_is_made_of_its_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ada:hunter2")
    kept = described("kubernetes", base_job_template("kubernetes", FULL))
    assert "hunter2" not in json.dumps([kept.changes, base_job_template("kubernetes", FULL)])


def test_a_pool_as_a_worker_makes_it_when_it_starts_first_is_nobodys(said: dict[str, Any]) -> None:
    for pool_type, template in said["left"].items():
        assert template != default_template(pool_type)
        assert says_no_more_than_the_default(template, pool_type)
