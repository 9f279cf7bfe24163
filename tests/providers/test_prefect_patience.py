"""How long a call to Prefect waits for an answer that does not come."""

from __future__ import annotations

import time

import httpx
import pytest

from clients.errors import UnreachableError
from clients.prefect_http import TIMEOUT_SECONDS, PrefectHttp


class Silent:
    """A server that never answers, and a clock that goes on by the limit of each call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        began = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: began + self.asked * TIMEOUT_SECONDS)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        raise httpx.ReadTimeout("silent", request=request)


def test_a_second_silence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Silent(monkeypatch)
    with httpx.Client(base_url="http://prefect.example/api/", transport=httpx.MockTransport(server)) as http:
        prefect = PrefectHttp(http, sleep=lambda _: None)
        with pytest.raises(UnreachableError, match="no answer within 20 s"):
            prefect.call("POST", "flows/", {})
    assert server.asked == 2
