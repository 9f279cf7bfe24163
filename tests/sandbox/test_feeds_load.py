# pyright: reportUnknownMemberType=false
# pyarrow and the connector are not typed
# ruff: noqa: S608  # the names in the statements are the tests' own
"""Real files of each format on their way through the bucket and a feed's own pipe: typed rows, and what is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.sandbox.loading_feeds import loads, open_feed
from tests.sandbox.snowflake_account import SnowflakeAccount, build_landing, snowflake_account, until

pytestmark = pytest.mark.sandbox

MOMENT = dt.datetime(2026, 11, 24, 17, 30, 0, 250_000, tzinfo=dt.UTC)
RECORDS: list[dict[str, object]] = [
    {"id": 1, "price": 19.99, "day": "2026-11-24", "at": MOMENT.isoformat(), "ok": True, "tags": ["a", {"b": None}]},
    {"id": 2, "price": None, "day": None, "at": None, "ok": None, "tags": None},
]
TYPES = {
    "ID": "NUMBER(38,0)",
    "PRICE": "NUMBER(10,2)",
    "DAY": "DATE",
    "AT": "TIMESTAMP_NTZ",
    "OK": "BOOLEAN",
    "TAGS": "VARIANT",
}
COLUMNS = [{"name": name, "type": kind} for name, kind in TYPES.items()]
NAIVE = MOMENT.replace(tzinfo=None)
FIRST = (1, Decimal("19.99"), dt.date(2026, 11, 24), NAIVE, True, ["a", {"b": None}])
SECOND = (2, None, None, None, None, None)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        build_landing(running)
        yield running


def rows(account: SnowflakeAccount, table: str, names: str = 'ID, PRICE, DAY, "AT", OK, TAGS') -> list[tuple[Any, ...]]:
    """Give a table's rows, the last column read as the document that it is."""
    found = account.run(f"SELECT {names} FROM {table} ORDER BY 1")
    return [(*row[:-1], None if row[-1] is None else json.loads(row[-1])) for row in found]


def parquet_file(**columns: object) -> bytes:
    target = io.BytesIO()
    cast("Any", parquet).write_table(cast("Any", pa).table(columns), target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("array", json.dumps(RECORDS, indent=2).encode()),
        ("lines", "\n".join(map(json.dumps, RECORDS)).encode()),
        ("packed", gzip.compress(json.dumps(RECORDS).encode())),
    ],
)
def test_json_records_become_typed_rows(account: SnowflakeAccount, name: str, content: bytes) -> None:
    table = open_feed(account, {"name": name, "format": "json", "columns": COLUMNS})
    account.put(f"skyway/{name}/a.json{'.gz' if name == 'packed' else ''}", content)
    until(lambda: account.count(table) == 2)
    assert rows(account, table) == [FIRST, SECOND]
    places = account.run(f"SELECT LOADED_FILE, LOADED_ROW, LOADED_AT FROM {table} ORDER BY 2")
    assert [place[0].rpartition("/")[0] for place in places] == [f"partners/skyway/{name}"] * 2
    assert [place[1] for place in places] == [1, 2]
    assert all(abs(dt.datetime.now(dt.UTC) - place[2]) < dt.timedelta(minutes=5) for place in places)


def test_parquet_columns_keep_their_types(account: SnowflakeAccount) -> None:
    table = open_feed(account, {"name": "parquet", "format": "parquet", "columns": COLUMNS})
    content = parquet_file(
        id=[1, 2],
        price=[Decimal("19.99"), None],
        day=[dt.date(2026, 11, 24), None],
        at=[NAIVE, None],
        ok=[True, None],
        tags=[{"list": [1, 2]}, None],
        unknown=["is passed over", None],
    )
    account.put("skyway/parquet/part-00000.parquet", content)
    until(lambda: account.count(table) == 2)
    assert rows(account, table) == [(*FIRST[:-1], {"list": [1, 2]}), SECOND]


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_a_sample_gives_the_columns_that_files_like_it_fill(
    account: SnowflakeAccount, tmp_path: Path, format_: str
) -> None:
    as_parquet = parquet_file(id=[1], price=[Decimal("19.99")], at=[MOMENT], note=["x"], tags=[["a", "b"]])
    as_json = b'{"id": 1, "price": 19.99, "at": "2026-11-24 17:30:00.25", "note": "x", "tags": ["a", "b"]}'
    content = as_parquet if format_ == "parquet" else as_json
    (tmp_path / "sample").write_bytes(content)
    entry = {"name": f"inferred-{format_}", "format": format_, "infer": {"sample": "sample"}}
    table = open_feed(account, entry, folder=tmp_path)
    account.put(f"skyway/inferred-{format_}/a.{format_}", content)
    until(lambda: account.count(table) == 1)
    assert account.run(f"SELECT ID, PRICE, NOTE FROM {table}") in [
        [(1, Decimal("19.99"), "x")],
        [(1, 19.99, "x")],
    ]
    assert rows(account, table, "ID, TAGS") == [(1, ["a", "b"])]
    assert str(account.run(f'SELECT "AT"::VARCHAR FROM {table}')[0][0]).startswith("2026-11-24 17:30:00.25")


ODD = ['a"b', "it's; DROP", "select", "mit Lücke", "$1", "a.b"]


@pytest.mark.parametrize("format_", ["csv", "json", "parquet"])
def test_odd_names_of_columns_are_names_and_nothing_else(account: SnowflakeAccount, format_: str) -> None:
    columns = [{"name": name, "type": "NUMBER"} for name in ODD]
    table = open_feed(account, {"name": f"odd-{format_}", "format": format_, "columns": columns})
    values = {name.upper(): number for number, name in enumerate(ODD)}
    content = {
        "csv": ",".join(map(str, range(len(ODD)))),
        "json": json.dumps(values),
        "parquet": parquet_file(**{name: [value] for name, value in values.items()}),
    }[format_]
    head = "header\n" if format_ == "csv" else ""
    account.put(f"skyway/odd-{format_}/a", content if isinstance(content, bytes) else head + content)
    until(lambda: account.count(table) == 1)
    (row,) = account.rows(f"SELECT * FROM {table}")
    assert [row[name] for name in ODD] == list(range(len(ODD)))


GOOD = 'ID,NAME,DAY\n1,"two\nlines",2026-11-24\n\n2,"",NA\n3,,\n'
CSV_COLUMNS = [{"name": "ID", "type": "NUMBER"}, {"name": "NAME", "type": "VARCHAR"}, {"name": "DAY", "type": "DATE"}]


def test_a_csv_feed_loads_what_is_whole_and_tells_where_the_rest_is_not(account: SnowflakeAccount) -> None:
    entry = {"name": "mixed", "columns": CSV_COLUMNS, "csv": {"nullTexts": ["NA"]}}
    table = open_feed(account, entry)
    faulty = {
        "short.csv": (
            "ID,NAME,DAY\n1,x,2026-11-24\n2,y\n",
            3,
            "a row of more or fewer than 3 fields, which begins with 2",
        ),
        "long.csv": ("ID,NAME,DAY\n1,x,2026-11-24,\n", 2, "a row of more or fewer than 3 fields, which begins with 1"),
        "text.csv": (GOOD + "four,x,2026-11-24\n", 7, "Numeric value 'four' is not recognized"),
    }
    for name, (text, _, _) in faulty.items():
        account.put(f"skyway/mixed/{name}", text)
    account.put("skyway/mixed/good.csv", GOOD)
    until(lambda: len(loads(account, table)) == len(faulty) + 1)
    assert account.run(f"SELECT ID, NAME, DAY FROM {table} ORDER BY ID") == [
        (1, "two\nlines", dt.date(2026, 11, 24)),
        (2, "", None),
        (3, "", None),
    ]
    history = loads(account, table)
    assert (history["good.csv"]["STATUS"], history["good.csv"]["ROW_COUNT"]) == ("Loaded", 3)
    for name, (_, line, message) in faulty.items():
        told = history[name]
        assert (told["STATUS"], told["ROW_COUNT"], told["ERROR_COUNT"]) == ("Load failed", 0, 1)
        assert message in told["FIRST_ERROR_MESSAGE"]
        assert told["FIRST_ERROR_LINE_NUMBER"] == line
        assert told["FIRST_ERROR_COLUMN_NAME"].startswith('"SKYWAY_MIXED"["')


def test_a_broken_document_fails_its_file_alone(account: SnowflakeAccount) -> None:
    table = open_feed(account, {"name": "documents", "format": "json", "columns": COLUMNS})
    account.put("skyway/documents/broken.json", b'[{"id": 1}, {"id": ')
    account.put("skyway/documents/wrong.json", b'{"id": 3}\n{"id": "x"}\n')
    account.put("skyway/documents/good.json", json.dumps(RECORDS))
    until(lambda: len(loads(account, table)) == 3)
    history = loads(account, table)
    assert {name: row["STATUS"] for name, row in history.items()} == {
        "broken.json": "Load failed",
        "wrong.json": "Load failed",
        "good.json": "Loaded",
    }
    assert history["wrong.json"]["FIRST_ERROR_LINE_NUMBER"] == 2
    assert '"x"' in history["wrong.json"]["FIRST_ERROR_MESSAGE"]
    assert account.count(table) == 2
