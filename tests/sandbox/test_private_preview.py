"""A preview reads a private repository with the rights of whoever runs it, and asks nobody for them."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from git import Repo

from domain.flow_code import FlowCode, find_code
from domain.flow_settings import FlowSettings
from domain.flow_uses import uses_in
from domain.git_command import GitSourceError
from sandbox.home import SandboxHome
from tests.ports import own_base_port
from tests.sandbox.private_git import ENTRYPOINT, USER, PrivateGit, needs_ssh, private_git

pytestmark = pytest.mark.sandbox

SOON_SECONDS = 15


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Generator[PrivateGit]:
    folder = tmp_path_factory.mktemp("private")
    home = SandboxHome.open(folder / "state", base_port=own_base_port())
    with private_git(home, folder) as git:
        yield git


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Repo]:
    """Give a checkout that has nothing of the repository yet, on a machine that has no rights to it."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_ASKPASS"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    with Repo.init(tmp_path / "checkout", initial_branch="main") as repository:
        yield repository


def preview(checkout: Repo, repository: str) -> FlowCode:
    """Read the flow as a preview does."""
    checkout.create_remote("origin", repository)
    values = {"reference": "main", "deployments": [{"name": "count", "entrypoint": ENTRYPOINT}]}
    settings = FlowSettings.model_validate(values, by_alias=True, by_name=False)
    uses = uses_in("landing", settings, [])
    return find_code(Path(checkout.working_dir), {}, settings, uses, key="landing:flows")


def trust(checkout: Repo, git: PrivateGit) -> None:
    checkout.git.config("http.sslCAInfo", str(git.https.certificate))


def log_in(checkout: Repo, password: str) -> None:
    checkout.git.config("credential.helper", f"!f() {{ echo username={USER}; echo password={password}; }}; f")


def parameters(code: FlowCode) -> list[str]:
    return list(code.source.flows[ENTRYPOINT].parameters.names)


def test_over_https_with_the_credential_helper_of_the_checkout(git: PrivateGit, checkout: Repo) -> None:
    trust(checkout, git)
    log_in(checkout, git.token)
    code = preview(checkout, git.https.url)
    assert parameters(code) == ["rows"]
    assert code.source.tip == git.commit
    assert git.token not in repr((code, code.source.outputs))


def test_over_https_with_the_program_that_answers_git(
    git: PrivateGit, checkout: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = tmp_path / "answers"
    answers.write_text(f'#!/bin/sh\ncase "$1" in Username*) echo {USER};; *) echo {git.token};; esac\n')
    answers.chmod(0o700)
    monkeypatch.setenv("GIT_ASKPASS", str(answers))
    monkeypatch.setenv("GIT_SSL_CAINFO", str(git.https.certificate))
    assert parameters(preview(checkout, git.https.url)) == ["rows"]


@needs_ssh
def test_over_ssh_with_a_key(git: PrivateGit, checkout: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", git.ssh.command())
    assert parameters(preview(checkout, git.ssh.url)) == ["rows"]


def refusal(checkout: Repo, repository: str) -> str:
    """Give what a preview says that cannot read the repository; it must not wait for an answer."""
    started = time.monotonic()
    with pytest.raises(GitSourceError) as caught:
        preview(checkout, repository)
    assert time.monotonic() - started < SOON_SECONDS
    said = re.fullmatch(
        rf"the Git repository {re.escape(repository)} cannot be read from here \((?P<reason>.*)\); check "
        r"landing:flows\.repository, the network and your rights to it",
        str(caught.value),
    )
    assert said, str(caught.value)
    return said["reason"]


def test_without_a_login(git: PrivateGit, checkout: Repo) -> None:
    trust(checkout, git)
    host = git.https.url.rpartition("/")[0]
    assert refusal(checkout, git.https.url) == f"could not read Username for '{host}': terminal prompts disabled"


def test_with_a_wrong_token(git: PrivateGit, checkout: Repo) -> None:
    trust(checkout, git)
    log_in(checkout, git.wrong_token)
    assert refusal(checkout, git.https.url) == f"Authentication failed for '{git.https.url}/'"


def test_of_a_repository_that_is_not_there(git: PrivateGit, checkout: Repo) -> None:
    trust(checkout, git)
    log_in(checkout, git.token)
    address = f"{git.https.url.rpartition('/')[0]}/other.git"
    assert refusal(checkout, address) == f"repository '{address}/' not found"


def test_without_trust_in_the_certificate(git: PrivateGit, checkout: Repo) -> None:
    log_in(checkout, git.token)
    assert "certificate" in refusal(checkout, git.https.url)  # the words are those of the TLS library


def test_of_an_address_with_the_token_in_it(git: PrivateGit, checkout: Repo) -> None:
    with pytest.raises(GitSourceError, match="holds credentials, which would be stored in Prefect") as caught:
        preview(checkout, git.https.url.replace("//", f"//{git.token}@"))
    assert git.token not in str(caught.value)


@needs_ssh
def test_with_an_unknown_key(git: PrivateGit, checkout: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", git.ssh.command(git.unknown_key))
    assert refusal(checkout, git.ssh.url) == "git@127.0.0.1: Permission denied (publickey)"


@needs_ssh
def test_of_an_unknown_host(git: PrivateGit, checkout: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", replace(git.ssh, known_hosts=tmp_path / "none").command())
    assert refusal(checkout, git.ssh.url) == "Host key verification failed"


@needs_ssh
def test_of_a_repository_that_the_key_does_not_open(
    git: PrivateGit, checkout: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", git.ssh.command())
    assert refusal(checkout, git.ssh.url.replace("landing", "other")) == "ERROR: Repository not found"
