"""The base job template of a pool, and what a pool's description says."""

from __future__ import annotations

import copy
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.job_templates import (
    POOL_TYPES,
    JobSettings,
    base_job_template,
    default_template,
    described,
    says_no_more_than_the_default,
    spelled_out,
    types_that_know,
)
from domain.work_pools import parse_description, pool_type_fault, render_description

ALL: dict[str, Any] = {
    "image": "registry.example/flows:1.4",
    "namespace": "flows",
    "service_account": "runner",
    "cpu_request": "500m",
    "cpu_limit": "1",
    "memory_request": "256Mi",
    "memory_limit": "512Mi",
    "finished_job_seconds": 600,
    "environment": {"STAGE": "raw"},
}
VALUES = st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in ALL.items()})


@pytest.mark.parametrize("pool_type", POOL_TYPES)
def test_without_settings_a_template_is_the_types_own(pool_type: str) -> None:
    assert base_job_template(pool_type, JobSettings()) == default_template(pool_type)


def test_settings_are_defaults_of_the_templates_variables() -> None:
    changes = described("kubernetes", base_job_template("kubernetes", JobSettings(**ALL))).changes
    assert {at.removeprefix("/variables/properties/"): value for at, value in changes.items()} == {
        "image/default": "registry.example/flows:1.4",
        "namespace/default": "flows",
        "service_account_name/default": "runner",
        "cpu_request/default": "500m",
        "cpu_limit/default": "1",
        "memory_request/default": "256Mi",
        "memory_limit/default": "512Mi",
        "finished_job_ttl/default": 600,
        "env/default/STAGE": "raw",
    }


def test_docker_has_words_of_its_own() -> None:
    made = base_job_template("docker", JobSettings(image="flows:1", memory_limit="512m"))
    assert described("docker", made).changes == {
        "/variables/properties/image/default": "flows:1",
        "/variables/properties/mem_limit/default": "512m",
    }


def test_the_default_has_a_fingerprint() -> None:
    told = {pool_type: described(pool_type, {}).default for pool_type in POOL_TYPES}
    assert len(set(told.values())) == len(POOL_TYPES)
    assert all(len(each) == 12 for each in told.values())


@given(values=VALUES, pool_type=st.sampled_from(POOL_TYPES))
def test_only_what_is_said_changes_and_the_default_never(values: dict[str, Any], pool_type: str) -> None:
    said = {name: value for name, value in values.items() if pool_type in types_that_know(name)}
    before = copy.deepcopy(default_template(pool_type))
    made = base_job_template(pool_type, JobSettings(**said))
    changes = described(pool_type, made).changes
    assert len(changes) == len(said)
    assert spelled_out(pool_type, changes) == made
    assert default_template(pool_type) == before
    assert says_no_more_than_the_default(made, pool_type) == (not said)


def test_the_defaults_are_those_of_the_prefect_that_is_installed_for_tests() -> None:
    package = find_spec("prefect")
    assert package
    assert package.submodule_search_locations
    views = Path(package.submodule_search_locations[0], "server", "api", "collections_data", "views")
    collections = json.loads((views / "aggregate-worker-metadata.json").read_text())
    theirs = {name: worker for workers in collections.values() for name, worker in workers.items()}
    assert {name: default_template(name) for name in POOL_TYPES} == {
        name: theirs[name]["default_base_job_configuration"] for name in POOL_TYPES
    }


def newer(pool_type: str) -> dict[str, Any]:
    """Give a default template as a newer worker words it."""
    template = copy.deepcopy(default_template(pool_type))
    for variable in template["variables"]["properties"].values():
        if "default" not in variable and "type" in variable:
            variable["anyOf"] = [{"type": variable.pop("type")}, {"type": "null"}]
            variable["default"] = None
    return template


@pytest.mark.parametrize("pool_type", POOL_TYPES)
def test_a_template_as_a_worker_leaves_it_says_no_more_than_the_default(pool_type: str) -> None:
    assert says_no_more_than_the_default({}, pool_type)
    assert says_no_more_than_the_default(newer(pool_type), pool_type)
    assert not says_no_more_than_the_default(default_template("process"), pool_type) or pool_type == "process"


def test_a_variable_that_a_newer_worker_adds_says_nothing_until_it_has_a_value() -> None:
    template = newer("kubernetes")
    template["variables"]["properties"]["backoff_limit"] = {"type": "integer", "default": 0}
    template["job_configuration"]["job_manifest"]["spec"]["backoffLimit"] = "{{ backoff_limit }}"
    assert says_no_more_than_the_default(template, "kubernetes")
    template["variables"]["properties"]["backoff_limit"]["default"] = 3
    assert not says_no_more_than_the_default(template, "kubernetes")


@pytest.mark.parametrize(
    ("place", "written"),
    [
        ([], {"namespace": "nights"}),
        (["job_manifest", "spec"], {"backoffLimit": 2}),
        (["job_manifest", "spec", "template", "spec"], {"nodeSelector": {"disk": "ssd"}}),
        (["job_manifest", "spec", "template", "spec"], {"containers": [{"name": "prefect-job"}, {"name": "sidecar"}]}),
        (["job_manifest", "spec", "template", "spec"], {"containers": [{"name": "mine"}]}),
    ],
)
def test_what_somebody_wrote_into_the_job_is_seen(place: list[str], written: dict[str, Any]) -> None:
    template = newer("kubernetes")
    here = template["job_configuration"]
    for step in place:
        here = here[step]
    here |= written
    assert not says_no_more_than_the_default(template, "kubernetes")


@given(text=st.text(), owner=st.from_regex(r"[\w.-]+/[\w.-]+", fullmatch=True))
def test_a_description_keeps_its_text_and_tells_its_owner(text: str, owner: str) -> None:
    rendered = render_description(text, owner)
    assert rendered.startswith(text)
    assert parse_description(rendered) == (text, owner)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "mine",
        "x Kept by the Pulumi stack a/b.",
        "Kept by the Pulumi stack a/b",
        "Kept by the Pulumi stack a/b. No.",
    ],
)
def test_a_description_without_the_mark_is_nobodys(description: str) -> None:
    assert parse_description(description) == (description, "")


def test_a_type_that_is_none_names_what_there_is() -> None:
    assert pool_type_fault("Kubernetes") == (
        "'Kubernetes' is not one of process, docker, kubernetes; did you mean 'kubernetes'?"
    )
    assert pool_type_fault("ecs") == "'ecs' is not one of process, docker, kubernetes"
    assert not any(map(pool_type_fault, POOL_TYPES))
