"""CREATE, ALTER, DROP, TRUNCATE, SHOW and DESCRIBE of tables."""

from __future__ import annotations

from dataclasses import replace

from sandbox.snowflake import history
from sandbox.snowflake.columns import declared, from_engine, read_columns
from sandbox.snowflake.errors import SnowflakeError, missing, unsupported
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.objects import Table, TableColumn
from sandbox.snowflake.reply import Cell, Column, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.altered_column import alter_column
from sandbox.snowflake.statements.clauses import (
    dropped,
    read_creation,
    read_description,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
    text_of,
)

_TABLES = columns(
    "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time "
    "automatic_clustering change_tracking is_external owner_role_type",
    rows="fixed",
    bytes="fixed",
)
_COLUMNS = tuple(
    Column(name.replace("_", " "))
    for name in [
        "name",
        "type",
        "kind",
        "null?",
        "default",
        "primary_key",
        "unique_key",
        "check",
        "expression",
        "comment",
        "policy_name",
        "privacy_domain",
    ]
)
_MODIFIERS = ("TRANSIENT", "TEMPORARY", "TEMP", "LOCAL", "GLOBAL", "VOLATILE")
_PROPERTIES = {
    "COMMENT", "DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS", "CHANGE_TRACKING",
    "DEFAULT_DDL_COLLATION", "ENABLE_SCHEMA_EVOLUTION",
}  # fmt: skip


def create_table(session: Session, statement: Statement) -> Reply | None:
    """CREATE TABLE with a list of columns. Other forms (AS SELECT, LIKE, CLONE) are the engine's: None."""
    creation = read_creation(statement, "TABLE", modifiers=_MODIFIERS)
    if not statement.next_is("("):
        return None
    name = session.object_name(creation.name, "CREATE TABLE")
    listed = read_columns(statement)
    if statement.next_is("AS"):
        return None
    properties = read_properties(statement, "TABLE", _PROPERTIES)
    session.require_schema(name)
    if settled := creation.settle(name, exists=bool(session.engine.columns(name))):
        return settled
    with session.engine.transaction() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name.sql()}")
        history.forget(cursor, name)
        cursor.execute(f"CREATE TABLE {name.sql()} ({', '.join(declared(column) for column in listed)})")
    session.store.put(Table(name=name, comment=text_of(properties, "COMMENT"), columns=listed))
    return status(f"Table {name.own} successfully created.")


def alter_table(session: Session, statement: Statement) -> Reply | None:
    """ALTER TABLE: columns added, dropped, renamed, changed; the comment. What else there is, is the engine's: None."""
    mention = read_mention(statement, "ALTER", "TABLE")
    name = session.object_name(mention.name, "ALTER TABLE")
    if settled := mention.settle("Table", name, exists=bool(session.engine.columns(name))):
        return settled
    kept = _kept(session, name)
    if statement.accept("SET"):
        properties = read_properties(statement, "TABLE", _PROPERTIES)
        session.store.put(replace(kept, comment=text_of(properties, "COMMENT", kept.comment)))
    elif statement.accept("UNSET"):
        names = read_unset(statement, "TABLE", _PROPERTIES)
        session.store.put(replace(kept, comment="" if "COMMENT" in names else kept.comment))
    elif statement.accept("ADD"):
        _add(session, kept, statement)
    elif statement.accept("DROP", "COLUMN"):
        _drop(session, kept, statement)
    elif statement.accept("RENAME", "COLUMN"):
        _rename(session, kept, statement)
    elif statement.accept_any("ALTER", "MODIFY"):
        _alter(session, kept, statement)
    else:
        return None
    return succeeded()


def drop_table(session: Session, statement: Statement) -> Reply:
    """DROP TABLE."""
    mention = read_mention(statement, "DROP", "TABLE")
    statement.accept_any("CASCADE", "RESTRICT")
    statement.end()
    name = session.object_name(mention.name, "DROP TABLE")
    if settled := mention.settle("Table", name, exists=bool(session.engine.columns(name))):
        return settled
    with session.engine.transaction() as cursor:
        cursor.execute(f"DROP TABLE {name.sql()}")
        history.forget(cursor, name)
    session.store.remove(Table, name)
    return dropped(name)


def truncate_table(session: Session, statement: Statement) -> Reply:
    """TRUNCATE TABLE: the rows go, and with them the knowledge of what was loaded."""
    statement.expect("TRUNCATE")
    statement.accept("TABLE")
    if_exists = statement.accept("IF", "EXISTS")
    name = session.object_name(statement.identifiers(), "TRUNCATE")
    statement.end()
    if not session.engine.columns(name):
        if if_exists:
            return succeeded()
        raise missing("Table", str(name))
    with session.engine.transaction() as cursor:
        cursor.execute(f"DELETE FROM {name.sql()}")  # noqa: S608 # quoted
        history.forget(cursor, name)
    return succeeded()


def show_tables(session: Session, statement: Statement) -> Reply:
    """SHOW TABLES."""
    listing = read_listing(session, statement, "TABLES", depth=3)
    counts = dict(pair for database in session.engine.databases() for pair in session.engine.tables(database))
    rows: list[list[Cell]] = []
    for name in listing.choose(counts):
        kept = _kept(session, name)
        rows.append(
            [
                kept.created_on, name.own, name.database, name.schema, "TABLE", kept.comment, "", counts[name],
                0, session.authority.owner("TABLE", name), "1", "OFF", "OFF", "N", "ROLE",
            ]
        )  # fmt: skip
    return table(_TABLES, rows)


def describe_table(session: Session, statement: Statement) -> Reply | None:
    """DESCRIBE TABLE [TYPE = COLUMNS]. Views are the engine's: None."""
    name = session.object_name(read_description(statement, "TABLE"), "DESCRIBE")
    properties = read_properties(statement, "DESCRIBE", {"TYPE"})
    if text_of(properties, "TYPE", "COLUMNS").upper() != "COLUMNS":
        raise unsupported("DESCRIBE TABLE TYPE = STAGE")
    if not session.engine.columns(name):
        raise missing("Table", str(name))
    rows: list[list[Cell]] = [
        [
            column.name,
            column.type,
            "COLUMN",
            "Y" if column.nullable else "N",
            column.default,
            "Y" if column.primary_key else "N",
            "Y" if column.unique_key else "N",
            None,
            None,
            column.comment or None,
            None,
            None,
        ]
        for column in _kept(session, name).columns
    ]
    return table(_COLUMNS, rows)


def _kept(session: Session, name: Name) -> Table:
    """Give what is known of a table, its columns put right with what the engine really has."""
    known = session.store.find(Table, name) or Table(name=name)
    by_name = {column.name: column for column in known.columns}
    found = [by_name.get(row[0]) or from_engine(row) for row in session.engine.columns(name)]
    return replace(known, columns=tuple(found))


def _add(session: Session, kept: Table, statement: Statement) -> None:
    statement.accept("COLUMN")
    statement.accept("IF", "NOT", "EXISTS")
    added = read_columns(statement, parenthesised=False)
    statement.end()
    known = {column.name for column in kept.columns}
    for column in added:
        if column.name in known:
            raise SnowflakeError(1430, "42601", f"SQL compilation error:\ncolumn '{column.name}' already exists")
    with session.engine.transaction() as cursor:
        for column in added:
            cursor.execute(f"ALTER TABLE {kept.name.sql()} ADD COLUMN {declared(column)}")
    session.store.put(replace(kept, columns=(*kept.columns, *added)))


def _drop(session: Session, kept: Table, statement: Statement) -> None:
    names = [statement.identifier()]
    while statement.accept(","):
        names.append(statement.identifier())
    statement.end()
    for name in names:
        _column(kept, name)
    with session.engine.transaction() as cursor:
        for name in names:
            cursor.execute(f"ALTER TABLE {kept.name.sql()} DROP COLUMN {quoted(name)}")
    session.store.put(replace(kept, columns=tuple(each for each in kept.columns if each.name not in names)))


def _rename(session: Session, kept: Table, statement: Statement) -> None:
    old = _column(kept, statement.identifier())
    statement.expect("TO")
    new = statement.identifier()
    statement.end()
    with session.engine.transaction() as cursor:
        cursor.execute(f"ALTER TABLE {kept.name.sql()} RENAME COLUMN {quoted(old.name)} TO {quoted(new)}")
    renamed = tuple(replace(each, name=new) if each == old else each for each in kept.columns)
    session.store.put(replace(kept, columns=renamed))


def _alter(session: Session, kept: Table, statement: Statement) -> None:
    parenthesised = statement.accept("(")
    while True:
        statement.accept("COLUMN")
        old = _column(kept, statement.identifier())
        altered = alter_column(statement, kept.name, old)
        with session.engine.transaction() as cursor:
            for run in altered.run:
                cursor.execute(run)
        kept = replace(kept, columns=tuple(altered.column if each == old else each for each in kept.columns))
        if not statement.accept(","):
            break
    if parenthesised:
        statement.expect(")")
    statement.end()
    session.store.put(kept)


def _column(kept: Table, name: str) -> TableColumn:
    for column in kept.columns:
        if column.name == name:
            return column
    raise SnowflakeError(904, "42000", f"SQL compilation error:\ninvalid identifier '{name}'")
