"""CREATE, ALTER, DROP, SHOW and DESCRIBE of file formats."""

from __future__ import annotations

import json
from dataclasses import replace

from sandbox.snowflake.errors import missing
from sandbox.snowflake.formats import DEFAULTS, complete
from sandbox.snowflake.objects import FileFormat
from sandbox.snowflake.reply import Cell, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Option, Statement
from sandbox.snowflake.statements.clauses import (
    drop_kept,
    read_creation,
    read_description,
    read_listing,
    read_mention,
    read_unset,
    text_of,
)

_FILE_FORMATS = columns("created_on name database_name schema_name type owner comment format_options owner_role_type")
_DESCRIPTION = columns("property property_type property_value property_default")


def create_file_format(session: Session, statement: Statement) -> Reply:
    """CREATE FILE FORMAT."""
    creation = read_creation(statement, "FILE", "FORMAT", modifiers=("TEMPORARY", "TEMP", "VOLATILE"))
    name = session.object_name(creation.name, "CREATE FILE FORMAT")
    options = statement.options()
    statement.end()
    comment = text_of(options, "COMMENT")
    options.pop("COMMENT", None)
    complete(options)
    session.require_schema(name)
    if settled := creation.settle(name, exists=session.store.find(FileFormat, name) is not None):
        return settled
    session.store.put(FileFormat(name=name, comment=comment, options=options))
    return status(f"File format {name.own} successfully created.")


def alter_file_format(session: Session, statement: Statement) -> Reply:
    """ALTER FILE FORMAT .. SET or UNSET."""
    mention = read_mention(statement, "ALTER", "FILE", "FORMAT")
    name = session.object_name(mention.name, "ALTER FILE FORMAT")
    kept = session.store.find(FileFormat, name)
    if settled := mention.settle("File format", name, exists=kept is not None):
        return settled
    assert kept is not None  # noqa: S101 # settle has raised or answered otherwise
    if statement.accept("UNSET"):
        read_unset(statement, "FILE FORMAT", {"COMMENT"})
        session.store.put(replace(kept, comment=""))
        return succeeded()
    statement.expect("SET")
    given = statement.options()
    statement.end()
    comment = text_of(given, "COMMENT", kept.comment)
    given.pop("COMMENT", None)
    options = {**kept.options, **given}
    complete(options)
    session.store.put(replace(kept, comment=comment, options=options))
    return succeeded()


def drop_file_format(session: Session, statement: Statement) -> Reply:
    """DROP FILE FORMAT."""
    mention = read_mention(statement, "DROP", "FILE", "FORMAT")
    statement.end()
    name = session.object_name(mention.name, "DROP FILE FORMAT")
    return drop_kept(session, mention, FileFormat, "File format", name)


def show_file_formats(session: Session, statement: Statement) -> Reply:
    """SHOW FILE FORMATS."""
    listing = read_listing(session, statement, "FILE", "FORMATS", depth=3)
    kept = {each.name: each for each in session.store.all(FileFormat)}
    rows: list[list[Cell]] = []
    for name in listing.choose(kept):
        options = complete(kept[name].options)
        rows.append(
            [
                kept[name].created_on, name.own, name.database, name.schema, str(options["TYPE"]),
                session.authority.owner("FILE FORMAT", name),
                kept[name].comment, json.dumps(options), "ROLE",
            ]
        )  # fmt: skip
    return table(_FILE_FORMATS, rows)


def describe_file_format(session: Session, statement: Statement) -> Reply:
    """DESCRIBE FILE FORMAT: its options."""
    name = session.object_name(read_description(statement, "FILE", "FORMAT"), "DESCRIBE")
    statement.end()
    kept = session.store.find(FileFormat, name)
    if kept is None:
        raise missing("File format", str(name))
    return table(_DESCRIPTION, described(kept.options))


def described(options: dict[str, Option]) -> list[list[Cell]]:
    """Give a format's options as rows: name, type, value, default."""
    kind = str(options.get("TYPE", "CSV")).upper()
    rows: list[list[Cell]] = [["TYPE", "String", kind, "CSV"]]
    for name, default in DEFAULTS[kind].items():
        rows.append([name, _type(default), _spelled(options.get(name, default)), _spelled(default)])
    return rows


def _type(value: Option) -> str:
    if isinstance(value, bool):
        return "Boolean"
    return "Integer" if isinstance(value, int) else "List" if isinstance(value, list) else "String"


def _spelled(value: Option) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(str(each) for each in value)}]" if isinstance(value, list) else str(value)
