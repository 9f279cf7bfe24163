"""Flows on the real engine and on Prefect's own API behind TLS and a password, in a program that makes nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation as auto

from clients.prefect_access import PrefectAccess, PrefectCredentials, http_at
from clients.prefect_http import PrefectHttp
from tests.certificates import self_signed
from tests.ports import closed_port
from tests.sandbox.prefect_api import PrefectServer, serve
from tools.rehearsal import CHECKOUT

pytestmark = pytest.mark.e2e

PASSWORD = "ada:hunter2"
PROGRAM = """
import json
import pulumi
from domain.flow_deployments import FlowSchedule
from providers.flow_deployment import FlowDeployment

section = json.loads(pulumi.Config().require("prefect"))
for flow in pulumi.Config().require_object("deployments"):
    FlowDeployment(
        flow["name"],
        api_url=section["apiUrl"],
        ca_bundle="prefect.pem",
        flow_name="hello",
        entrypoint="flows/hello.py:hello",
        repository="https://git.example/landing.git",
        branch="main",
        schedules=[FlowSchedule(slug="daily", cron="0 7 * * *")],
        **flow,
    )
"""
THREE = [{"name": name, "work_pool": "landing", "parameters": {"name": name, "count": 1}} for name in "abc"]

Open = Callable[..., auto.Stack]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "prefect.pem")


@pytest.fixture(scope="module")
def server(certificate: Path) -> Generator[PrefectServer]:
    settings = {"PREFECT_SERVER_API_AUTH_STRING": PASSWORD, "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true"}
    with serve(certificate, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def http(server: PrefectServer, certificate: Path) -> PrefectHttp:
    """Give a way to the server for an operator."""
    credentials = PrefectCredentials(basic_auth=PASSWORD)
    http = http_at(PrefectAccess(api_url=server.api_url, credentials=credentials, ca_bundle=str(certificate)))
    http.call("POST", "work_pools/", {"name": "landing", "type": "process", "base_job_template": {}})
    return http


@pytest.fixture
def opened(tmp_path: Path, server: PrefectServer, certificate: Path) -> Open:
    """Give a way to open the one stack of the program with other deployments."""
    options = {"toolchain": "pip", "virtualenv": str(CHECKOUT / ".venv")}
    about = {"name": "landing", "runtime": {"name": "python", "options": options}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(about))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "prefect.pem").write_text(certificate.read_text().partition("-----BEGIN PRIVATE")[0])
    (tmp_path / "state").mkdir()
    environment = {
        "PATH": os.pathsep.join([str(CHECKOUT / ".tools" / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(CHECKOUT),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "opens nothing",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    workspace = auto.LocalWorkspaceOptions(
        env_vars=environment, pulumi_command=auto.PulumiCommand(str(CHECKOUT / ".tools"))
    )

    def open_stack(deployments: list[dict[str, Any]], api_url: str = server.api_url) -> auto.Stack:
        section = {"apiUrl": api_url, "basicAuth": PASSWORD}
        stack = auto.create_or_select_stack("t", work_dir=str(tmp_path), opts=workspace)
        stack.set_config("landing:prefect", auto.ConfigValue(json.dumps(section), secret=True))
        stack.set_config("landing:deployments", auto.ConfigValue(json.dumps(deployments)))
        return stack

    return open_stack


def held(http: PrefectHttp) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in http.listed("deployments/filter", {})}


def test_deployments_from_their_first_up_to_their_last(
    opened: Open, server: PrefectServer, http: PrefectHttp, tmp_path: Path
) -> None:
    said = opened(THREE).up().stdout
    assert held(http).keys() == {"a", "b", "c"}

    written = server.writes()
    said += opened(THREE).up(expect_no_changes=True).stdout
    said += opened(THREE).refresh(expect_no_changes=True).stdout
    assert server.writes() == written

    edit = {"parameters": {"name": "a", "count": 5}}
    http.call("PATCH", f"deployments/{held(http)['a']['id']}", edit)
    (schedule,) = held(http)["a"]["schedules"]
    http.call("PATCH", f"deployments/{held(http)['a']['id']}/schedules/{schedule['id']}", {"active": False})
    described = [{**flow, "description": "new"} for flow in THREE]
    said += opened(described).up().stdout
    assert held(http)["a"]["description"] == "new"
    assert held(http)["a"]["parameters"] == {"name": "a", "count": 5}
    said += opened(described).up(refresh=True).stdout
    assert held(http)["a"]["parameters"] == {"name": "a", "count": 1}
    assert held(http)["a"]["schedules"][0]["active"] is False

    kept = {str(file): file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()}
    assert any("FlowDeployment" in text for name, text in kept.items() if "/state/" in name)
    for name, text in {**kept, "terminal": said, "server": server.log.read_text()}.items():
        assert "hunter2" not in text, name
    opened([]).up()
    assert held(http) == {}


def test_a_preview_names_a_pool_that_is_not_there(opened: Open, http: PrefectHttp) -> None:
    assert held(http) == {}
    with pytest.raises(auto.CommandError, match=r"has no work pool 'landin'; it has 'landing' \(did you mean"):
        opened([{**THREE[0], "work_pool": "landin"}]).preview()


def test_a_prefect_that_is_down_is_one_sentence_a_deployment_and_nothing_half_done(
    opened: Open, http: PrefectHttp
) -> None:
    down = f"https://127.0.0.1:{closed_port()}/api"
    with pytest.raises(auto.CommandError) as caught:
        opened(THREE[:1], down).up()
    assert "cannot create the Prefect deployment hello/a: Prefect does not answer at" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    opened(THREE[:1]).up()
    assert held(http).keys() == {"a"}
    opened([]).up()
