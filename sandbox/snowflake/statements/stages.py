"""CREATE, ALTER, DROP, SHOW, DESCRIBE and LIST of stages."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

from fakesnow import statement_type

from sandbox.home import REGION
from sandbox.snowflake.copying import Selection, format_options, source
from sandbox.snowflake.errors import invalid_value, missing, unsupported
from sandbox.snowflake.objects import Stage
from sandbox.snowflake.reply import Cell, Column, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.staging import usable_integration
from sandbox.snowflake.statement import Statement, Value
from sandbox.snowflake.statements.clauses import (
    drop_kept,
    read_creation,
    read_description,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
    text_of,
)
from sandbox.snowflake.statements.file_formats import described
from sandbox.snowflake.statements.renaming import rename_kept

_STAGES = columns(
    "created_on name database_name schema_name url has_credentials has_encryption_key owner comment region type cloud "
    "notification_channel storage_integration endpoint owner_role_type directory_enabled"
)
_DESCRIPTION = columns("parent_property property property_type property_value property_default")
_LIST = (Column("name"), Column("size", "fixed"), Column("md5"), Column("last_modified"))
_PROPERTIES = {"URL", "STORAGE_INTEGRATION", "FILE_FORMAT", "DIRECTORY", "COMMENT", "ENCRYPTION"}


def create_stage(session: Session, statement: Statement) -> Reply:
    """CREATE STAGE: external, through a storage integration that allows the location."""
    creation = read_creation(statement, "STAGE")
    name = session.object_name(creation.name, "CREATE STAGE")
    properties = read_properties(statement, "STAGE", _PROPERTIES)
    session.require_schema(name)
    if settled := creation.settle(name, exists=session.store.find(Stage, name) is not None):
        return settled
    if "URL" not in properties:
        raise unsupported("internal stages")
    session.store.put(_with(session, Stage(name=name), properties))
    return status(f"Stage area {name.own} successfully created.")


def alter_stage(session: Session, statement: Statement) -> Reply:
    """ALTER STAGE .. SET, UNSET or RENAME: pipes go on to name the stage as before."""
    mention = read_mention(statement, "ALTER", "STAGE")
    name = session.object_name(mention.name, "ALTER STAGE")
    kept = session.store.find(Stage, name)
    if settled := mention.settle("Stage", name, exists=kept is not None):
        return settled
    assert kept is not None  # noqa: S101 # settle has raised or answered otherwise
    if statement.accept("RENAME", "TO"):
        return rename_kept(session, statement, kept, "STAGE")
    if statement.accept("UNSET"):
        read_unset(statement, "STAGE", {"COMMENT"})
        session.store.put(replace(kept, comment=""))
        return succeeded()
    statement.expect("SET")
    session.store.put(_with(session, kept, read_properties(statement, "STAGE", _PROPERTIES)))
    return succeeded()


def drop_stage(session: Session, statement: Statement) -> Reply:
    """DROP STAGE."""
    mention = read_mention(statement, "DROP", "STAGE")
    statement.end()
    name = session.object_name(mention.name, "DROP STAGE")
    return drop_kept(session, mention, Stage, "Stage", name)


def show_stages(session: Session, statement: Statement) -> Reply:
    """SHOW STAGES."""
    listing = read_listing(session, statement, "STAGES", depth=3)
    kept = {each.name: each for each in session.store.all(Stage)}
    rows: list[list[Cell]] = []
    for name in listing.choose(kept):
        stage = kept[name]
        rows.append(
            [
                stage.created_on, name.own, name.database, name.schema, stage.url, "N", "N",
                session.authority.owner("STAGE", name), stage.comment,
                REGION, "EXTERNAL", "AWS", None, stage.integration, None, "ROLE", "Y" if stage.directory else "N",
            ]
        )  # fmt: skip
    return table(_STAGES, rows)


def describe_stage(session: Session, statement: Statement) -> Reply:
    """DESCRIBE STAGE: its format, location, integration and directory."""
    name = session.object_name(read_description(statement, "STAGE"), "DESCRIBE")
    statement.end()
    stage = session.store.find(Stage, name)
    if stage is None:
        raise missing("Stage", str(name))
    return table(_DESCRIPTION, _described(stage))


def list_files(session: Session, statement: Statement) -> Reply:
    """LIST @stage[/path] [PATTERN = '..']: the objects, as the integration's role may list them."""
    statement.accept_any("LIST", "LS")
    reference = statement.stage()
    properties = read_properties(statement, "LIST", {"PATTERN"})
    stage, integration = session.account.loader.staging.external_stage(session.object_name(reference.name, "LIST"))
    pattern = text_of(properties, "PATTERN", ".*")
    chosen = Selection(source(stage, reference.path), pattern=pattern, placeholders=True)
    return table(
        _LIST,
        (
            [file.location.url, file.size, file.etag, _http_date(file.last_modified)]
            for file in session.account.storage.list(integration, chosen.folder)
            if chosen.takes(file.location.key)
        ),
        kind=statement_type.UNKNOWN,
    )


def _with(session: Session, kept: Stage, properties: dict[str, Value]) -> Stage:
    if properties.get("ENCRYPTION"):
        raise unsupported("ENCRYPTION of an external stage")
    url = text_of(properties, "URL", kept.url)
    if not url.startswith("s3://"):
        raise invalid_value(url, "URL")
    integration = text_of(properties, "STORAGE_INTEGRATION", kept.integration or "")
    if not integration:
        raise unsupported("external stages without STORAGE_INTEGRATION")
    usable_integration(session.store, integration, url)
    directory = properties.get("DIRECTORY", {"ENABLE": kept.directory})
    return replace(
        kept,
        url=url,
        integration=integration,
        file_format=format_options(properties["FILE_FORMAT"]) if "FILE_FORMAT" in properties else kept.file_format,
        directory=isinstance(directory, dict) and directory.get("ENABLE") is True,
        comment=text_of(properties, "COMMENT", kept.comment),
    )


def _described(stage: Stage) -> list[list[Cell]]:
    named = stage.file_format.get("FORMAT_NAME")
    rows: list[list[Cell]] = []
    if named is not None:
        rows.append(["STAGE_FILE_FORMAT", "FORMAT_NAME", "String", str(named), ""])
    else:
        rows += [["STAGE_FILE_FORMAT", *row] for row in described(stage.file_format)]
    rows.append(["STAGE_LOCATION", "URL", "String", json.dumps([stage.url]), ""])
    rows.append(["STAGE_INTEGRATION", "STORAGE_INTEGRATION", "String", stage.integration, ""])
    rows.append(["DIRECTORY", "ENABLE", "Boolean", str(stage.directory).lower(), "false"])
    rows.append(["DIRECTORY", "AUTO_REFRESH", "Boolean", "false", "false"])
    return rows


def _http_date(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
