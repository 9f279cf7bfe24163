from __future__ import annotations

import os
import signal
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from git import Repo
from tenacity import retry, retry_if_result, stop_after_attempt, stop_after_delay, wait_fixed, wait_random

from sandbox import processes
from sandbox.git.publish import publish
from sandbox.git.repository import repository_url
from sandbox.home import SandboxHome
from sandbox.lifecycle import down, up
from sandbox.parts import Part, chosen
from sandbox.prefect.database import place_database, prepared_database
from sandbox.probes import POOL
from sandbox.supervision import State, Supervisor
from tests.ports import own_base_port

pytestmark = pytest.mark.sandbox

PARTS = chosen(["prefect", "worker", "git"])

FLOW = """
import os
import time

from prefect import flow


@flow
def wait(seconds: float = 0) -> str:
    time.sleep(seconds)
    return os.environ["AWS_ACCESS_KEY_ID"]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[SandboxHome]:
    root = tmp_path_factory.mktemp("prefect") / "state"
    home = SandboxHome.open(root, base_port=own_base_port())
    up(home, PARTS, on_ready)
    yield home
    down(home)
    assert not processes.find(home.root)


@pytest.fixture(scope="module")
def commit(home: SandboxHome, tmp_path_factory: pytest.TempPathFactory) -> str:
    checkout = tmp_path_factory.mktemp("checkout")
    with Repo.init(checkout, initial_branch="main") as repository:
        (checkout / "flow.py").write_text(FLOW)
        repository.git.add("flow.py")
        repository.git.execute(
            ["git", "-c", "user.name=T", "-c", "user.email=t@landing.example", "commit", "--quiet", "-m", "flow"]
        )
    return publish(home, checkout, "main")


class Api:
    """The calls of Prefect's API that the tests need; SQLite makes it busy at times, and then it asks to come again."""

    def __init__(self, home: SandboxHome, http: httpx.Client) -> None:
        self._home = home
        self._http = http

    @retry(
        retry=retry_if_result(lambda answer: answer.status_code == httpx.codes.SERVICE_UNAVAILABLE),
        wait=wait_random(0.1, 0.5),
        stop=stop_after_attempt(20),
    )
    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        return self._http.request(method, path, json=body)

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401  # JSON
        return self._send(method, path, body).raise_for_status().json()

    def start(self, step: Mapping[str, str], **parameters: object) -> str:
        """Start a run of the flow, pulled as `step` says, and give the run's id."""
        deployment = {
            "name": "-".join(step),
            "flow_id": self.call("POST", "flows/", {"name": "wait"})["id"],
            "entrypoint": "flow.py:wait",
            "pull_steps": [{"prefect.deployments.steps.git_clone": {"repository": repository_url(self._home), **step}}],
            "work_pool_name": POOL,
        }
        identifier = self.call("POST", "deployments/", deployment)["id"]
        run = self.call("POST", f"deployments/{identifier}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def state(self, run: str) -> dict[str, Any]:
        return self.call("GET", f"flow_runs/{run}")["state"]

    def await_state(self, run: str, *names: str) -> dict[str, Any]:
        """Wait until the run is in one of these states, and give the state."""
        return retry(
            retry=retry_if_result(lambda state: state["type"] not in names),
            wait=wait_fixed(0.2),
            stop=stop_after_delay(120),
        )(self.state)(run)


@pytest.fixture
def api(home: SandboxHome) -> Generator[Api]:
    with httpx.Client(base_url=f"{home.url('prefect')}/api/", timeout=20) as http:
        yield Api(home, http)


def test_the_page_is_served_and_knows_its_api(home: SandboxHome) -> None:
    page = httpx.get(home.url("prefect"), headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.status_code == httpx.codes.OK
    assert "<html" in page.text
    settings = httpx.get(f"{home.url('prefect')}/ui-settings").json()
    assert settings["api_url"] == f"{home.url('prefect')}/api"


def test_another_sites_page_may_not_call_the_api(home: SandboxHome) -> None:
    def allowed(origin: str) -> str | None:
        asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = httpx.options(f"{home.url('prefect')}/api/flows/", headers=asks)
        return answer.headers.get("Access-Control-Allow-Origin")

    assert allowed(home.url("prefect")) in {home.url("prefect"), "*"}
    assert allowed("http://elsewhere.example") is None


def test_the_worker_made_its_pool(api: Api) -> None:
    assert api.call("GET", f"work_pools/{POOL}")["type"] == "process"


@pytest.mark.parametrize("by", ["branch", "commit_sha"])
def test_a_flow_runs_from_git_through_the_worker(api: Api, commit: str, by: str) -> None:
    run = api.start({by: "main" if by == "branch" else commit})
    assert api.await_state(run, "COMPLETED", "FAILED", "CRASHED")["type"] == "COMPLETED"


def test_a_run_is_ended_with_a_killed_supervisor_and_shown_as_crashed_after_the_next_start(
    home: SandboxHome, api: Api, commit: str
) -> None:
    assert commit
    run = api.start({"branch": "main"}, seconds=600)
    api.await_state(run, "RUNNING")
    assert any("prefect.engine" in command_of(pid) for pid in processes.find(home.root, "worker"))

    os.kill(int((home.root / "supervisor" / "supervisord.pid").read_text()), signal.SIGKILL)
    retry(retry=retry_if_result(bool), wait=wait_fixed(0.05), stop=stop_after_delay(60))(processes.find)(home.root)

    up(home, PARTS, on_ready)
    assert api.await_state(run, "CRASHED", "COMPLETED", "FAILED")["type"] == "CRASHED"


def test_a_run_is_ended_with_a_killed_worker_that_starts_again(home: SandboxHome, api: Api, commit: str) -> None:
    assert commit
    run = api.start({"branch": "main"}, seconds=600)
    api.await_state(run, "RUNNING")
    retry(
        retry=retry_if_result(lambda state: state is not State.RUNNING), wait=wait_fixed(0.2), stop=stop_after_delay(60)
    )(
        lambda: Supervisor(home).processes()["worker"].state  # until then it would be started again as one that failed
    )()
    ran = processes.find(home.root, "worker")
    [worker] = (pid for pid in ran if "sandbox.part" in command_of(pid))
    assert len(ran) > 1
    os.kill(worker, signal.SIGKILL)
    assert api.await_state(run, "CRASHED", "COMPLETED", "FAILED")["type"] == "CRASHED"
    assert ran.isdisjoint(processes.find(home.root))


def test_a_prepared_database_is_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDING_TOOLS", str(tmp_path / "tools"))
    (tmp_path / "server").mkdir()
    place_database(tmp_path / "server")
    assert not list((tmp_path / "server").iterdir())  # none is prepared: the server migrates its own

    (tmp_path / "tools").mkdir()
    prepared = prepared_database()
    prepared.write_text("prepared")
    place_database(tmp_path / "server")
    prepared.write_text("another")
    place_database(tmp_path / "server")
    assert (tmp_path / "server" / "prefect.db").read_text() == "prepared"


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def on_ready(_part: Part) -> None:
    pass
