"""ALTER .. RENAME TO of objects that the store keeps: what was granted on them, and to them, goes with the name."""

from __future__ import annotations

from dataclasses import replace

from sandbox.snowflake.errors import taken
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import AccountObject, Grant
from sandbox.snowflake.reply import Reply, succeeded
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement


def rename_kept(session: Session, statement: Statement, kept: AccountObject, kind: str) -> Reply:
    """Read the new name after RENAME TO, and give it to an object of this kind, such as WAREHOUSE.

    Raises SnowflakeError where the name is in use.
    """
    parts = statement.identifiers()
    statement.end()
    new = session.object_name(parts, "ALTER") if len(kept.name.parts) > 1 else Name(parts)
    if session.store.find(type(kept), new) is not None:
        raise taken(str(new))
    old = kept.name
    session.store.put(replace(kept, name=new))
    session.store.remove(type(kept), old)
    for grant in session.store.all(Grant):
        if moved := _moved(grant, kind, old, new):
            session.store.remove(Grant, grant.name)
            session.store.put(moved)
    return succeeded()


def _moved(grant: Grant, kind: str, old: Name, new: Name) -> Grant | None:
    """Give a grant with the new name in it; None for one in which the old one is not."""
    on = grant.granted_on == kind and grant.target == old and not grant.future
    to = kind == grant.grantee_kind == "ROLE" and grant.grantee == old.own
    by = kind == "ROLE" and grant.granted_by == old.own
    if not (on or to or by):
        return None
    return Grant.of(
        grant.privilege,
        grant.granted_on,
        new if on else grant.target,
        (grant.grantee_kind, new.own if to else grant.grantee),
        grant_option=grant.grant_option,
        future=grant.future,
        granted_by=new.own if by else grant.granted_by,
    )
