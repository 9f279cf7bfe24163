"""What a deployment of a flow is meant to be, and what Prefect's API wants and gives for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OWNER_LABEL = "landing.owner"
"""The label that names the project and stack a deployment belongs to; Prefect lets nobody change it afterwards."""

_CLONE_STEP = "prefect.deployments.steps.git_clone"
_SECRET = re.compile(r"\{\{ prefect\.blocks\.secret\.(?P<name>[a-z0-9-]+) \}\}")
_ENTRYPOINT = re.compile(r"(?P<file>(?!/)(?!.*(^|/)\.\./)[^:\s]+\.py):(?P<function>[A-Za-z_]\w*)")
_CRON_FIELD = re.compile(r"[\d*/,\-A-Za-z?#]+")
_CRON_FIELDS = 5
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class FlowSchedule:
    """When a deployment runs by itself; its slug is what tells it from the others, so that a pause survives changes."""

    slug: str
    cron: str
    timezone: str = "UTC"
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class DeploymentSpec:
    """A deployment as it should be, or, read back, as it is."""

    api_url: str
    owner: str
    """The project and stack that it belongs to: `landing/dev`."""
    flow_name: str
    name: str
    entrypoint: str
    """`folder/file.py:function`, from the repository's root."""
    repository: str
    branch: str | None = None
    """A branch is followed: a push needs no new registration."""
    commit_sha: str | None = None
    """All 40 digits: a run takes exactly this commit."""
    token_secret_name: str | None = None
    """The Prefect secret block that holds the repository's token; the token itself is never seen here."""
    work_pool: str
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    tags: tuple[str, ...] = ()
    description: str = ""
    job_variables: dict[str, Any] = field(default_factory=dict[str, Any])
    schedules: tuple[FlowSchedule, ...] = ()

    def __post_init__(self) -> None:
        """Put what has no order in one order."""
        object.__setattr__(self, "api_url", self.api_url.rstrip("/"))
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))
        object.__setattr__(self, "schedules", tuple(sorted(self.schedules, key=lambda schedule: schedule.slug)))

    @property
    def reference(self) -> str:
        """The branch or the commit that a run takes."""
        return self.commit_sha or self.branch or ""


def entrypoint_parts(entrypoint: str) -> tuple[str, str]:
    """Split an entry point into its file and its function; raises ValueError when it is none."""
    parts = _ENTRYPOINT.fullmatch(entrypoint)
    if not parts:
        raise ValueError(
            f"{entrypoint!r} is not an entry point: 'flows/hello.py:hello' is a file below the repository's root and "
            "a function in it"
        )
    return parts["file"], parts["function"]


def flow_name_of(entrypoint: str) -> str:
    """Give the name that Prefect gives to a flow whose decorator says none: its function's, with hyphens."""
    return entrypoint_parts(entrypoint)[1].replace("_", "-")


def faults_of(spec: DeploymentSpec) -> Iterator[tuple[str, str]]:
    """Say what is wrong with a spec as (field, reason): Prefect itself accepts most of it in silence."""
    for name in ("flow_name", "name"):
        value = str(getattr(spec, name))
        if not value.strip() or re.search(r"[/%&<>]", value):
            yield name, f"{value!r} is not a name: one or more characters, none of / % & < >"
    try:
        entrypoint_parts(spec.entrypoint)
    except ValueError as error:
        yield "entrypoint", str(error)
    if (spec.branch is None) == (spec.commit_sha is None):
        yield "branch", "name either a branch or a commit"
    if spec.commit_sha is not None and not _COMMIT.fullmatch(spec.commit_sha):
        yield "commit_sha", f"{spec.commit_sha!r} is not a full commit: 40 lower-case hexadecimal digits"
    if re.match(r"https?://[^/]*@", spec.repository):
        yield "repository", "holds credentials; put the token into a Prefect secret block and name the block instead"
    if not spec.work_pool:
        yield "work_pool", "is empty; name a work pool"
    for reason in schedule_faults(spec.schedules):
        yield "schedules", reason


def schedule_faults(schedules: Sequence[FlowSchedule]) -> Iterator[str]:
    """Say what is wrong with the schedules of one deployment."""
    slugs = [schedule.slug for schedule in schedules]
    for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        yield f"two schedules have the slug {slug!r}; give each its own"
    for schedule in schedules:
        yield from (f"schedule {schedule.slug!r}: {reason}" for reason in _faults_of_one(schedule))


def _faults_of_one(schedule: FlowSchedule) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", schedule.slug):
        yield "its slug is not one: lower-case letters and digits, with single hyphens between"
    words = schedule.cron.split()
    if len(words) != _CRON_FIELDS or not all(map(_CRON_FIELD.fullmatch, words)):
        yield f"{schedule.cron!r} is not a cron expression: five fields, such as '0 7 * * 1-5'"
    try:
        ZoneInfo(schedule.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"{schedule.timezone!r} is not an IANA time zone, such as 'America/New_York'"


def render_fields(spec: DeploymentSpec) -> dict[str, Any]:
    """Give what Prefect can create and change, by its own field names; schedules are apart."""
    return {
        "entrypoint": spec.entrypoint,
        "pull_steps": _render_pull_steps(spec),
        "work_pool_name": spec.work_pool,
        "parameters": spec.parameters,
        "tags": list(spec.tags),
        "description": spec.description,
        "job_variables": spec.job_variables,
    }


def render_schedule(schedule: FlowSchedule) -> dict[str, Any]:
    """Give a schedule for Prefect; whether it is active is left out, because that is the operator's to say."""
    return {
        "slug": schedule.slug,
        "schedule": {"cron": schedule.cron, "timezone": schedule.timezone},
        "parameters": schedule.parameters,
    }


def _render_pull_steps(spec: DeploymentSpec) -> list[dict[str, Any]]:
    step = {"repository": spec.repository}
    step |= {"commit_sha": spec.commit_sha} if spec.commit_sha else {"branch": spec.branch or ""}
    if spec.token_secret_name:
        step["access_token"] = f"{{{{ prefect.blocks.secret.{spec.token_secret_name} }}}}"
    return [{_CLONE_STEP: step}]


def parse_pull_steps(steps: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """Read `repository`, `branch`, `commit_sha` and `token_secret_name` back; empty where the steps are not ours."""
    none: dict[str, str | None] = {"repository": "", "branch": None, "commit_sha": None, "token_secret_name": None}
    if len(steps) != 1 or set(steps[0]) != {_CLONE_STEP}:
        return none
    step = cast("dict[str, Any]", steps[0][_CLONE_STEP] or {})
    token = step.get("access_token")
    secret = _SECRET.fullmatch(str(token)) if token is not None else None
    if (token is not None and not secret) or step.keys() - {"repository", "branch", "commit_sha", "access_token"}:
        return none
    return {
        "repository": str(step.get("repository") or ""),
        "branch": step.get("branch") or None,
        "commit_sha": step.get("commit_sha") or None,
        "token_secret_name": secret["name"] if secret else None,
    }
