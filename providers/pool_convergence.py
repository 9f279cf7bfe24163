"""How a work pool and its queues in Prefect become as they are wanted: what is held, and what is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clients.prefect_pools import Pool, PrefectPools, Queue
from domain.job_templates import described
from domain.work_pools import DEFAULT_QUEUE, WorkPoolSpec, WorkQueue, parse_description, render_fields
from providers.pool_claims import refuse_while_in_use


def held_spec(known: Pool, queues: Sequence[Queue], spec: WorkPoolSpec) -> WorkPoolSpec:
    """Give the spec that would make the pool what it is, as far as it is ours; the way to it is taken from `spec`."""
    text, owner = parse_description(known.description or "")
    template = described(known.type, known.base_job_template)
    held = {queue.name: queue for queue in queues}
    return WorkPoolSpec(
        api_url=spec.api_url,
        ca_bundle=spec.ca_bundle,
        owner=owner,
        name=known.name,
        type=known.type,
        description=text,
        concurrency_limit=known.concurrency_limit,
        queues=tuple(_parse_queue(held[queue.name], queue) for queue in spec.queues if queue.name in held),
        default_template=template.default,
        template_changes=template.changes,
    )


def _parse_queue(known: Queue, wanted: WorkQueue) -> WorkQueue:
    return WorkQueue(
        name=known.name,
        priority=None if wanted.priority is None else known.priority,
        concurrency_limit=known.concurrency_limit,
        description=known.description or "",
    )


def converge(pools: PrefectPools, known: Pool, old: WorkPoolSpec | None, new: WorkPoolSpec) -> None:
    """Write what differs from what Prefect holds, of what is not as it was; all that differs where nothing was."""
    held = asdict(known)
    changes = {name: value for name, value in render_fields(new, since=old).items() if value != held[name]}
    if changes:
        pools.change_pool(new.name, changes)


def converge_queues(pools: PrefectPools, old: WorkPoolSpec | None, new: WorkPoolSpec) -> None:
    """Do the same with each queue that we keep; those that we kept and keep no longer go."""
    was = {queue.name: queue for queue in old.queues} if old else {}
    gone = was.keys() - {queue.name for queue in new.queues} - {DEFAULT_QUEUE}
    if not new.queues and not gone:
        return
    held = {queue.name: queue for queue in pools.queues(new.name)}
    moved = False
    # To give a queue a priority moves those behind it, so the first goes first, and all after it are told theirs.
    for queue in sorted(new.queues, key=lambda each: (each.priority is None, each.priority or 0)):
        known, want = held.get(queue.name), _render_queue(queue)
        before = _render_queue(was[queue.name]) if known and queue.name in was else {}
        changes = _differing(want, asdict(known) if known else {}, before)
        if moved and queue.priority is not None:
            changes["priority"] = queue.priority
        moved = moved or "priority" in changes
        if known is None and pools.create_queue(new.name, {"name": queue.name, **want}):
            continue
        if changes:
            pools.change_queue(new.name, queue.name, changes)
    for name in sorted(gone & held.keys()):
        refuse_while_in_use(pools, new, name)
        pools.delete_queue(new.name, name)


def _render_queue(queue: WorkQueue) -> dict[str, Any]:
    """Give a queue's fields by Prefect's names; its priority stays as it is where none is wanted."""
    fields = {"concurrency_limit": queue.concurrency_limit, "description": queue.description}
    return fields if queue.priority is None else {**fields, "priority": queue.priority}


def _differing(want: Mapping[str, Any], held: Mapping[str, Any], was: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is wanted, neither held nor wanted before: an edit in the page outlives a change elsewhere."""
    new = {name: value for name, value in want.items() if name not in was or was[name] != value}
    return {name: value for name, value in new.items() if name not in held or held[name] != value}
