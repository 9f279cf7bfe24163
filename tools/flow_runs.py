"""Start a flow run, wait for its end and read its log, by Prefect's HTTP API."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import httpx
import tenacity

_FINAL_TYPES = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_LIMIT_SECONDS = 180
_PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class FlowRun:
    """A flow run as it is now."""

    id: str
    state_type: str
    state_name: str
    message: str
    """What the run says of its state."""

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen to the run any more."""
        return self.state_type in _FINAL_TYPES


def run_deployment(api_url: str, deployment_id: str, parameters: Mapping[str, object]) -> FlowRun:
    """Start a run of a deployment and give it as it ended, or as it was after three minutes.

    Raises httpx.HTTPError when Prefect does not answer or refuses.
    """
    with httpx.Client(base_url=api_url, timeout=20) as http:
        # With a key of its own, asking again after no answer, or a 503 of Prefect on SQLite, starts no second run.
        wanted = {"parameters": dict(parameters), "idempotency_key": str(uuid.uuid4())}
        run = _patiently(lambda: _parsed(http.post(f"/deployments/{deployment_id}/create_flow_run", json=wanted)))

        def last_seen(state: tenacity.RetryCallState) -> FlowRun:
            return state.outcome.result() if state.outcome else run

        return tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda seen: not seen.is_final),
            wait=tenacity.wait_fixed(0.3),
            stop=tenacity.stop_after_delay(_LIMIT_SECONDS),
            retry_error_callback=last_seen,
        )(lambda: _patiently(lambda: _parsed(http.get(f"/flow_runs/{run.id}"))))


def first_log_line(api_url: str, run: FlowRun, having: str) -> tuple[str, dt.datetime]:
    """Wait for a line of the run's log that has a text in it, which Prefect shows a little after the run; its time too.

    Raises tenacity.RetryError when there is none after twenty seconds.
    """
    wanted = {"logs": {"flow_run_id": {"any_": [run.id]}}, "sort": "TIMESTAMP_ASC"}

    def look() -> tuple[str, dt.datetime] | None:
        lines = httpx.post(f"{api_url}/logs/filter", json=wanted, timeout=20).raise_for_status().json()
        found = ((line["message"], dt.datetime.fromisoformat(line["timestamp"])) for line in lines)
        return next((line for line in found if having in line[0]), None)

    line = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda seen: seen is None) | tenacity.retry_if_exception(_is_passing),
        wait=tenacity.wait_fixed(0.2),
        stop=tenacity.stop_after_delay(_PATIENCE_SECONDS),
    )(look)
    return cast("tuple[str, dt.datetime]", line)


def _patiently(ask: Callable[[], FlowRun]) -> FlowRun:
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_passing),
        wait=tenacity.wait_fixed(0.5),
        stop=tenacity.stop_after_delay(_PATIENCE_SECONDS),
        reraise=True,
    )(ask)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    return isinstance(error, httpx.TransportError)


def _parsed(response: httpx.Response) -> FlowRun:
    response.raise_for_status()
    reply = cast("dict[str, Any]", response.json())
    state = cast("dict[str, Any]", reply.get("state") or {})
    return FlowRun(reply["id"], str(reply["state_type"]), str(reply["state_name"]), str(state.get("message") or ""))
