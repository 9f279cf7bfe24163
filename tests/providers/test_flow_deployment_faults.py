"""Each verb with each of its calls failing: what the person reads, and that the next try converges.

The API here is a stand-in (tests/prefect_stand_in.py); the real one is met in
`tests/sandbox/test_flow_deployment.py`.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clients.prefect import PrefectClient
from clients.prefect_access import PrefectAccess
from clients.prefect_http import PrefectHttp
from providers.flow_deployment import FlowDeploymentProvider
from providers.typed_provider import ProviderError
from tests.prefect_stand_in import API_URL, ID, INPUTS, STATE, Api, Fault, registered

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
    (raises(httpx.ConnectTimeout), r"Prefect does not answer at .*\(no answer within 20 s\); start it"),
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
    "silent": raises(httpx.ReadTimeout),
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
