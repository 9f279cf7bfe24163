"""CREATE, ALTER, DROP and SHOW of warehouses: kept and shown, the sandbox computes without them."""

from __future__ import annotations

from dataclasses import replace

from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Warehouse, now
from sandbox.snowflake.reply import Cell, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement, Value
from sandbox.snowflake.statements.clauses import (
    drop_kept,
    flag_of,
    read_creation,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
)
from sandbox.snowflake.statements.parameters import WAREHOUSE_PARAMETERS
from sandbox.snowflake.statements.renaming import rename_kept

_WAREHOUSES = columns(
    "name state type size min_cluster_count max_cluster_count started_clusters running queued is_default is_current "
    "auto_suspend auto_resume available provisioning quiescing other created_on resumed_on updated_on owner comment "
    "enable_query_acceleration query_acceleration_max_scale_factor resource_monitor scaling_policy owner_role_type "
    "generation resource_constraint",
    min_cluster_count="fixed",
    max_cluster_count="fixed",
    started_clusters="fixed",
    running="fixed",
    queued="fixed",
    auto_suspend="fixed",
    query_acceleration_max_scale_factor="fixed",
)
_DEFAULTS: dict[str, Value] = {
    "WAREHOUSE_TYPE": "STANDARD", "WAREHOUSE_SIZE": "XSMALL", "MAX_CLUSTER_COUNT": 1, "MIN_CLUSTER_COUNT": 1,
    "SCALING_POLICY": "STANDARD", "AUTO_SUSPEND": 600, "AUTO_RESUME": True, "RESOURCE_MONITOR": "null", "COMMENT": "",
    "ENABLE_QUERY_ACCELERATION": False, "QUERY_ACCELERATION_MAX_SCALE_FACTOR": 8, "GENERATION": "1",
    "RESOURCE_CONSTRAINT": "STANDARD_GEN_1",
}  # fmt: skip
_SIZES = {
    "XSMALL": "X-Small", "SMALL": "Small", "MEDIUM": "Medium", "LARGE": "Large", "XLARGE": "X-Large",
    "XXLARGE": "2X-Large", "X2LARGE": "2X-Large", "XXXLARGE": "3X-Large", "X3LARGE": "3X-Large",
    "X4LARGE": "4X-Large", "X5LARGE": "5X-Large", "X6LARGE": "6X-Large",
}  # fmt: skip
_PROPERTIES = {*_DEFAULTS, *WAREHOUSE_PARAMETERS}


def create_warehouse(session: Session, statement: Statement) -> Reply:
    """CREATE WAREHOUSE, which is then current for the session."""
    creation = read_creation(statement, "WAREHOUSE")
    name = Name(creation.name)
    statement.accept("WITH")
    properties = read_properties(statement, "WAREHOUSE", {*_PROPERTIES, "INITIALLY_SUSPENDED"})
    if settled := creation.settle(name, exists=session.store.find(Warehouse, name) is not None):
        return settled
    suspended = flag_of(properties, "INITIALLY_SUSPENDED", default=False)
    properties.pop("INITIALLY_SUSPENDED", None)
    session.store.put(Warehouse(name=name, options=properties, suspended=suspended))
    session.warehouse = name.own
    return status(f"Warehouse {name.own} successfully created.")


def alter_warehouse(session: Session, statement: Statement) -> Reply:
    """ALTER WAREHOUSE .. SET, UNSET, SUSPEND, RESUME or RENAME."""
    mention = read_mention(statement, "ALTER", "WAREHOUSE")
    name = Name(mention.name)
    kept = session.store.find(Warehouse, name)
    if settled := mention.settle("Warehouse", name, exists=kept is not None):
        return settled
    assert kept is not None  # noqa: S101 # settle has raised or answered otherwise
    if statement.accept("RENAME", "TO"):
        return rename_kept(session, statement, kept, "WAREHOUSE")
    if statement.accept("UNSET"):
        names = read_unset(statement, "WAREHOUSE", _PROPERTIES)
        changed = replace(kept, options={name: value for name, value in kept.options.items() if name not in names})
    elif statement.accept("SUSPEND"):
        changed = replace(kept, suspended=True)
    elif statement.accept("RESUME"):
        statement.accept("IF", "SUSPENDED")
        changed = replace(kept, suspended=False)
    else:
        statement.expect("SET")
        changed = replace(kept, options={**kept.options, **read_properties(statement, "WAREHOUSE", _PROPERTIES)})
    statement.end()
    session.store.put(replace(changed, updated_on=now()))
    return succeeded()


def drop_warehouse(session: Session, statement: Statement) -> Reply:
    """DROP WAREHOUSE."""
    mention = read_mention(statement, "DROP", "WAREHOUSE")
    statement.end()
    name = Name(mention.name)
    return drop_kept(session, mention, Warehouse, "Warehouse", name)


def show_warehouses(session: Session, statement: Statement) -> Reply:
    """SHOW WAREHOUSES."""
    listing = read_listing(session, statement, "WAREHOUSES", depth=1)
    kept = {each.name: each for each in session.store.all(Warehouse)}
    return table(_WAREHOUSES, (_row(session, kept[name]) for name in listing.choose(kept)))


def _row(session: Session, kept: Warehouse) -> list[Cell]:
    options = {**_DEFAULTS, **kept.options}

    def text(name: str) -> str:
        return str(options[name])

    def number(name: str) -> int:
        return int(text(name))

    size = text("WAREHOUSE_SIZE").upper().replace("-", "")
    started = 0 if kept.suspended else number("MIN_CLUSTER_COUNT")
    return [
        kept.name.own,
        "SUSPENDED" if kept.suspended else "STARTED",
        text("WAREHOUSE_TYPE"),
        _SIZES.get(size, text("WAREHOUSE_SIZE")),
        number("MIN_CLUSTER_COUNT"),
        number("MAX_CLUSTER_COUNT"),
        started,
        0,
        0,
        "N",
        "Y" if session.warehouse == kept.name.own else "N",
        number("AUTO_SUSPEND"),
        text("AUTO_RESUME").lower(),
        "" if kept.suspended else "100",
        "",
        "",
        "",
        kept.created_on,
        kept.created_on,
        kept.updated_on,
        session.authority.owner("WAREHOUSE", kept.name),
        text("COMMENT"),
        text("ENABLE_QUERY_ACCELERATION").lower(),
        number("QUERY_ACCELERATION_MAX_SCALE_FACTOR"),
        text("RESOURCE_MONITOR"),
        text("SCALING_POLICY"),
        "ROLE",
        text("GENERATION"),
        text("RESOURCE_CONSTRAINT"),
    ]
