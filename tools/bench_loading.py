# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (DuckDB, boto3 and the connector are not typed)
"""`python -m tools.bench_loading`: COPY in the sandbox's Snowflake beside DuckDB's own CSV reader, on one file.

Ours is the statement of a feed's pipe over the connector: the role is assumed, the object fetched from the sandbox's
S3, its rows checked and inserted with the name of the file, the row's number and the time, and the load noted in the
history, durably. Theirs is
the same table made from a local copy of the file in a database file of its own. The two take turns.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import snowflake.connector
from boto3.session import Session
from tenacity import retry, stop_after_delay, wait_fixed

from domain.copy_statement import copy_statement
from domain.feeds import METADATA, Column, Csv, Feed
from domain.snowflake_sql import SchemaName, quote_identifier
from sandbox.free_ports import free_base_port
from sandbox.home import ACCOUNT_ID, LOOPBACK, REGION, SandboxHome
from tools.flights import monthly_files

_PAIRS = 7
_FIRST_PORT = 20000
_BUCKET = "bench-loading"
_ROLE = "bench-loading"
_TEXTS = {"carrier", "tailnum", "origin", "dest"}
_DUCKDB_TYPES = {"NUMBER": "BIGINT", "VARCHAR": "VARCHAR", "TIMESTAMP_NTZ": "TIMESTAMP"}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How long a load took beside DuckDB's reader."""

    rows: int
    ours: float
    """Seconds, the median."""
    theirs: float
    ratio: float
    """The median of the pairs' ratios, our time by theirs: 2 or less is at least half as fast."""


def compare() -> Comparison:
    """Load the flights table in turn with DuckDB's reader and with COPY."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        file, rows = _whole_table(Path(folder))
        kinds = _kinds(file)
        home = SandboxHome.open(Path(folder) / "sandbox", free_base_port(_FIRST_PORT))
        for part in ("aws", "snowflake"):
            running.enter_context(_part(home, part))
        run = running.enter_context(_account(home, file, kinds))
        pairs: list[tuple[float, float]] = []
        for _ in range(_PAIRS):
            ours = _timed(lambda: _copy(run, rows, kinds))
            pairs.append((ours, _timed(lambda: _read(Path(folder), file, kinds))))
    return Comparison(
        rows=rows,
        ours=statistics.median(ours for ours, _ in pairs),
        theirs=statistics.median(theirs for _, theirs in pairs),
        ratio=statistics.median(ours / theirs for ours, theirs in pairs),
    )


def _whole_table(folder: Path) -> tuple[Path, int]:
    """Put the months of the flights table together again."""
    months = monthly_files(folder / "months")
    whole = folder / "flights.csv"
    with whole.open("wb") as file:
        for at, month in enumerate(months):
            header, rest = month.path.read_bytes().split(b"\n", 1)
            file.write((header + b"\n" if at == 0 else b"") + rest)
    return whole, sum(month.rows for month in months)


def _kinds(file: Path) -> dict[str, str]:
    """Give Snowflake's type of each column."""
    with file.open() as lines:
        names = next(lines).strip().split(",")
    texts = dict.fromkeys(_TEXTS, "VARCHAR")
    return {name: "TIMESTAMP_NTZ" if name == "time_hour" else texts.get(name, "NUMBER") for name in names}


def _copy(run: Callable[[str], Any], rows: int, kinds: dict[str, str]) -> None:
    columns = tuple(Column(name=name, type=kind) for name, kind in kinds.items())
    feed = Feed(name="flights", columns=columns, csv=Csv(null_texts=("NA", "")))
    home = SchemaName(database="BENCH", schema="PUBLIC")
    answer = run(f"{copy_statement(home, table='T', stage='S', path='', feed=feed)} FORCE = TRUE")
    if answer[0][3] != rows:
        raise AssertionError(f"COPY loaded {answer[0][3]:,} rows of {rows:,}")


def _read(folder: Path, file: Path, kinds: dict[str, str]) -> None:
    columns = ", ".join(f"'{name}': '{_DUCKDB_TYPES[kind]}'" for name, kind in kinds.items())
    with duckdb.connect(folder / "own.duckdb") as connection:
        connection.execute(
            "CREATE OR REPLACE TABLE T AS SELECT * "  # noqa: S608 # constants
            f"FROM read_csv('{file}', header = true, nullstr = ['NA', ''], columns = {{{columns}}})"
        )


def _timed(what: Callable[[], None]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


@contextmanager
def _part(home: SandboxHome, name: str) -> Generator[None]:
    """Run a part of the sandbox, and end it."""
    with home.log(name).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 # our own interpreter and module
            [sys.executable, "-m", "sandbox.part", name, str(home.root)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    try:
        _until_healthy(f"{home.url(name)}/_sandbox/health")
        yield
    finally:
        process.terminate()
        process.wait(20)


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True)
def _until_healthy(url: str) -> None:
    httpx.get(url).raise_for_status()


@contextmanager
def _account(home: SandboxHome, file: Path, kinds: dict[str, str]) -> Generator[Callable[[str], Any]]:
    """Make the bucket, the role, the stage and the table; give a way to run statements there."""

    def aws(service: str) -> Any:  # noqa: ANN401 # boto3 makes clients at run time
        return Session().client(
            service,
            region_name=REGION,
            endpoint_url=home.url("aws"),
            aws_access_key_id=home.credentials.deployer.access_key_id,
            aws_secret_access_key=home.credentials.deployer.secret_access_key,
        )

    aws("s3").create_bucket(Bucket=_BUCKET)
    aws("s3").upload_file(str(file), _BUCKET, "flights.csv")
    anyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    reads = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    iam = aws("iam")
    iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=_policy(anyone))
    iam.put_role_policy(RoleName=_ROLE, PolicyName="read", PolicyDocument=_policy(reads))
    with snowflake.connector.connect(
        account="SANDBOX-LANDING",
        host=LOOPBACK,
        port=home.ports.snowflake,
        protocol="http",
        user="LANDING",
        password=home.credentials.snowflake_password,
    ) as connection:

        def run(sql: str) -> Any:  # noqa: ANN401 # the connector is not typed
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall()

        integration = (
            "CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
            f"STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::{ACCOUNT_ID}:role/{_ROLE}' "
            f"STORAGE_ALLOWED_LOCATIONS = ('s3://{_BUCKET}/')"
        )
        own = {**kinds, **{name: kind for name, (kind, _) in METADATA.items()}}
        columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in own.items())
        for sql in (
            "CREATE DATABASE BENCH",
            "USE SCHEMA BENCH.PUBLIC",
            integration,
            f"CREATE STAGE S URL = 's3://{_BUCKET}/' STORAGE_INTEGRATION = I",
            f"CREATE TABLE T ({columns})",
        ):
            run(sql)
        yield run


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


if __name__ == "__main__":
    told = compare()
    print(f"{told.rows:,} rows: {told.ours:.3f} s against {told.theirs:.3f} s, {told.ratio:.2f} times DuckDB's own")
