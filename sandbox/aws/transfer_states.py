"""How a Transfer server goes from one state to the next: through STARTING and STOPPING, for a moment.

The moment ends when somebody looks, so that a state which was saved in between does not stay for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from moto.transfer.models import transfer_backends
from moto.transfer.types import Server, ServerState

from sandbox.home import ACCOUNT_ID, REGION

TRANSITION_SECONDS = 0.2

_ENDS_IN = {ServerState.STARTING: ServerState.ONLINE, ServerState.STOPPING: ServerState.OFFLINE}
_BEGAN = "transition_began"


def start(server: Server) -> None:
    """Let a server come ONLINE, unless it is there or on its way."""
    if state_of(server) not in {ServerState.ONLINE, ServerState.STARTING}:
        _begin(server, ServerState.STARTING)


def stop(server: Server) -> None:
    """Let a server go OFFLINE, unless it is there or on its way."""
    if state_of(server) not in {ServerState.OFFLINE, ServerState.STOPPING}:
        _begin(server, ServerState.STOPPING)


def _begin(server: Server, transition: ServerState) -> None:
    vars(server)[_BEGAN] = time.time()
    server.state = transition


def state_of(server: Server) -> ServerState:
    """Give a server's state, once a transition that has lasted long enough is ended."""
    state = server.state or ServerState.OFFLINE
    if state in _ENDS_IN and time.time() - vars(server)[_BEGAN] >= TRANSITION_SECONDS:
        server.state = state = _ENDS_IN[state]
    return state


def online_servers() -> Iterator[Server]:
    """Give the SFTP servers that are ONLINE and keep their users themselves, the newest first."""
    for server in reversed(list(transfer_backends[ACCOUNT_ID][REGION].servers.values())):
        if (
            state_of(server) is ServerState.ONLINE
            and "SFTP" in (server.protocols or [])
            and server.identity_provider_type == "SERVICE_MANAGED"
        ):
            yield server
