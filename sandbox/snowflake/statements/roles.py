"""CREATE, ALTER, DROP and SHOW of account roles."""

from __future__ import annotations

from dataclasses import replace

from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Grant, Role, User
from sandbox.snowflake.privileges import BUILT_IN_ROLES, OWNERSHIP
from sandbox.snowflake.reply import Cell, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.clauses import (
    dropped,
    read_creation,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
    text_of,
)
from sandbox.snowflake.statements.renaming import rename_kept

_ROLES = columns(
    "created_on name is_default is_current is_inherited assigned_to_users granted_to_roles granted_roles owner comment",
    assigned_to_users="fixed",
    granted_to_roles="fixed",
    granted_roles="fixed",
)


def create_role(session: Session, statement: Statement) -> Reply:
    """CREATE ROLE."""
    creation = read_creation(statement, "ROLE")
    name = Name(creation.name)
    properties = read_properties(statement, "ROLE", {"COMMENT"})
    exists = name.own in BUILT_IN_ROLES or session.store.find(Role, name) is not None
    if settled := creation.settle(name, exists=exists):
        return settled
    session.store.put(Role(name=name, comment=text_of(properties, "COMMENT")))
    return status(f"Role {name.own} successfully created.")


def alter_role(session: Session, statement: Statement) -> Reply:
    """ALTER ROLE .. SET or UNSET COMMENT, or RENAME."""
    mention = read_mention(statement, "ALTER", "ROLE")
    name = Name(mention.name)
    kept = session.store.find(Role, name)
    if settled := mention.settle("Role", name, exists=kept is not None):
        return settled
    assert kept is not None  # noqa: S101 # settle has raised or answered otherwise
    if statement.accept("RENAME", "TO"):
        return rename_kept(session, statement, kept, "ROLE")
    if statement.accept("UNSET"):
        read_unset(statement, "ROLE", {"COMMENT"})
        session.store.put(replace(kept, comment=""))
    else:
        statement.expect("SET")
        properties = read_properties(statement, "ROLE", {"COMMENT"})
        session.store.put(replace(kept, comment=text_of(properties, "COMMENT", kept.comment)))
    return succeeded()


def drop_role(session: Session, statement: Statement) -> Reply:
    """DROP ROLE, and the grants to it and of it; what it owned is then the dropping role's."""
    mention = read_mention(statement, "DROP", "ROLE")
    statement.end()
    name = Name(mention.name)
    if settled := mention.settle("Role", name, exists=session.store.find(Role, name) is not None):
        return settled
    for grant in session.store.all(Grant):
        if grant.grantee_kind == "ROLE" and grant.grantee == name.own:
            session.store.remove(Grant, grant.name)
            if grant.privilege == OWNERSHIP and not grant.future:
                heir = ("ROLE", session.role)
                on, target = grant.granted_on, grant.target
                session.store.put(Grant.of(OWNERSHIP, on, target, heir, grant_option=True, granted_by=session.role))
    session.store.remove(Role, name)
    return dropped(name)


def show_roles(session: Session, statement: Statement) -> Reply:
    """SHOW ROLES."""
    listing = read_listing(session, statement, "ROLES", depth=1)
    kept = {each.name: each for each in session.store.all(Role)}
    for built_in in BUILT_IN_ROLES:
        kept[Name.of(built_in)] = Role(name=Name.of(built_in))
    user = session.store.find(User, Name.of(session.user))
    default = user.options.get("DEFAULT_ROLE") if user else None
    members = [
        grant for grant in session.store.all(Grant) if grant.granted_on == "ROLE" and grant.privilege != OWNERSHIP
    ]
    rows: list[list[Cell]] = []
    for name in listing.choose(sorted(kept)):
        up = [grant for grant in members if grant.target == name]
        down = [grant for grant in members if grant.grantee == name.own and grant.grantee_kind == "ROLE"]
        owner = "" if name.own in BUILT_IN_ROLES else session.authority.owner("ROLE", name)
        rows.append(
            [
                kept[name].created_on, name.own, "Y" if name.own == default else "N",
                "Y" if name.own == session.role else "N", "Y" if name.own in session.roles else "N",
                sum(grant.grantee_kind == "USER" for grant in up),
                sum(grant.grantee_kind == "ROLE" for grant in up),
                len(down), owner, kept[name].comment,
            ]
        )  # fmt: skip
    return table(_ROLES, rows)
