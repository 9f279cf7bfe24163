"""COPY with VALIDATION_MODE: what a load would do, with nothing loaded."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.snowflake.faults import Fault
from sandbox.snowflake.inserting import first_rows, validated
from sandbox.snowflake.loading import Job, Loader, aborted
from sandbox.snowflake.storage import StoredFile


def faults(loader: Loader, job: Job) -> Iterator[tuple[StoredFile, Fault]]:
    """Tell what is wrong with the files; RETURN_ALL_ERRORS with those too that were loaded in part before."""
    with loader.engine.cursor() as cursor:
        files = loader.files(job)
        if job.command.validation_mode != "RETURN_ALL_ERRORS":
            files = job.new(cursor, files)
        for file in files:
            with loader.staging.fetched(job.integration, file) as (fetched, local):
                for fault in validated(cursor, job.reading, fetched, local).faults:
                    yield fetched, fault


def rows(loader: Loader, job: Job) -> list[tuple[str | None, ...]]:
    """Give the first rows of RETURN_n_ROWS, and refuse the command at the first fault."""
    left = int((job.command.validation_mode or "").split("_")[1])
    told: list[tuple[str | None, ...]] = []
    with loader.engine.cursor() as cursor:
        for file in job.new(cursor, loader.files(job)):
            if left <= 0:
                break
            with loader.staging.fetched(job.integration, file) as (fetched, local):
                found = validated(cursor, job.reading, fetched, local)
                if found.faults and (found.faults[0].row or 1) <= left:
                    raise aborted(fetched, found.faults[0])
                some = first_rows(cursor, job.reading, fetched, local, left)
            told += some
            left -= len(some)
    return told
