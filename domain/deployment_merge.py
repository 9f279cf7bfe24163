"""What a deployment should be when its program has changed, and somebody may have edited it in Prefect since.

What the program itself changed goes to Prefect; what it did not change is left as Prefect holds it, since an edit
there may have had its reason. `pulumi refresh` records such edits, and from then on they are changes to take back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from domain.flow_deployments import SOURCE_FIELDS, DeploymentSpec, FlowSchedule

_TOGETHER = (
    SOURCE_FIELDS,
    ("work_pool", "work_pool_id", "work_queue"),
    ("parameter_schema", "enforce_parameter_schema"),
    ("entrypoint",),
    ("description",),
    ("concurrency_limit",),
)
"""Fields that make sense only together: of each group, the program's are taken or those that Prefect holds."""


def merged(old: DeploymentSpec, new: DeploymentSpec, held: DeploymentSpec) -> DeploymentSpec:
    """Give what the deployment should be now: `held`, with what differs between `old` and `new` done to it."""
    changes: dict[str, Any] = {}
    for group in _TOGETHER:
        if any(getattr(old, name) != getattr(new, name) for name in group):
            changes |= {name: getattr(new, name) for name in group}
    return replace(
        held,
        **changes,
        parameters=_merged(old.parameters, new.parameters, held.parameters),
        job_variables=_merged(old.job_variables, new.job_variables, held.job_variables),
        tags=tuple({*held.tags} - ({*old.tags} - {*new.tags}) | ({*new.tags} - {*old.tags})),
        schedules=_merged_schedules(old.schedules, new.schedules, held.schedules),
    )


def _merged(old: Mapping[str, Any], new: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(held)
    for key in old.keys() - new.keys():
        result.pop(key, None)
    for key, value in new.items():
        before, now = old.get(key), held.get(key)
        if key in old and before == value:
            continue
        if isinstance(before, dict) and isinstance(value, dict) and isinstance(now, dict):
            result[key] = _merged(*cast("tuple[dict[str, Any], ...]", (before, value, now)))
        else:
            result[key] = value
    return result


def _merged_schedules(
    old: tuple[FlowSchedule, ...], new: tuple[FlowSchedule, ...], held: tuple[FlowSchedule, ...]
) -> tuple[FlowSchedule, ...]:
    before, wanted = ({schedule.slug: schedule for schedule in each} for each in (old, new))
    result = {schedule.slug: schedule for schedule in held}
    for slug in before.keys() - wanted.keys():
        result.pop(slug, None)
    result |= {slug: schedule for slug, schedule in wanted.items() if before.get(slug) != schedule}
    return tuple(result.values())
