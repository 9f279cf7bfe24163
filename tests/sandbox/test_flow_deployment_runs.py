"""What a change of a deployment leaves alone: runs that wait, an operator's pause, edits in Prefect's page."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from clients.prefect import PrefectClient
from clients.prefect_access import PrefectAccess
from clients.prefect_http import PrefectHttp
from providers.flow_deployment import FlowDeploymentProvider
from tests import deployment_inputs
from tests.deployment_inputs import daily
from tests.sandbox.prefect_api import PrefectServer, serve

pytestmark = pytest.mark.sandbox

HOURLY = {"slug": "hourly", "cron": "0 * * * *"}


@pytest.fixture(scope="module")
def one_server() -> Generator[PrefectServer]:
    with serve() as server:
        server.make_pool("landing")
        yield server


@pytest.fixture
def server(one_server: PrefectServer) -> PrefectServer:
    for deployment in one_server.deployments():
        one_server.http.delete(f"deployments/{deployment['id']}").raise_for_status()
    return one_server


@pytest.fixture
def provider(server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Generator[FlowDeploymentProvider]:
    with httpx.Client(base_url=f"{server.api_url}/") as http:

        def new_process(_: PrefectAccess) -> PrefectClient:
            return PrefectClient(PrefectHttp(http))

        monkeypatch.setattr("providers.flow_deployment.prefect_at", new_process)
        provider = FlowDeploymentProvider()
        provider.configured({})
        yield provider


def inputs(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return deployment_inputs.inputs(**({"schedules": [daily(), HOURLY]} | changes))


class Registered:
    """A deployment with two schedules, a late run of each, planned runs, and one that a person asked for."""

    def __init__(self, provider: FlowDeploymentProvider, server: PrefectServer) -> None:
        created = provider.create(inputs())
        assert created.outs
        self.id, self.state = created.id, created.outs
        self._server = server
        now = datetime.now(UTC)
        past = {"start_time": (now - timedelta(days=1)).isoformat(), "end_time": now.isoformat(), "max_runs": 1}
        self._post("schedule", past)
        self.late = {run["id"] for run in self.runs()}
        assert len(self.late) == 2
        for run in self.late:
            late = {"state": {"type": "SCHEDULED", "name": "Late"}, "force": True}
            server.http.post(f"flow_runs/{run}/set_state", json=late).raise_for_status()
        self._post("schedule", {})
        tomorrow = {"scheduled_time": (now + timedelta(days=1)).isoformat()}
        asked = self._post("create_flow_run", {"state": {"type": "SCHEDULED", "state_details": tomorrow}})
        self.asked_for = asked["id"]

    def _post(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401  # JSON
        return self._server.http.post(f"deployments/{self.id}/{path}", json=body).raise_for_status().json()

    def pause(self, slug: str) -> None:
        (schedule,) = [each for each in self.held()["schedules"] if each["slug"] == slug]
        self._server.http.patch(
            f"deployments/{self.id}/schedules/{schedule['id']}", json={"active": False}
        ).raise_for_status()

    def held(self) -> dict[str, Any]:
        return self._server.get(f"deployments/{self.id}")

    def runs(self) -> list[dict[str, Any]]:
        asked = {"deployments": {"id": {"any_": [self.id]}}, "sort": "EXPECTED_START_TIME_ASC"}
        return self._server.http.post("flow_runs/filter", json=asked).raise_for_status().json()

    def planned(self) -> dict[str, list[str]]:
        """Give when runs are planned, by schedule."""
        times: dict[str, list[str]] = {}
        for run in self.runs():
            if run["auto_scheduled"] and run["id"] not in self.late:
                times.setdefault(run["created_by"]["display_value"], []).append(run["expected_start_time"])
        return times


@pytest.fixture
def registered(provider: FlowDeploymentProvider, server: PrefectServer) -> Registered:
    return Registered(provider, server)


def waiting(registered: Registered) -> set[str]:
    """Give the runs that were there before and are still to run as they were."""
    return {run["id"] for run in registered.runs() if run["state_type"] == "SCHEDULED"} & {
        *registered.late,
        registered.asked_for,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Counts rows."},
        {"parameters": {"partner": "skyway", "wait_seconds": 60}},
        {"schedules": [daily(cron="0 8 * * *"), HOURLY]},
        {"schedules": [daily(), HOURLY, {"slug": "weekly", "cron": "0 0 * * 1"}]},
        {"schedules": [daily()]},
        {"schedules": []},
    ],
    ids=["description", "parameters", "schedule changed", "schedule added", "schedule removed", "all removed"],
)
def test_a_change_leaves_the_runs_that_wait(
    provider: FlowDeploymentProvider, registered: Registered, change: dict[str, Any]
) -> None:
    before = registered.planned()
    provider.update(registered.id, registered.state, inputs(**change))
    assert waiting(registered) == {*registered.late, registered.asked_for}
    after = registered.planned()
    slugs = {each["slug"]: each for each in change.get("schedules", [daily(), HOURLY])}
    assert after.keys() == slugs.keys()
    for slug in slugs.keys() & before.keys():
        if slugs[slug] in (daily(), HOURLY):
            assert after[slug] == before[slug]
    for run in registered.runs():
        if run["auto_scheduled"] and run["id"] not in registered.late:
            assert run["parameters"] == change.get("parameters", inputs()["parameters"])


def test_nothing_is_planned_for_a_deployment_that_is_paused(
    provider: FlowDeploymentProvider, registered: Registered, server: PrefectServer
) -> None:
    server.http.post(f"deployments/{registered.id}/pause_deployment").raise_for_status()
    provider.update(registered.id, registered.state, inputs(description="Counts rows."))
    assert registered.planned() == {}
    assert registered.held()["paused"] is True


@pytest.mark.parametrize(
    "change", [{"description": "new"}, {"schedules": [daily()]}, {"schedules": [daily(timezone="UTC"), HOURLY]}]
)
def test_a_paused_schedule_stays_paused_and_gets_no_runs(
    provider: FlowDeploymentProvider, registered: Registered, change: dict[str, Any]
) -> None:
    registered.pause("daily")
    provider.update(registered.id, registered.state, inputs(**change))
    active = {each["slug"]: each["active"] for each in registered.held()["schedules"]}
    assert active["daily"] is False
    assert active.get("hourly", True) is True
    assert "daily" not in registered.planned()


def test_an_edit_in_the_page_survives_an_unrelated_change_and_is_drift_to_a_refresh(
    provider: FlowDeploymentProvider, registered: Registered, server: PrefectServer
) -> None:
    edit = {"parameters": {"partner": "skyway", "wait_seconds": 5}, "tags": ["skyway", "flights", "mine"]}
    server.http.patch(f"deployments/{registered.id}", json=edit).raise_for_status()
    wanted = inputs(description="new", tags=["skyway", "ours"], parameters={"partner": "wingo", "wait_seconds": 120})
    after = provider.update(registered.id, registered.state, wanted).outs
    assert after
    held = registered.held()
    assert held["parameters"] == {"partner": "wingo", "wait_seconds": 5}
    assert set(held["tags"]) == {"skyway", "ours", "mine"}
    assert held["description"] == "new"

    found = provider.read(registered.id, after).outs
    assert found
    assert provider.diff(registered.id, found, wanted).changes is True
    provider.update(registered.id, found, wanted)
    assert registered.held()["parameters"] == {"partner": "wingo", "wait_seconds": 120}
    assert set(registered.held()["tags"]) == {"skyway", "ours"}


@pytest.mark.parametrize("change", [{"description": "new"}, {"schedules": [daily(cron="0 9 * * *")]}])
def test_a_schedule_that_an_operator_added_survives_an_unrelated_change(
    provider: FlowDeploymentProvider, registered: Registered, server: PrefectServer, change: dict[str, Any]
) -> None:
    registered.pause("daily")
    own = [{"schedule": {"interval": 3600}, "parameters": {"partner": "mine"}, "active": False}]
    server.http.post(f"deployments/{registered.id}/schedules", json=own).raise_for_status()
    provider.update(registered.id, registered.state, inputs(**change))
    schedules = {each["slug"]: each for each in registered.held()["schedules"]}
    assert schedules[None]["schedule"]["interval"] == 3600
    assert schedules[None]["parameters"] == {"partner": "mine"}
    assert schedules[None]["active"] is False
    assert schedules["daily"]["active"] is False


@pytest.mark.parametrize("limit", [None, 2])
def test_a_limit_that_several_deployments_share_is_let_go_and_stays_as_it_is(
    provider: FlowDeploymentProvider, registered: Registered, server: PrefectServer, limit: int | None
) -> None:
    body = {"name": f"shared-{limit}", "limit": 7}
    shared = server.http.post("v2/concurrency_limits/", json=body).raise_for_status().json()["id"]
    edit = {"global_concurrency_limit_id": shared}
    server.http.patch(f"deployments/{registered.id}", json=edit).raise_for_status()
    found = provider.read(registered.id, registered.state).outs
    assert found
    assert found["concurrency_limit"] == 7
    provider.update(registered.id, found, inputs(concurrency_limit=limit))
    held = registered.held()["global_concurrency_limit"]
    assert (held and held["limit"]) == limit
    assert server.get(f"v2/concurrency_limits/{shared}")["limit"] == 7
