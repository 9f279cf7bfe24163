"""How what Prefect holds becomes what a deployment should be, at the least cost to its runs.

Each write to a deployment makes Prefect throw away the runs that it has planned, whatever the write is about, so there
is none where nothing differs, and what is still to run is planned anew at once. Runs that are late already, or that a
person asked for, are left alone by Prefect's PATCH and POST; not so by its DELETE of a schedule, which takes the late
runs of all others with it. So a schedule goes by a POST of those that stay, each paused or not as it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clients.prefect import Deployment, DeploymentSchedule, PrefectClient
from domain.deployment_merge import merged
from domain.flow_deployments import (
    OWNER_LABEL,
    DeploymentSpec,
    FlowSchedule,
    parse_pull_steps,
    render_fields,
    render_schedule,
)
from providers.deployment_surroundings import require


def held_spec(known: Deployment, spec: DeploymentSpec) -> DeploymentSpec:
    """Give the spec that would make the deployment what it is; what identifies it is taken from `spec`."""
    limit = known.global_concurrency_limit
    return replace(
        spec,
        owner=str((known.labels or {}).get(OWNER_LABEL, "")),
        entrypoint=known.entrypoint or "",
        work_pool=known.work_pool_name or "",
        work_queue=known.work_queue_name,
        parameters=known.parameters,
        parameter_schema=known.parameter_openapi_schema or {},
        enforce_parameter_schema=known.enforce_parameter_schema,
        concurrency_limit=limit.limit if limit else None,
        tags=tuple(known.tags),
        description=known.description or "",
        job_variables=known.job_variables,
        schedules=tuple(map(_held_schedule, known.schedules)),
        **parse_pull_steps(known.pull_steps or []),  # pyright: ignore[reportArgumentType]  # text and None, as declared
    )


def converge(prefect: PrefectClient, known: Deployment, old: DeploymentSpec | None, new: DeploymentSpec) -> None:
    """Write what `new` changes of `old` and Prefect does not hold yet; all that differs when there is no `old`."""
    held = held_spec(known, new)
    wanted = merged(old, new, held) if old else new
    have, want = render_fields(held), render_fields(wanted)
    changes = {name: value for name, value in want.items() if value != have.get(name)}
    if held.work_pool != wanted.work_pool or held.work_queue != wanted.work_queue:
        changes["work_pool_name"] = wanted.work_pool
    limit = known.global_concurrency_limit
    if "concurrency_limit" in changes and limit and limit.name != f"deployment:{known.id}":
        # Several deployments share it: without this it would be changed, or deleted, for all of them.
        changes["global_concurrency_limit_id"] = None
    require(prefect, wanted, pool="work_pool_name" in changes, secret="pull_steps" in changes)
    changed = [schedule for schedule in wanted.schedules if schedule not in held.schedules]
    staying = {schedule.slug for schedule in wanted.schedules}
    goes = any(_slug(schedule) not in staying for schedule in known.schedules)
    # As long as there is a schedule without a slug, a PATCH of any replaces all of them, pauses and all.
    if goes or (changed and not all(schedule.slug for schedule in known.schedules)):
        since = prefect.put_deployment(_whole(known, wanted) | changes).updated
    elif changed or changes:
        schedules = {"schedules": [render_schedule(schedule) for schedule in changed]} if changed else {}
        prefect.change_deployment(known.id, changes | schedules)
        since = known.as_of
    else:
        return
    active = {_slug(schedule): schedule.active for schedule in known.schedules}
    if not known.paused and any(active.get(schedule.slug, True) for schedule in wanted.schedules):
        prefect.plan_runs(known.id, since)


def _whole(known: Deployment, wanted: DeploymentSpec) -> dict[str, Any]:
    """Give what a POST would reset, as it should be."""
    held = {_slug(schedule): schedule for schedule in known.schedules}
    return {
        "name": known.name,
        "flow_id": known.flow_id,
        "labels": known.labels or {},
        "parameters": wanted.parameters,
        "schedules": [_whole_schedule(held.get(schedule.slug), schedule) for schedule in wanted.schedules],
    }


def _whole_schedule(held: DeploymentSchedule | None, wanted: FlowSchedule) -> dict[str, Any]:
    if held is None:
        return render_schedule(wanted)
    if _held_schedule(held) != wanted:
        return {**render_schedule(wanted), "active": held.active}
    return {
        "slug": held.slug,
        "active": held.active,
        "schedule": dict(held.schedule),
        "parameters": held.parameters,
    }


def _held_schedule(known: DeploymentSchedule) -> FlowSchedule:
    """Read a schedule back; one of another kind than ours (an interval, a rule) has an empty cron expression."""
    return FlowSchedule(
        slug=_slug(known),
        cron=str(known.schedule.get("cron", "")),
        timezone=str(known.schedule.get("timezone") or "UTC"),
        parameters=known.parameters,
    )


def _slug(known: DeploymentSchedule) -> str:
    return known.slug or known.id
