"""The flow deployment provider on Prefect's own API."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from clients.prefect import PrefectClient
from clients.prefect_access import PrefectAccess
from clients.prefect_http import PrefectHttp
from providers.flow_deployment import FlowDeploymentProvider
from providers.typed_provider import ProviderError
from tests import deployment_inputs
from tests.deployment_inputs import daily
from tests.sandbox.prefect_api import PrefectServer, serve

API_URL = "http://prefect.example/api"
pytestmark = pytest.mark.sandbox

COMMIT = "0123456789abcdef0123456789abcdef01234567"

SCHEMA = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "partner": {"title": "partner", "type": "string", "position": 0},
        "wait_seconds": {"default": 60, "title": "wait_seconds", "type": "integer", "position": 1},
    },
    "required": ["partner"],
}


class Watch(httpx.HTTPTransport):
    """The way to the server; it notes each request that may change something, as `PATCH deployments/<id>`."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.url.path.removeprefix('/api/')}")
        return super().handle_request(request)


@pytest.fixture(scope="module")
def one_server() -> Generator[PrefectServer]:
    with serve() as server:
        server.make_pool("landing")
        server.make_pool("spare")
        server.make_queue("landing", "fast")
        server.make_secret("git-token", "hunter2")
        yield server


@pytest.fixture
def server(one_server: PrefectServer) -> PrefectServer:
    for deployment in one_server.deployments():
        one_server.http.delete(f"deployments/{deployment['id']}").raise_for_status()
    return one_server


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def provider(server: PrefectServer, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> Generator[FlowDeploymentProvider]:
    with httpx.Client(transport=watch, base_url=f"{server.api_url}/") as http:
        client = PrefectClient(PrefectHttp(http))

        def at(access: PrefectAccess) -> PrefectClient:
            assert access.api_url == API_URL
            return client

        monkeypatch.setattr("providers.flow_deployment.prefect_at", at)
        provider = FlowDeploymentProvider()
        provider.configured({})
        yield provider


def inputs(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return deployment_inputs.inputs(**({"api_url": API_URL} | changes))


def create(provider: FlowDeploymentProvider, **changes: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401  # any property
    created = provider.create(inputs(**changes))
    assert created.outs
    return created.id, created.outs


def read(provider: FlowDeploymentProvider, id_: str, state: dict[str, Any]) -> dict[str, Any]:
    outs = provider.read(id_, state).outs
    assert outs
    return outs


def test_create_registers_the_flow_from_git(provider: FlowDeploymentProvider, server: PrefectServer) -> None:
    id_, state = create(provider, token_secret_name="git-token")
    held = server.get(f"deployments/{id_}")
    assert held["entrypoint"] == "flows/reconcile.py:reconcile"
    (step,) = held["pull_steps"]
    assert step == {
        "prefect.deployments.steps.git_clone": {
            "repository": "https://git.example/landing.git",
            "branch": "main",
            "access_token": "{{ prefect.blocks.secret.git-token }}",
        }
    }
    assert held["parameters"] == {"partner": "skyway", "wait_seconds": 120}
    assert held["labels"]["landing.owner"] == "landing/dev"
    assert [schedule["slug"] for schedule in held["schedules"]] == ["daily"]
    assert state["deployment_id"] == id_
    assert state["url"] == f"http://prefect.example/deployments/deployment/{id_}"
    assert state["reference"] == "main"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"branch": None, "commit_sha": COMMIT},
        {"schedules": []},
        {"description": "Counts rows."},
        {"work_queue": "fast", "concurrency_limit": 2},
        {"work_queue": "default"},
        {"token_secret_name": "git-token", "username": "robot"},
        {"parameter_schema": SCHEMA},
    ],
)
def test_what_was_created_reads_back_without_a_difference(
    provider: FlowDeploymentProvider, changes: dict[str, Any]
) -> None:
    id_, state = create(provider, **changes)
    assert provider.diff(id_, read(provider, id_, state), provider.check({}, inputs(**changes)).inputs).changes is False


def test_a_create_that_was_killed_after_its_call_is_adopted(
    provider: FlowDeploymentProvider, server: PrefectServer, watch: Watch
) -> None:
    first, _ = create(provider)
    watch.writes.clear()
    second, _ = create(provider)
    assert second == first
    assert watch.writes == []
    third, _ = create(provider, description="Counts rows.")
    assert third == first
    assert server.get(f"deployments/{first}")["description"] == "Counts rows."


def test_a_deployment_of_another_stack_is_refused_and_left_alone(
    provider: FlowDeploymentProvider, watch: Watch
) -> None:
    create(provider, owner="landing/prod")
    watch.writes.clear()
    with pytest.raises(ProviderError, match="already has it, and it belongs to the stack landing/prod; delete it"):
        create(provider)
    assert watch.writes == []


def test_a_deployment_that_somebody_registered_by_hand_is_refused(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    flow = server.http.post("flows/", json={"name": "reconcile"}).json()["id"]
    server.http.post("deployments/", json={"name": "skyway-flights", "flow_id": flow})
    with pytest.raises(ProviderError, match="was registered by other means than this program"):
        create(provider)


def test_an_update_writes_only_what_differs_and_keeps_the_pause(
    provider: FlowDeploymentProvider, server: PrefectServer, watch: Watch
) -> None:
    two = [daily(), {"slug": "hourly", "cron": "0 * * * *"}]
    id_, state = create(provider, schedules=two)
    (schedule,) = [each for each in server.get(f"deployments/{id_}")["schedules"] if each["slug"] == "daily"]
    server.http.patch(f"deployments/{id_}/schedules/{schedule['id']}", json={"active": False})
    server.http.post(f"deployments/{id_}/pause_deployment")
    watch.writes.clear()

    later = inputs(schedules=[daily(cron="0 8 * * *"), two[1]], branch=None, commit_sha=COMMIT)
    updated = provider.update(id_, state, later).outs
    assert updated
    assert updated["reference"] == COMMIT
    assert watch.writes == [f"PATCH deployments/{id_}"]
    held = server.get(f"deployments/{id_}")
    told = {each["slug"]: (each["active"], each["schedule"]["cron"]) for each in held["schedules"]}
    assert told == {"daily": (False, "0 8 * * *"), "hourly": (True, "0 * * * *")}
    assert held["paused"] is True
    assert provider.diff(id_, read(provider, id_, updated), later).changes is False


def test_a_removed_schedule_goes_and_one_without_a_slug_costs_no_pause(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    id_, state = create(provider, schedules=[daily(), {"slug": "hourly", "cron": "0 * * * *"}])
    (schedule,) = [each for each in server.get(f"deployments/{id_}")["schedules"] if each["slug"] == "daily"]
    server.http.patch(f"deployments/{id_}/schedules/{schedule['id']}", json={"active": False})
    server.http.post(f"deployments/{id_}/schedules", json=[{"schedule": {"interval": 3600}}])

    found = read(provider, id_, state)
    assert provider.diff(id_, found, inputs()).changes is True
    provider.update(id_, found, inputs(schedules=[daily(cron="0 9 * * *")]))
    (left,) = server.get(f"deployments/{id_}")["schedules"]
    assert (left["slug"], left["active"], left["schedule"]["cron"]) == ("daily", False, "0 9 * * *")


@pytest.mark.parametrize(
    "edit",
    [
        {"tags": []},
        {"parameters": {"partner": "other"}},
        {"entrypoint": "flows/hello.py:hello"},
        {"pull_steps": [{"prefect.deployments.steps.git_clone": {"repository": "https://elsewhere.example/x.git"}}]},
        {"pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": "/"}}]},
        {"work_pool_name": "spare"},
        {"description": "mine now"},
        {"job_variables": {}},
        {"work_pool_name": "landing", "work_queue_name": "fast"},
        {"concurrency_limit": 3},
        {"parameter_openapi_schema": {"type": "object", "properties": {"x": {"type": "integer"}}}},
        {"enforce_parameter_schema": False},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_an_edit_in_the_page_is_seen_and_undone(
    provider: FlowDeploymentProvider, server: PrefectServer, edit: dict[str, Any]
) -> None:
    id_, state = create(provider)
    server.http.patch(f"deployments/{id_}", json=edit).raise_for_status()
    found = read(provider, id_, state)
    assert provider.diff(id_, found, inputs()).changes is True
    after = provider.update(id_, found, inputs()).outs
    assert after
    assert provider.diff(id_, read(provider, id_, after), inputs()).changes is False


def test_a_deleted_deployment_reads_as_gone_and_deletes_as_done(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    id_, state = create(provider)
    provider.delete(id_, state)
    assert server.deployments() == []
    assert provider.read(id_, state).id == ""
    provider.delete(id_, state)


def test_an_update_of_a_deleted_deployment_says_what_to_do(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    id_, state = create(provider)
    server.http.delete(f"deployments/{id_}")
    with pytest.raises(ProviderError, match="it was deleted in Prefect; run `pulumi up --refresh`"):
        provider.update(id_, state, inputs(description="new"))


def test_an_unknown_pool_is_named_on_create_and_on_update(provider: FlowDeploymentProvider) -> None:
    words = r"has no work pool 'landin'; it has 'landing', 'spare' \(did you mean 'landing'\?\): name one of them"
    with pytest.raises(ProviderError, match=words):
        create(provider, work_pool="landin")
    id_, state = create(provider)
    with pytest.raises(ProviderError, match=words):
        provider.update(id_, state, inputs(work_pool="landin"))


def test_identity_replaces_and_the_rest_updates(provider: FlowDeploymentProvider) -> None:
    _, state = create(provider)
    for change in ({"name": "other"}, {"flow_name": "other"}, {"owner": "landing/prod"}, {"api_url": "http://x/api"}):
        assert provider.diff("", state, inputs(**change)).replaces == list(change)
    assert provider.diff("", state, inputs(branch="feature/x")).replaces == []
    assert provider.diff("", state, inputs(api_url=f"{API_URL}/")).changes is False
