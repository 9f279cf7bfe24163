"""`make demo`, as a person runs it: what it prints, that it can be repeated, and that it says what is wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Generator

import pytest

from tools.rehearsal import Project

pytestmark = pytest.mark.e2e


@pytest.fixture
def dev(project: Project) -> Generator[Project]:
    """Give the project with dev's stack file in it; what the demo brings up is taken down."""
    project.stack("dev")
    yield project
    ended = project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev")
    assert ended.returncode == 0, ended.stdout


def demo(project: Project) -> str:
    ended = project.run([sys.executable, "-m", "tools.demo"])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_demo_delivers_the_whole_table_and_can_be_repeated(dev: Project) -> None:
    told = demo(dev)
    steps = json.loads((dev.checkout / ".state" / "demo" / "steps.json").read_text())
    results = {step["title"]: step["result"] for step in steps}
    assert results["pipe loads (nobody asked it to)"] == '336,776 rows in "LANDING"."RAW"."SKYWAY_FLIGHTS"'
    assert results["flow run reconciles"].startswith("Completed: 336,776 rows of 12 files arrived and are loaded")
    for hint in (
        f"{dev.home.url('prefect')}/runs/flow-run/",
        "sftp -P",
        "tools.sql 'SELECT",
        "make shell",
        "make down",
    ):
        assert hint in told
    again = demo(dev)
    made = re.search(r"\+ (\d+) created", told)
    assert made
    assert f"{made[1]} unchanged" in again
    assert dev.sql('SELECT COUNT(*) AS N FROM "LANDING"."RAW"."SKYWAY_FLIGHTS"') == [{"n": 336_776}]


def test_an_analyst_can_ask_the_sandbox(project: Project) -> None:
    asked = project.run([sys.executable, "-m", "tools.sql", "SELECT 1 AS ONE"])
    assert (asked.returncode, "1" in asked.stdout) == (0, True)
    refused = project.run([sys.executable, "-m", "tools.sql", "SELECT * FROM NOWHERE"])
    assert refused.returncode == 1
    assert "Traceback" not in refused.stdout + refused.stderr
