"""SHOW GRANTS and SHOW FUTURE GRANTS."""

from __future__ import annotations

from sandbox.snowflake.errors import missing
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Grant
from sandbox.snowflake.privileges import GLOBAL, OWNERSHIP, THE_ACCOUNT
from sandbox.snowflake.reply import Cell, Reply, columns, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.subject import complete, exists, read_kind

_GRANTS = columns("created_on privilege granted_on name granted_to grantee_name grant_option granted_by")
_FUTURE_GRANTS = columns("created_on privilege grant_on name grant_to grantee_name grant_option")
_ROLE_GRANTS = columns("created_on role granted_to grantee_name granted_by")


def show_grants(session: Session, statement: Statement) -> Reply:
    """SHOW GRANTS [ON .. | TO .. | OF ..]."""
    statement.expect("SHOW", "GRANTS")
    if statement.accept("ON"):
        return table(_GRANTS, [_row(each) for each in _on(session, statement)])
    if statement.accept("OF", "ROLE"):
        name = _existing(session, statement, "ROLE")
        found = [each for each in session.authority.grants_on("ROLE", name) if each.privilege != OWNERSHIP]
        return table(_ROLE_GRANTS, [_role_row(each) for each in found])
    if statement.accept("TO", "ROLE"):
        name = _existing(session, statement, "ROLE")
        return table(_GRANTS, [*_by_nature(name), *(_row(each) for each in _to(session, "ROLE", name.own))])
    name = Name.of(session.user)
    if statement.accept("TO"):
        statement.expect("USER")
        name = _existing(session, statement, "USER")
    statement.end()
    return table(_ROLE_GRANTS, [_role_row(each) for each in _to(session, "USER", name.own)])


def show_future_grants(session: Session, statement: Statement) -> Reply:
    """SHOW FUTURE GRANTS IN a database or a schema, or TO a role."""
    statement.expect("SHOW", "FUTURE", "GRANTS")
    found = [each for each in session.store.all(Grant) if each.future]
    if statement.accept("TO", "ROLE"):
        name = _existing(session, statement, "ROLE")
        found = [each for each in found if each.grantee == name.own]
    else:
        statement.expect("IN")
        kind = statement.accept_any("DATABASE", "SCHEMA")
        if kind is None:
            raise statement.unexpected()
        name = _existing(session, statement, kind)
        found = [each for each in found if each.target == name]
    return table(_FUTURE_GRANTS, [_future_row(each) for each in found])


def _on(session: Session, statement: Statement) -> list[Grant]:
    if statement.accept("ACCOUNT"):
        statement.end()
        return session.authority.grants_on("ACCOUNT", THE_ACCOUNT)
    kind = read_kind(statement)
    if kind is None:
        raise statement.unexpected()
    name = _existing(session, statement, kind)
    return session.authority.grants_on(kind, name)


def _to(session: Session, kind: str, grantee: str) -> list[Grant]:
    kept = session.store.all(Grant)
    return [each for each in kept if (each.grantee_kind, each.grantee) == (kind, grantee) and not each.future]


def _existing(session: Session, statement: Statement, kind: str) -> Name:
    name = complete(session, kind, statement.identifiers(), "SHOW GRANTS")
    statement.end()
    seen = kind in {"ROLE", "USER"} or session.sees(kind, name)
    if not (exists(session, kind, name) and seen):
        raise missing(kind, str(name))
    return name


def _by_nature(role: Name) -> list[list[Cell]]:
    """Give the rows of what a built-in role holds without a grant."""
    held = sorted(GLOBAL.get(role.own, ()))
    return [[None, privilege, "ACCOUNT", str(THE_ACCOUNT), "ROLE", role.own, "true", ""] for privilege in held]


def _row(each: Grant) -> list[Cell]:
    on, option = each.granted_on.replace(" ", "_"), str(each.grant_option).lower()
    return [
        each.created_on, each.privilege, on, str(each.target), each.grantee_kind, each.grantee, option, each.granted_by,
    ]  # fmt: skip


def _future_row(each: Grant) -> list[Cell]:
    on = each.granted_on.replace(" ", "_")
    name = f"{each.target}.<{on}>"
    return [
        each.created_on, each.privilege, on, name, each.grantee_kind, each.grantee, str(each.grant_option).lower(),
    ]  # fmt: skip


def _role_row(each: Grant) -> list[Cell]:
    return [each.created_on, each.target.own, each.grantee_kind, each.grantee, each.granted_by]
