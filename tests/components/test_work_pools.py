"""What the work pools component registers."""

from __future__ import annotations

from typing import Any

import pulumi

from components.work_pools import WorkPools, WorkPoolsArgs
from domain.sections import PrefectSettings
from tests.components.recorder import Program, Secret
from tests.work_pool_inputs import jobs

TYPE = "pulumi-python:dynamic/landing:WorkPool"


def args(*pools: dict[str, Any]) -> WorkPoolsArgs:
    section = {"apiUrl": "http://prefect.example/api", "workPool": "machine", "workPools": list(pools)}
    return WorkPoolsArgs(settings=PrefectSettings.model_validate(section))


CLUSTER = {
    "name": "cluster",
    "type": "kubernetes",
    "description": "Nightly loads.",
    "concurrencyLimit": 4,
    "queues": [{"name": "urgent", "priority": 1}],
    "image": "flows:1",
    "environment": {"STAGE": "raw"},
}
MACHINE = {"name": "machine", "type": "process"}


def test_the_tree(registered: Program) -> None:
    assert registered(lambda: WorkPools("pools", args(CLUSTER, MACHINE))).shape == [
        ("landing:prefect:WorkPools", "pools", ""),
        (TYPE, "pools-cluster", "pools"),
        (TYPE, "pools-machine", "pools"),
    ]


def test_a_pool_says_all_that_prefect_needs(registered: Program) -> None:
    inputs = registered(lambda: WorkPools("pools", args(CLUSTER))).named("pools-cluster").inputs
    assert isinstance(inputs.pop("__provider"), Secret)
    assert inputs == {
        "api_url": "http://prefect.example/api",
        "owner": "landing/test",
        "name": "cluster",
        "type": "kubernetes",
        "description": "Nightly loads.",
        "concurrency_limit": 4,
        "queues": [{"name": "urgent", "priority": 1, "description": ""}],
        "default_template": jobs("kubernetes")["default_template"],
        "template_changes": {
            "/variables/properties/env/default/STAGE": "raw",
            "/variables/properties/image/default": "flows:1",
        },
    }


def test_what_runs_in_a_pool_of_ours_comes_after_it(registered: Program) -> None:
    def program() -> None:
        pools = WorkPools("pools", args(MACHINE))
        for name in ("machine", "elsewhere"):
            inputs = {"pool": pools.name_of(name), "pool_id": pools.id_of(name)}
            pulumi.CustomResource("test:index:Flow", f"in-{name}", inputs)

    run = registered(program, outputs=lambda made: {"pool_id": "1"} if "WorkPool" in made.typ else {})
    ours, theirs = run.named("in-machine"), run.named("in-elsewhere")
    assert (ours.inputs, ours.depends_on) == ({"pool": "machine", "pool_id": "1"}, {"pools-machine"})
    assert (theirs.inputs, theirs.depends_on) == ({"pool": "elsewhere"}, frozenset())


def test_the_pages_are_known_by_name(registered: Program) -> None:
    run = registered(
        lambda: WorkPools("pools", args(MACHINE)).outputs,
        outputs=lambda made: {"url": f"http://page/{made.name}", "pool_id": made.name},
    )
    assert run.result == {"machine": {"id": "pools-machine", "url": "http://page/pools-machine"}}
    assert run.registered_outputs["pools"] == [{"pools": run.result}]


def test_no_pools_make_nothing_but_the_component(registered: Program) -> None:
    assert registered(lambda: WorkPools("pools", args())).shape == [("landing:prefect:WorkPools", "pools", "")]


def test_two_stand_in_one_program(registered: Program) -> None:
    def program() -> None:
        WorkPools("one", args(MACHINE))
        WorkPools("two", args(MACHINE))

    assert len(set(registered(program).shape)) == 4
