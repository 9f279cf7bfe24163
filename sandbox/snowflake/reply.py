"""What a statement answers: columns, rows, and the JSON that carries them to a client."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fakesnow import statement_type

Cell = str | int | bool | dt.datetime | None
"""A value in a reply."""

_MOMENTS = {"created_on", "resumed_on", "updated_on"}
ColumnType = Literal["text", "fixed", "boolean", "timestamp_ltz"]


@dataclass(frozen=True)
class Column:
    """A column of a reply, with Snowflake's name for its type."""

    name: str
    type: ColumnType = "text"

    def as_row_type(self) -> dict[str, Any]:
        """Describe the column on the wire."""
        size = 16777216 if self.type == "text" else None
        scale = {"fixed": 0, "timestamp_ltz": 9}.get(self.type)
        return {
            "name": self.name,
            "database": "",
            "schema": "",
            "table": "",
            "nullable": True,
            "type": self.type,
            "byteLength": size,
            "length": size,
            "scale": scale,
            "precision": {"fixed": 38, "timestamp_ltz": 0}.get(self.type),
            "collation": None,
        }


def columns(names: str, **types: ColumnType) -> tuple[Column, ...]:
    """Make columns of their names, parted by white space; those of points in time get their type by themselves."""
    return tuple(
        Column(name, types.get(name) or ("timestamp_ltz" if name in _MOMENTS else "text")) for name in names.split()
    )


@dataclass(frozen=True)
class Reply:
    """A statement's rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    statement_type: int = statement_type.DDL
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def as_json(self) -> dict[str, Any]:
        """Give the reply's part of the answer to a query request."""
        return {
            "rowtype": [column.as_row_type() for column in self.columns],
            "rowset": [[_wire(cell) for cell in row] for row in self.rows],
            "total": len(self.rows),
            "returned": len(self.rows),
            "queryId": self.query_id,
            "statementTypeId": self.statement_type,
            "queryResultFormat": "json",
        }


def status(text: str) -> Reply:
    """Answer a statement that changes something: one row that says what was done."""
    return Reply((Column("status"),), [(text,)])


def succeeded() -> Reply:
    """Answer a change that Snowflake has no words of its own for."""
    return status("Statement executed successfully.")


def table(shape: Sequence[Column], rows: Iterable[Sequence[Cell]], *, kind: int = statement_type.SHOW) -> Reply:
    """Answer SHOW, DESCRIBE, LIST and the like."""
    return Reply(shape, list(rows), kind)


def _wire(cell: Cell) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.datetime):
        return f"{int(cell.timestamp())}.{cell.microsecond * 1000:09d}"
    return str(cell)
