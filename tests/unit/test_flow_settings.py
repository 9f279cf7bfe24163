"""What `landing:flows` may say, and what its flows are then told."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from domain.faults import Fault, parse
from domain.flow_settings import FlowSettings

ADAPTER = TypeAdapter(FlowSettings)
RUNTIMES = {
    "light": {"image": "registry.example/light:1"},
    "wide": {"workPool": "cluster", "variables": {"namespace": "data", "env": {"STAGE": "wide", "OWN": "1"}}},
}


def settings(**section: object) -> FlowSettings:
    faults: list[Fault] = []
    found = parse(ADAPTER, section, key="landing:flows", faults=faults)
    assert found, faults
    return found


def faults_of(**section: object) -> list[str]:
    faults: list[Fault] = []
    parse(ADAPTER, section, key="landing:flows", faults=faults)
    return [str(fault) for fault in faults]


def flow(**more: object) -> dict[str, object]:
    return {"name": "hello", "entrypoint": "flows/hello.py:hello", **more}


def test_a_runtime_gives_its_image_and_its_pool() -> None:
    flows = settings(runtimes=RUNTIMES)
    assert flows.job_variables("light") == {"image": "registry.example/light:1", "env": {}}
    assert flows.runtime_of("wide").work_pool == "cluster"
    assert flows.runtime_of(None).work_pool is None


def test_the_environment_is_merged_name_by_name_and_the_nearest_wins() -> None:
    flows = settings(environment={"STAGE": "raw", "REGION": "eu-west-1"}, runtimes=RUNTIMES)
    own = {"namespace": "mine", "env": {"OWN": "2"}}
    assert flows.job_variables("wide", own) == {
        "namespace": "mine",
        "env": {"STAGE": "wide", "REGION": "eu-west-1", "OWN": "2"},
    }
    assert flows.job_variables(None) == {"env": {"STAGE": "raw", "REGION": "eu-west-1"}}


def test_schedules_are_those_of_a_deployment() -> None:
    entry = {"slug": "early", "cron": "0 7 * * 1-5", "timezone": "Europe/Berlin", "parameters": {"partner": "sky"}}
    [found] = settings(deployments=[flow(schedules=[entry])]).deployments
    [schedule] = [each.schedule() for each in found.schedules]
    assert (schedule.slug, schedule.cron, schedule.timezone) == ("early", "0 7 * * 1-5", "Europe/Berlin")
    assert schedule.parameters == {"partner": "sky"}


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            {"runtimes": RUNTIMES, "deployments": [flow(runtime="ligth")]},
            ["'ligth' is not one of landing:flows.runtimes, which are light, wide; did you mean 'light'?"],
        ),
        ({"deployments": [flow(runtime="light")]}, ["which are none yet"]),
        (
            {"deployments": [flow(schedules=[{"slug": "early", "cron": "at seven", "timezone": "Europe/Berlim"}])]},
            [
                "landing:flows.deployments[0].schedules",
                "'at seven' is not a cron",
                "'Europe/Berlim' is not an IANA time zone",
            ],
        ),
        (
            {"deployments": [flow(schedules=[{"slug": "a", "cron": "0 7 * * *"}, {"slug": "a", "cron": "0 8 * * *"}])]},
            ["two schedules have the slug 'a'"],
        ),
        ({"deployments": [flow(concurrencyLimit=0)]}, ["landing:flows.deployments[0].concurrencyLimit", "1"]),
        ({"deployments": [flow(variables={"env": {"A": 1}})]}, ["landing:flows.deployments[0].variables", "env"]),
        (
            {"runtimes": {"light": {"image": "a", "variables": {"image": "b"}}}},
            ["landing:flows.runtimes.light", "leave one of them out"],
        ),
        ({"deployments": [flow(entrypoint="../flows/hello.py:hello")]}, ["landing:flows.deployments[0].entrypoint"]),
    ],
)
def test_what_is_wrong_is_said_with_its_key(section: dict[str, object], told: list[str]) -> None:
    said = "\n".join(faults_of(**section))
    for text in told:
        assert text in said
