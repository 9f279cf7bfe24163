"""The column expressions of a COPY or of a query over staged files: `$1`, `$1:field::TYPE`, `METADATA$FILENAME`."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import sqlglot
from fakesnow import transforms
from sqlglot import Expr, exp
from sqlglot.errors import ParseError, SqlglotError

from sandbox.snowflake.columns import engine_type, read_type
from sandbox.snowflake.errors import SnowflakeError, syntax_error, unsupported
from sandbox.snowflake.statement import Statement

METADATA = {
    "METADATA$FILENAME": "VARCHAR",
    "METADATA$FILE_ROW_NUMBER": "BIGINT",
    "METADATA$FILE_CONTENT_KEY": "VARCHAR",
    "METADATA$FILE_LAST_MODIFIED": "TIMESTAMP",
    "METADATA$START_SCAN_TIME": "TIMESTAMPTZ",
}
"""The columns that every staged file has beside its own, with DuckDB's types."""

_TO_TIMESTAMPS = {"TO_TIMESTAMP_NTZ": "TIMESTAMP", "TO_TIMESTAMP_LTZ": "TIMESTAMPTZ", "TO_TIMESTAMP_TZ": "TIMESTAMPTZ"}

# fakesnow's own translations of what sqlglot alone renders differently, those that may stand in a column expression
_TRANSLATIONS = cast(
    "tuple[Callable[[Expr], Expr], ...]",
    (
        transforms.semi_structured_types,
        transforms.try_parse_json,
        transforms.split,
        transforms.json_extract_precedence,
        transforms.regex_replace,
        transforms.regex_substr,
        transforms.to_date,
        transforms.to_decimal,
        transforms.to_variant,
        transforms.float_to_double,
        transforms.integer_precision,
        transforms.array_size,
        transforms.array_construct_etc,
        transforms.dateadd_date_cast,
        transforms.sha256,
    ),
)


def parse_expressions(text: str) -> tuple[Expr, ...]:
    """Read the list between SELECT and FROM of a COPY, and refuse what a load cannot compute row by row."""
    try:
        query = sqlglot.parse_one(f"SELECT {text}", read="snowflake")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise syntax_error(str(first.get("highlight") or "<EOF>"), 1, int(first.get("col") or 0)) from error
    except SqlglotError as error:
        raise SnowflakeError(1003, "42000", f"SQL compilation error:\n{error}") from error
    if not isinstance(query, exp.Select) or any(query.args.get(part) for part in ("distinct", "from_", "joins")):
        raise unsupported("this query over staged files in COPY")
    for column in query.find_all(exp.Column):
        metadata_of(column)
    for node in query.find_all(exp.AggFunc, exp.Window, exp.Subquery, exp.Star):
        raise unsupported(f"{node.sql(dialect='snowflake')} in the query of a COPY")
    return tuple(each.this if isinstance(each, exp.Alias) else each for each in cast("list[Expr]", query.expressions))


def place_of(node: Expr) -> int | None:
    """Give n of `$n`, with or without the alias of its stage; None for anything else."""
    inner = node.this if isinstance(node, exp.Column) else node
    if not isinstance(inner, exp.Parameter) or not isinstance(inner.this, exp.Literal) or inner.this.is_string:
        return None
    return int(inner.this.name)


def metadata_of(node: Expr) -> str | None:
    """Give the name of a metadata column; None for anything else."""
    name = node.name.upper() if isinstance(node, exp.Column) else ""
    if not name.startswith("METADATA$"):
        return None
    if name not in METADATA:
        raise SnowflakeError(904, "42000", f"SQL compilation error:\ninvalid identifier '{name}'")
    return name


def places_in(expression: Expr) -> list[int]:
    """Give n of each `$n` in an expression, as often as it stands there."""
    return [place for node in expression.find_all(exp.Parameter) if (place := place_of(node)) is not None]


def plain_column(node: Expr, *, qualified: bool = True) -> Expr | None:
    """Give the plain column, `c1` for `$1`, for one that only staged files have; None for anything else."""
    name = metadata_of(node)
    if name is None and (place := place_of(node)) is not None:
        name = f"c{place}"
    if name is None:
        return None
    alias = node.args.get("table") if qualified else None
    return exp.column(name, table=alias, quoted=True)


def with_columns(expression: Expr) -> Expr:
    """Put plain columns in the place of those that only staged files have."""

    def put(node: Expr) -> Expr:
        return plain_column(node, qualified=False) or node

    return expression.copy().transform(put)


def to_engine(expression: Expr) -> str:
    """Translate an expression over the columns of a file to DuckDB's SQL."""
    node = with_columns(expression).transform(transforms.indices_to_json_extract).transform(_conversion)
    if not isinstance(node, exp.JSONExtract | exp.Column):
        for translation in _TRANSLATIONS:
            node = node.transform(translation)
    return node.sql(dialect="duckdb")


def text_of_document(path: exp.JSONExtract) -> str:
    """Translate `$1:field` as a text, in which a document's text has no quotes."""
    return f"({_as_text(cast('exp.JSONExtract', with_columns(path))).sql(dialect='duckdb')})"


def type_of_cast(node: exp.Cast) -> str:
    """Give DuckDB's type for the one that a cast names, as a table's column has it."""
    return engine_type(read_type(Statement(node.to.sql(dialect="snowflake"))))


def _conversion(node: Expr) -> Expr:
    """Convert to the types that columns have, a document's value as text: a JSON text is not to keep its quotes."""
    if isinstance(node, exp.Anonymous) and node.name.upper() in _TO_TIMESTAMPS and len(node.expressions) == 1:
        return exp.cast(cast("Expr", node.expressions[0]), _TO_TIMESTAMPS[node.name.upper()])
    if not isinstance(node, exp.Cast):
        return node
    kind = type_of_cast(node)
    value = _as_text(node.this) if isinstance(node.this, exp.JSONExtract) and kind != "JSON" else node.this
    return type(node)(**{**node.args, "this": value, "to": exp.DataType.build(kind, dialect="duckdb")})


def _as_text(path: exp.JSONExtract) -> Expr:
    return exp.JSONExtractScalar(**{**path.args, "this": path.this, "expression": path.expression})
