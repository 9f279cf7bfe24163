"""The work pool provider on Prefect's own API."""

from __future__ import annotations

from collections.abc import Generator
from importlib.metadata import version
from typing import Any, cast

import httpx
import pytest

from clients.prefect_access import PrefectAccess
from clients.prefect_http import PrefectHttp
from domain.job_templates import default_template
from providers import work_pool
from providers.typed_provider import ProviderError
from providers.work_pool import WorkPoolProvider
from tests import work_pool_inputs
from tests.sandbox.prefect_api import PrefectServer, serve
from tests.work_pool_inputs import jobs, template, urgent

API_URL = "http://prefect.example/api"
MARK = "Kept by the Pulumi stack landing/dev."
pytestmark = pytest.mark.sandbox


class Watch(httpx.HTTPTransport):
    """The way to the server; it notes each request that may change something, as `PATCH work_pools/<name>`."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/")
        if request.method != "GET" and not path.endswith("/filter"):
            self.writes.append(f"{request.method} {path}")
        return super().handle_request(request)


@pytest.fixture(scope="module")
def one_server() -> Generator[PrefectServer]:
    with serve() as server:
        yield server


@pytest.fixture
def server(one_server: PrefectServer) -> PrefectServer:
    for deployment in one_server.deployments():
        one_server.http.delete(f"deployments/{deployment['id']}").raise_for_status()
    for pool in pools(one_server):
        one_server.http.delete(f"work_pools/{pool['name']}").raise_for_status()
    return one_server


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def provider(server: PrefectServer, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> Generator[WorkPoolProvider]:
    with httpx.Client(transport=watch, base_url=f"{server.api_url}/") as http:
        connection = PrefectHttp(http)

        def http_at(access: PrefectAccess) -> PrefectHttp:
            assert access.api_url == API_URL
            return connection

        monkeypatch.setattr(work_pool, "http_at", http_at)
        provider = WorkPoolProvider()
        provider.configured({})
        yield provider


def pools(server: PrefectServer) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", server.http.post("work_pools/filter", json={}).raise_for_status().json())


def queues(server: PrefectServer, pool: str = "containers") -> dict[str, dict[str, Any]]:
    held = server.http.post(f"work_pools/{pool}/queues/filter", json={}).raise_for_status().json()
    return {queue["name"]: queue for queue in cast("list[dict[str, Any]]", held)}


def inputs(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return work_pool_inputs.inputs(**({"api_url": API_URL} | changes))


def create(provider: WorkPoolProvider, **changes: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401  # any property
    created = provider.create(inputs(**changes))
    assert created.outs
    return created.id, created.outs


def read(provider: WorkPoolProvider, id_: str, state: dict[str, Any]) -> dict[str, Any]:
    outs = provider.read(id_, state).outs
    assert outs
    return outs


def update(provider: WorkPoolProvider, id_: str, state: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    outs = provider.update(id_, state, inputs(**changes)).outs
    assert outs
    return outs


def is_unchanged(provider: WorkPoolProvider, id_: str, state: dict[str, Any], **changes: Any) -> bool:  # noqa: ANN401  # any property
    wanted = provider.check({}, inputs(**changes)).inputs
    return provider.diff(id_, read(provider, id_, state), wanted).changes is False


def make(server: PrefectServer, **fields: Any) -> None:  # noqa: ANN401  # any field
    body: dict[str, Any] = {"name": "containers", "type": "docker", "base_job_template": {}, **fields}
    server.http.post("work_pools/", json=body).raise_for_status()


def deploy(server: PrefectServer, queue: str, **fields: Any) -> str:  # noqa: ANN401  # any field
    flow = server.http.post("flows/", json={"name": "hello"}).json()["id"]
    body = {"name": "hello", "flow_id": flow, "work_pool_name": "containers", "work_queue_name": queue, **fields}
    return str(server.http.post("deployments/", json=body).raise_for_status().json()["id"])


OURS = {"labels": {"landing.owner": "landing/dev"}}


def test_create_makes_the_pool_with_its_queues(provider: WorkPoolProvider, server: PrefectServer) -> None:
    id_, state = create(provider)
    held = server.get("work_pools/containers")
    assert held["id"] == id_ == state["pool_id"]
    assert held["type"] == "docker"
    assert held["description"] == f"Runs flows in containers.\n\n{MARK}"
    assert held["concurrency_limit"] == 4
    assert held["base_job_template"] == template(image="flows:1")
    told = {name: (each["priority"], each["concurrency_limit"]) for name, each in queues(server).items()}
    assert told == {"urgent": (1, 2), "default": (2, None)}
    assert state["url"] == "http://prefect.example/work-pools/work-pool/containers"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"type": "process"},
        {"type": "kubernetes"},
        {"description": "", "concurrency_limit": None, "queues": []},
        {"description": "Two\n\nparagraphs. \n"},
        {"queues": [urgent(priority=None), {"name": "default", "priority": 9}]},
        jobs("docker", environment={"A": "1"}),
    ],
)
def test_what_was_created_reads_back_without_a_difference(provider: WorkPoolProvider, changes: dict[str, Any]) -> None:
    id_, state = create(provider, **changes)
    assert is_unchanged(provider, id_, state, **changes)


def test_a_create_that_was_killed_after_its_call_is_adopted(
    provider: WorkPoolProvider, server: PrefectServer, watch: Watch
) -> None:
    first, _ = create(provider)
    watch.writes.clear()
    second, _ = create(provider)
    assert second == first
    assert watch.writes == []
    third, state = create(provider, description="New.", queues=[urgent(priority=3)])
    assert third == first
    assert watch.writes == ["PATCH work_pools/containers", "PATCH work_pools/containers/queues/urgent"]
    assert is_unchanged(provider, third, state, description="New.", queues=[urgent(priority=3)])
    assert len(pools(server)) == 1


def test_a_killed_create_whose_type_was_then_changed_is_made_anew(
    provider: WorkPoolProvider, server: PrefectServer
) -> None:
    first, _ = create(provider)
    second, _ = create(provider, type="process")
    assert second != first
    (held,) = pools(server)
    assert held["type"] == "process"


def test_a_pool_that_nobody_has_configured_is_taken_over_with_its_pause(
    provider: WorkPoolProvider, server: PrefectServer
) -> None:
    make(server, base_job_template=default_template("docker"), is_paused=True)
    held = server.get("work_pools/containers")
    id_, state = create(provider)
    assert id_ == held["id"]
    assert server.get("work_pools/containers")["is_paused"] is True
    assert is_unchanged(provider, id_, state)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"description": "The night shift's."}, "it has a description, so somebody looks after it"),
        ({"description": "x\n\nKept by the Pulumi stack landing/prod."}, "it belongs to the stack landing/prod"),
        ({"type": "process"}, "its type is 'process', which cannot be changed"),
        ({"concurrency_limit": 7}, "somebody has limited it to 7 runs at once"),
        ({"base_job_template": template(image="theirs:2")}, "its base job template is not the type's default"),
    ],
)
def test_a_pool_that_others_configured_is_refused_and_left_alone(
    provider: WorkPoolProvider, server: PrefectServer, watch: Watch, fields: dict[str, Any], words: str
) -> None:
    make(server, **fields)
    with pytest.raises(ProviderError, match=f"already has it, and {words}; give this one another name") as caught:
        create(provider)
    assert MARK in str(caught.value)
    assert watch.writes == []


def test_a_limited_queue_is_somebodys_work_too(provider: WorkPoolProvider, server: PrefectServer) -> None:
    make(server)
    server.http.patch("work_pools/containers/queues/default", json={"concurrency_limit": 1}).raise_for_status()
    with pytest.raises(ProviderError, match="somebody has limited its queue 'default'"):
        create(provider)


def test_a_pool_is_handed_over_by_its_description(provider: WorkPoolProvider, server: PrefectServer) -> None:
    make(server, description=f"The night shift's.\n\n{MARK}", concurrency_limit=7)
    id_, state = create(provider)
    assert is_unchanged(provider, id_, state)


def test_an_update_writes_only_what_the_program_changed_and_keeps_pauses(
    provider: WorkPoolProvider, server: PrefectServer, watch: Watch
) -> None:
    id_, state = create(provider)
    server.http.patch("work_pools/containers", json={"is_paused": True, "concurrency_limit": 9}).raise_for_status()
    server.http.patch("work_pools/containers/queues/urgent", json={"is_paused": True}).raise_for_status()
    later = {**jobs(image="flows:2"), "queues": [urgent(concurrency_limit=5)]}
    state = update(provider, id_, state, **later)
    assert watch.writes[-2:] == ["PATCH work_pools/containers", "PATCH work_pools/containers/queues/urgent"]
    held = server.get("work_pools/containers")
    assert held["is_paused"] is True
    assert held["concurrency_limit"] == 9
    assert held["base_job_template"]["variables"]["properties"]["image"]["default"] == "flows:2"
    assert (queues(server)["urgent"]["is_paused"], queues(server)["urgent"]["concurrency_limit"]) == (True, 5)
    # What was edited in the page shows at a refresh, and then goes.
    assert not is_unchanged(provider, id_, state, **later)
    state = update(provider, id_, read(provider, id_, state), **later)
    assert is_unchanged(provider, id_, state, **later)


def test_limits_and_descriptions_can_be_taken_away(provider: WorkPoolProvider, server: PrefectServer) -> None:
    id_, state = create(provider)
    none = {"description": "", "concurrency_limit": None, "queues": [{"name": "urgent"}]}
    state = update(provider, id_, state, **none)
    assert is_unchanged(provider, id_, state, **none)
    held = server.get("work_pools/containers")
    assert (held["description"], held["concurrency_limit"]) == (MARK, None)


@pytest.mark.parametrize(
    "edit",
    [
        {"description": "mine now"},
        {"description": None},
        {"concurrency_limit": None},
        {"base_job_template": {}},
        {"base_job_template": template(image="theirs:2")},
    ],
    ids=str,
)
def test_an_edit_in_the_page_is_seen_and_undone(
    provider: WorkPoolProvider, server: PrefectServer, edit: dict[str, Any]
) -> None:
    id_, state = create(provider)
    server.http.patch("work_pools/containers", json=edit).raise_for_status()
    found = read(provider, id_, state)
    assert provider.diff(id_, found, inputs()).changes is True
    assert provider.diff(id_, found, inputs()).replaces == []
    assert is_unchanged(provider, id_, update(provider, id_, found))


@pytest.mark.parametrize("edit", [{"priority": 4}, {"concurrency_limit": None}, {"description": "slow"}], ids=str)
def test_an_edit_of_a_queue_is_seen_and_undone(
    provider: WorkPoolProvider, server: PrefectServer, edit: dict[str, Any]
) -> None:
    id_, state = create(provider)
    server.http.patch("work_pools/containers/queues/urgent", json=edit).raise_for_status()
    assert not is_unchanged(provider, id_, state)
    assert is_unchanged(provider, id_, update(provider, id_, read(provider, id_, state)))


def test_priorities_come_out_as_wanted_whatever_they_push_back(
    provider: WorkPoolProvider, server: PrefectServer
) -> None:
    def wanted(**priorities: int | None) -> dict[str, Any]:
        return {"queues": [{"name": name, "priority": priority} for name, priority in priorities.items()]}

    orders = [
        wanted(a=1, b=2, c=3),
        wanted(a=3, b=2, c=1),
        wanted(a=2, b=1, c=3),
        wanted(a=5, b=1, c=2, default=3),
        wanted(a=None, b=3, c=1, d=2),
        wanted(a=1, b=2, c=None),
    ]
    id_, state = create(provider, **orders[0])
    for order in orders:
        state = update(provider, id_, state, **order)
        assert is_unchanged(provider, id_, state, **order)
        held = [each["priority"] for each in queues(server).values()]
        assert len(held) == len(set(held))


def test_a_queue_that_is_kept_no_longer_goes_and_others_stay(
    provider: WorkPoolProvider, server: PrefectServer, watch: Watch
) -> None:
    id_, state = create(provider, queues=[urgent(), {"name": "default", "concurrency_limit": 3}])
    server.http.post("work_pools/containers/queues", json={"name": "theirs"}).raise_for_status()
    watch.writes.clear()
    state = update(provider, id_, state, queues=[])
    assert watch.writes == ["DELETE work_pools/containers/queues/urgent"]
    assert set(queues(server)) == {"default", "theirs"}
    assert queues(server)["default"]["concurrency_limit"] == 3
    assert is_unchanged(provider, id_, state, queues=[])


def test_a_queue_that_somebody_deleted_is_made_again(provider: WorkPoolProvider, server: PrefectServer) -> None:
    id_, state = create(provider)
    server.http.delete("work_pools/containers/queues/urgent").raise_for_status()
    assert not is_unchanged(provider, id_, state)
    assert is_unchanged(provider, id_, update(provider, id_, state))


def test_a_queue_with_runs_is_not_deleted(provider: WorkPoolProvider, server: PrefectServer, watch: Watch) -> None:
    id_, state = create(provider)
    deployment = deploy(server, "urgent", **OURS)
    run = server.http.post(f"deployments/{deployment}/create_flow_run", json={}).json()
    watch.writes.clear()
    with pytest.raises(ProviderError, match=rf"its queue 'urgent' still has 1 run: {run['name']} \(Scheduled\); wait"):
        update(provider, id_, state, queues=[])
    assert watch.writes == []
    server.http.delete(f"flow_runs/{run['id']}").raise_for_status()
    update(provider, id_, state, queues=[])
    assert set(queues(server)) == {"default"}


def test_a_deleted_pool_reads_as_gone_and_deletes_as_done(provider: WorkPoolProvider, server: PrefectServer) -> None:
    id_, state = create(provider)
    provider.delete(id_, state)
    assert pools(server) == []
    assert provider.read(id_, state).id == ""
    provider.delete(id_, state)


def test_an_update_of_a_deleted_pool_says_what_to_do(provider: WorkPoolProvider, server: PrefectServer) -> None:
    id_, state = create(provider)
    server.http.delete("work_pools/containers").raise_for_status()
    with pytest.raises(ProviderError, match="it was deleted in Prefect; run `pulumi up --refresh`"):
        update(provider, id_, state, description="new")


def test_a_pool_that_somebody_made_anew_is_another_one(
    provider: WorkPoolProvider, server: PrefectServer, watch: Watch
) -> None:
    id_, state = create(provider)
    server.http.delete("work_pools/containers").raise_for_status()
    make(server, description="The night shift's.")
    watch.writes.clear()
    assert provider.read(id_, state).id == ""
    provider.delete(id_, state)
    assert watch.writes == []


@pytest.mark.parametrize("state_type", ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"])
def test_a_pool_with_runs_that_are_not_over_is_not_deleted(
    provider: WorkPoolProvider, server: PrefectServer, state_type: str
) -> None:
    id_, state = create(provider)
    deployment = deploy(server, "urgent", **OURS)
    run = server.http.post(f"deployments/{deployment}/create_flow_run", json={"state": {"type": state_type}}).json()
    name = state_type.title()
    with pytest.raises(ProviderError, match=rf"it still has 1 run: {run['name']} \({name}\); wait until they are over"):
        provider.delete(id_, state)
    assert len(pools(server)) == 1
    over = {"state": {"type": "CANCELLED"}, "force": True}
    server.http.post(f"flow_runs/{run['id']}/set_state", json=over).raise_for_status()
    provider.delete(id_, state)
    assert pools(server) == []


@pytest.mark.skipif(
    not version("sqlalchemy").startswith("2.0."), reason="on SQLAlchemy 2.1 Prefect 3.8 fails to plan any run"
)
def test_runs_that_a_schedule_has_planned_do_not_hold_a_pool(provider: WorkPoolProvider, server: PrefectServer) -> None:
    id_, state = create(provider)
    schedules = [{"slug": "daily", "active": True, "schedule": {"cron": "0 7 * * *"}}]
    deployment = deploy(server, "urgent", schedules=schedules, **OURS)
    server.http.post(f"deployments/{deployment}/schedule", json={}).raise_for_status()
    planned = {"work_pools": {"name": {"any_": ["containers"]}}}
    assert server.http.post("flow_runs/count", json=planned).json() > 2
    provider.delete(id_, state)
    assert pools(server) == []


def test_deployments_of_others_hold_a_pool(provider: WorkPoolProvider, server: PrefectServer) -> None:
    id_, state = create(provider)
    deployment = deploy(server, "urgent")
    with pytest.raises(ProviderError, match="it is what 1 deployment of others runs in: 'hello'; move them to another"):
        provider.delete(id_, state)
    server.http.delete(f"deployments/{deployment}").raise_for_status()
    provider.delete(id_, state)
    assert pools(server) == []


def test_identity_replaces_and_the_rest_updates(provider: WorkPoolProvider) -> None:
    _, state = create(provider)
    for change, first in ({"name": "other"}, False), ({"api_url": "http://x/api"}, False), ({"type": "process"}, True):
        told = provider.diff("", state, {**inputs(), **change})
        assert told.replaces == list(change)
        assert told.delete_before_replace is first
    assert provider.diff("", state, inputs(owner="landing/prod")).replaces == []
    assert provider.diff("", state, inputs(api_url=f"{API_URL}/")).changes is False
