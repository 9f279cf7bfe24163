"""What the flow deployments component registers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pulumi
import pytest

from components.flow_deployments import FlowDeployments, FlowDeploymentsArgs, WantedDeployment
from components.work_pools import WorkPools, WorkPoolsArgs
from domain.flow_deployments import FlowSchedule
from domain.flow_source import read_flow
from domain.git_source import GitSource
from domain.sections import PrefectSettings
from tests.components.recorder import Program, Secret

TYPE = "pulumi-python:dynamic/landing:FlowDeployment"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BRANCH = GitSource(repository="https://git.example/landing.git", branch="main", tip=COMMIT)


def args(prefect: Mapping[str, Any] = MappingProxyType({}), **changes: Any) -> FlowDeploymentsArgs:  # noqa: ANN401  # any argument
    settings = PrefectSettings.model_validate(
        {"apiUrl": "http://prefect.example/api", "workPool": "landing", **prefect}
    )
    values: dict[str, Any] = {
        "settings": settings,
        "pools": WorkPools("pools", WorkPoolsArgs(settings=settings)),
        "source": BRANCH,
        "deployments": [
            WantedDeployment(name="hello", entrypoint="flows/hello.py:hello"),
            WantedDeployment(
                name="skyway-flights",
                entrypoint="flows/reconcile.py:reconcile_feed",
                parameters={"bucket": pulumi.Output.from_input("landing-dev")},
                tags=["skyway"],
                schedules=[FlowSchedule(slug="daily", cron="0 7 * * *", timezone="Europe/London")],
            ),
        ],
    }
    return FlowDeploymentsArgs(**(values | changes))


def test_the_tree(registered: Program) -> None:
    assert registered(lambda: FlowDeployments("flows", args())).shape == [
        ("landing:prefect:FlowDeployments", "flows", ""),
        ("landing:prefect:WorkPools", "pools", ""),
        (TYPE, "flows-hello", "flows"),
        (TYPE, "flows-skyway-flights", "flows"),
    ]


def test_flows_come_after_the_pool_that_the_stack_makes(registered: Program) -> None:
    prefect = {"workPools": [{"name": "landing", "type": "process"}]}
    run = registered(
        lambda: FlowDeployments("flows", args(prefect)), outputs=lambda made: {"pool_id": f"id-{made.name}"}
    )
    assert run.named("flows-hello").inputs["work_pool_id"] == "id-pools-landing"
    assert "work_pool_id" not in registered(lambda: FlowDeployments("flows", args())).named("flows-hello").inputs


def test_a_deployment_says_all_that_prefect_needs(registered: Program) -> None:
    inputs = registered(lambda: FlowDeployments("flows", args())).named("flows-skyway-flights").inputs
    provider = inputs.pop("__provider")
    assert isinstance(provider, Secret)
    assert inputs == {
        "api_url": "http://prefect.example/api",
        "owner": "landing/test",
        "flow_name": "reconcile-feed",
        "name": "skyway-flights",
        "entrypoint": "flows/reconcile.py:reconcile_feed",
        "repository": "https://git.example/landing.git",
        "branch": "main",
        "work_pool": "landing",
        "parameters": {"bucket": "landing-dev"},
        "tags": ["skyway"],
        "description": "",
        "job_variables": {},
        "schedules": [{"slug": "daily", "cron": "0 7 * * *", "timezone": "Europe/London", "parameters": {}}],
    }


def test_what_the_code_says_of_a_flow_is_registered_with_it(registered: Program) -> None:
    text = """
from prefect import flow

@flow(name="greeting")
def hello(partner: str) -> None:
    \"\"\"Greet.\"\"\"
"""
    source = replace(BRANCH, flows={"flows/hello.py:hello": read_flow(text, "hello")})
    inputs = registered(lambda: FlowDeployments("flows", args(source=source))).named("flows-hello").inputs
    assert inputs["flow_name"] == "greeting"
    assert inputs["description"] == "Greet."
    assert inputs["parameter_schema"]["required"] == ["partner"]


def test_a_flow_chooses_pool_queue_and_limit(registered: Program) -> None:
    wanted = WantedDeployment(
        name="hello", entrypoint="flows/hello.py:hello", work_pool="cluster", work_queue="urgent", concurrency_limit=2
    )
    changes: dict[str, Any] = {"deployments": [wanted], "token_secret_name": "git-token", "username": "robot"}
    inputs = registered(lambda: FlowDeployments("flows", args(**changes))).named("flows-hello").inputs
    assert (inputs["work_pool"], inputs["work_queue"], inputs["concurrency_limit"]) == ("cluster", "urgent", 2)
    assert (inputs["token_secret_name"], inputs["username"]) == ("git-token", "robot")


def test_a_pinned_source_is_a_commit_and_no_branch(registered: Program) -> None:
    source = GitSource(repository="https://git.example/landing.git", commit_sha=COMMIT, tip=COMMIT)
    for inputs in registered(lambda: FlowDeployments("flows", args(source=source))).inputs_of(TYPE):
        assert inputs["commit_sha"] == COMMIT
        assert "branch" not in inputs


def test_the_pages_are_known_by_name_after_the_last(registered: Program) -> None:
    run = registered(
        lambda: FlowDeployments("flows", args()).urls,
        outputs=lambda made: {"url": f"http://page/{made.name}", "deployment_id": made.name},
    )
    pages = {"hello": "http://page/flows-hello", "skyway-flights": "http://page/flows-skyway-flights"}
    assert run.result == pages
    (outputs,) = run.registered_outputs["flows"]
    assert outputs == {
        "urls": pages,
        "ids": {"hello": "flows-hello", "skyway-flights": "flows-skyway-flights"},
        "reference": "main",
    }


def test_all_wait_for_what_the_component_depends_on(registered: Program) -> None:
    def program() -> None:
        table = pulumi.CustomResource("test:index:Table", "table")
        FlowDeployments("flows", args(), pulumi.ResourceOptions(depends_on=[table]))

    run = registered(program)
    assert all("table" in deployment.depends_on for deployment in run.of(TYPE))


def test_two_stand_in_one_program(registered: Program) -> None:
    def program() -> None:
        shared = args()
        FlowDeployments("one", shared)
        FlowDeployments("two", shared)

    assert len(set(registered(program).shape)) == 7


def test_names_that_could_not_be_told_apart_are_refused(registered: Program) -> None:
    twice = [WantedDeployment(name="hello", entrypoint="flows/hello.py:hello")] * 2
    with pytest.raises(ValueError, match="names of deployments must differ, got twice: hello"):
        registered(lambda: args(deployments=twice))


def test_what_prefect_would_only_fail_on_in_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="'nonsense' is not an entry point"):
        WantedDeployment(name="hello", entrypoint="nonsense")
    with pytest.raises(ValueError, match="deployment 'hello': schedule 'daily': 'EST5' is not an IANA time zone"):
        WantedDeployment(
            name="hello",
            entrypoint="flows/hello.py:hello",
            schedules=[FlowSchedule(slug="daily", cron="0 7 * * *", timezone="EST5")],
        )
