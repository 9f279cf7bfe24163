"""What a deployment of a flow is meant to be, and what Prefect's API wants and gives for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OWNER_LABEL = "landing.owner"
"""The label that names the project and stack a deployment belongs to; Prefect lets nobody change it afterwards."""

SOURCE_FIELDS = ("repository", "branch", "commit_sha", "token_secret_name", "username")
"""The fields of a spec that say where the code is; they change together."""

_CLONE_STEP = "prefect.deployments.steps.git_clone"
_SECRET = re.compile(r"\{\{ prefect\.blocks\.secret\.(?P<name>[a-z0-9-]+) \}\}")
_ENTRYPOINT = re.compile(r"(?P<file>(?!/)(?!.*(^|/)\.\./)[^:\s]+\.py):(?P<function>[A-Za-z_]\w*)")
_CRON_FIELD = re.compile(r"[\d*/,\-A-Za-z?#]+")
_CRON_FIELDS = 5
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DEFAULT_QUEUE = "default"


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
    username: str | None = None
    """Whose token it is, for Git hosts that ask."""
    work_pool: str
    work_pool_id: str | None = None
    """Where the stack makes the pool: a deployment falls out of a pool that goes, whatever the next one is called."""
    work_queue: str | None = None
    """One of the pool's queues; its default queue when None."""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    parameter_schema: dict[str, Any] = field(default_factory=dict[str, Any])
    """The JSON schema of what the flow takes, from its source; Prefect's page asks for parameters by it."""
    enforce_parameter_schema: bool = True
    """Whether Prefect refuses to start a run with parameters that are not by the schema."""
    concurrency_limit: int | None = None
    """How many of its runs may be under way at once; further ones wait. No limit when None."""
    tags: tuple[str, ...] = ()
    description: str = ""
    job_variables: dict[str, Any] = field(default_factory=dict[str, Any])
    schedules: tuple[FlowSchedule, ...] = ()
    ca_bundle: str | None = None
    """A PEM file with the certificates that the API's own is checked by; the usual authorities' when None."""

    def __post_init__(self) -> None:
        """Put what can be said in several ways, or in any order, in one."""
        object.__setattr__(self, "api_url", self.api_url.rstrip("/"))
        object.__setattr__(self, "work_queue", None if self.work_queue == _DEFAULT_QUEUE else self.work_queue)
        object.__setattr__(self, "parameter_schema", self.parameter_schema or {"type": "object", "properties": {}})
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))
        object.__setattr__(self, "schedules", tuple(sorted(self.schedules, key=lambda schedule: schedule.slug)))

    @property
    def reference(self) -> str:
        """The branch or the commit that a run takes."""
        return self.commit_sha or self.branch or ""


def entrypoint_parts(entrypoint: str) -> tuple[str, str]:
    """Split an entry point into its file and its function; raises ValueError when it is none."""
    parts = _ENTRYPOINT.fullmatch(entrypoint)
    if parts:
        return parts["file"], parts["function"]
    file, _, function = entrypoint.rpartition(":")
    why = ""
    if file.startswith("/") or ".." in file.split("/"):
        why = f"; {file!r} is not below it, and only that is pulled"
    elif re.fullmatch(r"\w+(\.\w+)+", function):
        why = f"; {function!r} is a method, whose parameters Prefect cannot read"
    raise ValueError(
        f"{entrypoint!r} is not an entry point: 'flows/hello.py:hello' is a file below the repository's root and a "
        f"function in it{why}"
    )


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
    yield from _faults_of_source(spec)
    if not spec.work_pool:
        yield "work_pool", "is empty; name a work pool"
    if spec.concurrency_limit is not None and spec.concurrency_limit < 1:
        yield "concurrency_limit", f"{spec.concurrency_limit} is not a limit: 1 or more, or none at all"
    for reason in schedule_faults(spec.schedules):
        yield "schedules", reason


def _faults_of_source(spec: DeploymentSpec) -> Iterator[tuple[str, str]]:
    if (spec.branch is None) == (spec.commit_sha is None):
        yield "branch", "name either a branch or a commit"
    if spec.commit_sha is not None and not _COMMIT.fullmatch(spec.commit_sha):
        yield "commit_sha", f"{spec.commit_sha!r} is not a full commit: 40 lower-case hexadecimal digits"
    if re.match(r"https?://[^/]*@", spec.repository):
        yield "repository", "holds credentials; put the token into a Prefect secret block and name the block instead"
    if spec.token_secret_name and not spec.repository.startswith("https://"):
        yield "token_secret_name", "a token is sent over https alone; give the repository's https address, or no token"
    if spec.username and not spec.token_secret_name:
        yield "username", "has no token beside it; name the Prefect secret block that holds it, or no user"


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
    """Give what Prefect can create and change, by its own field names; schedules are apart.

    A queue that is left out is the pool's default one.
    """
    return {
        "entrypoint": spec.entrypoint,
        "pull_steps": _render_pull_steps(spec),
        "work_pool_name": spec.work_pool,
        **({"work_queue_name": spec.work_queue} if spec.work_queue else {}),
        "parameters": spec.parameters,
        "parameter_openapi_schema": spec.parameter_schema,
        "enforce_parameter_schema": spec.enforce_parameter_schema,
        "concurrency_limit": spec.concurrency_limit,
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
    step: dict[str, Any] = {"repository": spec.repository}
    step |= {"commit_sha": spec.commit_sha} if spec.commit_sha else {"branch": spec.branch or ""}
    if spec.token_secret_name:
        token = f"{{{{ prefect.blocks.secret.{spec.token_secret_name} }}}}"
        step |= (
            {"credentials": {"username": spec.username, "access_token": token}}
            if spec.username
            else {"access_token": token}
        )
    return [{_CLONE_STEP: step}]


def parse_pull_steps(steps: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """Read where the code is back: the fields `SOURCE_FIELDS`, empty where the steps are not as we write them."""
    none: dict[str, str | None] = {**dict.fromkeys(SOURCE_FIELDS), "repository": ""}
    if len(steps) != 1 or set(steps[0]) != {_CLONE_STEP}:
        return none
    step = cast("dict[str, Any]", steps[0][_CLONE_STEP] or {})
    shown = _parse_credentials(step)
    if shown is None or step.keys() - {"repository", "branch", "commit_sha", "access_token", "credentials"}:
        return none
    return {
        "repository": str(step.get("repository") or ""),
        "branch": step.get("branch") or None,
        "commit_sha": step.get("commit_sha") or None,
        **shown,
    }


def _parse_credentials(step: Mapping[str, Any]) -> dict[str, str | None] | None:
    """Read the token's block and the user back; None when they are not as we write them."""
    token, username = step.get("access_token"), None
    credentials = step.get("credentials")
    if credentials is not None:
        if token is not None or not isinstance(credentials, dict):
            return None
        both = cast("dict[str, Any]", credentials)
        if set(both) != {"username", "access_token"}:
            return None
        token, username = both["access_token"], str(both["username"])
    if token is None:
        return {"token_secret_name": None, "username": None}
    secret = _SECRET.fullmatch(str(token))
    return {"token_secret_name": secret["name"], "username": username} if secret else None
