"""Each verb with each of its calls failing: what the person reads, and that the next try converges.

The API here is a stand-in of a few lines that remembers one deployment; the real one is met in
`tests/sandbox/test_flow_deployment.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from clients.prefect import PrefectClient
from clients.prefect_access import PrefectAccess
from clients.prefect_http import PrefectHttp
from providers.flow_deployment import FlowDeploymentProvider
from providers.typed_provider import ProviderError

API_URL = "http://prefect.example/api"
ID = "5d1f2a0e-0000-4000-8000-000000000000"
INPUTS = {
    "api_url": API_URL,
    "owner": "landing/dev",
    "flow_name": "hello",
    "name": "hello",
    "entrypoint": "flows/hello.py:hello",
    "repository": "https://git.example/landing.git",
    "branch": "main",
    "token_secret_name": "git-token",
    "work_pool": "landing",
    "work_queue": "fast",
    "parameters": {"note": "hunter2"},
    "schedules": [{"slug": "daily", "cron": "0 7 * * *"}, {"slug": "hourly", "cron": "0 * * * *"}],
}
STATE = {**INPUTS, "deployment_id": ID, "url": "", "reference": "main"}
CHANGES: dict[str, dict[str, Any]] = {
    "update": {"description": "new"},
    "moving update": {
        "description": "new",
        "work_pool": "other",
        "token_secret_name": "other-token",
        "schedules": [{"slug": "daily", "cron": "0 8 * * *"}],
    },
    "adopting create": {"description": "new"},
}

Fault = Callable[[httpx.Request], httpx.Response]


@dataclass
class Api:
    """One deployment at most; a fault may stand in for the n-th call, before or after it took effect."""

    deployment: dict[str, Any] | None = None
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

    def _effect(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911  # one table of calls
        gone = httpx.Response(404, json={"detail": "Deployment not found"})
        body = cast("dict[str, Any]", json.loads(request.content)) if request.content else {}
        match request.method, request.url.path.removeprefix("/api/").split("/"):
            case "POST", ["flows", ""]:
                return httpx.Response(201, json={"id": "flow"})
            case "POST", ["deployments", ""]:
                schedules = [{"id": schedule["slug"], **schedule} for schedule in body["schedules"]]
                held = self.deployment or {"id": ID, "updated": "2026-01-01T00:00:00Z"}
                self.deployment = {**held, **_as_held(body), "schedules": schedules}
                return httpx.Response(201, json=self.deployment)
            case "POST", ["deployments", _, "schedule"]:
                return httpx.Response(200)
            case "GET", ["deployments", *_]:
                return httpx.Response(200, json=self.deployment) if self.deployment else gone
            case "GET", _:
                return httpx.Response(200, json={"name": "there"})
            case "PATCH", _ if self.deployment:
                self.deployment |= _as_held(body)
                return httpx.Response(204)
            case "DELETE", _ if self.deployment:
                self.deployment = None
                return httpx.Response(204)
            case _:
                return gone


def _as_held(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in {"concurrency_limit", "schedules"}}


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def provider(api: Api, monkeypatch: pytest.MonkeyPatch) -> FlowDeploymentProvider:
    http = httpx.Client(transport=httpx.MockTransport(api.answer), base_url=f"{API_URL}/")

    def new_process(_: PrefectAccess) -> PrefectClient:
        return PrefectClient(PrefectHttp(http, sleep=api.waits.append))

    monkeypatch.setattr("providers.flow_deployment.prefect_at", new_process)
    return configured()


def configured() -> FlowDeploymentProvider:
    provider = FlowDeploymentProvider()
    provider.configured({})
    return provider


def replies(status: int, body: object = None, **headers: str) -> Fault:
    return lambda _: httpx.Response(status, json=body, headers=headers)


def raises(error: type[httpx.TransportError]) -> Fault:
    def fault(request: httpx.Request) -> httpx.Response:
        raise error("cut", request=request)

    return fault


def run(provider: FlowDeploymentProvider, api: Api, verb: str) -> None:
    if verb != "create" and not api.calls:
        api.deployment = registered()
    if verb.endswith("create"):
        provider.create({**INPUTS, **CHANGES.get(verb, {})})
    elif verb == "read":
        provider.read(ID, dict(STATE))
    elif verb.endswith("update"):
        provider.update(ID, dict(STATE), {**INPUTS, **CHANGES[verb]})
    else:
        provider.delete(ID, dict(STATE))


def registered() -> dict[str, Any]:
    token = "{{ prefect.blocks.secret.git-token }}"
    step = {"repository": INPUTS["repository"], "branch": "main", "access_token": token}
    return {
        "id": ID,
        "name": "hello",
        "flow_id": "flow",
        "entrypoint": INPUTS["entrypoint"],
        "pull_steps": [{"prefect.deployments.steps.git_clone": step}],
        "work_pool_name": "landing",
        "work_queue_name": "fast",
        "parameters": INPUTS["parameters"],
        "labels": {"landing.owner": "landing/dev"},
        "updated": "2026-01-01T00:00:00Z",
        "schedules": [
            {"id": slug, "slug": slug, "schedule": {"cron": cron, "timezone": "UTC"}}
            for slug, cron in (("daily", "0 7 * * *"), ("hourly", "0 * * * *"))
        ],
    }


_FIND = "GET deployments/name/hello/hello"
_READ = f"GET deployments/{ID}"
_PLAN = f"POST deployments/{ID}/schedule"
CALLS = {
    "create": [
        _FIND,
        "GET work_pools/landing",
        "GET work_pools/landing/queues/fast",
        "GET block_types/slug/secret/block_documents/name/git-token",
        "POST flows/",
        "POST deployments/",
    ],
    "adopting create": [_FIND, f"PATCH deployments/{ID}", _PLAN],
    "read": [_READ],
    "update": [_READ, f"PATCH deployments/{ID}", _PLAN],
    "moving update": [
        _READ,
        "GET work_pools/other",
        "GET work_pools/other/queues/fast",
        "GET block_types/slug/secret/block_documents/name/other-token",
        "POST deployments/",
        _PLAN,
    ],
    "delete": [f"DELETE deployments/{ID}"],
}
EACH_CALL = [(verb, number) for verb, calls in CALLS.items() for number in range(1, len(calls) + 1)]
ECHO = {
    "exception_message": "Invalid request received.",
    "exception_detail": [{"loc": ["body", "parameters"], "msg": "is wrong", "input": "hunter2"}],
    "request_body": {"parameters": {"note": "hunter2"}},
}
FINAL = [
    (raises(httpx.ConnectError), r"Prefect does not answer at .*\(cut\); start it or set landing:prefect\.apiUrl$"),
    (raises(httpx.ReadTimeout), r"Prefect does not answer at .*\(no answer within 20 s\); start it"),
    (replies(401, {"exception_message": "Unauthorized"}), r"401 \(Unauthorized\); set landing:prefect\.apiKey"),
    (replies(403, {"detail": "no"}), r"403 \(no\); give the API key's owner the right"),
    (replies(404, {"detail": "Not Found"}), r"404 \(Not Found\); set landing:prefect\.apiUrl to the address ending"),
    (replies(409, {"detail": "Data integrity conflict"}), r"409 \(Data integrity conflict\)$"),
    (replies(422, ECHO), r"422 \(parameters: is wrong\)$"),
    (replies(500, {"exception_message": "Internal Server Error"}), r"500 \(Internal Server Error\)$"),
    (replies(307, None, Location="https://x/"), r"307; set landing:prefect\.apiUrl to where it redirects"),
]
PASSING = {
    "reset": raises(httpx.ReadError),
    "closed": raises(httpx.RemoteProtocolError),
    "busy": replies(503),
    "limited": replies(429, None, **{"Retry-After": "7"}),
}


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
def test_the_verbs_make_these_calls(provider: FlowDeploymentProvider, api: Api, verb: str, number: int) -> None:
    run(provider, api, verb)
    assert api.calls[number - 1] == CALLS[verb][number - 1]
    assert len(api.calls) == len(CALLS[verb])


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize(("fault", "words"), FINAL)
def test_a_refused_call_is_one_sentence_and_the_next_try_converges(  # noqa: PLR0917  # two fixtures, a table
    provider: FlowDeploymentProvider, api: Api, verb: str, number: int, fault: Fault, words: str
) -> None:
    api.faults[number] = fault
    with pytest.raises(ProviderError, match=words) as caught:
        run(provider, api, verb)
    message = str(caught.value)
    assert message.startswith(f"cannot {verb.rsplit(maxsplit=1)[-1]} the Prefect deployment hello/hello: ")
    assert "\n" not in message
    assert "hunter2" not in message
    assert len(api.calls) == number
    run(provider, api, verb)
    assert_done(api, verb)


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_passing_fault_is_tried_again(
    provider: FlowDeploymentProvider, api: Api, verb: str, number: int, kind: str, *, after_effect: bool
) -> None:
    api.faults[number] = PASSING[kind]
    api.after_effect = after_effect
    run(provider, api, verb)
    assert_done(api, verb)
    (waited,) = api.waits
    assert waited == 7 if kind == "limited" else 0 <= waited <= 5


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
def test_a_process_killed_after_a_call_leaves_what_the_next_one_finishes(
    provider: FlowDeploymentProvider, api: Api, verb: str, number: int
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


def assert_done(api: Api, verb: str) -> None:
    if verb == "delete":
        assert api.deployment is None
        return
    assert api.deployment is not None
    assert api.deployment["id"] == ID
    changes = CHANGES.get(verb, {})
    assert (api.deployment.get("description") or "") == changes.get("description", "")
    assert api.deployment["work_pool_name"] == changes.get("work_pool", "landing")
    assert len(api.deployment["schedules"]) == len(changes.get("schedules", INPUTS["schedules"]))
    assert sum(call == "POST deployments/" for call in api.calls) <= 2


def test_a_server_that_stays_busy_is_given_up(provider: FlowDeploymentProvider, api: Api) -> None:
    api.faults = {number: replies(503) for number in range(1, 50)}
    with pytest.raises(ProviderError, match="503; Prefect is busy; run it again"):
        run(provider, api, "create")
    assert len(api.calls) == 6


def test_what_is_not_prefect_is_said(provider: FlowDeploymentProvider, api: Api) -> None:
    api.faults[1] = lambda _: httpx.Response(200, text="<html>")
    with pytest.raises(ProviderError, match=r"is not Prefect's API; set landing:prefect.apiUrl"):
        run(provider, api, "read")
    api.faults[2] = replies(200, {"id": 1})
    with pytest.raises(ProviderError, match=r"answered in a form that is not known here \(id, name, flow_id\)"):
        run(provider, api, "read")
