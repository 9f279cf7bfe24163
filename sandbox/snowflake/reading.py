# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""How the files of one load are read: the query over a local copy of a file that yields the values of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import duckdb
from sqlglot import Expr, exp

from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.faults import Target
from sandbox.snowflake.names import Name, literal, quoted
from sandbox.snowflake.projection import METADATA, place_of, places_in, text_of_document, to_engine, type_of_cast
from sandbox.snowflake.records import columns_of, documents, fields, header_of, relation_of
from sandbox.snowflake.statement import Option
from sandbox.snowflake.storage import StoredFile

ByName = Literal["CASE_SENSITIVE", "CASE_INSENSITIVE"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a load does with each file: its format, and what goes into which column of the table."""

    table: Name
    targets: Sequence[Target]
    options: dict[str, Option]
    by_name: ByName | None = None
    expressions: tuple[Expr, ...] | None = None
    """The column expressions of a query over the files, one a target."""
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    """The targets that receive metadata columns, where columns are matched by name."""

    @property
    def kind(self) -> str:
        """The format's type."""
        return str(self.options["TYPE"])


@dataclass(frozen=True)
class Value:
    """What a target receives: an expression, and the text or document that it is made from."""

    sql: str
    raw: str
    place: int
    """Which field of the record it is, counted from 1."""
    is_field: bool = False
    """Whether it is a CSV file's field as it is, used nowhere else."""
    document: str | None = None
    """The same as a document, where it is part of one."""


@dataclass(frozen=True)
class Scan:
    """A query over one file: the relation that yields its records, and the targets' values over it."""

    relation: str
    values: tuple[Value, ...]
    record: str
    """The record as text."""
    notes_rejects: bool
    """Whether unreadable lines are left out and noted in `REJECTS`; else the query fails on the first."""


def scan_of(cursor: duckdb.DuckDBPyConnection, reading: Reading, file: StoredFile, local: Path) -> Scan:
    """Make the query that reads a file; `cursor` looks into those whose columns are matched by name."""
    wanted = set(reading.metadata.values()) | {
        name for each in reading.expressions or () for name in METADATA if _mentions(each, name)
    }
    if reading.kind == "CSV":
        return _csv(cursor, reading, file, local, wanted)
    if reading.kind == "PARQUET" and reading.by_name:
        reader = f"read_parquet({literal(str(local))})"
        found = columns_of(cursor, reader)
        return Scan(
            relation_of(f"SELECT * FROM {reader}", file, wanted),  # noqa: S608 # quoted
            _by_name(reading, [(name, _column(name, at)) for at, name in enumerate(found, 1)]),
            "NULL::VARCHAR",
            notes_rejects=False,
        )
    relation = relation_of(documents(reading.options, local), file, wanted)
    if reading.by_name:
        keys = _keys(cursor, relation)
        values = _by_name(reading, [(key, _member(key, at)) for at, key in enumerate(keys, 1)])
    elif reading.expressions is None:
        _one_variant(reading.targets)
        values = (Value("c1", "c1::VARCHAR", 1),)
    else:
        values = _computed(reading)
    return Scan(relation, values, "c1::VARCHAR", notes_rejects=False)


def _csv(cursor: duckdb.DuckDBPyConnection, reading: Reading, file: StoredFile, local: Path, wanted: set[str]) -> Scan:
    trims = reading.options["TRIM_SPACE"] is True
    strict = bool(reading.options["ERROR_ON_COLUMN_COUNT_MISMATCH"]) and reading.expressions is None
    if reading.by_name:
        header = header_of(cursor, reading.options, local)
        sources = _by_name(reading, [(name, _field(at)) for at, name in enumerate(header, 1)])
        width = len(header)
    elif reading.expressions is None:
        sources = tuple(_field(at) for at in range(1, len(reading.targets) + 1))
        width = len(sources)
    else:
        sources = _computed(reading)
        width = max((place for each in reading.expressions for place in places_in(each)), default=1)
    types = ["VARCHAR"] * width
    values: list[Value] = []
    for target, source in zip(reading.targets, sources, strict=True):
        if not source.is_field:
            values.append(source)
        elif trims:
            values.append(replace(source, sql=f"trim({source.sql}, ' ')", raw=f"trim({source.sql}, ' ')"))
        else:
            values.append(source)
            # the reader converts the field, and notes the lines where it cannot; JSON is checked after the read, so
            # that a malformed document is an error of its own
            types[source.place - 1] = "VARCHAR" if target.type == "JSON" else target.type
    relation = relation_of(fields(reading.options, local, types, strict=strict), file, wanted)
    return Scan(relation, tuple(values), "NULL::VARCHAR", notes_rejects=True)


def _computed(reading: Reading) -> tuple[Value, ...]:
    """Give the values of a query's expressions, each with the text that it converts."""
    expressions = reading.expressions or ()
    uses = Counter(place for each in expressions for place in places_in(each))
    values: list[Value] = []
    for expression, target in zip(expressions, reading.targets, strict=True):
        inner = expression.this if isinstance(expression, exp.Cast | exp.ParseJSON) else expression
        place = next(iter(places_in(expression)), 0)
        if isinstance(inner, exp.JSONExtract):
            raw = text_of_document(inner)
            sql = raw if expression is inner and target.type != "JSON" else to_engine(expression)
            values.append(Value(sql, raw, place))
            continue
        bare = reading.kind == "CSV" and place_of(inner) is not None and uses[place] == 1
        if bare and (not isinstance(expression, exp.Cast) or type_of_cast(expression) == target.type):
            values.append(_field(place))
        else:
            made_from = to_engine(inner) if expression is not inner or not place else f'"c{place}"'
            values.append(Value(to_engine(expression), _unconverted(expression, made_from), place))
    return tuple(values)


def _unconverted(expression: Expr, made_from: str) -> str:
    """Write what gives the text that a conversion within the expression fails on, else what the whole is made from."""
    inner = [
        f"CASE WHEN {to_engine(_tolerant(node))} IS NULL THEN CAST({to_engine(node.this)} AS VARCHAR) END"
        for node in expression.find_all(exp.Cast, exp.ToNumber, exp.ParseJSON)
        if node is not expression and not isinstance(node, exp.TryCast) and not node.args.get("safe")
    ]
    return f"coalesce({', '.join((*inner, f'CAST({made_from} AS VARCHAR)'))})"


def _tolerant(conversion: Expr) -> Expr:
    """Give the conversion that makes NULL of what it cannot convert.

    DuckDB's TRY would not do: the optimizer takes what it has in common with another expression out of it.
    """
    if isinstance(conversion, exp.Cast):
        return exp.TryCast(**conversion.copy().args)
    tolerant = conversion.copy()
    tolerant.set("safe", True)  # sqlglot's own way of saying TRY_
    return tolerant


def _field(place: int) -> Value:
    return Value(f'"c{place}"', f'CAST("c{place}" AS VARCHAR)', place, is_field=True)


def _by_name(reading: Reading, found: Sequence[tuple[str, Value]]) -> tuple[Value, ...]:
    """Match targets with the columns of a file, by name, of several the first; what has none is NULL."""
    folded = reading.by_name == "CASE_INSENSITIVE"
    values = {name.upper() if folded else name: value for name, value in reversed(found)}
    matched: list[Value] = []
    for target in reading.targets:
        if target.name in reading.metadata:
            matched.append(Value(quoted(reading.metadata[target.name]), "NULL", 0))
            continue
        value = values.get(target.name.upper() if folded else target.name, Value("NULL", "NULL", 0))
        is_document = target.type == "JSON" and value.document is not None
        matched.append(replace(value, sql=value.document) if is_document else value)
    return tuple(matched)


def _mentions(expression: Expr, name: str) -> bool:
    return any(column.name.upper() == name for column in expression.find_all(exp.Column))


def _keys(cursor: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """Give the fields that the documents of a file have at their top, in the order of their first appearance."""
    rows = cursor.execute(
        f"SELECT key FROM (SELECT unnest(json_keys(c1)) AS key FROM {relation} WHERE json_type(c1) = 'OBJECT') "  # noqa: S608
        "GROUP BY key ORDER BY key"
    ).fetchall()
    return [str(key) for (key,) in rows]


def _member(key: str, place: int) -> Value:
    path = literal('$."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"')
    text = f"(c1 ->> {path})"
    return Value(text, text, place, document=f"(c1 -> {path})")


def _column(name: str, place: int) -> Value:
    return Value(quoted(name), f"CAST({quoted(name)} AS VARCHAR)", place, document=f"to_json({quoted(name)})")


def _one_variant(targets: Sequence[Target]) -> None:
    if [target.type for target in targets] != ["JSON"]:
        raise SnowflakeError(
            2019,
            "0A000",
            "SQL compilation error:\nJSON file format can produce one and only one column of type variant, object, or "
            "array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with "
            "transformation.",
        )
