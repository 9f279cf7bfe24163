"""What a person sees when something is wrong: one message, the key, the fix, an exit code, and nothing made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.home import LOOPBACK
from tests.ports import closed_port
from tools.rehearsal import Project

pytestmark = pytest.mark.e2e


def failed_preview(project: Project, change: Callable[[dict[str, Any]], None], **environment: str) -> str:
    """Preview a stack that has a fault; give what was printed."""
    project.stack("faulty", change)
    ended = project.pulumi("preview", "--stack", "faulty", **environment)
    assert ended.returncode != 0
    told = ended.stdout + ended.stderr
    assert "Traceback" not in told
    return told


def test_every_fault_of_the_configuration_is_told_at_once_before_any_resource(project: Project) -> None:
    def spoil(config: dict[str, Any]) -> None:
        config["landing:partners"][0]["feeds"][0]["format"] = "xls"
        config["landing:partners"][0]["timeZone"] = "EST5"
        del config["landing:sftp"]
        config["landing:bucket"]["nme"] = "x"

    told = failed_preview(project, spoil)
    assert "landing:partners[0].feeds[0].format: 'xls' is not one of csv, json, parquet" in told
    assert "landing:partners[0].timeZone: 'EST5' is not an IANA time zone" in told
    assert "landing:sftp.hostname: is missing; add it" in told
    assert "landing:bucket.nme: is not a key that is known here" in told
    assert "LandingBucket" not in told


def test_a_branch_that_was_never_pushed(project: Project) -> None:
    told = failed_preview(project, lambda _: None, GIT_BRANCH="feature/unpushed")
    assert "'feature/unpushed' (GIT_BRANCH) is not a branch at" in told
    assert "push it (git push -u origin feature/unpushed)" in told


def test_a_checkout_without_a_remote(project: Project) -> None:
    def from_the_checkout(config: dict[str, Any]) -> None:
        del config["landing:flows"]["repository"]

    told = failed_preview(project, from_the_checkout)
    assert "has no remote, so workers have nowhere to pull from; add one (git remote add origin <address>)" in told


def test_a_git_host_that_does_not_answer(project: Project) -> None:
    def elsewhere(config: dict[str, Any]) -> None:
        config["landing:flows"]["repository"] = f"http://{LOOPBACK}:{closed_port()}/landing.git"

    told = failed_preview(project, elsewhere)
    assert "cannot be read from here" in told


def failed_up(project: Project, name: str, change: Callable[[dict[str, Any]], None]) -> str:
    """Bring up a stack whose service does not answer; give what was printed, and take the stack down again."""
    project.stack(name, change)
    ended = project.pulumi("up", "--yes", "--skip-preview", "--stack", name)
    project.stack(name)
    removed = project.pulumi("destroy", "--yes", "--skip-preview", "--stack", name)
    assert removed.returncode == 0, removed.stdout
    assert ended.returncode != 0
    told = ended.stdout + ended.stderr
    assert "Traceback" not in told
    return told


def apart(config: dict[str, Any], name: str) -> None:
    """Give a stack names of its own, so that it meets no other in the sandbox."""
    config["landing:bucket"]["name"] = f"landing-{name}-partners"
    config["landing:sftp"]["zone"] = f"{name}.example"
    config["landing:sftp"]["hostname"] = f"sftp.{name}.example"
    config["landing:snowflake"] = {
        "database": name.upper(),
        "storageIntegration": f"{name.upper()}_S3",
        "deleteTables": True,
    }
    config["landing:partners"] = []


def test_a_prefect_that_does_not_answer(project: Project) -> None:
    port = closed_port()

    def elsewhere(config: dict[str, Any]) -> None:
        apart(config, "noprefect")
        config["landing:prefect"]["apiUrl"] = f"http://{LOOPBACK}:{port}/api"

    told = failed_up(project, "noprefect", elsewhere)
    assert f"Prefect does not answer at http://{LOOPBACK}:{port}/api" in told
    assert "start it or set landing:prefect.apiUrl" in told


def test_a_snowflake_that_does_not_answer(project: Project) -> None:
    port = closed_port()

    def elsewhere(config: dict[str, Any]) -> None:
        apart(config, "nosnowflake")
        config["snowflake:port"] = port

    told = failed_up(project, "nosnowflake", elsewhere)
    assert f"{LOOPBACK}:{port}" in told
    assert "python -m sandbox status" in told


def test_a_taken_port_is_named_with_its_part_and_the_fix(project: Project) -> None:
    ended = project.sandbox(
        "--state", str(project.checkout / ".state" / "second"), "--base-port", str(project.home.ports.aws), "up"
    )
    assert ended.returncode != 0
    told = ended.stdout + ended.stderr
    assert str(project.home.ports.aws) in told
    assert "--base-port" in told
    assert "Traceback" not in told
