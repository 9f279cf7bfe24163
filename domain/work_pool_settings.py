"""`landing:prefect.workPools`: the pools that the stack makes, and what the jobs in them get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, cast

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from domain.entry import Entry, matching
from domain.job_templates import JobSettings, types_that_know
from domain.quantities import check_docker_memory, cpus, memory
from domain.work_pools import WorkQueue, pool_name_fault, pool_type_fault, queue_faults, queue_name_fault

_ENVIRONMENT_NAME = re.compile(r"[^=\0\s]+")
_JOB_SETTINGS = tuple(field.name for field in fields(JobSettings))


def _pool_name(text: str) -> str:
    if fault := pool_name_fault(text):
        raise ValueError(fault)
    return text


def _pool_type(text: str) -> str:
    if fault := pool_type_fault(text):
        raise ValueError(fault)
    return text


def _queue_name(text: str) -> str:
    if fault := queue_name_fault(text):
        raise ValueError(fault)
    return text


def _environment(variables: Mapping[str, str]) -> Mapping[str, str]:
    wrong = [name for name in variables if not _ENVIRONMENT_NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not a variable's name: no spaces and no equals sign")
    return variables


Image = Annotated[str, matching(r"[^\s]+", "an image's reference, such as 'registry.example.com/flows:1.4'")]
Namespace = Annotated[
    str,
    matching(
        r"(?=.{1,63}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?", "at most 63 lower-case letters, digits and hyphens (RFC 1123)"
    ),
]
ServiceAccount = Annotated[
    str,
    matching(
        r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
        "at most 253 lower-case letters, digits, hyphens and dots (RFC 1123)",
    ),
]
Limit = Annotated[int, Field(ge=1)]


class QueueEntry(Entry):
    """A queue of a pool: runs that go before others, or a few at a time."""

    name: Annotated[str, AfterValidator(_queue_name)]
    priority: Annotated[int, Field(ge=1)] | None = None
    """1 goes first; Prefect chooses one when left out, and moves the other queues back."""
    concurrency_limit: Limit | None = None
    """How many of its runs may be under way at once."""
    description: str = ""

    def queue(self) -> WorkQueue:
        """Give it in the words of a pool."""
        return WorkQueue(
            name=self.name,
            priority=self.priority,
            concurrency_limit=self.concurrency_limit,
            description=self.description,
        )


class WorkPoolEntry(Entry):
    """A work pool that this stack makes; one that is only named elsewhere has to be there."""

    name: Annotated[str, AfterValidator(_pool_name)]
    type: Annotated[str, AfterValidator(_pool_type)]
    description: str = ""
    concurrency_limit: Limit | None = None
    """How many of its runs may be under way at once."""
    queues: tuple[QueueEntry, ...] = ()
    """Those besides `default`, which every pool has; it may be named too, for a priority and a limit."""
    image: Image | None = None
    namespace: Namespace | None = None
    service_account: ServiceAccount | None = None
    cpu_request: str | None = None
    cpu_limit: str | None = None
    memory_request: str | None = None
    memory_limit: str | None = None
    finished_job_seconds: Annotated[int, Field(ge=0)] | None = None
    """How long, in seconds, Kubernetes keeps a job that is over."""
    environment: Annotated[Mapping[str, str], AfterValidator(_environment)] = {}
    """Environment variables of each run: addresses and names, never secrets."""

    @field_validator("queues")
    @classmethod
    def _queues_differ(cls, given: tuple[QueueEntry, ...]) -> tuple[QueueEntry, ...]:
        if faults := list(queue_faults([entry.queue() for entry in given])):
            raise ValueError("; ".join(faults))
        return given

    @field_validator(*_JOB_SETTINGS)
    @classmethod
    def _means_something_to_the_type(cls, given: object, info: ValidationInfo) -> object:
        pool_type = info.data.get("type")
        known = types_that_know(cast("str", info.field_name))
        if given is not None and pool_type is not None and pool_type not in known:
            raise ValueError(
                f"{given!r} means nothing to a pool of the type {pool_type!r}, only to {' and '.join(known)}; "
                "leave it out, or change type"
            )
        return given

    @field_validator("cpu_request", "cpu_limit")
    @classmethod
    def _is_a_number_of_cpus(cls, given: str | None, info: ValidationInfo) -> str | None:
        if given is None:
            return None
        most, asked = cpus(given), info.data.get("cpu_request")
        if asked is not None and cpus(asked) > most:
            raise ValueError(f"{given!r} is less than cpuRequest, {asked!r}; Kubernetes starts no such job")
        return given

    @field_validator("memory_request", "memory_limit")
    @classmethod
    def _is_an_amount_of_memory(cls, given: str | None, info: ValidationInfo) -> str | None:
        if given is None:
            return None
        if info.data.get("type") == "docker":
            check_docker_memory(given)
            return given
        most, asked = memory(given), info.data.get("memory_request")
        if asked is not None and memory(asked) > most:
            raise ValueError(f"{given!r} is less than memoryRequest, {asked!r}; Kubernetes starts no such job")
        return given

    def job_settings(self) -> JobSettings:
        """Give what its jobs get."""
        return JobSettings(**{name: getattr(self, name) for name in _JOB_SETTINGS})


def _pools_differ(entries: tuple[WorkPoolEntry, ...]) -> tuple[WorkPoolEntry, ...]:
    names = [entry.name for entry in entries]
    if twins := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two pools have the name {twins[0]!r}; give each its own")
    return entries


WorkPools = Annotated[tuple[WorkPoolEntry, ...], AfterValidator(_pools_differ)]
