"""The account's objects: what is known of each, beside the rows that DuckDB keeps."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from sandbox.home import SNOWFLAKE_ACCOUNT_ID
from sandbox.snowflake.names import Name
from sandbox.snowflake.statement import Option, Value

OWNER = "ACCOUNTADMIN"
"""The role at the top of every account, which owns what has no other owner."""

IAM_USER_ARN = f"arn:aws:iam::{SNOWFLAKE_ACCOUNT_ID}:user/snowflake"
"""The IAM user as which every storage integration of the account assumes its role."""


def now() -> dt.datetime:
    """Give this moment, as objects keep it."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class AccountObject:
    """What every object has."""

    name: Name
    created_on: dt.datetime = field(default_factory=now)
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Container(AccountObject):
    """A database or a schema, and the parameters set on it."""

    parameters: dict[str, Value] = field(default_factory=dict[str, Value])


@dataclass(frozen=True, kw_only=True)
class Database(Container):
    """A database."""


@dataclass(frozen=True, kw_only=True)
class Schema(Container):
    """A schema."""


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A table's column as it was declared, the type in Snowflake's full spelling."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    comment: str | None = None
    primary_key: bool = False
    unique_key: bool = False


@dataclass(frozen=True, kw_only=True)
class Table(AccountObject):
    """A table made by CREATE TABLE with a list of columns."""

    columns: tuple[TableColumn, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Integration(AccountObject):
    """A storage integration: the role that Snowflake assumes, and where it may go with it."""

    role_arn: str
    external_id: str
    allowed_locations: tuple[str, ...]
    blocked_locations: tuple[str, ...] = ()
    enabled: bool = True
    object_acl: str = ""
    use_privatelink: bool = False

    def allows(self, url: str) -> bool:
        """Tell whether a location lies inside the allowed ones and outside the blocked ones."""
        allowed = any(place == "*" or url.startswith(place) for place in self.allowed_locations)
        return allowed and not any(url.startswith(place) for place in self.blocked_locations)


@dataclass(frozen=True, kw_only=True)
class Stage(AccountObject):
    """A stage: external with a URL, internal without."""

    url: str = ""
    integration: str | None = None
    file_format: dict[str, Option] = field(default_factory=dict[str, Option])
    directory: bool = False


@dataclass(frozen=True, kw_only=True)
class Pipe(AccountObject):
    """A pipe: a COPY statement that runs by itself for each new file."""

    definition: str
    auto_ingest: bool
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Tells this pipe from an earlier one of its name, whose load history it does not have."""
    paused: bool = False
    error_integration: str | None = None
    integration: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileFormat(AccountObject):
    """A named file format."""

    options: dict[str, Option] = field(default_factory=dict[str, Option])


@dataclass(frozen=True, kw_only=True)
class Warehouse(AccountObject):
    """A warehouse: kept and shown; the sandbox computes without one."""

    options: dict[str, Value] = field(default_factory=dict[str, Value])
    suspended: bool = False
    updated_on: dt.datetime = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Role(AccountObject):
    """An account role."""


@dataclass(frozen=True, kw_only=True)
class Grant(AccountObject):
    """A privilege granted to a role or a user; `name` is made of all that tells one grant from another."""

    privilege: str
    granted_on: str
    target: Name
    grantee_kind: str
    grantee: str
    grant_option: bool = False
    future: bool = False
    granted_by: str = OWNER

    @classmethod
    def of(
        cls,
        privilege: str,
        granted_on: str,
        target: Name,
        grantee: tuple[str, str],
        *,
        grant_option: bool = False,
        future: bool = False,
        granted_by: str = OWNER,
    ) -> Grant:
        """Make a grant to `grantee`, its kind (ROLE or USER) and its name."""
        return cls(
            name=Name((privilege, granted_on, "FUTURE" if future else "", *target.parts, *grantee)),
            privilege=privilege,
            granted_on=granted_on,
            target=target,
            grantee_kind=grantee[0],
            grantee=grantee[1],
            grant_option=grant_option,
            future=future,
            granted_by=granted_by,
        )


@dataclass(frozen=True, kw_only=True)
class User(AccountObject):
    """Who may log in: by a password, or by the private half of one of two RSA keys."""

    login_name: str
    password_hash: str = field(default="", repr=False)
    """Empty: no password opens."""
    public_keys: tuple[str, str] = ("", "")
    """RSA_PUBLIC_KEY and RSA_PUBLIC_KEY_2: base64 of the DER form; empty where none is set."""
    disabled: bool = False
    options: dict[str, str] = field(default_factory=dict[str, str])
    """The other properties that were set, such as DEFAULT_ROLE, by their names."""
