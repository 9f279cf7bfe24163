"""Start a flow run and wait for its end, by Prefect's HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx
import tenacity

_FINAL_TYPES = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_LIMIT_SECONDS = 180


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
        created = http.post(f"/deployments/{deployment_id}/create_flow_run", json={"parameters": dict(parameters)})
        run = _parsed(created)

        def last_seen(state: tenacity.RetryCallState) -> FlowRun:
            return state.outcome.result() if state.outcome else run

        return tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda seen: not seen.is_final),
            wait=tenacity.wait_fixed(0.3),
            stop=tenacity.stop_after_delay(_LIMIT_SECONDS),
            retry_error_callback=last_seen,
        )(lambda: _parsed(http.get(f"/flow_runs/{run.id}")))


def _parsed(response: httpx.Response) -> FlowRun:
    response.raise_for_status()
    reply = cast("dict[str, Any]", response.json())
    state = cast("dict[str, Any]", reply.get("state") or {})
    return FlowRun(reply["id"], str(reply["state_type"]), str(reply["state_name"]), str(state.get("message") or ""))
