"""Compare what a partner delivered with what Snowflake loaded.

A run counts the rows of the files in the bucket, waits until the pipe has loaded each, and fails when a file does not
add up. What is compared, and how it is told, is in `domain/reconciliation.py`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import tenacity
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from clients.errors import ServiceError
from clients.landed_objects import LandedObjects
from clients.snowflake import SnowflakeAccount, SnowflakeClient, port_of
from domain.reconciliation import (
    HISTORY_DAYS,
    ArrivedFile,
    Reconciliation,
    advice,
    all_settled,
    compare,
    count_csv_rows,
    parse_copy_history,
    render_copy_history,
)
from domain.snowflake_sql import SchemaName
from domain.unfinished import ENDINGS, is_finished

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 10


class ReconciliationError(Exception):
    """What arrived and what was loaded do not add up; the message names the files."""


@flow
def reconcile(  # noqa: PLR0917  # a deployment's parameters, one by one in Prefect's page
    partner: str,
    feed: str,
    bucket: str,
    prefix: str,
    database: str,
    schema_name: str,
    table: str,
    file_format: Literal["csv", "json", "parquet"] = "csv",
    delimiter: str = ",",
    header_rows: int = 1,
    keys: list[str] | None = None,
    wait_seconds: int = 120,
    unfinished: list[str] | None = None,
) -> State[Any]:
    """Reconcile the files of a feed: those named by `keys`, else all below `prefix` that Snowflake's history may know.

    `wait_seconds` is how long the pipe may take with the last of them. `unfinished` are the endings of uploads on their
    way, which no pipe loads; by default those that clients use.
    """
    log = get_run_logger()
    endings = ENDINGS if unfinished is None else unfinished
    arrived = count_arrivals(bucket, prefix, keys, file_format, delimiter, header_rows, endings)
    log.info("%s files of %s/%s arrived", len(arrived), partner, feed)
    home = SchemaName(database=database, schema=schema_name)
    result = await_loads(home, table, arrived, wait_seconds)
    told = [advice(home, table, file_format)] if result.has_refused else []
    create_markdown_artifact(
        key=f"reconcile-{partner}-{feed}",
        markdown="\n\n".join([result.markdown(), *told]),
        description=f"Files of {partner}/{feed}",
    )
    if result.faults:
        raise ReconciliationError("\n".join([result.summary(), *told]))
    log.info(result.summary())
    return Completed(message=result.summary())


@task
def count_arrivals(  # noqa: PLR0917  # as the flow
    bucket: str,
    prefix: str,
    keys: list[str] | None,
    file_format: str,
    delimiter: str,
    header_rows: int,
    unfinished: Sequence[str] = ENDINGS,
) -> list[ArrivedFile]:
    """Find the files in the bucket, and count the rows of those that are CSV."""
    objects = LandedObjects(bucket)
    files: list[ArrivedFile] = []
    known_since = dt.datetime.now(dt.UTC) - dt.timedelta(days=HISTORY_DAYS)
    whole = (landed for landed in objects.below(prefix) if is_finished(landed.key, unfinished))
    recent = (landed.key for landed in whole if landed.modified_at >= known_since)
    for key in recent if keys is None else keys:
        with objects.opened(key) as (landed, text):
            is_csv = file_format == "csv"
            rows = count_csv_rows(text, delimiter=delimiter, header_rows=header_rows) if is_csv else None
            files.append(
                ArrivedFile(url=f"s3://{bucket}/{key}", arrived_at=landed.modified_at, size=landed.size, rows=rows)
            )
    return files


@task
def await_loads(home: SchemaName, table: str, arrived: list[ArrivedFile], wait_seconds: int) -> Reconciliation:
    """Compare with Snowflake's load history, again until Snowflake is done with each file or the time is over."""
    query = render_copy_history(home, table)
    with SnowflakeClient.connected(account_from(os.environ)) as snowflake:

        def look() -> Reconciliation:
            return compare(arrived, parse_copy_history(snowflake.query(query)))

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_not_result(all_settled),
            wait=tenacity.wait_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
            stop=tenacity.stop_after_delay(wait_seconds),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else look(),
        )
        return attempts(look)


def account_from(environment: Mapping[str, str]) -> SnowflakeAccount:
    """Find the Snowflake account in the worker's environment, by the connector's own names.

    On a real account the load history wants a warehouse: SNOWFLAKE_WAREHOUSE, else the user's default one.
    """
    if missing := [name for name in ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER") if not environment.get(name)]:
        raise ServiceError(
            f"the run's environment lacks {', '.join(missing)}",
            hint="set them where the worker runs, or in landing:flows.environment",
        )
    return SnowflakeAccount(
        account=environment["SNOWFLAKE_ACCOUNT"],
        user=environment["SNOWFLAKE_USER"],
        role=environment.get("SNOWFLAKE_ROLE"),
        host=environment.get("SNOWFLAKE_HOST"),
        port=port_of(environment.get("SNOWFLAKE_PORT")),
        protocol=environment.get("SNOWFLAKE_PROTOCOL", "https"),
        password=environment.get("SNOWFLAKE_PASSWORD"),
        private_key=environment.get("SNOWFLAKE_PRIVATE_KEY"),
        private_key_passphrase=environment.get("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
        warehouse=environment.get("SNOWFLAKE_WAREHOUSE"),
    )
