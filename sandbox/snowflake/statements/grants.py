"""GRANT, REVOKE, SHOW GRANTS and SHOW FUTURE GRANTS, as objects that are kept and shown."""

from __future__ import annotations

from sandbox.snowflake.errors import missing, unsupported
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import OWNER, Grant, Role
from sandbox.snowflake.reply import Cell, Reply, columns, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.roles import BUILT_IN

_GRANTS = columns("created_on privilege granted_on name granted_to grantee_name grant_option granted_by")
_FUTURE_GRANTS = columns("created_on privilege grant_on name grant_to grantee_name grant_option")
_IN_SCHEMA = ("TABLE", "VIEW", "STAGE", "PIPE", "FILE FORMAT", "SEQUENCE", "FUNCTION", "PROCEDURE", "TASK", "STREAM")
_OF_ACCOUNT = ("WAREHOUSE", "INTEGRATION", "ROLE", "USER")


def grant(session: Session, statement: Statement) -> Reply:
    """GRANT of privileges or of a role."""
    statement.expect("GRANT")
    for each in _read(session, statement, "TO"):
        session.store.put(each)
    return succeeded()


def revoke(session: Session, statement: Statement) -> Reply:
    """REVOKE of privileges or of a role; what was not granted is no error."""
    statement.expect("REVOKE")
    statement.accept("GRANT", "OPTION", "FOR")
    for each in _read(session, statement, "FROM"):
        session.store.remove(Grant, each.name)
    return succeeded()


def show_grants(session: Session, statement: Statement) -> Reply:
    """SHOW [FUTURE] GRANTS ON, TO, OF or IN."""
    statement.expect("SHOW")
    future = statement.accept("FUTURE")
    statement.expect("GRANTS")
    chosen = [each for each in session.store.all(Grant) if each.future == future]
    if future:
        statement.expect("IN")
        kind = "DATABASE" if statement.accept("DATABASE") else "SCHEMA"
        if kind == "SCHEMA":
            statement.expect("SCHEMA")
        name = _target(session, kind, statement.identifiers())
        chosen = [each for each in chosen if each.target == name]
    elif statement.accept("ON"):
        kind, name = _read_target(session, statement)
        chosen = [each for each in chosen if (each.granted_on, each.target) == (kind, name)]
    elif statement.accept("OF", "ROLE"):
        name = Name(statement.identifiers())
        chosen = [each for each in chosen if (each.granted_on, each.target) == ("ROLE", name)]
    else:
        statement.expect("TO")
        kind = statement.accept_any("ROLE", "USER") or ""
        grantee = statement.identifier()
        chosen = [each for each in chosen if (each.grantee_kind, each.grantee) == (kind, grantee)]
    statement.end()
    return table(_FUTURE_GRANTS if future else _GRANTS, (_row(each, future=future) for each in chosen))


def _row(each: Grant, *, future: bool) -> list[Cell]:
    on = each.granted_on.replace(" ", "_")
    name = f"{each.target}.<{each.granted_on}>" if future else str(each.target)
    row: list[Cell] = [each.created_on, each.privilege, on, name, each.grantee_kind, each.grantee]
    row.append(str(each.grant_option).lower())
    return row if future else [*row, OWNER]


def _read(session: Session, statement: Statement, direction: str) -> list[Grant]:
    if statement.accept("ROLE"):
        privileges, on, target, future = ["USAGE"], "ROLE", Name(statement.identifiers()), False
    else:
        privileges = _privileges(statement)
        statement.expect("ON")
        future = statement.accept("FUTURE")
        if statement.accept("ALL"):
            raise unsupported("GRANT .. ON ALL")
        if future:
            on = _kind(statement, plural=True)
            statement.expect("IN")
            holder = "DATABASE" if statement.accept("DATABASE") else "SCHEMA"
            if holder == "SCHEMA":
                statement.expect("SCHEMA")
            target = _target(session, holder, statement.identifiers())
        else:
            on, target = _read_target(session, statement)
    statement.expect(direction)
    grantee_kind = statement.accept_any("ROLE", "USER") or "ROLE"
    grantee = statement.identifier()
    option = statement.accept("WITH", "GRANT", "OPTION")
    statement.accept_any("CASCADE", "RESTRICT")
    statement.end()
    if grantee_kind == "ROLE" and grantee not in BUILT_IN and session.store.find(Role, Name.of(grantee)) is None:
        raise missing("Role", grantee)
    return [
        Grant(
            name=Name((privilege, on, "FUTURE" if future else "", *target.parts, grantee_kind, grantee)),
            privilege=privilege,
            granted_on=on,
            target=target,
            grantee_kind=grantee_kind,
            grantee=grantee,
            grant_option=option,
            future=future,
        )
        for privilege in privileges
    ]


def _privileges(statement: Statement) -> list[str]:
    read: list[str] = []
    words: list[str] = []
    while not statement.next_is("ON"):
        if statement.accept(","):
            read.append(" ".join(words))
            words = []
        else:
            words.append(statement.identifier())
    return [*read, " ".join(words)]


def _read_target(session: Session, statement: Statement) -> tuple[str, Name]:
    if statement.accept("ACCOUNT"):
        return "ACCOUNT", Name.of("LANDING")
    kind = _kind(statement, plural=False)
    return kind, _target(session, kind, statement.identifiers())


def _kind(statement: Statement, *, plural: bool) -> str:
    for kind in ("DATABASE", "SCHEMA", *_IN_SCHEMA, *_OF_ACCOUNT):
        if statement.accept(*(f"{kind}S" if plural else kind).split()):
            return kind
    raise statement.unexpected()


def _target(session: Session, kind: str, parts: tuple[str, ...]) -> Name:
    if kind in _IN_SCHEMA:
        return session.object_name(parts, "GRANT")
    return session.schema_name(parts, "GRANT") if kind == "SCHEMA" else Name(parts)
