"""One Prefect process worker, which runs the flows of the landing zone's work pool as child processes.

Its settings are in its environment (sandbox/parts.py). A flow run that is under way when the worker stops is ended
with it: its process has a session of its own, so the supervisor's signal does not reach it, but the worker's end does.
"""

from __future__ import annotations

import logging
import signal

import anyio
from prefect.workers.process import ProcessWorker

from sandbox.home import SandboxHome
from sandbox.probes import POOL

log = logging.getLogger(__name__)


def serve(_home: SandboxHome) -> None:
    """Work until SIGTERM; the pool is made when it is not there yet."""
    anyio.run(_work)


async def _work() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_at_sigterm, tasks.cancel_scope)
        worker = ProcessWorker(work_pool_name=POOL, name="sandbox", create_pool_if_not_found=True)
        await worker.start(printer=log.info)


async def _cancel_at_sigterm(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            return
