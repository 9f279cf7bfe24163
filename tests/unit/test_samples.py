"""Columns from a sample file: JSON by its values, Parquet by its footer, and what is wrong with a sample."""

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from domain.feeds import METADATA
from tests.stack_values import check, faults, feed, partner, values


def stack(format_: str, sample: object = "sample", **changes: object) -> dict[str, object]:
    entry = {"name": "orders", "format": format_, "infer": {"sample": sample}, **changes}
    return values(partners=[partner(feeds=[entry])])


def columns(folder: Path, format_: str) -> dict[str, str]:
    read = check(stack(format_), folder).partners[0].feeds[0]
    assert [column.name for column in read.table_columns()] == [*(each.name for each in read.columns), *METADATA]
    return {column.name: column.type for column in read.columns}


RECORDS: list[dict[str, object]] = [
    {"id": 1, "price": 1, "who": "x", "ok": True, "tags": ["a"], "none": None, "mixed": 1},
    {"id": 2, "price": 1.5, "Who": None, "mixed": "x", "more": {"a": 1}},
]
WANTED = {
    "ID": "NUMBER(38,0)",
    "PRICE": "FLOAT",
    "WHO": "VARCHAR",
    "OK": "BOOLEAN",
    "TAGS": "VARIANT",
    "NONE": "VARCHAR",
    "MIXED": "VARIANT",
    "MORE": "VARIANT",
}


@pytest.mark.parametrize("text", [json.dumps(RECORDS), "\n".join(map(json.dumps, RECORDS))])
def test_json_gives_a_column_for_each_field_of_any_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "sample").write_text(text)
    assert columns(tmp_path, "json") == WANTED


def test_parquet_gives_the_columns_of_its_footer(tmp_path: Path) -> None:
    table = cast("Any", pa).table(
        {
            "id": [1],
            "Price": [Decimal("1.25")],
            "ratio": [0.5],
            "ok": [True],
            "who": ["x"],
            "day": [dt.date(2026, 11, 24)],
            "at": [dt.time(1)],
            "local": [dt.datetime(2026, 11, 24)],  # noqa: DTZ001  # a time without a zone is what is meant
            "moment": [dt.datetime(2026, 11, 24, tzinfo=dt.UTC)],
            "tags": [["a"]],
            "more": [{"a": 1}],
        }
    )
    cast("Any", parquet).write_table(table, tmp_path / "sample")
    assert columns(tmp_path, "parquet") == {
        "ID": "NUMBER(38,0)",
        "PRICE": "NUMBER(3,2)",
        "RATIO": "FLOAT",
        "OK": "BOOLEAN",
        "WHO": "VARCHAR",
        "DAY": "DATE",
        "AT": "TIME",
        "LOCAL": "TIMESTAMP_NTZ",
        "MOMENT": "TIMESTAMP_LTZ",
        "TAGS": "VARIANT",
        "MORE": "VARIANT",
    }


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers())


@settings(deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), min_size=1, max_size=5))
def test_any_records_give_columns_or_one_fault_at_the_sample_or_its_feed(records: list[dict[str, object]]) -> None:
    from tempfile import TemporaryDirectory  # noqa: PLC0415  # a fixture would be one folder for all examples

    with TemporaryDirectory() as folder:
        (Path(folder) / "sample").write_text(json.dumps(records))
        entry = stack("json")
        try:
            found = check(entry, Path(folder)).partners[0].feeds[0].columns
        except Exception:  # noqa: BLE001  # names of ours, or over-long ones
            (told,) = faults(entry, Path(folder))
            assert told.startswith("landing:partners[0].feeds[0]")
        else:
            assert {column.name for column in found} == {name.upper() for record in records for name in record}


@pytest.mark.parametrize(
    ("content", "format_", "words"),
    [
        (b"ID\n1\n", "json", ".infer.sample: 'sample' is neither Parquet nor JSON"),
        (b"[1, 2]", "json", ".infer.sample: 'sample' holds values that are no objects"),
        (b"[]", "json", ".infer.sample: 'sample' holds no record with a field"),
        (b"PAR1 and no more", "parquet", ".infer.sample: 'sample' is not a whole Parquet file"),
        (None, "json", ".infer.sample: 'sample' cannot be read (No such file or directory); put a sample file there"),
        (b'{"id": 1}', "csv", ": infer.sample: 'sample' is a file in json, and the feed's format is csv"),
        (b'{"id": 1}', "parquet", ": infer.sample: 'sample' is a file in json, and the feed's format is parquet"),
        (b'{"loaded_at": 1}', "json", ": 'LOADED_AT' is a column that every table gets"),
    ],
)
def test_a_sample_that_does_not_serve_is_told_at_its_key(
    tmp_path: Path, content: bytes | None, format_: str, words: str
) -> None:
    if content is not None:
        (tmp_path / "sample").write_bytes(content)
    (told,) = faults(stack(format_), tmp_path)
    assert told.startswith(f"landing:partners[0].feeds[0]{words}")


def test_a_type_that_columns_cannot_have_here_is_told(tmp_path: Path) -> None:
    cast("Any", parquet).write_table(cast("Any", pa).table({"raw": [b"x"]}), tmp_path / "sample")
    (told,) = faults(stack("parquet"), tmp_path)
    assert "has a column 'raw' of type binary, for which there is none here; name the columns" in told


def test_parquet_wants_pyarrow_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (told,) = faults(stack("parquet"), tmp_path)
    assert told.endswith("'sample' is Parquet, which is read by pyarrow; install it, or name the columns")


def test_one_of_columns_and_infer_is_enough_and_one_is_needed(tmp_path: Path) -> None:
    (tmp_path / "sample").write_text('{"id": 1}')
    both = stack("json", columns=[{"name": "OTHER", "type": "VARCHAR"}])
    assert faults(both, tmp_path) == ["landing:partners[0].feeds[0]: has columns and infer; leave one of them out"]
    neither = feed()
    neither.pop("columns")
    (told,) = faults(values(partners=[partner(feeds=[neither])]))
    assert told.startswith("landing:partners[0].feeds[0]: has no columns; name them, or")
