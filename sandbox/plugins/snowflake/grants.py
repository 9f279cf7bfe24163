"""Privileges of account roles, on the account, its objects, schemas and what is in them, future objects included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from sandbox.plugins.compare import same
from sandbox.plugins.snowflake.cloud import Snowflake
from sandbox.plugins.snowflake.sql import quoted, same_name, text, unquoted
from sandbox.plugins.table import PLAIN, Property, Row
from sandbox.plugins.wire import Properties, Value, has_unknown


@dataclass(frozen=True)
class Target:
    """What privileges are on: as a part of the id, as a clause of GRANT, and as one of SHOW GRANTS."""

    id: tuple[str, ...]
    clause: str
    show: str | None
    """None where the official plug-in does not look: on all objects of a container."""
    each: str | None = None
    """Lists the objects whose privileges go one by one: Snowflake has no statement for those of all pipes."""

    def clauses(self, snowflake: Snowflake) -> list[str]:
        """Give what the statements are about: one clause, or one for each object."""
        if self.each is None:
            return [self.clause]
        pipes = snowflake.run(self.each)
        return [f"PIPE {quoted(pipe['database_name'], pipe['schema_name'], pipe['name'])}" for pipe in pipes]


def target_of(inputs: Properties) -> Target:
    """Read what privileges are on. Raises LookupError where nothing is said."""
    if inputs.get("onAccount"):
        return Target(("OnAccount",), "ACCOUNT", "SHOW GRANTS ON ACCOUNT")
    if on := cast("Properties | None", inputs.get("onAccountObject")):
        return _one("OnAccountObject", str(on["objectType"]).upper(), str(on["objectName"]))
    if on := cast("Properties | None", inputs.get("onSchema")):
        return _on_schema(on)
    if on := cast("Properties | None", inputs.get("onSchemaObject")):
        return _on_schema_object(on)
    raise LookupError("one of onAccount, onAccountObject, onSchema and onSchemaObject must say what the grant is on")


def _one(family: str, kind: str, name: str, *between: str) -> Target:
    full = quoted(*unquoted(name))
    on = f"{kind} {full}"
    return Target((family, *between, kind, full), on, f"SHOW GRANTS ON {on}")


def _on_schema(on: Properties) -> Target:
    if name := on.get("schemaName"):
        full = quoted(*unquoted(str(name)))
        return Target(("OnSchema", "OnSchema", full), f"SCHEMA {full}", f"SHOW GRANTS ON SCHEMA {full}")
    if database := on.get("futureSchemasInDatabase"):
        full = quoted(*unquoted(str(database)))
        clause, show = f"FUTURE SCHEMAS IN DATABASE {full}", f"SHOW FUTURE GRANTS IN DATABASE {full}"
        return Target(("OnSchema", "OnFutureSchemasInDatabase", full), clause, show)
    full = quoted(*unquoted(str(on["allSchemasInDatabase"])))
    return Target(("OnSchema", "OnAllSchemasInDatabase", full), f"ALL SCHEMAS IN DATABASE {full}", None)


def _on_schema_object(on: Properties) -> Target:
    if on.get("objectType"):
        return _one("OnSchemaObject", str(on["objectType"]).upper(), str(on["objectName"]), "OnObject")
    future = cast("Properties | None", on.get("future"))
    of = future or cast("Properties", on["all"])
    kinds = str(of["objectTypePlural"]).upper()
    holder, name = ("SCHEMA", of["inSchema"]) if of.get("inSchema") else ("DATABASE", of["inDatabase"])
    full = quoted(*unquoted(str(name)))
    which = "Future" if future else "All"
    return Target(
        ("OnSchemaObject", f"On{which}", kinds, f"In{holder.capitalize()}", full),
        f"{which.upper()} {kinds} IN {holder} {full}",
        f"SHOW FUTURE GRANTS IN {holder} {full}" if future else None,
        f"SHOW PIPES IN {holder} {full}" if kinds == "PIPES" and not future else None,
    )


def target_from(parts: list[str]) -> Properties:
    """Give the inputs that an id's parts, from the family on, stand for."""
    match parts:
        case ["OnAccount"]:
            return {"onAccount": True}
        case ["OnAccountObject", kind, name]:
            return {"onAccountObject": {"objectType": kind, "objectName": unquoted(name)[-1]}}
        case ["OnSchema", "OnSchema", name]:
            return {"onSchema": {"schemaName": name}}
        case ["OnSchema", which, database]:
            future = which == "OnFutureSchemasInDatabase"
            return {
                "onSchema": {"futureSchemasInDatabase" if future else "allSchemasInDatabase": unquoted(database)[-1]}
            }
        case ["OnSchemaObject", "OnObject", kind, name]:
            return {"onSchemaObject": {"objectType": kind, "objectName": name}}
        case ["OnSchemaObject", which, kinds, holder, name]:
            place = "inSchema" if holder == "InSchema" else "inDatabase"
            name = name if holder == "InSchema" else unquoted(name)[-1]
            return {"onSchemaObject": {which.removeprefix("On").lower(): {"objectTypePlural": kinds, place: name}}}
        case _:
            raise LookupError(f"{'|'.join(parts)} is no part of the id of a grant")


def _create(snowflake: Snowflake, inputs: Properties) -> str:
    target = target_of(inputs)
    role = quoted(*unquoted(inputs["accountRoleName"]))
    option = bool(inputs.get("withGrantOption"))
    privileges = _spelled(inputs)
    for on in target.clauses(snowflake):
        snowflake.run(f"GRANT {privileges} ON {on} TO ROLE {role}{' WITH GRANT OPTION' if option else ''}")
    said = "ALL" if inputs.get("allPrivileges") else ",".join(inputs["privileges"])
    return "|".join([role, str(option).lower(), "false", said, *target.id])


def _spelled(inputs: Properties) -> str:
    return "ALL PRIVILEGES" if inputs.get("allPrivileges") else ", ".join(inputs["privileges"])


def _read(snowflake: Snowflake, identifier: str) -> Properties | None:
    role, option, _, said, *on = identifier.split("|")
    (name,) = unquoted(role)
    if snowflake.find(f"SHOW ROLES LIKE {text(name)}", name) is None:
        return None
    told = target_from(on)
    target = target_of(told)
    privileges: list[str] = [] if said == "ALL" else said.split(",")
    if target.show is not None:
        held = sorted(
            row["privilege"]
            for row in snowflake.run(target.show)
            if (row.get("granted_to") or row.get("grant_to")) == "ROLE"
            and row["grantee_name"] == name
            and row["privilege"] != "OWNERSHIP"
            and str(row["grant_option"]).lower() == option
            and _is_of(row, target)
        )
        if not held:
            return None
        privileges = [] if said == "ALL" else held
    return {
        "accountRoleName": name,
        "withGrantOption": option == "true",
        "allPrivileges": said == "ALL",
        "privileges": privileges or None,
        **told,
    }


def _is_of(row: Properties, target: Target) -> bool:
    """Tell whether a future grant is for the kind of object that the target names."""
    if "grant_on" not in row:
        return True
    kind = str(row["grant_on"]).replace("_", " ")
    return target.clause.startswith(f"FUTURE {kind}S ")


def _update(snowflake: Snowflake, _identifier: str, state: Properties, inputs: Properties) -> None:
    role = quoted(*unquoted(inputs["accountRoleName"]))
    option = " WITH GRANT OPTION" if inputs.get("withGrantOption") else ""
    before, after = set(state.get("privileges") or ()), set(inputs.get("privileges") or ())
    for on in target_of(inputs).clauses(snowflake):
        if state.get("allPrivileges") and not inputs.get("allPrivileges"):
            snowflake.run(f"REVOKE ALL PRIVILEGES ON {on} FROM ROLE {role}")
        elif before - after and not inputs.get("allPrivileges"):
            snowflake.run(f"REVOKE {', '.join(sorted(before - after))} ON {on} FROM ROLE {role}")
        if inputs.get("allPrivileges"):
            snowflake.run(f"GRANT ALL PRIVILEGES ON {on} TO ROLE {role}{option}")
        elif after - before:
            snowflake.run(f"GRANT {', '.join(sorted(after - before))} ON {on} TO ROLE {role}{option}")


def _delete(snowflake: Snowflake, identifier: str, state: Properties) -> None:
    role, *_ = identifier.split("|")
    if state.get("allPrivileges") or state.get("privileges"):
        for on in target_of(state).clauses(snowflake):
            snowflake.run(f"REVOKE {_spelled(state)} ON {on} FROM ROLE {role}")


def _same_target(name: str) -> Callable[[Value, Value], bool]:
    def compared(one: Value, other: Value) -> bool:
        if has_unknown(one) or has_unknown(other) or not one or not other:
            return same(one, other)
        return target_of({name: one}) == target_of({name: other})

    return compared


def _those_known(known: Value, live: Value) -> Value:
    """Give those of the privileges that are the resource's: the role may have others, by hand or by another one."""
    held = cast("list[str]", live or [])
    return [each for each in cast("list[str]", known) if each in held] or None


ROWS: tuple[Row[Snowflake], ...] = (
    Row(
        type="snowflake:index/grantPrivilegesToAccountRole:GrantPrivilegesToAccountRole",
        properties={
            "accountRoleName": Property(replaces=True, same=same_name),
            "privileges": Property(narrow=_those_known),
            "allPrivileges": PLAIN,
            "withGrantOption": Property(replaces=True),
            **{
                name: Property(replaces=True, same=_same_target(name))
                for name in ("onAccount", "onAccountObject", "onSchema", "onSchemaObject")
            },
        },
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
