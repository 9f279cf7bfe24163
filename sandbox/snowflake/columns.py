"""A table's columns: Snowflake's spelling of types, and the engine's types behind them."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import ParseError

from sandbox.snowflake.errors import SnowflakeError, unsupported
from sandbox.snowflake.names import quoted
from sandbox.snowflake.objects import TableColumn
from sandbox.snowflake.statement import Statement

MAX_TEXT = 16777216
"""The length of a VARCHAR without one, in characters."""

MAX_DIGITS = 38
"""The most digits that a NUMBER has."""

_SEMI_STRUCTURED = ("VARIANT", "OBJECT", "ARRAY")
_SPELLINGS: dict[str, tuple[str, tuple[int, ...]]] = {
    **dict.fromkeys(("NUMBER", "DECIMAL", "NUMERIC"), ("NUMBER", (MAX_DIGITS, 0))),
    **dict.fromkeys(("FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "REAL"), ("FLOAT", ())),
    **dict.fromkeys(("VARCHAR", "STRING", "TEXT", "NVARCHAR", "NVARCHAR2"), ("VARCHAR", (MAX_TEXT,))),
    **dict.fromkeys(("CHAR", "CHARACTER", "NCHAR"), ("VARCHAR", (1,))),
    **dict.fromkeys(("TIMESTAMP", "DATETIME", "TIMESTAMPNTZ", "TIMESTAMP_NTZ"), ("TIMESTAMP_NTZ", (9,))),
    **dict.fromkeys(("TIMESTAMPLTZ", "TIMESTAMP_LTZ"), ("TIMESTAMP_LTZ", (9,))),
    **dict.fromkeys(("TIMESTAMPTZ", "TIMESTAMP_TZ"), ("TIMESTAMP_TZ", (9,))),
    **dict.fromkeys(("BINARY", "VARBINARY"), ("BINARY", (8388608,))),
    **{name: (name, ()) for name in ("BOOLEAN", "DATE", *_SEMI_STRUCTURED)},
    "TIME": ("TIME", (9,)),
}
"""Each type as it may be typed: its own name and the sizes that it has by default."""
_WHOLE = {"INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"}


def read_columns(statement: Statement, *, parenthesised: bool = True) -> tuple[TableColumn, ...]:
    """Read a list of columns with their types, defaults, comments and constraints."""
    if parenthesised:
        statement.expect("(")
    read: list[TableColumn] = []
    while True:
        if not _table_constraint(statement, read):
            read.append(_column(statement))
        if not statement.accept(","):
            break
    if parenthesised:
        statement.expect(")")
    return tuple(read)


def declared(column: TableColumn) -> str:
    """Declare a column to the engine. Keys are not: Snowflake keeps them and does not enforce them."""
    default = f" DEFAULT {_to_engine(column.default)}" if column.default is not None else ""
    return f"{quoted(column.name)} {engine_type(column.type)}{default}{'' if column.nullable else ' NOT NULL'}"


def engine_type(kind: str) -> str:
    """Give the engine's type for a type in Snowflake's full spelling."""
    base, _, size = kind.removesuffix(")").partition("(")
    if base == "NUMBER":
        _, _, scale = size.partition(",")
        return "BIGINT" if scale == "0" else f"DECIMAL({size})"
    known = {
        "VARCHAR": "VARCHAR",
        "FLOAT": "DOUBLE",
        "BINARY": "BLOB",
        "TIMESTAMP_NTZ": "TIMESTAMP",
        "TIMESTAMP_LTZ": "TIMESTAMPTZ",
        "TIMESTAMP_TZ": "TIMESTAMPTZ",
        **dict.fromkeys(_SEMI_STRUCTURED, "JSON"),
    }
    return known.get(base, base)


def from_engine(row: tuple[str, str, bool, str | None]) -> TableColumn:
    """Describe a column that no CREATE TABLE of ours declared."""
    name, kind, nullable, default = row
    known = {
        "BIGINT": "NUMBER(38,0)",
        "INTEGER": "NUMBER(38,0)",
        "HUGEINT": "NUMBER(38,0)",
        "VARCHAR": f"VARCHAR({MAX_TEXT})",
        "DOUBLE": "FLOAT",
        "BLOB": "BINARY(8388608)",
        "TIMESTAMP": "TIMESTAMP_NTZ(9)",
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)",
        "TIME": "TIME(9)",
        "JSON": "VARIANT",
    }
    spelled = kind.replace("DECIMAL", "NUMBER") if kind.startswith("DECIMAL") else known.get(kind, kind)
    return TableColumn(name=name, type=spelled, nullable=nullable, default=default)


def _column(statement: Statement) -> TableColumn:
    name = statement.identifier()
    kind = read_type(statement)
    nullable, default, comment, primary, unique = True, None, None, False, False
    while True:
        if statement.accept("NOT", "NULL"):
            nullable = False
        elif statement.accept("NULL"):
            nullable = True
        elif statement.accept("DEFAULT"):
            default = statement.expression()
        elif statement.accept("COMMENT"):
            statement.accept("=")
            comment = statement.string()
        elif statement.accept("PRIMARY", "KEY"):
            primary, nullable = True, False
        elif statement.accept("UNIQUE"):
            unique = True
        elif statement.accept("COLLATE"):
            statement.string()
        elif statement.accept_any("AUTOINCREMENT", "IDENTITY"):
            raise unsupported("AUTOINCREMENT")
        else:
            break
    return TableColumn(
        name=name,
        type=kind,
        nullable=nullable,
        default=default,
        comment=comment,
        primary_key=primary,
        unique_key=unique,
    )


def _table_constraint(statement: Statement, read: list[TableColumn]) -> bool:
    """Read `[CONSTRAINT name] PRIMARY KEY|UNIQUE (columns)` into the columns read so far."""
    named = statement.next_is("CONSTRAINT")
    if not (named or statement.next_is("PRIMARY", "KEY", "(") or statement.next_is("UNIQUE", "(")):
        return False
    if statement.accept("CONSTRAINT"):
        statement.identifier()
    primary = statement.accept("PRIMARY", "KEY")
    if not primary:
        statement.expect("UNIQUE")
    keys = statement.column_list()
    for at, column in enumerate(read):
        if column.name in keys:
            read[at] = TableColumn(
                name=column.name,
                type=column.type,
                nullable=column.nullable and not primary,
                default=column.default,
                comment=column.comment,
                primary_key=column.primary_key or primary,
                unique_key=column.unique_key or not primary,
            )
    return True


def read_type(statement: Statement) -> str:
    """Read a type and give it in Snowflake's full spelling."""
    typed = statement.identifier()
    if typed == "DOUBLE":
        statement.accept("PRECISION")
    given = _sizes(statement)
    if typed in _WHOLE:
        return f"NUMBER({MAX_DIGITS},0)"
    if typed not in _SPELLINGS:
        raise SnowflakeError(2040, "0A000", f"SQL compilation error:\nUnsupported data type '{typed}'.")
    name, defaults = _SPELLINGS[typed]
    sizes = (*given, *defaults[len(given) :])
    if name == "NUMBER" and given:
        sizes = (*given, 0)[:2]
    return f"{name}({','.join(map(str, sizes))})" if defaults else name


def _sizes(statement: Statement) -> list[int]:
    if not statement.accept("("):
        return []
    sizes = [statement.number()]
    while statement.accept(","):
        sizes.append(statement.number())
    statement.expect(")")
    return sizes


def _to_engine(expression: str) -> str:
    try:
        return sqlglot.transpile(expression, read="snowflake", write="duckdb")[0]
    except ParseError as error:
        raise SnowflakeError(1003, "42000", f"SQL compilation error:\n{error}") from error
