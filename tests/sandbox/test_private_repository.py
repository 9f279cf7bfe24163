"""A private repository, over HTTPS with a token and over SSH with a key: its flows run, and no token shows anywhere."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from sandbox.home import SandboxHome
from tests.ports import own_base_port
from tests.sandbox.private_git import SSH, USER, needs_ssh, private_git
from tests.sandbox.private_runs import PrivateRuns, Run, forms_of, private_runs

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Generator[PrivateRuns]:
    folder = tmp_path_factory.mktemp("private")
    home = SandboxHome.open(folder / "state", base_port=own_base_port())
    with private_git(home, folder) as git, pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_ASKPASS", "PREFECT_API_"))]:
            environment.delenv(name)
        with private_runs(home, git) as started:
            yield started


@pytest.fixture(scope="module")
def runs(prefect: PrivateRuns) -> dict[str, Run]:
    """Start a run by each way in and by each wrong one, all at once, and wait for their ends."""
    https, ssh = {"repository": prefect.git.https.url}, {"repository": prefect.git.ssh.url}
    unknown = {"job_variables": {"env": {"GIT_SSH_COMMAND": prefect.git.ssh.command(prefect.git.unknown_key)}}}
    commit = prefect.git.commit
    sources: dict[str, dict[str, Any]] = {
        "token": {**https, "branch": "main", "token_secret_name": "git-token"},
        "user": {**https, "commit_sha": commit, "token_secret_name": "git-token", "username": USER},
        "no token": {**https, "branch": "main"},
        "wrong token": {**https, "branch": "main", "token_secret_name": "wrong-token"},
    }
    if SSH:
        sources |= {"key": {**ssh, "commit_sha": commit}, "unknown key": {**ssh, "branch": "main", **unknown}}
    started = {name: prefect.start(**source) for name, source in sources.items()}
    for run in started.values():
        prefect.end_of(run)
    return started


@pytest.fixture
def hidden(prefect: PrivateRuns) -> list[str]:
    """Give what must not show."""
    return forms_of(prefect.git.token, prefect.git.wrong_token, user=USER)


@pytest.mark.parametrize("way", ["token", "user", pytest.param("key", marks=needs_ssh)])
def test_a_flow_runs(prefect: PrivateRuns, runs: dict[str, Run], way: str) -> None:
    assert prefect.end_of(runs[way]) == "COMPLETED", prefect.worker_log()


@pytest.mark.parametrize("way", ["no token", "wrong token", pytest.param("unknown key", marks=needs_ssh)])
def test_a_run_that_is_not_let_in_crashes_and_waits_for_nobody(
    prefect: PrivateRuns, runs: dict[str, Run], way: str
) -> None:
    assert prefect.end_of(runs[way]) == "CRASHED"


def test_the_token_comes_alone_or_after_its_users_name(prefect: PrivateRuns, runs: dict[str, Run]) -> None:
    assert runs
    git = prefect.git
    assert set(git.https.seen) == {f"{git.token}:", f"{USER}:{git.token}", f"{git.wrong_token}:"}


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        pytest.param("https", "could not read Username for", id="no token"),
        # Prefect gives a token alone as a user's name.
        pytest.param("https", "could not read Password for", id="wrong token"),
        pytest.param("ssh", "Check your SSH key", id="unknown key", marks=needs_ssh),
    ],
)
def test_the_workers_log_says_what_it_could_not_clone_and_why(
    prefect: PrivateRuns, runs: dict[str, Run], host: str, reason: str
) -> None:
    assert runs
    address = getattr(prefect.git, host).url.replace("git@", "")
    refusal = f"RuntimeError: Failed to clone repository '{address}' with exit code 128."
    assert any(reason in line for line in prefect.worker_log().splitlines() if line.startswith(refusal))


def test_no_token_is_in_state_or_in_what_prefect_shows(
    prefect: PrivateRuns, runs: dict[str, Run], hidden: list[str]
) -> None:
    shown = prefect.shown()
    kept = "".join(run.kept for run in runs.values())
    assert all(run.id in shown for run in runs.values())
    for there in ("counted 3 rows", "prefect.flow-run.Crashed", "{{ prefect.blocks.secret.git-token }}"):
        assert there in shown
    assert "git-token" in kept
    assert [secret for secret in hidden if secret in shown or secret in kept] == []


def test_no_token_is_in_a_log_or_left_in_a_clone(prefect: PrivateRuns, runs: dict[str, Run], hidden: list[str]) -> None:
    assert runs
    retry(retry=retry_if_result(bool), wait=wait_fixed(0.1), stop=stop_after_delay(20))(prefect.clones)()
    files = {file: file.read_bytes() for file in Path(prefect.home.root).rglob("*") if file.is_file()}
    names = {str(file.relative_to(prefect.home.root)) for file in files}
    assert {"logs/worker.log", "logs/prefect.log", "prefect/prefect.db"} <= names
    assert [file for file, content in files.items() if any(secret.encode() in content for secret in hidden)] == []
