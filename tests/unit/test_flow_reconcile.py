"""What arrived against what was loaded: the pure part, and the flow's tasks on fakes of S3 and Snowflake."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from clients.errors import NotFoundError, ServiceError
from clients.landed_objects import LandedObjects
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from domain.reconciliation import (
    ArrivedFile,
    LoadedFile,
    advice,
    all_settled,
    compare,
    count_csv_rows,
    parse_copy_history,
    render_copy_history,
)
from domain.snowflake_sql import SchemaName
from flows.reconcile import account_from, await_loads, count_arrivals

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
HOME = SchemaName(database="LANDING", schema="RAW")


def arrived(name: str, rows: int | None = 3, at: dt.datetime = NOON) -> ArrivedFile:
    return ArrivedFile(url=f"s3://b/{name}", rows=rows, arrived_at=at, size=100)


def loaded(name: str, rows: int = 3, minutes: int = 1, **changes: Any) -> LoadedFile:  # noqa: ANN401  # any field
    values: dict[str, Any] = {"status": "Loaded", "rows_parsed": rows, "size": 100}
    at = NOON + dt.timedelta(minutes=minutes)
    return LoadedFile(url=f"s3://b/{name}", rows=rows, loaded_at=at, **(values | changes))


@given(
    rows=st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=3)),
    delimiter=st.sampled_from(",;|\t"),
)
def test_records_are_counted_whatever_is_in_their_fields(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["a", "b"], *rows])
    text.seek(0)
    assert count_csv_rows(text, delimiter=delimiter) == len(rows)


@pytest.mark.parametrize(
    ("text", "header_rows", "rows"),
    [
        ("", 1, 0),
        ("a,b\n", 1, 0),
        ("a,b\n1,2", 1, 1),
        ("a,b\n1,2\n\n", 1, 1),
        ("1,2\n3,4\n", 0, 2),
        ("#\na\n1\n", 2, 1),
    ],
)
def test_headers_and_blank_lines_are_no_rows(text: str, header_rows: int, rows: int) -> None:
    assert count_csv_rows(io.StringIO(text), header_rows=header_rows) == rows


def test_files_that_add_up_are_one_sentence() -> None:
    result = compare([arrived("a", 1_000), arrived("b", 2_000)], [loaded("a", 1_000), loaded("b", 2_000)])
    assert result.faults == []
    assert result.summary() == "3,000 rows of 2 files arrived and are loaded"
    assert compare([], []).summary() == "0 rows of 0 files arrived and are loaded"


@pytest.mark.parametrize(
    ("load", "fault"),
    [
        (None, "not loaded"),
        (loaded("a", 2), "loaded, 2 of 3 rows"),
        (loaded("a", 4), "loaded, 4 of 3 rows"),
        (loaded("a", minutes=-1, size=99), "not loaded"),
        (loaded("a", status="Load in progress"), "not loaded"),
        (
            loaded("a", 2, status="Partially loaded", first_error="'x' is no number"),
            "partially loaded, 2 of 3 rows; the file: 'x' is no number",
        ),
        (
            loaded(
                "a", 0, status="Load failed", first_error="'x' is no number", first_line=3, first_column='"T"["A":1]'
            ),
            'load failed, 0 of 3 rows; line 3, column "T"["A":1]: \'x\' is no number',
        ),
        (
            loaded("a", 0, status="Load failed", first_error="no", first_line=3, rows_faulty=2),
            "load failed, 0 of 3 rows; 2 faulty, the first in line 3: no",
        ),
        (loaded("a", 0, status="Load failed"), "load failed, 0 of 3 rows"),
    ],
)
def test_a_file_that_does_not_add_up_is_named_with_why(load: LoadedFile | None, fault: str) -> None:
    result = compare([arrived("a"), arrived("b")], [each for each in (load, loaded("b")) if each])
    assert result.faults == [f"s3://b/a: {fault}"]
    assert result.summary().splitlines()[0].startswith("1 of 2 files differs: ")
    assert result.summary().splitlines()[1] == f"s3://b/a: {fault}"
    assert f"| {fault} |" in result.markdown()


def test_many_faults_are_cut_short() -> None:
    lines = compare([arrived(str(number)) for number in range(50)], []).summary().splitlines()
    assert lines[0] == "50 of 50 files differ: 0 of 150 rows are loaded"
    assert lines[-1] == "and 30 more"
    assert len(lines) == 22


def test_the_last_load_of_a_file_counts() -> None:
    loads = [loaded("a", 3, minutes=5), loaded("a", 1, minutes=2)]
    assert compare([arrived("a")], loads).faults == []


def test_a_file_that_is_sent_again_unchanged_keeps_its_first_load() -> None:
    assert compare([arrived("a")], [loaded("a", minutes=-60)]).faults == []


def test_what_only_the_loader_can_count_is_taken_from_it() -> None:
    assert compare([arrived("a", None)], [loaded("a", 7)]).rows_arrived == 7
    assert compare([arrived("a", None)], [loaded("a", 7, rows_parsed=8)]).faults == ["s3://b/a: loaded, 7 of 8 rows"]
    assert compare([arrived("a", None)], []).faults == ["s3://b/a: not loaded"]


def test_a_file_that_failed_is_settled_and_one_in_progress_is_not() -> None:
    assert all_settled(compare([arrived("a")], [loaded("a", 0, status="Load failed")]))
    assert not all_settled(compare([arrived("a")], [loaded("a", 0, status="Load in progress")]))
    assert not all_settled(compare([arrived("a"), arrived("b")], [loaded("a")]))


def test_the_history_is_asked_for_by_quoted_names() -> None:
    home = SchemaName(database='L"X', schema="RAW")
    query = render_copy_history(home, "IT'S")
    assert 'TABLE("L""X".INFORMATION_SCHEMA.COPY_HISTORY(' in query
    assert """TABLE_NAME => '"L""X"."RAW"."IT''S"'""" in query


def history(name: str, rows: int, **changes: Any) -> dict[str, object]:  # noqa: ANN401  # any column
    return {
        "file_name": name,
        "stage_location": "s3://landing/partners/",
        "status": "Loaded",
        "last_load_time": NOON,
        "file_size": 100,
        "row_count": rows,
        "row_parsed": rows,
        "error_count": 0,
        "first_error_message": None,
        "first_error_line_number": None,
        "first_error_column_name": None,
        **changes,
    }


def test_the_history_is_read_with_whole_addresses_and_aware_times() -> None:
    row = history("skyway/a.csv", 3, last_load_time=NOON.replace(tzinfo=None))
    (load,) = parse_copy_history([row])
    assert (load.url, load.loaded_at, load.rows) == ("s3://landing/partners/skyway/a.csv", NOON, 3)


def test_where_a_file_is_faulty_is_read() -> None:
    row = history("a", 0, error_count=2, first_error_line_number=7, first_error_column_name='"T"["A":1]')
    (load,) = parse_copy_history([row | {"first_error_message": "no"}])
    assert (load.rows_faulty, load.first_line, load.first_column) == (2, 7, '"T"["A":1]')
    assert compare([arrived("a")], [loaded("a", first_error="no", rows_faulty=1)]).has_refused is False


def test_the_advice_asks_for_all_faults_where_snowflake_can_tell_them() -> None:
    assert advice(HOME, "T", "csv") == "The load went on without them. Have them sent again, mended."
    assert advice(HOME, "IT'S", "json").endswith(
        'All their faults: SELECT * FROM TABLE("LANDING".INFORMATION_SCHEMA.VALIDATE_PIPE_LOAD(PIPE_NAME => '
        '\'"LANDING"."RAW"."IT\'\'S"\', START_TIME => DATEADD(DAY, -1, CURRENT_TIMESTAMP())))'
    )


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = cast("Any", boto3.client("s3"))  # pyright: ignore[reportUnknownMemberType]  # made at run time
        s3.create_bucket(Bucket="landing")
        yield s3


def put(s3: Any, key: str, body: bytes) -> None:  # noqa: ANN401  # boto3's client
    s3.put_object(Bucket="landing", Key=key, Body=body)


def test_all_files_below_the_prefix_are_counted(bucket: Any) -> None:  # noqa: ANN401  # boto3's client
    text = 'a,b\r\n1,"two\nlines"\r\n2,\u2028\r\n'.encode()
    put(bucket, "partners/skyway/flights/", b"")
    put(bucket, "partners/skyway/flights/1.csv", b"\xef\xbb\xbf" + text)
    put(bucket, "partners/skyway/flights/2.csv.gz", gzip.compress(text))
    put(bucket, "partners/skyway/flights/3.csv", b"a\n\xff\n" * 100_000)
    put(bucket, "partners/skyway/flights2/x.csv", text)
    put(bucket, "partners/skyway/flights/4.csv.filepart", text)
    put(bucket, "partners/skyway/flights/.in.5.csv", text)
    files = count_arrivals.fn("landing", "partners/skyway/flights/", None, "csv", ",", 1)
    assert [(file.url.rpartition("/")[2], file.rows) for file in files] == [
        ("1.csv", 2),
        ("2.csv.gz", 2),
        ("3.csv", 199_999),
    ]


def test_the_files_named_are_counted_and_no_others(bucket: Any) -> None:  # noqa: ANN401  # boto3's client
    put(bucket, "a.csv", b"x\n1\n")
    put(bucket, "b.json", b"[]")
    (file,) = count_arrivals.fn("landing", "", ["a.csv"], "csv", ",", 1)
    assert (file.url, file.rows) == ("s3://landing/a.csv", 1)
    (file,) = count_arrivals.fn("landing", "", ["b.json"], "json", ",", 1)
    assert file.rows is None


def test_a_gzip_file_that_was_cut_off_is_named(bucket: Any) -> None:  # noqa: ANN401  # boto3's client
    put(bucket, "cut.csv.gz", gzip.compress(b"a\n1\n2\n")[:-9])
    put(bucket, "no.csv.gz", b"a\n1\n")
    for key in ("cut.csv.gz", "no.csv.gz"):
        with pytest.raises(ServiceError, match=f"s3://landing/{key} is not a whole gzip file"):
            count_arrivals.fn("landing", "", [key], "csv", ",", 1)


def test_a_file_that_is_not_there_is_named(bucket: Any) -> None:  # noqa: ANN401, ARG001  # boto3's client
    with pytest.raises(NotFoundError, match=r"S3 refused to read s3://landing/gone.csv \(NoSuchKey"):
        count_arrivals.fn("landing", "", ["gone.csv"], "csv", ",", 1)
    with pytest.raises(NotFoundError, match=r"S3 refused to list s3://nowhere/x/ \(NoSuchBucket"):
        list(LandedObjects("nowhere").below("x/"))


@dataclass
class History:
    """Snowflake's side: what each look at the history finds, the last for good."""

    looks: list[list[dict[str, object]]]
    queries: list[str] = field(default_factory=list[str])

    def query(self, statement: str) -> list[dict[str, object]]:
        self.queries.append(statement)
        return self.looks[min(len(self.queries), len(self.looks)) - 1]


@pytest.fixture
def snowflake(monkeypatch: pytest.MonkeyPatch) -> History:
    account = History([[]])

    @contextmanager
    def connected(_: SnowflakeAccount) -> Generator[History]:
        yield account

    monkeypatch.setattr(SnowflakeClient, "connected", connected)
    monkeypatch.setattr("flows.reconcile._FIRST_WAIT_SECONDS", 0)
    monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "SANDBOX-LANDING")
    monkeypatch.setenv("SNOWFLAKE_USER", "LANDING")
    return account


FILES = [
    ArrivedFile(url=f"s3://landing/partners/skyway/{name}", rows=3, size=100, arrived_at=NOON) for name in ("a", "b")
]


def test_the_run_waits_until_each_file_is_loaded(snowflake: History) -> None:
    snowflake.looks = [[], [history("skyway/a", 3)], [history("skyway/a", 3), history("skyway/b", 3)]]
    result = await_loads.fn(HOME, "SKYWAY_FLIGHTS", FILES, 30)
    assert (result.faults, result.rows_loaded) == ([], 6)
    assert len(snowflake.queries) == 3


def test_the_run_waits_no_longer_for_a_file_that_failed(snowflake: History) -> None:
    snowflake.looks = [[history("skyway/a", 3), history("skyway/b", 0, status="Load failed")]]
    result = await_loads.fn(HOME, "SKYWAY_FLIGHTS", FILES, 30)
    assert result.faults == ["s3://landing/partners/skyway/b: load failed, 0 of 3 rows"]
    assert len(snowflake.queries) == 1


def test_the_run_tells_what_is_missing_when_the_time_is_over(snowflake: History) -> None:
    snowflake.looks = [[history("skyway/a", 3)]]
    result = await_loads.fn(HOME, "SKYWAY_FLIGHTS", FILES, 0)
    assert result.faults == ["s3://landing/partners/skyway/b: not loaded"]


def test_the_account_is_in_the_workers_environment() -> None:
    account = account_from({"SNOWFLAKE_ACCOUNT": "A-B", "SNOWFLAKE_USER": "U", "SNOWFLAKE_PORT": "14502"})
    assert (account.account, account.user, account.port, account.protocol) == ("A-B", "U", 14502, "https")
    with pytest.raises(ServiceError, match="the run's environment lacks SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER; set them"):
        account_from({})
