"""Work pools on the real engine and on Prefect's own API, in a program that makes nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation as auto

from tests.sandbox.prefect_api import PrefectServer, serve
from tools.rehearsal import CHECKOUT

pytestmark = pytest.mark.e2e

PROGRAM = """
import json
import pulumi
from components.work_pools import WorkPools, WorkPoolsArgs
from domain.sections import PrefectSettings

section = json.loads(pulumi.Config().require("prefect"))
pools = WorkPools("pools", WorkPoolsArgs(settings=PrefectSettings.model_validate(section)))
pulumi.export("pools", pools.outputs)
"""
CLUSTER = {
    "name": "cluster",
    "type": "kubernetes",
    "description": "Nightly loads.",
    "image": "registry.example/flows:1.4",
    "environment": {"STAGE": "raw"},
    "queues": [{"name": "urgent", "priority": 1}],
}

Up = Callable[..., auto.Stack]


@pytest.fixture(scope="module")
def server() -> Generator[PrefectServer]:
    with serve() as running:
        yield running


@pytest.fixture
def opened(tmp_path: Path, server: PrefectServer) -> Up:
    """Give a way to open the one stack of the program with other pools."""
    options = {"toolchain": "pip", "virtualenv": str(CHECKOUT / ".venv")}
    about = {"name": "landing", "runtime": {"name": "python", "options": options}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(about))
    (tmp_path / "__main__.py").write_text(PROGRAM)
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

    def open_stack(*pools: dict[str, Any]) -> auto.Stack:
        section = {"apiUrl": server.api_url, "workPool": "cluster", "workPools": list(pools)}
        stack = auto.create_or_select_stack("t", work_dir=str(tmp_path), opts=workspace)
        stack.set_config("landing:prefect", auto.ConfigValue(json.dumps(section)))
        return stack

    return open_stack


def test_a_pool_from_its_first_up_to_its_last(opened: Up, server: PrefectServer) -> None:
    opened(CLUSTER).up()
    made = server.get("work_pools/cluster")
    assert made["base_job_template"]["variables"]["properties"]["image"]["default"] == "registry.example/flows:1.4"

    again = opened(CLUSTER).up(expect_no_changes=True)
    assert again.outputs["pools"].value["cluster"]["id"] == made["id"]
    assert server.get("work_pools/cluster")["updated"] == made["updated"]

    changed = {**CLUSTER, "image": "registry.example/flows:1.5", "memoryLimit": "1Gi"}
    shown = opened(changed).preview(diff=True).stdout
    properties = "/variables/properties"
    assert f'~ {properties}/image/default       : "registry.example/flows:1.4" => "registry.example/flows:1.5"' in shown
    assert f'+ {properties}/memory_limit/default: "1Gi"' in shown
    assert "KubernetesClusterConfig" not in shown

    opened(changed).up()
    server.http.patch("work_pools/cluster", json={"description": "mine", "is_paused": True}).raise_for_status()
    opened(changed).up(refresh=True)
    held = server.get("work_pools/cluster")
    assert (held["id"], held["is_paused"]) == (made["id"], True)
    assert held["description"].startswith("Nightly loads.\n\nKept by")
    assert held["base_job_template"]["variables"]["properties"]["memory_limit"]["default"] == "1Gi"

    docker = {"name": "cluster", "type": "docker"}
    opened(docker).up()
    anew = server.get("work_pools/cluster")
    assert (anew["type"], anew["id"] == made["id"]) == ("docker", False)
    opened({**docker, "name": "containers"}).up()
    opened().up()
    assert server.http.post("work_pools/filter", json={}).json() == []
