"""Logging in: who it is, by password or key pair, and where the session starts."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fakesnow.expr import normalise_ident
from fakesnow.transforms import SERVER_VERSION

from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.keys import InvalidTokenError, check_token, claim_of
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import User, Warehouse
from sandbox.snowflake.privileges import ACCOUNT
from sandbox.snowflake.session import Account, Session
from sandbox.snowflake.sessions import IDLE_SECONDS
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.users import find_user, key_of, password_opens

ORGANIZATION = "SANDBOX"
"""The organization of the sandbox's account."""

_ACCOUNT_NAMES = {ACCOUNT, f"{ORGANIZATION}-{ACCOUNT}"}
_LOG = logging.getLogger(__name__)
_STATE = "08001"


@dataclass(frozen=True)
class Door:
    """The door of one account."""

    account: Account
    now: Callable[[], dt.datetime]

    def open(self, data: Mapping[str, Any], wanted: Mapping[str, str]) -> Session:
        """Open a session. Raises SnowflakeError for whom the account lets in under no such terms.

        `data` is what a login request says, `wanted` where the client wants to start.
        """
        user = self._authenticated(data)
        parameters: Mapping[str, Any] = data.get("SESSION_PARAMETERS") or {}
        role = self._role(user, wanted.get("roleName"))
        session = Session(self.account, user.name.own, role, autocommit=bool(parameters.get("AUTOCOMMIT", True)))
        strict = parameters.get("CLIENT_VALIDATE_DEFAULT_PARAMETERS") is True
        _place(session, user, wanted, strict=strict)
        return session

    def _authenticated(self, data: Mapping[str, Any]) -> User:
        how = str(data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
        if how == "SNOWFLAKE_JWT":
            user = self._by_token(str(data.get("TOKEN", "")), str(data.get("LOGIN_NAME") or ""))
        elif how in {"SNOWFLAKE", "DEFAULT"}:
            found = find_user(self.account.store, str(data.get("LOGIN_NAME", "")))
            if found is None or not password_opens(found, str(data.get("PASSWORD", ""))):
                raise SnowflakeError(390100, _STATE, "Incorrect username or password was specified.")
            user = found
        else:
            raise SnowflakeError(
                390115, _STATE, f"The authenticator {how} is not served: log in by password or with SNOWFLAKE_JWT."
            )
        if user.disabled:
            raise SnowflakeError(390101, _STATE, "User access disabled. Contact your local system administrator.")
        return user

    def _by_token(self, token: str, login_name: str) -> User:
        try:
            claim = claim_of(token)
            if claim.account.upper() not in _ACCOUNT_NAMES:
                raise InvalidTokenError(f"it is for the account '{claim.account}'")  # noqa: TRY301 # all told alike
            user = find_user(self.account.store, claim.user)
            if user is None or login_name.upper() not in {"", user.login_name.upper()}:
                raise InvalidTokenError(f"'{claim.user}' is no user, or not '{login_name}'")  # noqa: TRY301 # as above
            key = key_of(user, claim.fingerprint)
            if key is None:
                raise InvalidTokenError(f"{claim.fingerprint} is no key of '{claim.user}'")  # noqa: TRY301 # as above
            check_token(token, key, self.now())
        except InvalidTokenError as error:
            number = uuid.uuid4()
            _LOG.info("JWT %s: %s", number, error)
            raise SnowflakeError(390144, _STATE, f"JWT token is invalid. [{number}]") from error
        return user

    def _role(self, user: User, wanted: str | None) -> str:
        """Give the role that a session starts with: the one asked for, else the user's default one, else PUBLIC."""
        authority = self.account.authority
        assigned = authority.roles_of_user(user.name.own)
        if wanted:
            role = normalise_ident(wanted)
            if role in assigned:
                return role
            raise SnowflakeError(
                390189,
                _STATE,
                f"Role '{role}' specified in the connect string does not exist or not authorized. Contact your local "
                "system administrator, or attempt to login with another role, e.g. PUBLIC.",
            )
        default = user.options.get("DEFAULT_ROLE", "")
        return default if default in assigned else "PUBLIC"


def _place(session: Session, user: User, wanted: Mapping[str, str], *, strict: bool) -> None:
    """Set what a session starts in; what is not there for it is left unset, or refused when `strict`."""
    namespace = _parts(user.options.get("DEFAULT_NAMESPACE", ""))
    database = _said(wanted.get("databaseName")) or (namespace[0] if namespace else None)
    schema = _said(wanted.get("schemaName")) or (namespace[1] if len(namespace) > 1 else None)
    if database is not None:
        there = database in session.engine.databases() and session.sees("DATABASE", Name.of(database))
        if there:
            place = Name.of(database, schema or "PUBLIC")
            session.use(database, place.schema if session.sees("SCHEMA", place) else None)
        elif strict:
            raise _not_there("database")
        if strict and there and schema is not None and session.schema is None:
            raise _not_there("schema")
    warehouse = _said(wanted.get("warehouse")) or user.options.get("DEFAULT_WAREHOUSE") or None
    if warehouse is not None:
        name = Name.of(warehouse)
        if session.store.find(Warehouse, name) is not None and session.sees("WAREHOUSE", name):
            session.warehouse = warehouse
        elif strict:
            raise _not_there("warehouse")


def _said(name: str | None) -> str | None:
    return normalise_ident(name) if name else None


def _parts(namespace: str) -> tuple[str, ...]:
    return Statement(namespace).identifiers() if namespace else ()


def _not_there(what: str) -> SnowflakeError:
    return SnowflakeError(390201, _STATE, f"The requested {what} does not exist or not authorized.")


def session_data(token: str, session: Session) -> dict[str, Any]:
    """Give what a login request is answered with."""
    return {
        "token": token,
        "masterToken": token,
        "validityInSeconds": int(IDLE_SECONDS),
        "masterValidityInSeconds": int(IDLE_SECONDS),
        "sessionId": session.number,
        "displayUserName": session.user,
        "serverVersion": SERVER_VERSION,
        "parameters": [
            {"name": "AUTOCOMMIT", "value": session.commits_by_itself},
            {"name": "TIMEZONE", "value": "Etc/UTC"},
            {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
            {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
            {"name": "CLIENT_TELEMETRY_ENABLED", "value": False},
        ],
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": session.warehouse,
            "roleName": session.role,
        },
    }
