"""What a deployment needs to be there in Prefect: its work pool, its queue, its secret.

Without them Prefect answers with a bare 500, makes a queue that nobody asked for, or crashes each run without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Protocol

from clients.errors import ServiceError
from clients.prefect import PrefectClient


class Surroundings(Protocol):
    """What a deployment names; a DeploymentSpec does, and so does a part of one."""

    @property
    def work_pool(self) -> str:
        """The pool that its runs go to."""
        ...

    @property
    def work_queue(self) -> str | None:
        """The pool's queue; its default one when None."""
        ...

    @property
    def token_secret_name(self) -> str | None:
        """The Secret block of the repository's token."""
        ...


def missing(prefect: PrefectClient, spec: Surroundings, *, pool: bool, secret: bool) -> Iterator[tuple[str, str]]:
    """Say what of it is not there, as (field, reason); what was seen once in this process is not asked for again."""
    where = f"Prefect at {prefect.address}"
    if pool and not prefect.has_work_pool(spec.work_pool):
        fix = "name one of them, or have it made by landing:prefect.workPools"
        fault = f"{where} has no work pool {spec.work_pool!r}"
        yield "work_pool", _unknown(fault, spec.work_pool, prefect.work_pools(), fix)
    elif pool and spec.work_queue and not prefect.has_work_queue(spec.work_pool, spec.work_queue):
        fix = "name one of them, or have it made by landing:prefect.workPools[].queues"
        fault = f"{where} has no queue {spec.work_queue!r} in the work pool {spec.work_pool!r}"
        yield "work_queue", _unknown(fault, spec.work_queue, prefect.work_queues(spec.work_pool), fix)
    if secret and spec.token_secret_name and not prefect.has_secret(spec.token_secret_name):
        fix = "make it on its page under Blocks, with the token as its value, or set landing:flows.tokenSecretName"
        yield "token_secret_name", f"{where} has no Secret block {spec.token_secret_name!r}; {fix}"


def require(prefect: PrefectClient, spec: Surroundings, *, pool: bool, secret: bool) -> None:
    """Raise ServiceError when something of it is not there."""
    if faults := [reason for _, reason in missing(prefect, spec, pool=pool, secret=secret)]:
        raise ServiceError("; ".join(faults))


def _unknown(fault: str, name: str, known: Sequence[str], fix: str) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"{fault}; it has {', '.join(map(repr, known)) or 'none'}{hint}: {fix}"
