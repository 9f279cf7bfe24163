"""What a deployment should be when its pool was made anew: Prefect takes it out of the pool that goes."""

from __future__ import annotations

from dataclasses import replace

from domain.deployment_merge import merged
from domain.flow_deployments import DeploymentSpec

OLD = DeploymentSpec(
    api_url="http://prefect.example/api",
    owner="landing/dev",
    flow_name="hello",
    name="hello",
    entrypoint="flows/hello.py:hello",
    repository="https://git.example/landing.git",
    branch="main",
    work_pool="cluster",
    work_pool_id="first",
    work_queue="urgent",
)
FALLEN_OUT = replace(OLD, work_pool="", work_queue=None)


def test_it_is_put_into_the_new_pool_of_the_same_name() -> None:
    wanted = merged(OLD, replace(OLD, work_pool_id="second"), FALLEN_OUT)
    assert (wanted.work_pool, wanted.work_queue) == ("cluster", "urgent")


def test_an_operator_who_took_it_out_of_the_pool_is_left_alone_by_another_change() -> None:
    wanted = merged(OLD, replace(OLD, description="Anew."), FALLEN_OUT)
    assert (wanted.description, wanted.work_pool) == ("Anew.", "")
