"""Whose a work pool is, and who uses it: what is others' is neither taken over nor taken away."""

from __future__ import annotations

from collections.abc import Iterator

from clients.errors import ServiceError
from clients.prefect_pools import Pool, PrefectPools
from domain.flow_deployments import OWNER_LABEL
from domain.job_templates import says_no_more_than_the_default
from domain.work_pools import WorkPoolSpec, parse_description, render_description


def is_ours(known: Pool, spec: WorkPoolSpec) -> bool:
    """Say whether a pool's description names our stack."""
    return parse_description(known.description or "")[1] == spec.owner


def refuse_unless_free(pools: PrefectPools, known: Pool, spec: WorkPoolSpec) -> None:
    """Refuse a pool that is not ours to change, with the reason."""
    if is_ours(known, spec):
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


def refuse_while_in_use(pools: PrefectPools, spec: WorkPoolSpec, queue: str | None = None) -> None:
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
