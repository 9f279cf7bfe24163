"""How the rows reach Snowflake: one session for each engine run, opened at the first statement."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# The connector has types for little of what a cursor gives.

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_LOGIN_SECONDS = 5
_STATEMENT_SECONDS = 60
_MISSING = frozenset({2003, 2043})
"""Snowflake's numbers for an object that does not exist or is not for the caller to see."""

Shown = dict[str, Any]
"""A row of SHOW or DESCRIBE."""


class RefusedError(Exception):
    """What the official plug-in refuses by itself, or Snowflake that does not answer."""


@dataclass
class Snowflake:
    """Snowflake as one config of the provider names it."""

    address: str
    """`http://host:port`, for people."""
    login: dict[str, Any]
    """What the connector needs to log in."""
    preview_features: Collection[str] = ()
    _connection: SnowflakeConnection | None = field(default=None, repr=False)
    _lock: Lock = field(default_factory=Lock)

    def run(self, statement: str) -> list[Shown]:
        """Run a statement; give its rows, keyed by the columns' names in lower case."""
        # Imported at the first statement: idle, the part goes without the connector's memory.
        from snowflake.connector import DictCursor, errors  # noqa: PLC0415

        with self._lock:
            try:
                rows = self._session().cursor(DictCursor).execute(statement)
            except errors.ProgrammingError:
                raise
            except errors.Error as error:
                self._forget()
                raise RefusedError(
                    f"Snowflake at {self.address} does not answer or refuses the login ({_first_line(error)});"
                    " see `python -m sandbox status`"
                ) from error
            found = rows.fetchall() if rows is not None else []
        return [{name.lower(): value for name, value in row.items()} for row in found]

    def find(self, statement: str, name: str) -> Shown | None:
        """Run a SHOW and give the row of exactly this name: LIKE takes `_` for any letter, and any case."""
        return next((row for row in self.run(statement) if row["name"] == name), None)

    def close(self) -> None:
        """End the session, if there is one; the next statement opens a new one."""
        with self._lock:
            self._forget()

    def _session(self) -> SnowflakeConnection:
        from snowflake.connector import connect  # noqa: PLC0415 - see run

        if self._connection is None:
            self._connection = connect(
                **self.login,
                login_timeout=_LOGIN_SECONDS,
                network_timeout=_STATEMENT_SECONDS,
                client_prefetch_threads=1,
            )
        return self._connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # a session that cannot be ended is over all the same
                connection.close(retry=False)


def der(private_key: str, passphrase: str | None) -> bytes:
    """Give a PEM private key in the form that the connector takes. Raises RefusedError for what is none."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see Snowflake.run

    try:
        key = serialization.load_pem_private_key(private_key.encode(), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError) as error:
        raise RefusedError(
            "snowflake:privateKey is no PEM private key, or its passphrase is not the right one"
        ) from error
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def is_gone(error: Exception) -> bool:
    """Say whether Snowflake means that the object is not there."""
    return getattr(error, "errno", None) in _MISSING


def explain(error: Exception) -> str | None:
    """Give Snowflake's error whole."""
    if isinstance(error, RefusedError):
        return str(error)
    return str(error) if type(error).__module__ == "snowflake.connector.errors" else None
