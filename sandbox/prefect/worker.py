"""One Prefect process worker, which runs the flows of the landing zone's work pool as child processes.

Its settings are in its environment (sandbox/parts.py). It is the pool's only worker, so a run that its server believes
to be under way when it starts was cut off with an earlier worker; Prefect would show it as running for ever.
"""

from __future__ import annotations

import logging
import signal

import anyio
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import State, StateType
from prefect.workers.process import ProcessWorker

from sandbox.home import SandboxHome
from sandbox.probes import POOL

_UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
_CUT_OFF = "The sandbox's worker ended while this run was under way."

log = logging.getLogger(__name__)


def serve(_home: SandboxHome) -> None:
    """Work until SIGTERM; the pool is made when it is not there yet."""
    anyio.run(_work)


async def _work() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_at_sigterm, tasks.cancel_scope)
        await _mark_cut_off_runs()
        worker = ProcessWorker(work_pool_name=POOL, name="sandbox", create_pool_if_not_found=True)
        await worker.start(printer=log.info)


async def _mark_cut_off_runs() -> None:
    async with get_client() as client:
        cut_off = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNDER_WAY))),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        )
        for run in cut_off:
            log.warning("flow run '%s' was cut off when the worker ended", run.name)
            await client.set_flow_run_state(run.id, State[None](type=StateType.CRASHED, message=_CUT_OFF), force=True)


async def _cancel_at_sigterm(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            return
