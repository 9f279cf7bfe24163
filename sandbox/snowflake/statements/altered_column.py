"""ALTER TABLE .. ALTER (or MODIFY) COLUMN: a column's type, whether it may be NULL, its default and its comment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sandbox.snowflake.columns import engine_type, read_type
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.objects import TableColumn
from sandbox.snowflake.statement import Statement


@dataclass(frozen=True)
class AlteredColumn:
    """A column as it will be, and what the engine must run for it."""

    column: TableColumn
    run: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Type:
    """A type in Snowflake's full spelling, taken apart."""

    base: str
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, kind: str) -> Type:
        """Take `NUMBER(38,0)` apart."""
        base, _, sizes = kind.removesuffix(")").partition("(")
        return cls(base, tuple(int(size) for size in sizes.split(",") if size))


def alter_column(statement: Statement, table: Name, column: TableColumn) -> AlteredColumn:
    """Read one change of a column: `[SET DATA TYPE] type`, SET or DROP NOT NULL, DROP DEFAULT, [UNSET] COMMENT.

    Raises SnowflakeError for a type that the column cannot be changed to in place.
    """
    engine = f"ALTER TABLE {table.sql()} ALTER COLUMN {quoted(column.name)}"
    if statement.accept("COMMENT"):
        return AlteredColumn(replace(column, comment=statement.string()))
    if statement.accept("UNSET", "COMMENT"):
        return AlteredColumn(replace(column, comment=None))
    if statement.accept("DROP", "DEFAULT"):
        return AlteredColumn(replace(column, default=None), (f"{engine} DROP DEFAULT",))
    if verb := next((each for each in ("SET", "DROP") if statement.accept(each, "NOT", "NULL")), None):
        return AlteredColumn(replace(column, nullable=verb == "DROP"), (f"{engine} {verb} NOT NULL",))
    if not statement.accept("SET", "DATA", "TYPE") and statement.next_is("SET"):
        raise statement.unexpected()
    statement.accept("TYPE")
    kind = read_type(statement)
    _check(column, kind)
    if statement.accept("COLLATE"):
        statement.string()
    same = engine_type(kind) == engine_type(column.type)
    run = () if same else (f"{engine} SET DATA TYPE {engine_type(kind)}",)
    return AlteredColumn(replace(column, type=kind), run)


def _check(column: TableColumn, kind: str) -> None:
    """Refuse what Snowflake does not do to a column in place: another family of types, another scale, less text."""
    old, new = (Type.of(each) for each in (column.type, kind))
    fault = f"SQL compilation error: cannot change column {column.name} from type {column.type} to {kind}"
    if old.base != new.base or old.sizes[1:] != new.sizes[1:]:
        raise SnowflakeError(2108, "22000", fault)
    if old.base != "NUMBER" and new.sizes < old.sizes:
        base = old.base.lower()
        raise SnowflakeError(40050, "22000", f"{fault} because reducing the byte-length of {base} is not supported.")
