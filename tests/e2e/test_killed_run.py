"""`up` killed in the middle, again and again: what comes after converges, and nothing is made twice."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from pulumi import automation as auto

from tests.sessions import kill_session
from tools.engine import Engine
from tools.recover import recover
from tools.rehearsal import Project

pytestmark = pytest.mark.e2e

STACK = "killed"


def named_apart(config: dict[str, Any]) -> None:
    config["landing:bucket"]["name"] = "landing-killed-partners"
    config["landing:sftp"] |= {"zone": "killed.example", "hostname": "sftp.killed.example"}
    config["landing:snowflake"] = {"database": "KILLED", "storageIntegration": "KILLED_S3", "deleteTables": True}
    config["landing:partners"][0]["name"] = "stranded"


def kill_up_after(project: Project, line: str, stack: str = STACK) -> None:
    """Start `up`, and kill it with all that it started as soon as it says `line`."""
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--suppress-progress", "--stack", stack]
    running = subprocess.Popen(  # noqa: S603  # our own words
        command,
        cwd=project.checkout,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    with running.stdout as told:
        seen = next((said for said in told if line in said), None)
        kill_session(running.pid)
    running.wait()
    assert seen is not None, f"`up` never said {line!r}"


def counts(project: Project) -> dict[str, int]:
    transfer = project.aws("transfer")
    servers = transfer.list_servers()["Servers"]
    described = [transfer.describe_server(ServerId=server["ServerId"])["Server"] for server in servers]
    keys = project.aws("kms")
    descriptions = [
        keys.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Description"] for key in keys.list_keys()["Keys"]
    ]
    zones = project.aws("route53").list_hosted_zones()["HostedZones"]
    return {
        "servers": sum("sftp.killed.example" in str(server.get("Tags")) for server in described),
        "keys": descriptions.count("Objects of landing-killed-partners"),
        "zones": [zone["Name"] for zone in zones].count("killed.example."),
    }


def test_up_killed_at_several_moments_converges_and_makes_nothing_twice(project: Project) -> None:
    stack = project.stack(STACK, named_apart)
    engine = Engine(project.checkout, project.home, STACK)
    # Each cannot begin before the one before it has ended, so none is there yet when its turn comes.
    for line in ("sftp-zone creating", "sftp-server creating", "snowflake-trust creating", "flights-pipe creating"):
        kill_up_after(project, line)
        done = recover(engine, project.home)
        assert "took the lock of a killed run away" in done
    up = stack.up()
    assert up.summary.result == "succeeded"
    assert counts(project) == {"servers": 1, "keys": 1, "zones": 1}
    assert set(stack.preview(expect_no_changes=True).change_summary) == {auto.OpType.SAME}
    stack.refresh(expect_no_changes=True)
    stack.destroy()
    assert counts(project)["servers"] == 0
