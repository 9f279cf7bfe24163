"""What flows ask of the pools that the stack makes."""

from __future__ import annotations

import pytest

from domain.flow_settings import FlowSettings
from domain.pool_uses import faults_of_pool_uses
from domain.sections import PrefectSettings

PREFECT = {
    "apiUrl": "http://prefect.example/api",
    "workPool": "machine",
    "workPools": [
        {"name": "machine", "type": "process"},
        {"name": "cluster", "type": "kubernetes", "queues": [{"name": "urgent"}]},
    ],
}
HELLO = {"name": "hello", "entrypoint": "flows/hello.py:hello"}


def told(flows: dict[str, object]) -> list[str]:
    faults = faults_of_pool_uses(
        FlowSettings.model_validate(flows), PrefectSettings.model_validate(PREFECT), "landing:flows"
    )
    return [str(fault) for fault in faults]


def test_what_the_pools_know_is_taken() -> None:
    assert not told(
        {
            "runtimes": {
                "light": {"workPool": "cluster", "image": "registry.example/light:1", "variables": {"cpu_limit": "1"}},
                "elsewhere": {"workPool": "of-others", "image": "x", "variables": {"anything": 1}},
            },
            "deployments": [
                {**HELLO, "runtime": "light", "workQueue": "urgent"},
                {**HELLO, "workQueue": "default", "variables": {"env": {"A": "1"}, "working_dir": "/srv"}},
                {**HELLO, "workPool": "of-others", "workQueue": "any"},
            ],
        }
    )


@pytest.mark.parametrize(
    ("flows", "words"),
    [
        (
            {"runtimes": {"light": {"image": "registry.example/light:1"}}},
            ["landing:flows.runtimes.light.image: ", "'machine' is of the type process, whose jobs have no variable"],
        ),
        (
            {"runtimes": {"wide": {"workPool": "cluster", "variables": {"memory_limits": "8Gi"}}}},
            ["landing:flows.runtimes.wide.variables.memory_limits: ", "did you mean 'memory_limit'?"],
        ),
        (
            {"deployments": [{**HELLO, "variables": {"image": "x"}}]},
            ["landing:flows.deployments[0].variables.image: "],
        ),
        (
            {"deployments": [{**HELLO, "workPool": "cluster", "workQueue": "urgend"}]},
            [
                "landing:flows.deployments[0].workQueue: 'urgend' is not a queue",
                "which has default, urgent; did you mean",
            ],
        ),
    ],
)
def test_what_they_do_not_know_is_said_with_its_key(flows: dict[str, object], words: list[str]) -> None:
    (fault,) = told(flows)
    for text in words:
        assert text in fault
