"""From a push to the first line of the new code: what a change of a flow costs in `dev`, with an idle worker.

Each time the flow's text changes, is committed and pushed to the sandbox's Git host, and a run of its deployment is
started, which is not registered anew. The clock starts before the push and stops at the time of the flow's own first
log line, which is known by the text that only the new commit has.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from git import Repo

from sandbox.git.repository import bare_repository
from tools.flow_runs import first_log_line, run_deployment
from tools.rehearsal import Project

_FLOW = "flows/hello.py"
_MARK = '"Hello'
_TIMES = 5


def seconds_from_push_to_first_line(project: Project) -> list[float]:
    """Push and run some times over; `project` has its sandbox up."""
    stack = project.stack("push", _hello_alone)
    deployment = stack.up().outputs["flows"].value["hello"]["id"]
    try:
        return [_once(project, deployment, f"Push {number}.") for number in range(_TIMES)]
    finally:
        stack.destroy()


def _hello_alone(config: dict[str, Any]) -> None:
    config["landing:partners"] = []
    config["landing:snowflake"] = {**config["landing:snowflake"], "probe": False}


def _once(project: Project, deployment: str, mark: str) -> float:
    api = f"{project.home.url('prefect')}/api"
    file = project.checkout / _FLOW
    before = file.read_text()
    file.write_text(before.replace(_MARK, f'"{mark} Hello'))
    try:
        with Repo(project.checkout) as repository:
            repository.git.execute(
                ["git", "-c", "user.name=Bench", "-c", "user.email=bench@landing.example", "commit", "-qam", mark]
            )
            begun = dt.datetime.now(dt.UTC)
            repository.git.push("--quiet", str(bare_repository(project.home)), "HEAD:main")
        ended = run_deployment(api, deployment, {})
        if ended.state_type != "COMPLETED":
            raise SystemExit(f"bench: the flow run ended as {ended.state_name}: {ended.message}")
    finally:
        file.write_text(before)
    _, first = first_log_line(api, ended, mark)
    return (first - begun).total_seconds()
