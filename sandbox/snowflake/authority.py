"""Who may do what: the roles that a role has, and the privileges that these hold.

The rules are those of Snowflake's "Overview of access control": a role has what the roles granted to it have; whoever
owns an object may do anything with it; an object in a schema is seen by nobody who holds nothing on the schema and the
database; MANAGE GRANTS sees everything. Nothing is kept here: the store's grants are read, and indexed anew when they
changed.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable

from sandbox.snowflake.errors import denied, missing
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import OWNER, Grant
from sandbox.snowflake.privileges import BELOW, GLOBAL, MANAGE_GRANTS, OWNERSHIP, THE_ACCOUNT
from sandbox.snowflake.store import ObjectStore

Roles = Collection[str]
"""Roles that act together: one, and all that it has."""


class Authority:
    """What the grants in a store mean."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seen = -1
        self._on: dict[tuple[str, Name], list[Grant]] = {}
        self._members: dict[tuple[str, str], set[str]] = {}
        self._future: list[Grant] = []

    def roles_of(self, *roles: str) -> frozenset[str]:
        """Give these roles with all that they have, PUBLIC among them."""
        members = self._index()[1]
        found: set[str] = set()
        waiting = [*roles, "PUBLIC"]
        while waiting:
            role = waiting.pop()
            if role not in found:
                found.add(role)
                waiting += [*BELOW.get(role, ()), *members.get(("ROLE", role), ())]
        return frozenset(found)

    def roles_of_user(self, user: str) -> frozenset[str]:
        """Give the roles that a user may take on."""
        return self.roles_of(*self._index()[1].get(("USER", user), ()))

    def grants_on(self, kind: str, name: Name) -> list[Grant]:
        """Give the grants on one object, its owner's OWNERSHIP first."""
        granted = self._index()[0].get((kind, name), [])
        owned = [grant for grant in granted if grant.privilege == OWNERSHIP]
        if not owned and kind != "ACCOUNT":
            owned = [Grant.of(OWNERSHIP, kind, name, ("ROLE", OWNER), grant_option=True)]
        return [*owned, *(grant for grant in granted if grant.privilege != OWNERSHIP)]

    def is_known(self, kind: str, name: Name) -> bool:
        """Tell whether an object of this kind was given an owner, as each one is that is made."""
        return (kind, name) in self._index()[0]

    def future_grants(self, kind: str, name: Name) -> list[Grant]:
        """Give the future grants that a new object falls under: those of its schema, else those of its database."""
        self._index()
        for holder in (name.holder, Name.of(name.database)):
            if found := [grant for grant in self._future if (grant.granted_on, grant.target) == (kind, holder)]:
                return found
        return []

    def owner(self, kind: str, name: Name) -> str:
        """Give the role that owns an object."""
        return self.grants_on(kind, name)[0].grantee

    def privileges(self, roles: Roles, kind: str, name: Name) -> set[str]:
        """Give what roles hold on an object."""
        held = {
            grant.privilege
            for grant in self.grants_on(kind, name)
            if grant.grantee_kind == "ROLE" and grant.grantee in roles
        }
        if kind == "ACCOUNT":
            held.update(*(GLOBAL.get(role, ()) for role in roles))
        return held

    def holds(self, roles: Roles, wanted: Iterable[str], kind: str, name: Name) -> bool:
        """Tell whether roles hold one of these privileges on an object, or own it."""
        return not self.privileges(roles, kind, name).isdisjoint({OWNERSHIP, *wanted})

    def manages_grants(self, roles: Roles) -> bool:
        """Tell whether roles may grant anything on anything."""
        return self.holds(roles, [MANAGE_GRANTS], "ACCOUNT", THE_ACCOUNT)

    def reaches(self, roles: Roles, name: Name) -> bool:
        """Tell whether roles hold anything on what holds an object: its database, and its schema."""
        holders = [("DATABASE", Name.of(name.database)), ("SCHEMA", Name(name.parts[:2]))][: len(name.parts) - 1]
        return all(self.privileges(roles, kind, holder) for kind, holder in holders)

    def sees(self, roles: Roles, kind: str, name: Name) -> bool:
        """Tell whether an object is there for roles: they hold anything on it and on what holds it."""
        if kind == "ACCOUNT" or self.manages_grants(roles):
            return True
        return bool(self.privileges(roles, kind, name)) and self.reaches(roles, name)

    def require(self, roles: Roles, kind: str, name: Name, *wanted: str) -> None:
        """Refuse roles that neither hold one of the wanted privileges nor own the object.

        What they do not see is refused as if it were not there, as Snowflake does.
        """
        if self.holds(roles, wanted, kind, name) and self.reaches(roles, name):
            return
        if not self.sees(roles, kind, name):
            raise missing(kind, str(name))
        raise denied(kind, name.own)

    def own(self, kind: str, name: Name, role: str) -> None:
        """Give a new object its owner, and what future grants say of it."""
        self.forget(kind, name)
        future = self.future_grants(kind, name) if len(name.parts) > 1 else []
        owner = next((grant.grantee for grant in future if grant.privilege == OWNERSHIP), role)
        self._store.put(Grant.of(OWNERSHIP, kind, name, ("ROLE", owner), grant_option=True, granted_by=owner))
        for each in future:
            if each.privilege != OWNERSHIP:
                grantee = (each.grantee_kind, each.grantee)
                self._store.put(
                    Grant.of(
                        each.privilege, kind, name, grantee, grant_option=each.grant_option, granted_by=owner
                    )
                )  # fmt: skip

    def forget(self, kind: str, name: Name) -> None:
        """Forget all grants on an object that is gone."""
        for grant in self._index()[0].get((kind, name), []):
            self._store.remove(Grant, grant.name)

    def _index(self) -> tuple[dict[tuple[str, Name], list[Grant]], dict[tuple[str, str], set[str]]]:
        with self._lock:
            changes = self._store.changes(Grant)
            if changes != self._seen:
                on: dict[tuple[str, Name], list[Grant]] = defaultdict(list)
                members: dict[tuple[str, str], set[str]] = defaultdict(set)
                future: list[Grant] = []
                for grant in self._store.all(Grant):
                    if grant.future:
                        future.append(grant)
                        continue
                    on[grant.granted_on, grant.target].append(grant)
                    if grant.granted_on == "ROLE" and grant.privilege == "USAGE":
                        members[grant.grantee_kind, grant.grantee].add(grant.target.own)
                self._on, self._members, self._future, self._seen = dict(on), dict(members), future, changes
            return self._on, self._members
