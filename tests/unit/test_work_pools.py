"""The base job template of a pool, and what a pool's description says."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Generator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import job_templates
from domain.job_templates import (
    POOL_TYPES,
    JobSettings,
    NoDefaultTemplateError,
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


@pytest.fixture
def fresh() -> Generator[None]:
    """Let the package data be read anew, and again afterwards."""
    read = vars(job_templates)["_defaults"]
    read.cache_clear()
    yield
    read.cache_clear()


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


def test_a_template_of_before_resources_gets_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    older = copy.deepcopy(default_template("kubernetes"))
    for name in ("cpu_request", "cpu_limit", "memory_request", "memory_limit"):
        del older["variables"]["properties"][name]
    container = older["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]["containers"][0]
    del container["resources"]
    monkeypatch.setattr(job_templates, "_defaults", lambda: {"kubernetes": older})
    made = base_job_template("kubernetes", JobSettings(cpu_limit="1", memory_request="1Gi"))
    variables = made["variables"]["properties"]
    assert variables["cpu_limit"] == {"title": "CPU Limit", "type": "string", "default": "1"}
    assert variables["memory_request"] == {"title": "Memory Request", "type": "string", "default": "1Gi"}
    (changed,) = made["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]["containers"]
    assert changed["resources"] == {
        "limits": {"cpu": "{{ cpu_limit }}"},
        "requests": {"memory": "{{ memory_request }}"},
    }


def test_the_packages_data_is_read_once_and_prefect_is_not_imported() -> None:
    probe = (
        "import builtins, sys; from domain import job_templates as j; j.default_template('docker');"
        "builtins.open = j.Path.read_text = None; j.default_template('kubernetes'); print('prefect' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60)  # noqa: S603  # fixed text
    assert done.stdout.strip() == "False"


@pytest.mark.usefixtures("fresh")
def test_a_prefect_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_templates.importlib.util, "find_spec", {"prefect": None}.get)
    with pytest.raises(NoDefaultTemplateError, match="the package 'prefect' is not installed"):
        default_template("docker")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("content", [None, "<html>", "[]", '{"a": {"docker": {}}}'])
def test_a_prefect_without_the_data_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    installed = ModuleSpec("prefect", None, is_package=True)
    installed.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(job_templates.importlib.util, "find_spec", {"prefect": installed}.get)
    if content is not None:
        views = tmp_path / "server" / "api" / "collections_data" / "views"
        views.mkdir(parents=True)
        (views / "aggregate-worker-metadata.json").write_text(content)
    with pytest.raises(NoDefaultTemplateError, match="does not hold the pools' default templates in server/api"):
        default_template("docker")


def test_a_type_that_the_data_lacks_is_said() -> None:
    with pytest.raises(NoDefaultTemplateError, match="no default template for the pool type 'vertex'"):
        default_template("vertex")


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
