"""Which code a run takes: the head of a branch, or the commit that a tag stood for when it was registered."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from git import Repo
from pulumi import automation as auto

from sandbox.git.repository import bare_repository
from tools.flow_runs import first_log_line, run_deployment
from tools.rehearsal import Project

pytestmark = pytest.mark.e2e

_FLOW = "flows/hello.py"


def _hello_alone(config: dict[str, Any]) -> None:
    config["landing:partners"] = []
    config["landing:snowflake"] = {**config["landing:snowflake"], "probe": False}


@pytest.fixture
def stack(project: Project) -> Generator[auto.Stack]:
    """Give a stack with one flow; what it brings up is taken down, and the code is as it was."""
    with Repo(project.checkout) as repository:
        begin = repository.head.commit.hexsha
    made = project.stack("references", _hello_alone)
    yield made
    made.destroy()
    with Repo(project.checkout) as repository:
        repository.git.reset("--hard", "--quiet", begin)
        for tag in repository.tags:
            _push(project, f":refs/tags/{tag.name}")
            repository.delete_tag(tag)
    _push(project, "HEAD:main")


def _push(project: Project, *what: str) -> None:
    """Push as a person in this checkout would."""
    with Repo(project.checkout) as repository:
        repository.git.push("--quiet", "--force", str(bare_repository(project.home)), *what)


def _commit(project: Project, text: str) -> str:
    """Change the flow so that its runs say `text`, and give the commit."""
    file = project.checkout / _FLOW
    file.write_text(file.read_text().replace('"Hello', f'"{text} Hello'))
    with Repo(project.checkout) as repository:
        repository.git.add(_FLOW)
        repository.git.execute(
            ["git", "-c", "user.name=Tests", "-c", "user.email=tests@landing.example", "commit", "--quiet", "-m", text]
        )
        return repository.head.commit.hexsha


def _said_by_a_run(project: Project, outputs: auto.OutputMap) -> str:
    """Run the flow, and give what it logged."""
    api = f"{project.home.url('prefect')}/api"
    ended = run_deployment(api, outputs["flows"].value["hello"]["id"], {})
    assert ended.state_type == "COMPLETED", ended
    return first_log_line(api, ended, "This is commit")[0]


def test_a_push_is_run_without_registering_again(project: Project, stack: auto.Stack) -> None:
    outputs = stack.up().outputs
    pushed = _commit(project, "Anew.")
    _push(project, "HEAD:main")
    said = _said_by_a_run(project, outputs)
    assert "Anew. Hello" in said
    assert f"commit {pushed[:12]}" in said


def test_a_tag_stays_where_it_was_registered(project: Project, stack: auto.Stack) -> None:
    with Repo(project.checkout) as repository:
        released = repository.head.commit.hexsha
        repository.create_tag("v1")
    _push(project, "v1")
    stack.workspace.env_vars = {**stack.workspace.env_vars, "BUILD_TAG": "v1"}
    outputs = stack.up().outputs
    later = _commit(project, "Later.")
    _push(project, "HEAD:main")
    assert f"commit {released[:12]}" in _said_by_a_run(project, outputs)

    with Repo(project.checkout) as repository:
        repository.create_tag("v1", force=True)
    _push(project, "v1")
    warned = stack.preview().stdout
    assert released in warned
    assert later in warned
    assert f"commit {released[:12]}" in _said_by_a_run(project, outputs)
    assert f"commit {later[:12]}" in _said_by_a_run(project, stack.up().outputs)
