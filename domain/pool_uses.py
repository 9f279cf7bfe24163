"""What flows ask of the work pools that the stack makes: job variables and queues that the pools do not have.

Prefect takes both in silence: an unknown variable does nothing, and an unknown queue is made. What a pool of others
knows is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from domain.faults import Fault
from domain.flow_settings import FlowSettings
from domain.job_templates import default_template
from domain.sections import PrefectSettings
from domain.work_pool_settings import WorkPoolEntry
from domain.work_pools import DEFAULT_QUEUE


def faults_of_pool_uses(flows: FlowSettings, prefect: PrefectSettings, key: str) -> Iterator[Fault]:
    """Say what is wrong with runtimes and flows that run in pools of this stack; `key` is the flows'."""
    pools = {entry.name: entry for entry in prefect.work_pools}
    for name, runtime in flows.runtimes.items():
        if pool := pools.get(runtime.work_pool or prefect.work_pool):
            place = f"{key}.runtimes.{name}"
            yield from _unknown_variables(pool, runtime.variables, f"{place}.variables")
            if runtime.image:
                yield from _unknown_variables(pool, ["image"], place)
    for index, flow in enumerate(flows.deployments):
        chosen = flow.work_pool or flows.runtime_of(flow.runtime).work_pool or prefect.work_pool
        if pool := pools.get(chosen):
            place = f"{key}.deployments[{index}]"
            yield from _unknown_variables(pool, flow.variables, f"{place}.variables")
            queues = [DEFAULT_QUEUE, *(queue.name for queue in pool.queues if queue.name != DEFAULT_QUEUE)]
            if flow.work_queue and flow.work_queue not in queues:
                told = (
                    f"{flow.work_queue!r} is not a queue of the work pool {pool.name!r}, which has {', '.join(queues)}"
                )
                yield Fault(f"{place}.workQueue", f"{told}{_hint(flow.work_queue, queues)}")


def _unknown_variables(pool: WorkPoolEntry, names: Iterable[str], place: str) -> Iterator[Fault]:
    known = list(default_template(pool.type)["variables"]["properties"])
    for name in names:
        if name not in known:
            yield Fault(
                f"{place}.{name}",
                f"the work pool {pool.name!r} is of the type {pool.type}, whose jobs have no variable of this name; "
                f"they have {', '.join(known)}{_hint(name, known)}",
            )


def _hint(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
