"""What a load needs: of the role that gives a COPY, and of the one that owns a pipe."""

from __future__ import annotations

from sandbox.snowflake.authority import Authority, Roles
from sandbox.snowflake.copying import CopyCommand, stage_name, table_name
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.staging import format_name


def require_load(authority: Authority, roles: Roles, command: CopyCommand, home: Name) -> None:
    """Refuse roles that may not load as a COPY says; `home` is the schema in which it stands."""
    authority.require(roles, "TABLE", table_name(command, home), "INSERT")
    authority.require(roles, "STAGE", stage_name(command, home), "USAGE", "READ")
    named = command.file_format.get("FORMAT_NAME")
    if named is not None:
        authority.require(roles, "FILE FORMAT", format_name(str(named), home), "USAGE")


def require_pipe(authority: Authority, pipe: Pipe, command: CopyCommand) -> None:
    """Refuse a pipe whose owner may not load any more what it could when it made the pipe."""
    require_load(authority, authority.roles_of(authority.owner("PIPE", pipe.name)), command, pipe.name.holder)
