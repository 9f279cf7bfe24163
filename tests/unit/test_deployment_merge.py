"""What a deployment becomes when its program changed and somebody edited it: both, the program's word last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.deployment_merge import merged
from domain.flow_deployments import DeploymentSpec, FlowSchedule

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.dictionaries(NAMES, st.integers(0, 2) | st.dictionaries(NAMES, st.integers(0, 2)))
SCHEDULES = st.dictionaries(NAMES, st.sampled_from(["0 7 * * *", "0 8 * * *"])).map(
    lambda chosen: tuple(FlowSchedule(slug=slug, cron=cron) for slug, cron in chosen.items())
)
SPECS = st.builds(
    DeploymentSpec,
    api_url=st.just("http://prefect.example/api"),
    owner=st.just("landing/dev"),
    flow_name=st.just("hello"),
    name=st.just("hello"),
    entrypoint=st.sampled_from(["a.py:a", "b.py:b"]),
    repository=st.sampled_from(["https://git.example/a.git", "https://git.example/b.git"]),
    branch=st.sampled_from(["main", "next"]),
    token_secret_name=st.none() | NAMES,
    work_pool=NAMES,
    work_queue=st.none() | NAMES,
    parameters=VALUES,
    parameter_schema=VALUES,
    enforce_parameter_schema=st.booleans(),
    concurrency_limit=st.none() | st.integers(1, 2),
    tags=st.lists(NAMES).map(tuple),
    description=st.sampled_from(["", "x"]),
    job_variables=VALUES,
    schedules=SCHEDULES,
)


@given(old=SPECS, new=SPECS)
def test_what_nobody_edited_becomes_what_the_program_says(old: DeploymentSpec, new: DeploymentSpec) -> None:
    assert merged(old, new, old) == new


@given(old=SPECS, held=SPECS)
def test_what_the_program_did_not_change_stays_as_it_is_held(old: DeploymentSpec, held: DeploymentSpec) -> None:
    assert merged(old, old, held) == held


@given(old=SPECS, new=SPECS)
def test_what_is_there_already_stays(old: DeploymentSpec, new: DeploymentSpec) -> None:
    """As after a run that was killed once it had written."""
    assert merged(old, new, new) == new


@given(old=SPECS, new=SPECS, held=SPECS)
def test_each_field_is_the_programs_where_it_changed_and_else_as_held(
    old: DeploymentSpec, new: DeploymentSpec, held: DeploymentSpec
) -> None:
    result = merged(old, new, held)
    for group in (("entrypoint",), ("description",), ("work_pool", "work_queue"), ("concurrency_limit",)):
        changed = [getattr(old, name) for name in group] != [getattr(new, name) for name in group]
        for name in group:
            assert getattr(result, name) == getattr(new if changed else held, name)


def spec(**changes: Any) -> DeploymentSpec:  # noqa: ANN401  # any field
    base = DeploymentSpec(
        api_url="http://prefect.example/api",
        owner="landing/dev",
        flow_name="hello",
        name="hello",
        entrypoint="a.py:a",
        repository="https://git.example/a.git",
        branch="main",
        work_pool="landing",
    )
    return replace(base, **changes)


def test_one_variable_of_the_environment_changes_beside_an_edited_one() -> None:
    old, new, held = ({"env": {"A": a, "B": b}} for a, b in (("1", "1"), ("2", "1"), ("1", "mine")))
    result = merged(spec(job_variables=old), spec(job_variables=new), spec(job_variables=held))
    assert result.job_variables == {"env": {"A": "2", "B": "mine"}}


def test_a_tag_an_operator_added_stays_and_one_that_the_program_drops_goes() -> None:
    result = merged(spec(tags=("a", "b")), spec(tags=("b", "c")), spec(tags=("a", "b", "mine")))
    assert result.tags == ("b", "c", "mine")


def test_a_removed_schedule_goes_and_an_operators_own_stays() -> None:
    ours, theirs = FlowSchedule(slug="daily", cron="0 7 * * *"), FlowSchedule(slug="mine", cron="0 9 * * *")
    assert merged(spec(schedules=(ours,)), spec(), spec(schedules=(ours, theirs))).schedules == (theirs,)
