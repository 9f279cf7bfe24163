"""A Transfer server on its way: by a clock of the test's own, so that no machine is too slow for it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import cast

import pytest
from moto.transfer.types import Server, ServerState

from sandbox.aws.transfer_states import TRANSITION_SECONDS, start, state_of, stop


def test_a_server_is_on_its_way_before_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    server = cast("Server", SimpleNamespace(state=ServerState.ONLINE))
    for leave, passing, there in (
        (stop, ServerState.STOPPING, ServerState.OFFLINE),
        (start, ServerState.STARTING, ServerState.ONLINE),
    ):
        leave(server)
        assert state_of(server) is passing
        now += TRANSITION_SECONDS / 2
        assert state_of(server) is passing
        now += TRANSITION_SECONDS
        assert state_of(server) is there
