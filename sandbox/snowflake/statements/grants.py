"""GRANT and REVOKE, of privileges, of ownership and of roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sandbox.snowflake.errors import SnowflakeError, denied, invalid_value, missing, ungranted, unsupported
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Grant
from sandbox.snowflake.privileges import GLOBAL, IN_SCHEMA, OWNERSHIP, PRIVILEGES, THE_ACCOUNT
from sandbox.snowflake.reply import Reply, status, succeeded
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.listed import objects_in
from sandbox.snowflake.subject import complete, exists, read_kind


@dataclass(frozen=True)
class Order:
    """What a GRANT or a REVOKE is about: privileges on each of some objects, or on future ones in a container."""

    privileges: tuple[str, ...]
    """Empty for ALL."""
    kind: str
    targets: Sequence[Name]
    future: bool = False


def grant(session: Session, statement: Statement) -> Reply:
    """GRANT of privileges or of a role."""
    statement.expect("GRANT")
    order = _read_order(session, statement)
    grantee = _read_grantee(session, statement, "TO", order)
    if order.privileges == (OWNERSHIP,):
        return _hand_over(session, statement, order, grantee)
    option = statement.accept("WITH", "GRANT", "OPTION")
    statement.end()
    if order.kind == "ROLE" and grantee[0] == "ROLE":
        _refuse_circle(session, order.targets[0].own, grantee[1])
    for target in order.targets:
        by = _grantor(session, order, target)
        for privilege in _privileges(order, session, target, by):
            by_whom = by or session.role
            made = Grant.of(
                privilege, order.kind, target, grantee, grant_option=option, future=order.future, granted_by=by_whom
            )
            session.store.put(made)
    return succeeded()


def revoke(session: Session, statement: Statement) -> Reply:
    """REVOKE of privileges or of a role; what was not granted is no error."""
    statement.expect("REVOKE")
    option_alone = statement.accept("GRANT", "OPTION", "FOR")
    order = _read_order(session, statement)
    grantee = _read_grantee(session, statement, "FROM", order)
    statement.accept_any("CASCADE", "RESTRICT")
    statement.end()
    if OWNERSHIP in order.privileges and not order.future:
        raise SnowflakeError(
            3007, "42501", "SQL access control error:\nOWNERSHIP cannot be revoked; it is granted to another role."
        )
    all_of_them = (*sorted(PRIVILEGES[order.kind]), *([OWNERSHIP] if order.future else []))
    for target in order.targets:
        _grantor(session, order, target)
        for privilege in order.privileges or all_of_them:
            gone = Grant.of(privilege, order.kind, target, grantee, future=order.future)
            kept = session.store.find(Grant, gone.name)
            if option_alone and kept is not None:
                session.store.put(replace(kept, grant_option=False))
            else:
                session.store.remove(Grant, gone.name)
    return succeeded()


def _read_order(session: Session, statement: Statement) -> Order:
    if statement.next_is("DATABASE", "ROLE") or statement.next_is("APPLICATION", "ROLE"):
        raise unsupported(f"GRANT of a {' '.join(statement.leading_words(limit=3)[1:])}")
    if statement.accept("ROLE"):
        name = Name(statement.identifiers())
        if not exists(session, "ROLE", name):
            raise missing("Role", str(name))
        return Order(("USAGE",), "ROLE", [name])
    privileges = _read_privileges(statement)
    statement.expect("ON")
    if statement.accept("ACCOUNT"):
        return _checked(Order(privileges, "ACCOUNT", [THE_ACCOUNT]))
    future = statement.accept("FUTURE")
    if future or statement.accept("ALL"):
        kind = read_kind(statement, plural=True)
        if kind is None or (kind not in IN_SCHEMA and kind != "SCHEMA"):
            raise statement.unexpected()
        holder = _read_holder(session, statement)
        targets = [holder] if future else objects_in(session, kind, holder)
        return _checked(Order(privileges, kind, targets, future))
    kind = read_kind(statement)
    if kind is None:
        raise statement.unexpected()
    name = complete(session, kind, statement.identifiers(), "GRANT")
    if kind == "TABLE" and session.authority.is_known("VIEW", name):
        kind = "VIEW"
    if not (exists(session, kind, name) and session.sees(kind, name)):
        raise missing(kind, str(name))
    return _checked(Order(privileges, kind, [name]))


def _read_privileges(statement: Statement) -> tuple[str, ...]:
    if statement.accept("ALL"):
        statement.accept("PRIVILEGES")
        return ()
    read: list[str] = []
    words: list[str] = []
    while not statement.next_is("ON"):
        if statement.accept(","):
            read.append(" ".join(words))
            words = []
        else:
            words.append(statement.identifier())
    return (*read, " ".join(words))


def _checked(order: Order) -> Order:
    """Refuse privileges that the kind of object does not have."""
    for privilege in order.privileges:
        if privilege != OWNERSHIP and privilege not in PRIVILEGES[order.kind]:
            raise SnowflakeError(
                2087,
                "42601",
                f"SQL compilation error:\nInvalid object type '{order.kind.replace(' ', '_')}' for privilege "
                f"'{privilege}'.",
            )
    return order


def _read_holder(session: Session, statement: Statement) -> Name:
    statement.expect("IN")
    kind = statement.accept_any("DATABASE", "SCHEMA")
    if kind is None:
        raise statement.unexpected()
    holder = complete(session, kind, statement.identifiers(), "GRANT")
    if not (exists(session, kind, holder) and session.sees(kind, holder)):
        raise missing(kind, str(holder))
    return holder


def _read_grantee(session: Session, statement: Statement, direction: str, order: Order) -> tuple[str, str]:
    statement.expect(direction)
    if statement.next_is("DATABASE", "ROLE") or statement.next_is("SHARE") or statement.next_is("APPLICATION"):
        raise unsupported("GRANT to anything but account roles and users")
    kind = statement.accept_any("ROLE", "USER") or "ROLE"
    if kind == "USER" and order.kind != "ROLE":
        raise unsupported("GRANT of privileges to a user")
    name = Name(statement.identifiers())
    if not exists(session, kind, name):
        raise missing(kind, str(name))
    return kind, name.own


def _grantor(session: Session, order: Order, target: Name) -> str | None:
    """Give the role in whose name a grant is made; None: each privilege is looked at by itself.

    Raises SnowflakeError for roles that may grant none of it.
    """
    authority, roles = session.authority, session.roles
    if order.future:
        if not authority.manages_grants(roles):
            raise ungranted()
        return session.role
    if order.kind == "ACCOUNT":
        return None
    owner = authority.owner(order.kind, target)
    if owner in roles or authority.manages_grants(roles):
        return owner
    if order.kind == "ROLE":
        raise ungranted()
    return None


def _privileges(order: Order, session: Session, target: Name, by: str | None) -> list[str]:
    """Give the privileges to grant on one object. Raises SnowflakeError for one that is not the session's to give."""
    wanted = list(order.privileges or sorted(PRIVILEGES[order.kind]))
    if by is not None:
        return wanted
    roles = session.roles
    own = {privilege for role in roles for privilege in GLOBAL.get(role, ())} if order.kind == "ACCOUNT" else set[str]()
    own |= {
        each.privilege
        for each in session.authority.grants_on(order.kind, target)
        if each.grant_option and each.grantee_kind == "ROLE" and each.grantee in roles
    }
    allowed = [privilege for privilege in wanted if privilege in own]
    if not allowed or (order.privileges and len(allowed) < len(wanted)):
        raise ungranted()
    return allowed


def _refuse_circle(session: Session, role: str, grantee: str) -> None:
    if grantee in session.authority.roles_of(role) - {"PUBLIC"} or role == grantee:
        raise SnowflakeError(
            3036,
            "23001",
            f"SQL execution error: Cannot grant role '{role}' to role '{grantee}': the second is granted to the first.",
        )


def _hand_over(session: Session, statement: Statement, order: Order, grantee: tuple[str, str]) -> Reply:
    """GRANT OWNERSHIP: the object's one owner changes."""
    current = statement.accept_any("COPY", "REVOKE")
    if current:
        statement.expect("CURRENT", "GRANTS")
    statement.end()
    if grantee[0] != "ROLE" or order.kind == "ACCOUNT":
        raise invalid_value(grantee[1], OWNERSHIP)
    if order.future:
        _grantor(session, order, order.targets[0])
        session.store.put(
            Grant.of(OWNERSHIP, order.kind, order.targets[0], grantee, future=True, granted_by=session.role)
        )
        return succeeded()
    for target in order.targets:
        authority = session.authority
        owner = authority.owner(order.kind, target)
        if owner not in session.roles and not authority.manages_grants(session.roles):
            raise denied(order.kind, target.own)
        if owner == grantee[1]:
            continue
        others = [each for each in authority.grants_on(order.kind, target) if each.privilege != OWNERSHIP]
        if others and current is None:
            raise _dependent(others[0])
        authority.forget(order.kind, target)
        session.store.put(Grant.of(OWNERSHIP, order.kind, target, grantee, grant_option=True, granted_by=grantee[1]))
        for each in others if current == "COPY" else ():
            session.store.put(replace(each, granted_by=grantee[1]))
    return (
        status(f"Statement executed successfully. {len(order.targets)} objects affected.")
        if len(order.targets) > 1
        else succeeded()
    )


def _dependent(each: Grant) -> SnowflakeError:
    return SnowflakeError(
        3036,
        "23001",
        f"SQL execution error: Dependent grant of privilege '{each.privilege}' on securable '{each.target}' to role "
        f"'{each.grantee}' exists.  It must be revoked first.  More than one dependent grant may exist: use 'SHOW "
        "GRANTS' command to view them.  To revoke all dependent grants while transferring object ownership, use "
        "convenience command 'GRANT OWNERSHIP ON <target_objects> TO <target_role> REVOKE CURRENT GRANTS'.",
    )
