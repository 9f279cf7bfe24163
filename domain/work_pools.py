"""What a work pool is meant to be, and what Prefect's API wants and gives for it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.job_templates import POOL_TYPES, JobTemplate, spelled_out
from domain.json_differences import Differences

DEFAULT_QUEUE = "default"
"""The queue that Prefect makes with each pool, and that goes with it alone."""

_KEPT_BY = "Kept by the Pulumi stack "
_BANNED = re.compile(r"[/%&<>]")
"""What no name may hold (Prefect, `prefect.types.names`)."""


@dataclass(frozen=True, kw_only=True)
class WorkQueue:
    """A queue of a pool; None leaves what Prefect has chosen."""

    name: str
    priority: int | None = None
    """1 goes first; Prefect moves the other queues back."""
    concurrency_limit: int | None = None
    """How many of its runs may be under way at once; None for any number."""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkPoolSpec:
    """A work pool as it should be, or, read back, as it is."""

    api_url: str
    ca_bundle: str | None = None
    """A PEM file with the certificates that the API's own is checked by."""
    owner: str
    """The project and stack that it belongs to: `landing/dev`."""
    name: str
    type: str
    """`process`, `docker` or `kubernetes`."""
    description: str = ""
    concurrency_limit: int | None = None
    """How many of its runs may be under way at once; None for any number."""
    queues: tuple[WorkQueue, ...] = ()
    """The queues that are ours to keep; others are left alone."""
    default_template: str = ""
    """The fingerprint of the type's own base job template: another Prefect may have another one."""
    template_changes: Differences = field(default_factory=dict[str, Any])
    """What stands in the pool's base job template that is not as in the type's own, by JSON pointers."""

    def __post_init__(self) -> None:
        """Put what has no order in one order."""
        object.__setattr__(self, "api_url", self.api_url.rstrip("/"))
        object.__setattr__(self, "queues", tuple(sorted(self.queues, key=lambda queue: queue.name)))

    @property
    def template(self) -> JobTemplate:
        """The base job template, in few words."""
        return JobTemplate(default=self.default_template, changes=self.template_changes)


def render_fields(spec: WorkPoolSpec, since: WorkPoolSpec | None = None) -> dict[str, Any]:
    """Give what Prefect can create and change, by its own field names, as far as it is not as in `since`.

    A pause is the operator's to say.
    """
    fields: dict[str, Any] = {}
    if since is None or (spec.description, spec.owner) != (since.description, since.owner):
        fields["description"] = render_description(spec.description, spec.owner)
    if since is None or spec.concurrency_limit != since.concurrency_limit:
        fields["concurrency_limit"] = spec.concurrency_limit
    if since is None or spec.template != since.template:
        fields["base_job_template"] = spelled_out(spec.type, spec.template_changes)
    return fields


def render_description(text: str, owner: str) -> str:
    """Give a description that ends with whose the pool is: the one field of a pool that can say it."""
    mark = f"{_KEPT_BY}{owner}."
    return f"{text}\n\n{mark}" if text else mark


def parse_description(description: str) -> tuple[str, str]:
    """Split a description into its text and the owner, who is empty when it names none."""
    text, kept_by, owner = description.rpartition(_KEPT_BY)
    whole = kept_by and owner.endswith(".") and not re.search(r"\s", owner)
    if not whole or (text and not text.endswith("\n\n")):
        return description, ""
    return text[:-2], owner[:-1]


def pool_type_fault(pool_type: str) -> str:
    """Say what is wrong with a pool's type; empty when nothing is."""
    if pool_type in POOL_TYPES:
        return ""
    close = difflib.get_close_matches(pool_type.lower(), POOL_TYPES, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"{pool_type!r} is not one of {', '.join(POOL_TYPES)}{meant}"


def pool_name_fault(name: str) -> str:
    """Say what is wrong with a pool's name; empty when nothing is."""
    if name.lower().startswith("prefect"):
        return f"{name!r} begins with 'prefect', and Prefect keeps such names for itself; choose another"
    return queue_name_fault(name)


def queue_name_fault(name: str) -> str:
    """Say what is wrong with a queue's name; empty when nothing is."""
    if not name.strip() or _BANNED.search(name):
        return f"{name!r} is not a name: one or more characters, none of / % & < >"
    return ""


def queue_faults(queues: Sequence[WorkQueue]) -> Iterator[str]:
    """Say what is wrong between the queues of one pool."""
    names = [queue.name for queue in queues]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two queues have the name {name!r}; give each its own"
    priorities = [queue.priority for queue in queues if queue.priority is not None]
    for priority in sorted({each for each in priorities if priorities.count(each) > 1}):
        yield f"two queues have the priority {priority}; Prefect keeps priorities apart, so give each its own"


def faults_of(spec: WorkPoolSpec) -> Iterator[tuple[str, str]]:
    """Say what is wrong with a spec as (field, reason)."""
    if fault := pool_name_fault(spec.name):
        yield "name", fault
    if fault := pool_type_fault(spec.type):
        yield "type", fault
    for queue in spec.queues:
        if fault := queue_name_fault(queue.name):
            yield "queues", fault
    for fault in queue_faults(spec.queues):
        yield "queues", fault
