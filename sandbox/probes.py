"""How to see that a part of the sandbox is ready: one question a part, answered at once with yes or no."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import cast

import httpx

from sandbox.home import LOOPBACK, SandboxHome

POOL = "landing"
"""The Prefect work pool that the sandbox's one worker serves."""

Probe = Callable[[SandboxHome], bool]
"""Whether a part is ready; never raises for one that is not."""

_TIMEOUT_SECONDS = 2.0


def answers(port: str, path: str) -> Probe:
    """Make the question: does an HTTP GET of `path` on this port give 200?"""

    def probe(home: SandboxHome) -> bool:
        try:
            return httpx.get(home.url(port) + path, timeout=_TIMEOUT_SECONDS, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return probe


def accepts(*ports: str) -> Probe:
    """Make the question: do all of these ports accept a connection?"""

    def accepts_one(home: SandboxHome, port: str) -> bool:
        try:
            socket.create_connection((LOOPBACK, getattr(home.ports, port)), timeout=_TIMEOUT_SECONDS).close()
        except OSError:
            return False
        return True

    return lambda home: all(accepts_one(home, port) for port in ports)


def both(*probes: Probe) -> Probe:
    """Make the question: do all of these say yes?"""
    return lambda home: all(probe(home) for probe in probes)


def worker_is_online(home: SandboxHome) -> bool:
    """Say whether Prefect's server has heard from a worker of the pool lately."""
    url = f"{home.url('prefect')}/api/work_pools/{POOL}/workers/filter"
    try:
        answer = httpx.post(url, json={}, timeout=_TIMEOUT_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return False
    if not answer.is_success:
        return False
    return any(worker["status"] == "ONLINE" for worker in cast("list[dict[str, object]]", answer.json()))
