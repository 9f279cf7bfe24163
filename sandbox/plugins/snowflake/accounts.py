"""Warehouses, account roles, and the roles that roles and users have."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.plugins.snowflake.cloud import Snowflake
from sandbox.plugins.snowflake.settings import Setting, clauses, properties
from sandbox.plugins.snowflake.sql import comment, quoted, same_name, text, unquoted
from sandbox.plugins.table import FORCE_NEW, KEPT, PLAIN, Property, Row
from sandbox.plugins.wire import Properties

_SHOWN: Mapping[str, tuple[str, Setting]] = {
    "warehouseType": ("type", Setting("WAREHOUSE_TYPE", "word")),
    "warehouseSize": ("size", Setting("WAREHOUSE_SIZE")),
    "maxClusterCount": ("max_cluster_count", Setting("MAX_CLUSTER_COUNT", "word")),
    "minClusterCount": ("min_cluster_count", Setting("MIN_CLUSTER_COUNT", "word")),
    "scalingPolicy": ("scaling_policy", Setting("SCALING_POLICY")),
    "autoSuspend": ("auto_suspend", Setting("AUTO_SUSPEND", "word")),
    "autoResume": ("auto_resume", Setting("AUTO_RESUME", "word")),
    "enableQueryAcceleration": ("enable_query_acceleration", Setting("ENABLE_QUERY_ACCELERATION", "word")),
}
_PARAMETERS: Mapping[str, Setting] = {
    "maxConcurrencyLevel": Setting("MAX_CONCURRENCY_LEVEL", "word"),
    "statementQueuedTimeoutInSeconds": Setting("STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "word"),
    "statementTimeoutInSeconds": Setting("STATEMENT_TIMEOUT_IN_SECONDS", "word"),
}
_SETTINGS = {**{name: setting for name, (_, setting) in _SHOWN.items()}, **_PARAMETERS}


def _create_warehouse(snowflake: Snowflake, inputs: Properties) -> str:
    name = quoted(inputs["name"])
    suspended = " INITIALLY_SUSPENDED = true" if inputs.get("initiallySuspended") else ""
    snowflake.run(f"CREATE WAREHOUSE {name}{clauses(_SETTINGS, inputs)}{suspended}{comment(inputs)}")
    return name


def _read_warehouse(snowflake: Snowflake, identifier: str) -> Properties | None:
    (name,) = unquoted(identifier)
    row = snowflake.find(f"SHOW WAREHOUSES LIKE {text(name)}", name)
    if row is None:
        return None
    parameters = {each["key"]: each["value"] for each in snowflake.run(f"SHOW PARAMETERS IN WAREHOUSE {identifier}")}
    return {
        "name": name,
        "fullyQualifiedName": quoted(name),
        "comment": row.get("comment") or None,
        **{prop: setting.read(row[column]) for prop, (column, setting) in _SHOWN.items()},
        **{prop: setting.read(parameters[setting.name]) for prop, setting in _PARAMETERS.items()},
    }


def _update_warehouse(snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    if changed := clauses(_SETTINGS, inputs, state):
        snowflake.run(f"ALTER WAREHOUSE {identifier} SET{changed}")
    _alter_comment("WAREHOUSE", snowflake, identifier, state, inputs)


def _alter_comment(kind: str, snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    if inputs.get("comment") != state.get("comment"):
        change = f"SET{comment(inputs)}" if inputs.get("comment") else "UNSET COMMENT"
        snowflake.run(f"ALTER {kind} {identifier} {change}")


def _drop(kind: str, snowflake: Snowflake, identifier: str) -> None:
    snowflake.run(f"DROP {kind} IF EXISTS {identifier}")


def _create_role(snowflake: Snowflake, inputs: Properties) -> str:
    name = quoted(inputs["name"])
    snowflake.run(f"CREATE ROLE {name}{comment(inputs)}")
    return name


def _read_role(snowflake: Snowflake, identifier: str) -> Properties | None:
    (name,) = unquoted(identifier)
    row = snowflake.find(f"SHOW ROLES LIKE {text(name)}", name)
    if row is None:
        return None
    return {"name": name, "fullyQualifiedName": quoted(name), "comment": row.get("comment") or None}


def _create_membership(snowflake: Snowflake, inputs: Properties) -> str:
    role = quoted(*unquoted(inputs["roleName"]))
    kind, said = ("ROLE", "parentRoleName") if inputs.get("parentRoleName") else ("USER", "userName")
    grantee = quoted(*unquoted(inputs[said]))
    snowflake.run(f"GRANT ROLE {role} TO {kind} {grantee}")
    return f"{role}|{kind}|{grantee}"


def _read_membership(snowflake: Snowflake, identifier: str) -> Properties | None:
    role, kind, grantee = identifier.split("|")
    wanted = (kind, unquoted(grantee)[-1])
    rows = snowflake.run(f"SHOW GRANTS OF ROLE {role}")
    if not any((row["granted_to"], row["grantee_name"]) == wanted for row in rows):
        return None
    held = "parentRoleName" if kind == "ROLE" else "userName"
    return {"roleName": unquoted(role)[-1], held: unquoted(grantee)[-1]}


def _delete_membership(snowflake: Snowflake, identifier: str, _state: Properties) -> None:
    role, kind, grantee = identifier.split("|")
    snowflake.run(f"REVOKE ROLE {role} FROM {kind} {grantee}")


_NAME = Property(replaces=True, same=same_name)

ROWS: tuple[Row[Snowflake], ...] = (
    Row(
        type="snowflake:index/warehouse:Warehouse",
        properties={"name": FORCE_NEW, "comment": PLAIN, "initiallySuspended": KEPT, **properties(_SETTINGS)},
        create=_create_warehouse,
        read=_read_warehouse,
        update=_update_warehouse,
        delete=lambda snowflake, identifier, _state: _drop("WAREHOUSE", snowflake, identifier),
        auto_name="name",
    ),
    Row(
        type="snowflake:index/accountRole:AccountRole",
        properties={"name": FORCE_NEW, "comment": PLAIN},
        create=_create_role,
        read=_read_role,
        update=lambda snowflake, identifier, state, inputs: _alter_comment(
            "ROLE", snowflake, identifier, state, inputs
        ),
        delete=lambda snowflake, identifier, _state: _drop("ROLE", snowflake, identifier),
        auto_name="name",
    ),
    Row(
        type="snowflake:index/grantAccountRole:GrantAccountRole",
        properties={"roleName": _NAME, "parentRoleName": _NAME, "userName": _NAME},
        create=_create_membership,
        read=_read_membership,
        delete=_delete_membership,
    ),
)
