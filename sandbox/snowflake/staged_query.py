# pyright: reportUnknownMemberType=false
# (DuckDB's results are not typed)
"""SELECT from a stage: the files are read into a temporary table of the session, over which the engine is asked."""

from __future__ import annotations

from typing import cast

from sqlglot import Expr, exp

from sandbox.snowflake.copying import Selection, source
from sandbox.snowflake.errors import SnowflakeError, unsupported
from sandbox.snowflake.faults import Target, unreadable
from sandbox.snowflake.inserting import DATA_ERRORS, rejected
from sandbox.snowflake.loading import aborted
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.projection import METADATA, metadata_of, place_of, places_in, plain_column
from sandbox.snowflake.reading import Reading
from sandbox.snowflake.records import relation_of, texts
from sandbox.snowflake.session import Session
from sandbox.snowflake.stage_reference import StageReference
from sandbox.snowflake.statement import Option, Statement


def read_stages(session: Session, query: Expr) -> bool:
    """Put temporary tables in the place of the stages that a query names, and tell whether there were any."""
    stages = [table for table in query.find_all(exp.Table) if _text_of(table) is not None]
    if stages and isinstance(query, exp.Create) and str(query.args.get("kind")).upper() == "VIEW":
        raise unsupported("a view over a stage")
    for at, table in enumerate(stages):
        select = table.find_ancestor(exp.Select)
        if select is None:
            raise SnowflakeError(1003, "42000", "SQL compilation error:\na stage can only be read by SELECT.")
        if any(isinstance(each, exp.Star) for each in cast("list[Expr]", select.expressions)):
            raise SnowflakeError(2028, "42601", "SQL compilation error:\nSELECT * is not supported over staged files.")
        name = f"_STAGED_{at}"
        _fill(session, name, table, select)
        alias = table.args.get("alias")
        put = exp.table_(name, db="main", catalog="temp", quoted=True)
        put.set("alias", alias)
        table.replace(put)
        _rename(select)
    for node in query.find_all(exp.Parameter):
        if place_of(node) is not None:
            raise SnowflakeError(904, "42000", f"SQL compilation error:\ninvalid identifier '${place_of(node)}'")
    return bool(stages)


def home_of(session: Session) -> Name:
    """Give the schema in which the session stands."""
    return Name(tuple(part or "" for part in (session.database, session.schema)))


def stage_reference(text: str) -> StageReference:
    """Read `@stage/path` as it stands in a query or in an argument."""
    return Statement("'" + text.replace("'", "''") + "'").stage()


def _text_of(table: exp.Table) -> str | None:
    return table.name if isinstance(table.this, exp.Var | exp.Literal) and table.name.startswith("@") else None


def _fill(session: Session, name: str, table: exp.Table, select: exp.Select) -> None:
    """Read all the stage's files into a temporary table with columns `c1` and so on and the metadata."""
    staging, home = session.account.loader.staging, home_of(session)
    reference = stage_reference(table.name)
    full = session.object_name(reference.name, "SELECT")
    session.require("STAGE", full, "USAGE", "READ")
    stage, integration = staging.external_stage(full)
    options = staging.format_of(_format(table), stage, home)
    kind = "VARCHAR" if options["TYPE"] == "CSV" else "JSON"
    width = max(places_in(select), default=1) if options["TYPE"] == "CSV" else 1
    targets = [Target(f"${at}", kind) for at in range(1, width + 1)]
    reading = Reading(table=Name.of(full.own), targets=targets, options=options)
    columns = [f"c{at} {kind}" for at in range(1, width + 1)]
    columns += [f"{quoted(each)} {type_}" for each, type_ in METADATA.items()]
    session.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({', '.join(columns)})")
    pattern = table.args.get("pattern")
    chosen = Selection(source(stage, reference.path), pattern=None if pattern is None else pattern.name)
    for file in staging.storage.list(integration, chosen.folder):
        if not chosen.takes(file.location.key) or not file.size:
            continue
        with staging.fetched(integration, file) as (fetched, local):
            relation = relation_of(texts(options, local, width), fetched, set(METADATA))
            try:
                session.connection.execute(f"INSERT INTO {name} SELECT * FROM {relation}")  # noqa: S608 # quoted
            except DATA_ERRORS as error:
                raise aborted(fetched, unreadable(str(error), str(local))) from error
            if kind == "VARCHAR" and (faults := rejected(session.connection, reading)):
                raise aborted(fetched, faults[0])


def _format(table: exp.Table) -> dict[str, Option]:
    named = table.args.get("format")
    if named is None:
        return {}
    return {"FORMAT_NAME": named.name if isinstance(named, exp.Literal) else named.sql(dialect="snowflake")}


def _rename(select: exp.Select) -> None:
    """Let the columns of the result keep the names that the query gives them, and read what the table has."""
    for each in cast("list[Expr]", select.expressions):
        if not isinstance(each, exp.Alias) and (metadata_of(each) or places_in(each)):
            each.replace(exp.alias_(each.copy(), each.sql(dialect="snowflake").upper(), quoted=True))
    for node in list(select.find_all(exp.Column, exp.Parameter)):
        if node.parent is not None and (plain := plain_column(node)) is not None:
            node.replace(plain)
