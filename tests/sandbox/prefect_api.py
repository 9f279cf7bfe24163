"""Prefect's own API on a free loopback port, for tests: real validation, a real database, no background services.

It runs in a process of its own, so that the warnings of Prefect's libraries are not taken for ours.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import tenacity

_PROGRAM = """
import sys, uvicorn
from prefect.server.api.server import create_app

served = create_app(ephemeral=True, ignore_cache=True)

async def logged(scope, receive, send):
    async def told(message):
        if message["type"] == "http.response.start":
            print(scope["method"], scope["path"], message["status"], flush=True)
        await send(message)
    await served(scope, receive, told)

certificate = sys.argv[2] or None
quiet = {"log_level": "warning", "access_log": False}
uvicorn.run(logged, fd=int(sys.argv[1]), ssl_certfile=certificate, timeout_graceful_shutdown=2, **quiet)
"""
_QUIET_AND_OFFLINE = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "ERROR",
}
_SECONDS_TO_START = 90


@dataclass(frozen=True)
class PrefectServer:
    """A running API, spoken to without our client."""

    api_url: str
    http: httpx.Client
    log: Path
    """What the server writes down: each request, and whatever goes wrong in it."""

    def writes(self) -> list[str]:
        """Give each request so far that may have changed something, as `PATCH /api/deployments/<id> 204`."""
        requests = re.findall(r"^(?:POST|PUT|PATCH|DELETE) \S+ \d+$", self.log.read_text(), re.MULTILINE)
        return [request for request in requests if "/filter " not in request]

    def get(self, path: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.http.get(path).raise_for_status().json())

    def deployments(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.http.post("deployments/filter", json={}).raise_for_status().json())

    def make_pool(self, name: str) -> None:
        body: dict[str, Any] = {"name": name, "type": "process", "base_job_template": {}}
        self.http.post("work_pools/", json=body).raise_for_status()

    def make_queue(self, pool: str, name: str) -> None:
        self.http.post(f"work_pools/{pool}/queues", json={"name": name}).raise_for_status()

    def make_secret(self, name: str, value: str) -> None:
        self.http.post("block_types/install_system_block_types").raise_for_status()
        kind = self.get("block_types/slug/secret")["id"]
        asked = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
        schema, *_ = self.http.post("block_schemas/filter", json=asked).raise_for_status().json()
        body = {"name": name, "data": {"value": value}, "block_type_id": kind, "block_schema_id": schema["id"]}
        self.http.post("block_documents/", json=body).raise_for_status()


class _Patient(httpx.HTTPTransport):
    """Asks again while SQLite is busy."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        busy = tenacity.retry_if_result(lambda response: response.status_code == httpx.codes.SERVICE_UNAVAILABLE)
        attempts = tenacity.Retrying(
            retry=busy, wait=tenacity.wait_random(0.05, 0.2), stop=tenacity.stop_after_attempt(20)
        )
        return attempts(super().handle_request, request)


@contextmanager
def serve(certificate: Path | None = None, **settings: str) -> Generator[PrefectServer]:
    """Start the API on an empty database of its own, with further settings of Prefect's, and end it afterwards.

    With a certificate (its key in the same file) it speaks TLS.
    """
    with tempfile.TemporaryDirectory() as home, socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        api_url = f"http{'s' if certificate else ''}://127.0.0.1:{door.getsockname()[1]}/api"
        log = Path(home, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-c", _PROGRAM, str(door.fileno()), str(certificate or "")],
                env={**os.environ, **_QUIET_AND_OFFLINE, "PREFECT_HOME": home, **settings},
                stdout=output,
                stderr=output,
                pass_fds=[door.fileno()],
            )
        try:
            way = _Patient(verify=ssl.create_default_context(cafile=certificate))
            with httpx.Client(base_url=f"{api_url}/", timeout=_SECONDS_TO_START, transport=way) as http:
                _await_health(process, http, log)
                yield PrefectServer(api_url, http, log)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _await_health(process: subprocess.Popen[bytes], http: httpx.Client, log: Path) -> None:
    for attempt in tenacity.Retrying(stop=tenacity.stop_after_delay(_SECONDS_TO_START), wait=tenacity.wait_fixed(0.2)):
        with attempt:
            if process.poll() is not None:
                raise AssertionError(f"Prefect's API ended at start: {log.read_text()[-2000:]}")
            http.get("health").raise_for_status()
