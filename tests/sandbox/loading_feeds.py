"""Feeds in an account under test: the table and the pipe that the program makes of an entry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.copy_statement import copy_statement
from domain.feeds import Feed
from domain.snowflake_sql import SchemaName, quote_identifier
from tests.sandbox.snowflake_account import SnowflakeAccount

HOME = SchemaName(database="LANDING", schema="RAW")


def open_feed(
    account: SnowflakeAccount, entry: Mapping[str, object], partner: str = "skyway", folder: Path = Path()
) -> str:
    """Make what the program makes of a feed's entry; give the table's quoted name."""
    feed = Feed.model_validate(entry, context=folder)
    name = f"{partner}_{feed.name}".upper()
    columns = ", ".join(f"{quote_identifier(each.name)} {each.type}" for each in feed.table_columns())
    account.run(f"CREATE TABLE {HOME.object(name)} ({columns})")
    copy = copy_statement(HOME, table=name, stage="PARTNERS", path=f"{partner}/{feed.name}/", feed=feed)
    account.run(f"CREATE PIPE {HOME.object(name)} AUTO_INGEST = TRUE AS {copy}")
    return HOME.object(name)


def loads(account: SnowflakeAccount, table: str) -> dict[str, dict[str, Any]]:
    """Give the load history of a table, by the names of files without their folders."""
    rows = account.rows(
        "SELECT * FROM TABLE(LANDING.INFORMATION_SCHEMA.COPY_HISTORY("  # noqa: S608  # the tests' own names
        f"TABLE_NAME => '{table}', START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP()))) ORDER BY LAST_LOAD_TIME"
    )
    return {row["FILE_NAME"].rpartition("/")[2]: row for row in rows}
