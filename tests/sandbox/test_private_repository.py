"""A private repository, over HTTPS with a token and over SSH with a key: its flows run, and no token shows anywhere."""

from __future__ import annotations

import base64
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from git import Repo
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from clients.prefect_access import PrefectAccess, PrefectCredentials, http_at
from clients.prefect_http import PrefectHttp
from domain.flow_code import find_code
from domain.flow_settings import FlowSettings
from domain.flow_uses import uses_in
from domain.git_command import GitSourceError
from providers.flow_deployment import FlowDeploymentProvider
from sandbox.git.publish import publish
from sandbox.git.repository import bare_repository
from sandbox.home import SandboxHome
from sandbox.parts import named
from sandbox.probes import POOL
from tests.deployment_inputs import inputs
from tests.ports import own_base_port
from tests.sandbox.private_git import HttpsGit, SshGit, https_git, new_key, ssh_git
from tests.sandbox.running_part import start_part

pytestmark = pytest.mark.sandbox

SSH = shutil.which("ssh")
needs_ssh = pytest.mark.skipif(SSH is None, reason="OpenSSH's ssh is not on this machine")

USER = "landing-bot"
SOON_SECONDS = 15
FLOW = '''
from prefect import flow, get_run_logger


@flow
def count(rows: int = 3) -> int:
    """Count rows."""
    get_run_logger().info("counted %d rows", rows)
    return rows
'''
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ASKPASS": "", "SSH_ASKPASS": ""}
"""Git without what the machine's owner has set for it."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a deployment of its own."""

    id: str
    kept: str
    """What Pulumi keeps in its state, and what it shows."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A private repository with a flow, the hosts that serve it, and Prefect."""

    home: SandboxHome
    commit: str
    token: str
    wrong_token: str
    https: HttpsGit
    ssh: SshGit
    unknown_key: Path
    prefect: PrefectHttp

    def start(self, **source: Any) -> Run:  # noqa: ANN401  # any property of a deployment
        """Register the flow by our own provider, as the engine does, and start it."""
        provider = FlowDeploymentProvider()
        provider.configured({})
        wanted = inputs(
            api_url=self.prefect.address,
            flow_name="count",
            name=secrets.token_hex(4),
            entrypoint="flows/count.py:count",
            work_pool=POOL,
            **{"parameters": {}, "schedules": [], "job_variables": {}, "branch": None} | source,
        )
        checked = provider.check({}, wanted)
        assert not checked.failures
        created = provider.create(checked.inputs)
        assert created.outs
        read = provider.read(created.id, created.outs)
        run = self.prefect.call("POST", f"deployments/{created.id}/create_flow_run", {})["id"]
        return Run(id=run, kept=repr((checked.inputs, created.outs, read.outs)))

    def end_of(self, run: Run) -> str:
        """Wait for a run's end, and give the type of its last state."""

        def state() -> str:
            return self.prefect.call("GET", f"flow_runs/{run.id}")["state"]["type"]

        under_way = retry_if_result(lambda state: state not in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
        return retry(retry=under_way, wait=wait_fixed(0.2), stop=stop_after_delay(60))(state)()

    def _pages(self, path: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        offset = 0
        while page := self.prefect.listed(path, {**asked, "offset": offset, "limit": 50}):
            yield from page
            offset += len(page)

    def shown(self) -> str:
        """Give all that Prefect's API shows of what is registered and what ran."""
        kinds = ("deployments", "flow_runs", "task_runs", "flows", "block_documents", "work_pools")
        lists = {kind: list(self._pages(f"{kind}/filter", {})) for kind in kinds}
        alone = [
            self.prefect.call("GET", f"{kind}/{each['id']}")
            for kind in ("deployments", "flow_runs", "block_documents")
            for each in lists[kind]
        ]
        return repr((lists, alone, list(self._pages("logs/filter", {}))))

    def secrets(self) -> list[str]:
        """Give the tokens, as text and as HTTP gives them."""
        tokens = (self.token, self.wrong_token)
        logins = [login for token in tokens for login in (f"{token}:", f"{USER}:{token}")]
        return [*tokens, *(base64.b64encode(login.encode()).decode() for login in logins)]

    def clones(self) -> list[Path]:
        """Give what the worker has cloned and not removed yet."""
        return list((self.home.root / "tmp" / "worker").rglob(".git"))

    def worker_log(self) -> str:
        """Give what the worker wrote down, the output of its runs included."""
        return self.home.log("worker").read_text()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    folder = tmp_path_factory.mktemp("private")
    home = SandboxHome.open(folder / "state", base_port=own_base_port())
    commit = published(home, folder / "work")
    token, wrong = secrets.token_hex(20), secrets.token_hex(20)
    with ExitStack() as stack:
        https = stack.enter_context(https_git(bare_repository(home), folder, [f"{token}:", f"{USER}:{token}"]))
        ssh = stack.enter_context(ssh_git(bare_repository(home), folder))
        of_worker = {"GIT_SSL_CAINFO": str(https.certificate), "GIT_SSH_COMMAND": ssh.command()}
        stack.enter_context(running(home, "prefect"))
        stack.enter_context(running(home, "worker", **ALONE, GIT_TERMINAL_PROMPT="0", **of_worker))
        for name in ("prefect", "worker"):
            retry(retry=retry_if_result(lambda ready: not ready), wait=wait_fixed(0.1), stop=stop_after_delay(90))(
                named(name).ready
            )(home)
        access = PrefectAccess(api_url=f"{home.url('prefect')}/api", credentials=PrefectCredentials())
        place = Place(
            home=home,
            commit=commit,
            token=token,
            wrong_token=wrong,
            https=https,
            ssh=ssh,
            unknown_key=new_key(folder / "unknown"),
            prefect=http_at(access),
        )
        make_secret(place.prefect, "git-token", token)
        make_secret(place.prefect, "wrong-token", wrong)
        yield place


@contextmanager
def running(home: SandboxHome, part: str, **environment: str) -> Generator[subprocess.Popen[bytes]]:
    with start_part(home, part, **environment) as process:
        yield process
        process.terminate()
        process.wait(timeout=20)


def published(home: SandboxHome, checkout: Path) -> str:
    (checkout / "flows").mkdir(parents=True)
    (checkout / "flows" / "count.py").write_text(FLOW)
    with Repo.init(checkout, initial_branch="main") as repository:
        repository.git.add("flows")
        repository.git.execute(
            ["git", "-c", "user.name=T", "-c", "user.email=t@landing.example", "commit", "--quiet", "-m", "flow"]
        )
    return publish(home, checkout, "main")


def make_secret(prefect: PrefectHttp, name: str, value: str) -> None:
    kind = prefect.call("GET", "block_types/slug/secret")["id"]
    schema, *_ = prefect.listed("block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind]}}})
    body = {"name": name, "data": {"value": value}, "block_type_id": kind, "block_schema_id": schema["id"]}
    prefect.call("POST", "block_documents/", body)


def needing_ssh(*ways: str) -> list[Any]:
    return [pytest.param(way, marks=needs_ssh) for way in ways]


@pytest.fixture(scope="module")
def runs(place: Place) -> dict[str, Run]:
    """Start a run by each way in and by each wrong one; they wait for one another's processes, not for us."""
    https = {"repository": place.https.url}
    ssh = {"repository": place.ssh.url}
    unknown = {"job_variables": {"env": {"GIT_SSH_COMMAND": place.ssh.command(place.unknown_key)}}}
    sources: dict[str, dict[str, Any]] = {
        "token": {**https, "branch": "main", "token_secret_name": "git-token"},
        "user": {**https, "commit_sha": place.commit, "token_secret_name": "git-token", "username": USER},
        "no token": {**https, "branch": "main"},
        "wrong token": {**https, "branch": "main", "token_secret_name": "wrong-token"},
    }
    if SSH:
        sources |= {
            "key": {**ssh, "commit_sha": place.commit},
            "unknown key": {**ssh, "branch": "main", **unknown},
        }
    started = {name: place.start(**source) for name, source in sources.items()}
    for run in started.values():
        place.end_of(run)
    return started


@pytest.mark.parametrize("way", ["token", "user", *needing_ssh("key")])
def test_a_flow_runs(place: Place, runs: dict[str, Run], way: str) -> None:
    assert place.end_of(runs[way]) == "COMPLETED", place.worker_log()


def test_the_token_comes_alone_or_after_its_users_name(place: Place, runs: dict[str, Run]) -> None:
    assert runs
    assert set(place.https.seen) == {f"{place.token}:", f"{USER}:{place.token}", f"{place.wrong_token}:"}


@pytest.mark.parametrize("way", ["no token", "wrong token", *needing_ssh("unknown key")])
def test_a_run_that_is_not_let_in_crashes_and_waits_for_nobody(place: Place, runs: dict[str, Run], way: str) -> None:
    assert place.end_of(runs[way]) == "CRASHED"


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("https", "could not read Username for"),
        ("https", "could not read Password for"),  # a token without a user's name is the user's name to Git
        pytest.param("ssh", "Check your SSH key", marks=needs_ssh),
    ],
    ids=["no token", "wrong token", "unknown key"],
)
def test_the_workers_log_says_what_it_could_not_clone_and_why(
    place: Place, runs: dict[str, Run], host: str, reason: str
) -> None:
    assert runs
    address = getattr(place, host).url.replace("git@", "")
    refusal = f"RuntimeError: Failed to clone repository '{address}' with exit code 128."
    assert any(reason in line for line in place.worker_log().splitlines() if line.startswith(refusal))


def test_no_token_is_in_state_or_in_what_prefect_shows(place: Place, runs: dict[str, Run]) -> None:
    shown = place.shown()
    assert all(run.id in shown for run in runs.values())
    assert "counted 3 rows" in shown  # the logs are there
    assert "{{ prefect.blocks.secret.git-token }}" in shown  # and what stands for the token
    kept = "".join(run.kept for run in runs.values())
    assert "git-token" in kept
    assert [secret for secret in place.secrets() if secret in shown or secret in kept] == []


def test_no_token_is_in_a_log_or_left_in_a_clone(place: Place, runs: dict[str, Run]) -> None:
    assert runs
    retry(retry=retry_if_result(bool), wait=wait_fixed(0.1), stop=stop_after_delay(20))(place.clones)()
    files = {file: file.read_bytes() for file in place.home.root.rglob("*") if file.is_file()}
    assert {place.home.log("worker"), place.home.log("prefect"), place.home.folder("prefect") / "prefect.db"} <= set(
        files
    )
    holders = [file for file, content in files.items() for secret in place.secrets() if secret.encode() in content]
    assert holders == []


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what this machine would come in with."""
    for name in ("GIT_SSH_COMMAND", "GIT_SSH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_CONFIG_COUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Repo]:
    """Give a checkout that has nothing of the repository yet, so that all of it must be asked for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with Repo.init(tmp_path / "checkout", initial_branch="main") as repository:
        yield repository


def preview(checkout: Repo, repository: str, **more: str) -> list[str]:
    """Read the flow as a preview does."""
    checkout.create_remote("origin", repository)
    flow = {"name": "count", "entrypoint": "flows/count.py:count"}
    settings = FlowSettings.model_validate(
        {"reference": "main", "deployments": [flow], **more}, by_alias=True, by_name=False
    )
    code = find_code(Path(checkout.working_dir), {}, settings, uses_in("landing", settings, []), key="landing:flows")
    return list(code.source.flows["flows/count.py:count"].parameters.names)


def helper(user: str, password: str) -> str:
    return f"!f() {{ echo username={user}; echo password={password}; }}; f"


def test_a_preview_reads_over_https_with_the_credential_helper_of_the_checkout(place: Place, checkout: Repo) -> None:
    checkout.git.config("http.sslCAInfo", str(place.https.certificate))
    checkout.git.config("credential.helper", helper(USER, place.token))
    assert preview(checkout, place.https.url, tokenSecretName="git-token") == ["rows"]


def test_a_preview_reads_over_https_with_the_program_that_answers_git(
    place: Place, checkout: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = tmp_path / "answers"
    answers.write_text(f'#!/bin/sh\ncase "$1" in Username*) echo {USER};; *) echo {place.token};; esac\n')
    answers.chmod(0o700)
    monkeypatch.setenv("GIT_ASKPASS", str(answers))
    monkeypatch.setenv("GIT_SSL_CAINFO", str(place.https.certificate))
    assert preview(checkout, place.https.url) == ["rows"]


@needs_ssh
def test_a_preview_reads_over_ssh_with_a_key(place: Place, checkout: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", place.ssh.command())
    assert preview(checkout, place.ssh.url) == ["rows"]


def refusal(checkout: Repo, repository: str) -> str:
    """Give what a preview says that cannot read the repository; it must not wait for an answer."""
    started = time.monotonic()
    with pytest.raises(GitSourceError) as caught:
        preview(checkout, repository)
    assert time.monotonic() - started < SOON_SECONDS
    said = str(caught.value)
    opening, fix = f"the Git repository {repository} cannot be read from here (", "network and your rights to it"
    assert said.startswith(opening)
    assert said.endswith(f"); check landing:flows.repository, the {fix}")
    assert "\n" not in said
    return said.removeprefix(opening).partition("); check ")[0]


def test_a_preview_without_a_login_says_so_and_asks_nobody(place: Place, checkout: Repo) -> None:
    checkout.git.config("http.sslCAInfo", str(place.https.certificate))
    assert re.fullmatch(
        r"could not read Username for 'https://[\d.:]+': terminal prompts disabled", refusal(checkout, place.https.url)
    )


def test_a_preview_with_a_wrong_token_says_so_without_the_token(place: Place, checkout: Repo) -> None:
    checkout.git.config("http.sslCAInfo", str(place.https.certificate))
    checkout.git.config("credential.helper", helper(USER, place.wrong_token))
    assert refusal(checkout, place.https.url) == f"Authentication failed for '{place.https.url}/'"


def test_a_preview_that_does_not_trust_the_certificate_says_so(place: Place, checkout: Repo) -> None:
    assert "certificate" in refusal(checkout, place.https.url)  # the words are those of the TLS library


@needs_ssh
def test_a_preview_with_an_unknown_key_says_so(place: Place, checkout: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", place.ssh.command(place.unknown_key))
    assert refusal(checkout, place.ssh.url) == "git@127.0.0.1: Permission denied (publickey)"


@needs_ssh
def test_a_preview_that_does_not_know_the_host_says_so(place: Place, checkout: Repo) -> None:
    assert refusal(checkout, place.ssh.url) == "Host key verification failed"
