"""Each verb with each of its calls failing: what the person reads, and that the next try converges.

The API here is a stand-in of a few lines that remembers one pool and its queues; the real one is met in
`tests/sandbox/test_work_pool.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from clients.prefect_access import PrefectAccess
from clients.prefect_http import PrefectHttp
from providers import work_pool
from providers.typed_provider import ProviderError
from providers.work_pool import WorkPoolProvider
from tests.work_pool_inputs import inputs, jobs, template, urgent

API_URL = "http://prefect.example/api"
ID = "5d1f2a0e-0000-4000-8000-000000000000"
STATE = {**inputs(), "pool_id": ID, "url": ""}
LATER = {
    "description": "new",
    **jobs(environment={"NOTE": "hunter2"}),
    "queues": [{"name": "default", "priority": 2, "concurrency_limit": 3}, {"name": "slow"}],
}
CHANGES = {"update": LATER, "adopting create": LATER}

Fault = Callable[[httpx.Request], httpx.Response]


@dataclass
class Api:
    """One pool at most; a fault may stand in for the n-th call, before or after it took effect."""

    pool: dict[str, Any] | None = None
    queues: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    runs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: dict[int, Fault] = field(default_factory=dict[int, Fault])
    after_effect: bool = False
    calls: list[str] = field(default_factory=list[str])
    waits: list[float] = field(default_factory=list[float])

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path.removeprefix('/api/')}")
        fault = self.faults.pop(len(self.calls), None)
        if fault is None:
            return self._effect(request)
        if self.after_effect:
            self._effect(request)
        return fault(request)

    def _effect(self, request: httpx.Request) -> httpx.Response:  # noqa: C901, PLR0911, PLR0912  # one table of calls
        body = cast("dict[str, Any]", json.loads(request.content)) if request.content else {}
        match request.method, request.url.path.removeprefix("/api/").split("/"):
            case "POST", ["flow_runs", "filter"]:
                return httpx.Response(200, json=self.runs[body["offset"] : body["offset"] + body["limit"]])
            case "POST", ["deployments", "filter"]:
                return httpx.Response(200, json=[{"name": "x", "labels": {"landing.owner": "landing/dev"}}])
            case "POST", ["work_pools", ""] if not self.pool:
                self.pool = {"id": ID, **body}
                self.queues = {"default": queue("default")}
                return httpx.Response(201, json=self.pool)
            case "POST", ["work_pools", ""]:
                return httpx.Response(409, json={"detail": "A work pool with this name already exists."})
            case _ if not self.pool:
                return httpx.Response(404, json={"detail": 'Work pool "containers" not found.'})
            case "GET", _:
                return httpx.Response(200, json=self.pool)
            case "PATCH", [_, _]:
                self.pool |= body
                return httpx.Response(204)
            case "DELETE", [_, _]:
                self.pool = None
                return httpx.Response(204)
            case "POST", [_, _, "queues", "filter"]:
                return httpx.Response(200, json=list(self.queues.values()))
            case "POST", [_, _, "queues"] if body["name"] in self.queues:
                return httpx.Response(409, json={"detail": "A work queue with this name already exists"})
            case "POST", [_, _, "queues"]:
                self.queues[body["name"]] = {**queue(body["name"]), **body}
                return httpx.Response(201, json=self.queues[body["name"]])
            case "PATCH", [_, _, _, name] if name in self.queues:
                self.queues[name] |= body
                return httpx.Response(204)
            case "DELETE", [_, _, _, name] if self.queues.pop(name, None):
                return httpx.Response(204)
            case _:
                return httpx.Response(404, json={"detail": "Work pool queue not found."})


def queue(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "priority": 1, "concurrency_limit": None, "description": ""}


def registered() -> dict[str, Any]:
    wanted = {name: inputs()[name] for name in ("name", "type", "concurrency_limit")}
    held = {"base_job_template": template(image="flows:1")}
    return {
        **wanted,
        **held,
        "id": ID,
        "description": "Runs flows in containers.\n\nKept by the Pulumi stack landing/dev.",
    }


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def provider(api: Api, monkeypatch: pytest.MonkeyPatch) -> WorkPoolProvider:
    http = httpx.Client(transport=httpx.MockTransport(api.answer), base_url=f"{API_URL}/")

    def http_at(_: PrefectAccess) -> PrefectHttp:
        return PrefectHttp(http, sleep=api.waits.append)

    monkeypatch.setattr(work_pool, "http_at", http_at)
    provider = WorkPoolProvider()
    provider.configured({})
    return provider


def replies(status: int, body: object = None, **headers: str) -> Fault:
    return lambda _: httpx.Response(status, json=body, headers=headers)


def raises(error: type[httpx.TransportError]) -> Fault:
    def fault(request: httpx.Request) -> httpx.Response:
        raise error("cut", request=request)

    return fault


def run(provider: WorkPoolProvider, api: Api, verb: str) -> None:
    if verb != "create" and not api.calls:
        api.pool = registered()
        api.queues = {"default": queue("default"), "urgent": {**queue("urgent"), **urgent()}}
    wanted = {**inputs(), **CHANGES.get(verb, {})}
    if verb.endswith("create"):
        provider.create(wanted)
    elif verb == "read":
        provider.read(ID, dict(STATE))
    elif verb == "update":
        provider.update(ID, dict(STATE), wanted)
    else:
        provider.delete(ID, dict(STATE))


POOL = "work_pools/containers"
USED = ["POST flow_runs/filter", "POST deployments/filter"]
CALLS = {
    "create": [f"GET {POOL}", "POST work_pools/", f"POST {POOL}/queues/filter", f"POST {POOL}/queues"],
    "adopting create": [
        f"GET {POOL}",
        f"PATCH {POOL}",
        f"POST {POOL}/queues/filter",
        f"PATCH {POOL}/queues/default",
        f"POST {POOL}/queues",
    ],
    "read": [f"GET {POOL}", f"POST {POOL}/queues/filter"],
    "update": [
        f"GET {POOL}",
        f"PATCH {POOL}",
        f"POST {POOL}/queues/filter",
        f"PATCH {POOL}/queues/default",
        f"POST {POOL}/queues",
        *USED,
        f"DELETE {POOL}/queues/urgent",
    ],
    "delete": [f"GET {POOL}", *USED, f"DELETE {POOL}"],
}
EACH_CALL = [(verb, number) for verb, calls in CALLS.items() for number in range(1, len(calls) + 1)]
ECHO = {
    "exception_message": "Invalid request received.",
    "exception_detail": [{"loc": ["body", "base_job_template"], "msg": "is wrong", "input": "hunter2"}],
    "request_body": {"base_job_template": {"note": "hunter2"}},
}
FINAL = [
    (raises(httpx.ConnectError), r"Prefect does not answer at .*\(cut\); start it or set landing:prefect\.apiUrl$"),
    (raises(httpx.ConnectTimeout), r"Prefect does not answer at .*\(no answer within 20 s\); start it"),
    (replies(401, {"exception_message": "Unauthorized"}), r"401 \(Unauthorized\); set landing:prefect\.apiKey"),
    (replies(403, {"detail": "no"}), r"403 \(no\); give the API key's owner the right"),
    (replies(404, {"detail": "Not Found"}), r"404 \(Not Found\); set landing:prefect\.apiUrl to the address ending"),
    (replies(422, ECHO), r"422 \(base_job_template: is wrong\)$"),
    (replies(500, {"exception_message": "Internal Server Error"}), r"500 \(Internal Server Error\)$"),
    (replies(307, None, Location="https://x/"), r"307; set landing:prefect\.apiUrl to where it redirects"),
]
CONFLICT = replies(409, {"detail": "Data integrity conflict"})
PASSING = {
    "reset": raises(httpx.ReadError),
    "closed": raises(httpx.RemoteProtocolError),
    "silent": raises(httpx.ReadTimeout),
    "busy": replies(503),
    "limited": replies(429, None, **{"Retry-After": "7"}),
}


@pytest.mark.parametrize("verb", CALLS)
def test_the_verbs_make_these_calls(provider: WorkPoolProvider, api: Api, verb: str) -> None:
    run(provider, api, verb)
    assert api.calls == CALLS[verb]


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize(("fault", "words"), FINAL)
def test_a_refused_call_is_one_sentence_and_the_next_try_converges(  # noqa: PLR0917  # two fixtures, a table
    provider: WorkPoolProvider, api: Api, verb: str, number: int, fault: Fault, words: str
) -> None:
    api.faults[number] = fault
    with pytest.raises(ProviderError, match=words) as caught:
        run(provider, api, verb)
    assert_one_sentence(caught.value, verb)
    assert len(api.calls) == number
    run(provider, api, verb)
    assert_done(api, verb)


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
def test_a_conflict_is_one_sentence_or_the_way_to_what_is_there(
    provider: WorkPoolProvider, api: Api, verb: str, number: int
) -> None:
    api.faults[number] = CONFLICT
    with pytest.raises(ProviderError, match=r"409 \(Data integrity|says that the name is taken|404") as caught:
        run(provider, api, verb)
    assert_one_sentence(caught.value, verb)
    run(provider, api, verb)
    assert_done(api, verb)


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_passing_fault_is_tried_again(  # two fixtures, a table
    provider: WorkPoolProvider, api: Api, verb: str, number: int, kind: str, *, after_effect: bool
) -> None:
    api.faults[number] = PASSING[kind]
    api.after_effect = after_effect
    run(provider, api, verb)
    assert_done(api, verb)
    (waited,) = api.waits
    assert waited == 7 if kind == "limited" else 0 <= waited <= 5


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
def test_a_process_killed_after_a_call_leaves_what_the_next_one_finishes(
    provider: WorkPoolProvider, api: Api, verb: str, number: int
) -> None:
    class KilledError(BaseException):
        pass

    def kill(_: httpx.Request) -> httpx.Response:
        raise KilledError

    api.faults[number] = kill
    api.after_effect = True
    with pytest.raises(KilledError):
        run(provider, api, verb)
    run(provider, api, verb)
    assert_done(api, verb)


def assert_one_sentence(error: ProviderError, verb: str) -> None:
    message = str(error)
    assert message.startswith(f"cannot {verb.removeprefix('adopting ')} the Prefect work pool 'containers': ")
    assert "\n" not in message
    assert "hunter2" not in message


def assert_done(api: Api, verb: str) -> None:
    if verb == "delete":
        assert api.pool is None
        return
    assert api.pool is not None
    told = {name: (each["priority"], each["concurrency_limit"]) for name, each in api.queues.items()}
    if verb in CHANGES:
        assert api.pool["description"] == "new\n\nKept by the Pulumi stack landing/dev."
        assert api.pool["base_job_template"] == template(environment={"NOTE": "hunter2"})
        kept = {"urgent": (1, 2)} if verb == "adopting create" else {}
        assert told == {"default": (2, 3), "slow": (1, None), **kept}
    else:
        assert api.pool["base_job_template"] == template(image="flows:1")
        assert told["urgent"] == (1, 2)


def test_a_pool_that_comes_up_between_two_calls_is_looked_at(provider: WorkPoolProvider, api: Api) -> None:
    def made_by_a_worker(_: httpx.Request) -> httpx.Response:
        api.pool = {"id": ID, "name": "containers", "type": "docker", "base_job_template": {}}
        api.queues = {"default": queue("default")}
        return httpx.Response(404, json={"detail": 'Work pool "containers" not found.'})

    api.faults[1] = made_by_a_worker
    run(provider, api, "create")
    assert_done(api, "create")


def test_runs_that_a_schedule_has_only_planned_are_told_from_those_that_wait(
    provider: WorkPoolProvider, api: Api
) -> None:
    planned = {"name": "planned", "state_name": "Scheduled", "auto_scheduled": True}
    api.runs = [planned] * 450
    run(provider, api, "delete")
    assert api.pool is None
    api.pool = registered()
    api.runs += [
        {"name": "overdue", "state_name": "Late", "auto_scheduled": True},
        {"name": "by-hand", "state_name": "Scheduled", "auto_scheduled": False},
    ]
    words = r"it still has 2 runs: overdue \(Late\), by-hand \(Scheduled\); wait until they are over or cancel them"
    with pytest.raises(ProviderError, match=words):
        provider.delete(ID, dict(STATE))


def test_what_is_unchanged_is_not_even_asked_about(provider: WorkPoolProvider, api: Api) -> None:
    wanted = provider.check({}, inputs()).inputs
    assert provider.diff(ID, dict(STATE), wanted).changes is False
    assert api.calls == []


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "Prefect-managed"}, "name", "begins with 'prefect', and Prefect keeps such names for itself"),
        ({"name": "a/b"}, "name", "'a/b' is not a name"),
        ({"type": "kubernets"}, "type", "not one of process, docker, kubernetes; did you mean 'kubernetes'?"),
        ({"queues": [{"name": " "}]}, "queues", "' ' is not a name"),
        ({"queues": [urgent(), urgent(priority=3)]}, "queues", "two queues have the name 'urgent'"),
        ({"queues": [urgent(), urgent(name="b")]}, "queues", "two queues have the priority 1"),
    ],
)
def test_what_prefect_would_refuse_in_up_is_refused_at_preview(changes: dict[str, Any], field: str, words: str) -> None:
    wanted = {**inputs(), **changes}
    (failure,) = WorkPoolProvider().check({}, wanted).failures
    assert failure.property == field
    assert words in failure.reason


def test_the_module_loads_nothing_heavy() -> None:
    probe = "import sys, providers.work_pool; print(*({'pydantic', 'httpx', 'prefect', 'git'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60)  # noqa: S603  # fixed text
    assert done.stdout.strip() == ""
