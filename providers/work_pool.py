"""A Prefect work pool, with its queues and the template of its jobs.

Prefect is written to only where it differs from what the program says, and only in what the program changed; an
operator's pause, of a pool or of a queue, is never undone. A pool or a queue that somebody still uses is not deleted:
Prefect would leave its runs waiting for ever and its deployments without a pool, and say nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import pulumi
from pulumi.dynamic import DiffResult, Resource

from clients.errors import ServiceError
from clients.prefect_access import PrefectAccess, PrefectCredentials, http_at
from clients.prefect_pools import Pool, PrefectPools, Queue, pool_page
from domain.flow_deployments import OWNER_LABEL
from domain.job_templates import says_no_more_than_the_default
from domain.work_pools import (
    DEFAULT_QUEUE,
    WorkPoolSpec,
    WorkQueue,
    faults_of,
    parse_description,
    render_description,
    render_fields,
)
from providers.codec import Properties
from providers.typed_provider import Created, Found, StackConfig, TypedProvider


@dataclass(frozen=True, kw_only=True)
class WorkPoolOutputs:
    """Where the pool is."""

    pool_id: str
    """Prefect's own id; a pool that is made anew has another one, and deployments have to be put into it again."""
    url: str
    """The pool's page."""


class WorkPoolProvider(TypedProvider[WorkPoolSpec, WorkPoolOutputs]):
    """Keeps pools whose description names our stack, and takes over those that nobody has configured."""

    spec_type = WorkPoolSpec
    outputs_type = WorkPoolOutputs
    replaces_on = frozenset({"api_url", "name", "type"})

    def configured(self, config: StackConfig) -> None:
        """Take Prefect's credentials: `landing:prefect.apiKey`, `.basicAuth`, or Prefect's own variables."""
        section: object = config.get("landing:prefect") or {}
        values = cast("dict[str, Any]", json.loads(section) if isinstance(section, str) else section)
        self._credentials = PrefectCredentials(
            api_key=values.get("apiKey") or os.environ.get("PREFECT_API_KEY"),
            basic_auth=values.get("basicAuth") or os.environ.get("PREFECT_API_AUTH_STRING"),
        )

    def describe(self, spec: WorkPoolSpec) -> str:
        """Name the pool as Prefect's own tools do."""
        return f"the Prefect work pool {spec.name!r}"

    def faults(self, spec: WorkPoolSpec) -> list[tuple[str, str]]:
        """Check what Prefect would refuse only in `up`."""
        return list(faults_of(spec))

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        """Compare as any; a pool with a new name is made before the old one goes, for its deployments to move over."""
        result = super().diff(_id, _olds, _news)
        result.delete_before_replace = not {"api_url", "name"} & set(result.replaces or [])
        return result

    def create_object(self, spec: WorkPoolSpec) -> Created[WorkPoolOutputs]:
        """Create the pool, or go on with ours that a killed run has left, or with one that nobody has configured."""
        pools = self._pools(spec)
        known = pools.find_pool(spec.name)
        if known is not None and known.type != spec.type and _is_ours(known, spec):
            _refuse_while_in_use(pools, spec)
            pools.delete_pool(spec.name)
            known = None
        if known is None:
            body = {"name": spec.name, "type": spec.type, **render_fields(spec)}
            made = pools.create_pool(body)
            if made is not None:
                _converge_queues(pools, None, spec)
                return Created(id=made.id, outputs=_outputs(made, spec))
            # It is there by now: made by a worker, or by our own call, whose reply was lost.
            known = pools.find_pool(spec.name)
            if known is None:
                raise ServiceError("Prefect says that the name is taken, and has no such pool", hint="run it again")
        _refuse_unless_free(pools, known, spec)
        _converge(pools, known, None, spec)
        _converge_queues(pools, None, spec)
        return Created(id=known.id, outputs=_outputs(known, spec))

    def read_object(
        self, object_id: str, known: Found[WorkPoolSpec, WorkPoolOutputs]
    ) -> Found[WorkPoolSpec, WorkPoolOutputs] | None:
        """Read what Prefect holds now; a pool that somebody has made anew under the name is another one."""
        spec = known.spec
        pools = self._pools(spec)
        pool = pools.find_pool(spec.name)
        if pool is None or pool.id != object_id:
            return None
        found = _parse(pool, pools.queues(spec.name) if spec.queues else [], spec)
        return Found(spec=found, outputs=_outputs(pool, spec))

    def update_object(
        self, object_id: str, old: Found[WorkPoolSpec, WorkPoolOutputs], new: WorkPoolSpec
    ) -> WorkPoolOutputs:
        """Write what the program changed and Prefect does not hold; queues that we kept and keep no longer go."""
        pools = self._pools(new)
        known = pools.find_pool(new.name)
        if known is None or known.id != object_id:
            raise ServiceError("it was deleted in Prefect", hint="run `pulumi up --refresh`, which makes it again")
        _converge(pools, known, old.spec, new)
        _converge_queues(pools, old.spec, new)
        return _outputs(known, new)

    def delete_object(self, object_id: str, spec: WorkPoolSpec) -> None:
        """Delete the pool with all its queues, unless it is in use or another one by now."""
        pools = self._pools(spec)
        known = pools.find_pool(spec.name)
        if known is None or known.id != object_id:
            return
        _refuse_while_in_use(pools, spec)
        pools.delete_pool(spec.name)

    def _pools(self, spec: WorkPoolSpec) -> PrefectPools:
        return PrefectPools(
            http_at(PrefectAccess(api_url=spec.api_url, credentials=self._credentials, ca_bundle=spec.ca_bundle))
        )


def _outputs(known: Pool, spec: WorkPoolSpec) -> WorkPoolOutputs:
    return WorkPoolOutputs(pool_id=known.id, url=pool_page(spec.api_url, spec.name))


def _is_ours(known: Pool, spec: WorkPoolSpec) -> bool:
    return parse_description(known.description or "")[1] == spec.owner


def _refuse_unless_free(pools: PrefectPools, known: Pool, spec: WorkPoolSpec) -> None:
    """Refuse a pool that is not ours to change, with the reason."""
    if _is_ours(known, spec):
        return
    why = next(_marks_of_others(known, spec, pools), "")
    if why:
        raise ServiceError(
            f"Prefect at {spec.api_url} already has it, and {why}",
            hint="give this one another name, delete that one there, or hand it over by ending its description with "
            f"{render_description('', spec.owner)!r}",
        )


def _marks_of_others(known: Pool, spec: WorkPoolSpec, pools: PrefectPools) -> Iterator[str]:
    """Say what shows that a pool is somebody's: a worker that makes its own leaves none of it."""
    _, owner = parse_description(known.description or "")
    if owner:
        yield f"it belongs to the stack {owner}"
    if known.type != spec.type:
        yield f"its type is {known.type!r}, which cannot be changed"
    if known.description:
        yield "it has a description, so somebody looks after it"
    if known.concurrency_limit is not None:
        yield f"somebody has limited it to {known.concurrency_limit} runs at once"
    if not says_no_more_than_the_default(known.base_job_template, spec.type):
        yield "its base job template is not the type's default"
    limited = [queue.name for queue in pools.queues(known.name) if queue.concurrency_limit is not None]
    if limited:
        yield f"somebody has limited its queue {limited[0]!r}"


def _parse(known: Pool, queues: Sequence[Queue], spec: WorkPoolSpec) -> WorkPoolSpec:
    """Give the spec that would make the pool what it is, as far as it is ours; the way to it is taken from `spec`."""
    text, owner = parse_description(known.description or "")
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
        base_job_template=known.base_job_template,
    )


def _parse_queue(known: Queue, wanted: WorkQueue) -> WorkQueue:
    return WorkQueue(
        name=known.name,
        priority=None if wanted.priority is None else known.priority,
        concurrency_limit=known.concurrency_limit,
        description=known.description or "",
    )


def _converge(pools: PrefectPools, known: Pool, old: WorkPoolSpec | None, new: WorkPoolSpec) -> None:
    """Write what differs from what Prefect holds, of what is not as it was; all that differs where nothing was."""
    was = render_fields(old) if old else {}
    changes = _differing(render_fields(new), asdict(known), was)
    if changes:
        pools.change_pool(new.name, changes)


def _converge_queues(pools: PrefectPools, old: WorkPoolSpec | None, new: WorkPoolSpec) -> None:
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
        _refuse_while_in_use(pools, new, name)
        pools.delete_queue(new.name, name)


def _render_queue(queue: WorkQueue) -> dict[str, Any]:
    """Give a queue's fields by Prefect's names; its priority stays as it is where none is wanted."""
    fields = {"concurrency_limit": queue.concurrency_limit, "description": queue.description}
    return fields if queue.priority is None else {**fields, "priority": queue.priority}


def _differing(want: Mapping[str, Any], held: Mapping[str, Any], was: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is wanted, neither held nor wanted before: an edit in the page outlives a change elsewhere."""
    new = {name: value for name, value in want.items() if name not in was or was[name] != value}
    return {name: value for name, value in new.items() if name not in held or held[name] != value}


def _refuse_while_in_use(pools: PrefectPools, spec: WorkPoolSpec, queue: str | None = None) -> None:
    """Refuse to take a pool or a queue away from runs that are not over and from deployments that are not ours."""
    what = f"its queue {queue!r}" if queue else "it"
    runs = [run for run in pools.runs_not_over(spec.name, queue) if not run.is_only_planned]
    if runs:
        told = ", ".join(f"{run.name} ({run.state_name})" for run in runs[:3])
        raise ServiceError(
            f"{what} still has {_counted(len(runs), 'run')}: {told}{', ...' if len(runs) > 3 else ''}",  # noqa: PLR2004  # those that are told
            hint="wait until they are over or cancel them in Prefect, and run it again",
        )
    others = [
        each for each in pools.deployments(spec.name, queue) if (each.labels or {}).get(OWNER_LABEL) != spec.owner
    ]
    if others:
        told = ", ".join(repr(each.name) for each in others[:3])
        raise ServiceError(
            f"{what} is what {_counted(len(others), 'deployment')} of others "
            f"run{'s' if len(others) == 1 else ''} in: {told}{', ...' if len(others) > 3 else ''}",  # noqa: PLR2004  # likewise
            hint="move them to another pool or delete them, and run it again",
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


class WorkPool(Resource, module="landing", name="WorkPool"):
    """A work pool: what takes runs from Prefect, and how their jobs look."""

    name: pulumi.Output[str]
    pool_id: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        api_url: pulumi.Input[str],
        name: str,
        type: str,  # noqa: A002  # Prefect's own word
        base_job_template: Mapping[str, Any],
        description: str = "",
        concurrency_limit: int | None = None,
        queues: Sequence[WorkQueue] = (),
        ca_bundle: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            WorkPoolProvider(),
            resource_name,
            {
                "api_url": api_url,
                "ca_bundle": ca_bundle,
                "owner": f"{pulumi.get_project()}/{pulumi.get_stack()}",
                "name": name,
                "type": type,
                "description": description,
                "concurrency_limit": concurrency_limit,
                "queues": [asdict(queue) for queue in queues],
                "base_job_template": base_job_template,
                "pool_id": None,
                "url": None,
            },
            opts,
        )
