"""Tokens against forgery: asked for where the server wants one, kept, and asked for anew when they have run out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from clients.errors import NotFoundError, ServiceError
from clients.prefect_http import PrefectHttp

Fault = Callable[[httpx.Request], httpx.Response]


@dataclass
class GuardedApi:
    """Lets a write in with the token that it gave out last."""

    token: str = ""
    calls: list[str] = field(default_factory=list[str])
    faults: list[Fault] = field(default_factory=list[Fault])
    """What the next calls for a token meet."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/")
        self.calls.append(f"{request.method} {path}")
        if path == "csrf-token":
            if self.faults:
                return self.faults.pop(0)(request)
            self.token = f"{request.url.params['client']}-token"
            return httpx.Response(200, json={"token": self.token})
        if request.method == "GET":
            return httpx.Response(200, json={})
        if "Prefect-Csrf-Token" not in request.headers:
            return httpx.Response(403, json={"detail": "Missing CSRF token."})
        if request.headers["Prefect-Csrf-Token"] != self.token:
            return httpx.Response(403, json={"detail": "Invalid CSRF token or client identifier."})
        assert request.headers["Prefect-Csrf-Token"].startswith(request.headers["Prefect-Csrf-Client"])
        return httpx.Response(200, json={"id": "x"})

    def http(self) -> PrefectHttp:
        client = httpx.Client(transport=httpx.MockTransport(self.answer), base_url="http://prefect.example/api/")
        return PrefectHttp(client, sleep=lambda _: None)


def test_one_token_serves_all_writes_until_it_has_run_out() -> None:
    api = GuardedApi()
    http = api.http()
    http.call("GET", "flows/x")
    http.call("POST", "flows/", {})
    http.call("PATCH", "deployments/x", {})
    asks = ["POST flows/", "GET csrf-token", "POST flows/"]
    assert api.calls == ["GET flows/x", *asks, "PATCH deployments/x"]
    api.token = "another"
    api.calls.clear()
    http.call("POST", "flows/", {})
    assert api.calls == asks


def cut(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("cut", request=request)


def busy(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


@pytest.mark.parametrize("fault", [cut, busy])
def test_a_passing_fault_in_asking_is_tried_again(fault: Fault) -> None:
    api = GuardedApi(faults=[fault])
    assert api.http().call("POST", "flows/", {}) == {"id": "x"}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, r"answered GET csrf-token with 401 \(no\); set landing:prefect\.apiKey"),
        (404, r"answered GET csrf-token with 404 \(no\)$"),
        (500, r"answered GET csrf-token with 500 \(no\)$"),
    ],
)
def test_a_refused_token_is_never_taken_for_what_was_asked_for(status: int, words: str) -> None:
    api = GuardedApi(faults=[lambda _: httpx.Response(status, json={"detail": "no"})])
    with pytest.raises(ServiceError, match=words) as caught:
        api.http().call("DELETE", "deployments/x")
    assert not isinstance(caught.value, NotFoundError)


def test_a_right_that_is_missing_is_not_taken_for_a_token_that_is() -> None:
    calls: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return httpx.Response(403, json={"detail": "no"})

    client = httpx.Client(transport=httpx.MockTransport(refuse), base_url="http://prefect.example/api/")
    with pytest.raises(ServiceError, match="give the API key's owner the right"):
        PrefectHttp(client).call("POST", "flows/", {})
    assert calls == ["/api/flows/"]
