"""Snowflake by SQL: one connection, time limits on everything, errors that say what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from clients.errors import ServiceError, UnreachableError

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_LOGIN_TIMEOUT_SECONDS = 15
_STATEMENT_TIMEOUT_SECONDS = 120
_SOCKET_TIMEOUT_SECONDS = 60
"""Longer than the 45 seconds for which Snowflake holds the request of a statement that still runs."""
_HIGHEST_PORT = 65535

Row = dict[str, object]
"""A row of a reply, by lower-case column name."""


@dataclass(frozen=True, kw_only=True)
class SnowflakeAccount:
    """Where an account is and who comes in: the official provider's own settings, so that both agree."""

    account: str
    user: str
    role: str | None = None
    host: str | None = None
    port: int | None = None
    protocol: str = "https"
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    """A PEM key, for key-pair authentication; it wins over the password."""
    private_key_passphrase: str | None = field(default=None, repr=False)
    """Opens the private key where it is encrypted."""
    warehouse: str | None = None
    """What runs queries; the user's own default when left out."""

    @classmethod
    def from_settings(cls, get: Callable[[str], object]) -> SnowflakeAccount:
        """Take the official provider's settings (`organizationName`, `user`, ...) and its environment variables.

        `get` gives a setting by its name in the stack's `snowflake:` section. Raises ServiceError that lists what is
        missing.
        """

        def setting(name: str, variable: str) -> str | None:
            value = get(name) or os.environ.get(variable)
            return str(value) if value else None

        organization, account = (
            setting("organizationName", "SNOWFLAKE_ORGANIZATION_NAME"),
            setting("accountName", "SNOWFLAKE_ACCOUNT_NAME"),
        )
        user = setting("user", "SNOWFLAKE_USER")
        password, private_key = (
            setting("password", "SNOWFLAKE_PASSWORD"),
            setting("privateKey", "SNOWFLAKE_PRIVATE_KEY"),
        )
        missing = [
            name
            for name, value in (
                ("snowflake:organizationName", organization),
                ("snowflake:accountName", account),
                ("snowflake:user", user),
                ("snowflake:privateKey or SNOWFLAKE_PASSWORD", password or private_key),
            )
            if not value
        ]
        if missing:
            raise ServiceError(f"Snowflake cannot be reached without {', '.join(missing)}")
        return cls(
            account=f"{organization}-{account}",
            user=str(user),
            role=setting("role", "SNOWFLAKE_ROLE"),
            host=setting("host", "SNOWFLAKE_HOST"),
            port=port_of(setting("port", "SNOWFLAKE_PORT")),
            protocol=setting("protocol", "SNOWFLAKE_PROTOCOL") or "https",
            password=password,
            private_key=private_key,
            private_key_passphrase=setting("privateKeyPassphrase", "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
            warehouse=setting("warehouse", "SNOWFLAKE_WAREHOUSE"),
        )

    @property
    def address(self) -> str:
        """Where the account answers, for people to read."""
        return f"{self.host or f'{self.account}.snowflakecomputing.com'}{f':{self.port}' if self.port else ''}"


def port_of(text: str | None) -> int | None:
    """Read a port, which the engine may write as `14502.0`; raises ServiceError for what is none."""
    if not text:
        return None
    try:
        port = float(text)
    except ValueError:
        port = 0.0
    if not (port.is_integer() and 0 < port <= _HIGHEST_PORT):
        raise ServiceError(
            f"{text!r} is not a port", hint="set snowflake:port or SNOWFLAKE_PORT to one, or leave it out"
        )
    return int(port)


class SnowflakeClient:
    """One connection to an account."""

    def __init__(self, connection: SnowflakeConnection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def connected(cls, account: SnowflakeAccount) -> Generator[SnowflakeClient]:
        """Connect for a block of statements.

        Raises UnreachableError when nothing answers, and ServiceError when the account lets nobody in.
        """
        from snowflake import connector  # noqa: PLC0415  # a second of import that a program which connects to nothing saves
        from snowflake.connector import errors  # noqa: PLC0415

        try:
            connection = connector.SnowflakeConnection(**_connector_arguments(account))
        except errors.OperationalError as error:
            raise UnreachableError(
                f"Snowflake does not answer at {account.address} ({_words(error)})",
                hint="check snowflake:host, the network, and that the account is up",
            ) from error
        except errors.Error as error:
            raise ServiceError(
                f"Snowflake at {account.address} refused the user {account.user} ({_words(error)})",
                status=_number(error),
                hint="check snowflake:user and its key or password",
            ) from error
        try:
            yield cls(connection)
        finally:
            connection.close()

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement; values are bound by the server (`?`), never pasted into the text.

        Raises ServiceError with Snowflake's number and words.
        """
        from snowflake.connector import errors  # noqa: PLC0415  # as above
        from snowflake.connector.cursor import DictCursor  # noqa: PLC0415

        try:
            with self._connection.cursor(DictCursor) as cursor:
                cursor.execute(statement, parameters or None, timeout=_STATEMENT_TIMEOUT_SECONDS)
                rows = cast("list[dict[str, object]]", cursor.fetchall())
        except errors.Error as error:
            kind = " ".join(statement.split()[:3])
            raise ServiceError(f"Snowflake refused {kind} ({_words(error)})", status=_number(error)) from error
        return [{name.lower(): value for name, value in row.items()} for row in rows]

    def value(self, statement: str, parameters: Sequence[object] = ()) -> object:
        """Run a statement that answers one value."""
        (row,) = self.query(statement, parameters)
        (value,) = row.values()
        return value


def _connector_arguments(account: SnowflakeAccount) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "account": account.account,
        "user": account.user,
        "role": account.role,
        "warehouse": account.warehouse,
        "host": account.host,
        "port": account.port,
        "protocol": account.protocol,
        "login_timeout": _LOGIN_TIMEOUT_SECONDS,
        "network_timeout": _STATEMENT_TIMEOUT_SECONDS,
        "socket_timeout": _SOCKET_TIMEOUT_SECONDS,
        "paramstyle": "qmark",
        "client_session_keep_alive": False,
        "application": "partner_landing_zone",
    }
    if account.private_key:
        arguments |= {"authenticator": "SNOWFLAKE_JWT", "private_key": _der(account)}
    else:
        arguments["password"] = account.password
    return {name: value for name, value in arguments.items() if value is not None}


def _der(account: SnowflakeAccount) -> bytes:
    """Turn a PEM private key into what the connector wants."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  # only for key-pair authentication

    passphrase = account.private_key_passphrase
    try:
        key = serialization.load_pem_private_key(
            (account.private_key or "").encode(), password=passphrase.encode() if passphrase else None
        )
    except (ValueError, TypeError) as error:
        # Neither the key nor the library's words, which may quote it.
        raise ServiceError(
            "the private key for Snowflake cannot be read",
            hint="give it as PEM (snowflake:privateKey or SNOWFLAKE_PRIVATE_KEY), and where it is encrypted its "
            "passphrase too (snowflake:privateKeyPassphrase or SNOWFLAKE_PRIVATE_KEY_PASSPHRASE)",
        ) from error
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _words(error: Exception) -> str:
    """Give an error in a line: Snowflake says what kind it is in its first line, and what is wrong in its second."""
    lines = list(filter(None, (line.strip() for line in str(error).splitlines())))
    return " ".join(lines[:2]) or type(error).__name__


def _number(error: Exception) -> int | None:
    number = getattr(error, "errno", None)
    return number if isinstance(number, int) and number > 0 else None
