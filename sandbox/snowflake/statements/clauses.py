"""The clauses that all statement families share: CREATE, DROP, ALTER and SHOW with their usual words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from sandbox.snowflake.errors import SnowflakeError, absent, invalid_property, invalid_value, missing, taken
from sandbox.snowflake.names import Name, matches_like
from sandbox.snowflake.objects import AccountObject
from sandbox.snowflake.reply import Reply, status
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement, Value


@dataclass(frozen=True)
class Creation:
    """The beginning of a CREATE: how it treats an object that is there, and the name as typed."""

    replace: bool
    if_not_exists: bool
    name: tuple[str, ...]

    def settle(self, name: Name, *, exists: bool) -> Reply | None:
        """Decide what an existing object means: a reply that ends the statement, an error, or to go on (None)."""
        if self.replace and self.if_not_exists:
            raise SnowflakeError(
                1003, "42000", "SQL compilation error:\noptions IF NOT EXISTS and OR REPLACE are incompatible."
            )
        if not exists or self.replace:
            return None
        if self.if_not_exists:
            return status(f"{name.own} already exists, statement succeeded.")
        raise taken(str(name))


def read_creation(statement: Statement, *kind: str, modifiers: Collection[str] = ()) -> Creation:
    """Read `CREATE [OR REPLACE] [modifiers] kind [IF NOT EXISTS] name`."""
    statement.expect("CREATE")
    replace = statement.accept("OR", "REPLACE")
    while statement.accept_any(*modifiers):
        pass
    statement.expect(*kind)
    if_not_exists = statement.accept("IF", "NOT", "EXISTS")
    return Creation(replace, if_not_exists, statement.identifiers())


@dataclass(frozen=True)
class Mention:
    """`[IF EXISTS] name` of a DROP or an ALTER."""

    if_exists: bool
    name: tuple[str, ...]

    def settle(self, kind: str, name: Name, *, exists: bool) -> Reply | None:
        """Decide what a missing object means: a reply that ends the statement, an error, or to go on (None)."""
        if exists:
            return None
        if self.if_exists:
            return status(f"Drop statement executed successfully ({name.own} already dropped).")
        raise missing(kind, str(name))


def read_mention(statement: Statement, verb: str, *kind: str) -> Mention:
    """Read `verb kind [IF EXISTS] name`."""
    statement.expect(verb, *kind)
    if_exists = statement.accept("IF", "EXISTS")
    return Mention(if_exists, statement.identifiers())


def read_description(statement: Statement, *kind: str) -> tuple[str, ...]:
    """Read `DESCRIBE kind name`, or DESC, and give the name."""
    if not statement.accept("DESC"):
        statement.expect("DESCRIBE")
    statement.expect(*kind)
    return statement.identifiers()


def dropped(name: Name) -> Reply:
    """Answer a DROP that dropped something."""
    return status(f"{name.own} successfully dropped.")


def drop_kept(session: Session, mention: Mention, kind: type[AccountObject], label: str, name: Name) -> Reply:
    """Drop an object that the store keeps, as `mention` asks; `label` is what Snowflake calls its kind."""
    if settled := mention.settle(label, name, exists=session.store.find(kind, name) is not None):
        return settled
    session.store.remove(kind, name)
    return dropped(name)


@dataclass(frozen=True)
class Listing:
    """What a SHOW statement is limited to."""

    scope: Name
    """What holds the objects; the empty name is the whole account."""
    like: str | None
    starts_with: str | None
    limit: int | None
    visible: Callable[[Name], bool]
    """Whether the session's roles see an object."""

    def choose(self, names: Iterable[Name]) -> list[Name]:
        """Give those of the names that the statement asks for."""
        found = [
            name
            for name in names
            if name.within(self.scope)
            and (self.like is None or matches_like(self.like, name.own))
            and (self.starts_with is None or name.own.startswith(self.starts_with))
            and self.visible(name)
        ]
        return found if self.limit is None else found[: self.limit]


def read_listing(session: Session, statement: Statement, *kind: str, depth: int) -> Listing:
    """Read `SHOW [TERSE] kind [HISTORY] [LIKE ..] [IN ..] [STARTS WITH ..] [LIMIT ..]`.

    `depth` is the number of parts in a name of this kind: 1 for objects of the account, 2 for schemas, 3 for the rest.
    Without IN the statement is about the current schema or database, or about the account where there is none.
    """
    statement.expect("SHOW")
    statement.accept("TERSE")
    statement.expect(*kind)
    statement.accept("HISTORY")
    like = statement.string() if statement.accept("LIKE") else None
    scope = _scope(session, statement, depth)
    starts_with = statement.string() if statement.accept("STARTS", "WITH") else None
    limit = statement.number() if statement.accept("LIMIT") else None
    if limit is not None and statement.accept("FROM"):
        statement.string()
    statement.end()
    return Listing(scope, like, starts_with, limit, lambda name: _visible(session, kind, name))


def _visible(session: Session, kind: tuple[str, ...], name: Name) -> bool:
    """Tell whether a SHOW names an object. Everybody sees all roles, and themselves among the users."""
    if kind == ("ROLES",) or (kind == ("USERS",) and name.own == session.user):
        return True
    if name.own == "INFORMATION_SCHEMA":
        return session.sees("DATABASE", name.holder)
    singular = " ".join(kind).removeprefix("STORAGE ").removesuffix("S")
    return session.sees("VIEW" if session.authority.is_known("VIEW", name) else singular, name)


def _scope(session: Session, statement: Statement, depth: int) -> Name:
    if not statement.accept("IN"):
        current = [part for part in (session.database, session.schema) if part is not None]
        return Name(tuple(current[: depth - 1]))
    if statement.accept("ACCOUNT"):
        return Name(())
    if statement.accept("DATABASE"):
        parts = statement.identifiers() if _names_something(statement) else (session.database or "",)
        name = session.database_name(parts)
        _require(session, name)
        return name
    is_schema = statement.accept("SCHEMA")
    if is_schema and not _names_something(statement):
        return session.schema_name((session.schema or "",), "SHOW")
    parts = statement.identifiers()
    name = Name(parts) if len(parts) == 1 and (depth == 2 and not is_schema) else session.schema_name(parts, "SHOW")  # noqa: PLR2004
    _require(session, name)
    return name


def _names_something(statement: Statement) -> bool:
    return not (statement.at_end or statement.next_is("STARTS", "WITH") or statement.next_is("LIMIT"))


def _require(session: Session, name: Name) -> None:
    databases = session.engine.databases()
    there = name.database in databases and (
        len(name.parts) == 1 or name.schema in session.engine.schemas(name.database)
    )
    if not there or not session.sees("DATABASE" if len(name.parts) == 1 else "SCHEMA", name):
        raise absent()


def read_properties(statement: Statement, kind: str, allowed: Collection[str]) -> dict[str, Value]:
    """Read properties to the statement's end and refuse those that the kind does not have."""
    read = statement.properties()
    statement.end()
    for name in read:
        if name not in allowed:
            raise invalid_property(name, kind)
    return read


def read_unset(statement: Statement, kind: str, allowed: Collection[str]) -> list[str]:
    """Read the names after UNSET to the statement's end."""
    names = [statement.identifier()]
    while statement.accept(","):
        names.append(statement.identifier())
    statement.end()
    for name in names:
        if name not in allowed:
            raise invalid_property(name, kind)
    return names


def text_of(properties: Mapping[str, Value], name: str, default: str = "") -> str:
    """Give a property that is a text or a word."""
    value = properties.get(name, default)
    if not isinstance(value, str):
        raise invalid_value(value, name)
    return value


def flag_of(properties: Mapping[str, Value], name: str, *, default: bool) -> bool:
    """Give a property that is true or false."""
    value = properties.get(name, default)
    if isinstance(value, str) and value.upper() in {"TRUE", "FALSE"}:
        return value.upper() == "TRUE"
    if not isinstance(value, bool):
        raise invalid_value(value, name)
    return value


def texts_of(properties: Mapping[str, Value], name: str) -> tuple[str, ...]:
    """Give a property that is a list of texts."""
    value = properties.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise invalid_value(value, name)
    return tuple(str(each) for each in value)
