"""Ask the sandbox's Snowflake: `python -m tools.sql 'SELECT ...'`, run as the stack's own user."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from clients.errors import ServiceError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from sandbox.environment import worker_environment
from sandbox.home import SandboxHome
from tools.workspace import open_home


def sandbox_account(home: SandboxHome) -> SnowflakeAccount:
    """Give the way into the sandbox's Snowflake."""
    environment = worker_environment(home)
    return SnowflakeAccount(
        account=environment["SNOWFLAKE_ACCOUNT"],
        user=environment["SNOWFLAKE_USER"],
        password=environment["SNOWFLAKE_PASSWORD"],
        host=environment["SNOWFLAKE_HOST"],
        port=int(environment["SNOWFLAKE_PORT"]),
        protocol=environment["SNOWFLAKE_PROTOCOL"],
    )


def main() -> int:
    """Run one statement and print its rows; give the exit code."""
    console = Console()
    if len(sys.argv) != 2:  # noqa: PLR2004  # the program and one statement
        console.print("usage: python -m tools.sql 'SELECT ...'", markup=False)
        return 2
    try:
        with SnowflakeClient.connected(sandbox_account(open_home(Path.cwd()))) as snowflake:
            rows = snowflake.query(sys.argv[1])
    except ServiceError as error:
        console.print(f"sql: {error}", markup=False, highlight=False)
        return 1
    table = Table(*(rows[0] if rows else ["no rows"]))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
