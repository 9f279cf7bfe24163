# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# fakesnow has no types
"""A client's session: where it stands (database, schema, role, warehouse) and what it may reach."""

from __future__ import annotations

import itertools
import re
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import snowflake.connector.errors
from duckdb import DuckDBPyConnection
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor

from sandbox.snowflake.admission import is_query
from sandbox.snowflake.authority import Authority
from sandbox.snowflake.engine import Engine
from sandbox.snowflake.errors import internal, missing, nowhere
from sandbox.snowflake.loading import Loader
from sandbox.snowflake.names import Name, quoted
from sandbox.snowflake.snowpipe import Snowpipe
from sandbox.snowflake.storage import Storage
from sandbox.snowflake.store import ObjectStore

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What all sessions share: the engine, the objects, the way to storage, and the pipes at work."""

    engine: Engine
    store: ObjectStore
    storage: Storage
    loader: Loader
    pipes: Snowpipe

    @cached_property
    def authority(self) -> Authority:
        """Who may do what."""
        return Authority(self.store)


class Session(FakeSnowflakeConnection):
    """One login. Its statements run one at a time."""

    def __init__(self, account: Account, user: str, role: str, *, autocommit: bool = True) -> None:
        super().__init__(
            account.engine.duck_conn.cursor(),
            account.engine.results_cache,
            create_database=False,
            create_schema=False,
            autocommit=autocommit,
        )
        self.account = account
        self.commits_by_itself = autocommit
        self.number = next(_NUMBERS)
        self.user = user
        self.role = role
        self.all_roles = False
        """Whether the user's other roles act beside the role (USE SECONDARY ROLES ALL)."""
        self.warehouse: str | None = None
        self.last_load: str | None = None
        """The id of the session's last COPY."""
        self.running = threading.RLock()
        self.parameters: dict[str, Any] = {}

    @property
    def connection(self) -> DuckDBPyConnection:
        """The session's own connection to the engine, whose temporary tables its statements see."""
        return self._duck_conn

    @property
    def store(self) -> ObjectStore:
        """The account's objects."""
        return self.account.store

    @property
    def engine(self) -> Engine:
        """The account's engine."""
        return self.account.engine

    @property
    def authority(self) -> Authority:
        """Who may do what in the account."""
        return self.account.authority

    @property
    def roles(self) -> frozenset[str]:
        """The roles that act in this session."""
        acting = self.authority.roles_of(self.role)
        return acting | self.authority.roles_of_user(self.user) if self.all_roles else acting

    def require(self, kind: str, name: Name, *wanted: str) -> None:
        """Refuse a session whose roles neither hold one of the wanted privileges nor own the object."""
        self.authority.require(self.roles, kind, name, *wanted)

    def sees(self, kind: str, name: Name) -> bool:
        """Tell whether an object is there for the session's roles."""
        return self.authority.sees(self.roles, kind, name)

    def cursor(self, cursor_class: Any = None) -> FakeSnowflakeCursor:  # noqa: ANN401, ARG002 # fakesnow's signature
        """Give a cursor whose every failure is an SQL error."""
        return _Cursor(conn=self, duck_conn=self._duck_conn)

    def use(self, database: str | None, schema: str | None) -> None:
        """Set the current database and schema; a schema that is not there leaves none set, as does no database."""
        self.database, self._schema = database, None
        self.database_set, self.schema_set = database is not None, False
        place = "memory.main"
        if database is not None:
            place = f"{quoted(database)}.main"
            if schema and schema in self.engine.schemas(database):
                self._schema, self.schema_set = schema, True
                place = f"{quoted(database)}.{quoted(schema)}"
        self._duck_conn.execute("SET schema = ?", [place])

    def database_name(self, parts: tuple[str, ...]) -> Name:
        """Give the name of a database."""
        if len(parts) != 1:
            raise missing("Database", str(Name(parts)))
        return Name(parts)

    def schema_name(self, parts: tuple[str, ...], action: str = "this operation") -> Name:
        """Complete a schema's name with the current database."""
        if len(parts) == 1:
            if self.database is None:
                raise nowhere(action, "database")
            parts = (self.database, *parts)
        return Name(parts)

    def object_name(self, parts: tuple[str, ...], action: str = "this operation") -> Name:
        """Complete the name of an object in a schema with the current database and schema."""
        if len(parts) == 1:
            if self.database is None:
                raise nowhere(action, "database")
            if self.schema is None:
                raise nowhere(action, "schema")
            parts = (self.database, self.schema, *parts)
        elif len(parts) == 2:  # noqa: PLR2004 # schema and name
            if self.database is None:
                raise nowhere(action, "database")
            parts = (self.database, *parts)
        return Name(parts)

    def require_database(self, name: Name) -> None:
        """Refuse a database that is not there."""
        if name.database not in self.engine.databases():
            raise missing("Database", str(Name.of(name.database)))

    def require_schema(self, name: Name) -> None:
        """Refuse a schema that is not there, or whose database is not."""
        self.require_database(name)
        if name.schema not in self.engine.schemas(name.database):
            raise missing("Schema", str(Name.of(name.database, name.schema)))


class _Cursor(FakeSnowflakeCursor):
    """fakesnow's cursor; what it has no SQL error for becomes one, so that no client waits and retries."""

    def execute(self, command: str, *args: Any, **kwargs: Any) -> FakeSnowflakeCursor:  # noqa: ANN401 # passed on
        session = cast("Session", self._conn)
        try:
            with session.running, nullcontext() if is_query(command) else session.engine.writing:
                return super().execute(command, *args, **kwargs)
        except snowflake.connector.errors.ProgrammingError as error:
            raise _in_our_words(error) from error
        except snowflake.connector.errors.Error:
            raise
        except Exception as error:
            refused = internal(error)
            raise snowflake.connector.errors.ProgrammingError(
                msg=refused.message, errno=refused.number, sqlstate=refused.sql_state
            ) from error


def _in_our_words(error: snowflake.connector.errors.ProgrammingError) -> snowflake.connector.errors.ProgrammingError:
    """Put DuckDB's complaint about a missing object or function into Snowflake's words."""
    unknown = re.search(
        r"Catalog Error: (?:Scalar|Aggregate|Table) Function with name (\w+) does not", str(error.raw_msg)
    )
    if unknown:
        return snowflake.connector.errors.ProgrammingError(
            msg=f"SQL compilation error:\nUnknown function {unknown[1].upper()}", errno=2140, sqlstate="42601"
        )
    gone = re.search(r"Catalog Error: (?:Table|View) with name (.+?) does not exist", str(error.raw_msg))
    if not gone:
        return error
    return snowflake.connector.errors.ProgrammingError(
        msg=f"SQL compilation error:\nObject '{gone[1].strip(chr(34))}' does not exist or not authorized.",
        errno=2003,
        sqlstate="42S02",
    )
