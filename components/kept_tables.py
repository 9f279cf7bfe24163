"""Which tables and pipes are there before an `up`: in the state, or in Snowflake alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pulumi

from clients.errors import ServiceError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from components.earlier_deployment import EarlierDeployment
from domain.faults import ConfigurationError
from domain.kept_tables import KeptObjects, describe_table, object_id, show_tables, strangers
from domain.partner_files import PartnerEntries
from domain.partners import Partner, table_name
from domain.pipe_repair import show_pipes
from domain.sections import SnowflakeSettings
from domain.snowflake_sql import SchemaName

_NOT_THERE = {2003, 2043}
"""Snowflake's numbers for what does not exist, or is not for this role to see: the schema, before the first `up`."""


@dataclass(frozen=True, kw_only=True)
class KnownTables:
    """What is known of the partners' tables and pipes before anything is registered."""

    settings: SnowflakeSettings
    partners: Sequence[Partner]
    columns: Mapping[str, Sequence[str]]
    """By table: the columns that it has by now, in its order."""
    kept: KeptObjects
    """Those that are in Snowflake and not in the state."""

    @classmethod
    def look(cls, settings: SnowflakeSettings, partners: Sequence[Partner], earlier: EarlierDeployment) -> Self:
        """Look for the partners' tables in the state first, and in Snowflake for those that are not in it.

        Snowflake is asked for new ones alone. That it is out of reach, or that there are no credentials for it, is no
        fault in a preview: then nothing is found, a note says so, and an `up` ends with the provider's own words.
        """
        home = SchemaName(database=settings.database, schema=settings.schema_name)
        names = [table_name(partner, feed) for partner in partners for feed in partner.feeds]
        tables = _in_state(earlier, home, "table:Table", names)
        pipes = _in_state(earlier, home, "pipe:Pipe", names)
        kept = _ask_snowflake(home, tables=set(names) - tables.keys(), pipes=set(names) - pipes.keys())
        columns = {name: [str(column["name"]) for column in table["columns"]] for name, table in tables.items()}
        return cls(settings=settings, partners=partners, columns={**columns, **kept.columns}, kept=kept)

    def refuse_strangers(self, entries: PartnerEntries) -> Self:
        """End the program, with one message and no traceback, where what is there is not the feed's.

        Gives itself where all is.
        """
        key = f"{pulumi.get_project()}:partners"
        if faults := strangers(self.partners, self.kept, self.settings.stage, key):
            raise pulumi.RunError(str(ConfigurationError(entries.relabel(faults, key))))
        return self


def _in_state(
    earlier: EarlierDeployment, home: SchemaName, kind: str, names: Collection[str]
) -> dict[str, Mapping[str, Any]]:
    found = earlier.in_state(f"snowflake:index/{kind}")
    return {name: found[id_] for name in names if (id_ := object_id(home, name)) in found}


def _ask_snowflake(home: SchemaName, *, tables: set[str], pipes: set[str]) -> KeptObjects:
    """Give those of the tables and pipes that are there."""
    if not tables and not pipes:
        return KeptObjects(home=home)
    try:
        account = SnowflakeAccount.from_settings(lambda name: pulumi.runtime.get_config(f"snowflake:{name}"))
        with SnowflakeClient.connected(account) as snowflake:
            shown = {str(row["name"]) for row in snowflake.query(show_tables(home))}
            described = {name: snowflake.query(describe_table(home, name)) for name in shown.intersection(tables)}
            copies = {str(row["name"]): str(row["definition"]) for row in snowflake.query(show_pipes(home))}
    except ServiceError as error:
        if error.status not in _NOT_THERE:
            pulumi.log.info(
                f"whether the tables of new feeds are in Snowflake already cannot be looked up: {error}. Where one is, "
                "`up` takes it over once it can be"
            )
        return KeptObjects(home=home)
    return KeptObjects(
        home=home,
        tables={table: {str(row["name"]): str(row["type"]) for row in rows} for table, rows in described.items()},
        pipes={name: copy for name, copy in copies.items() if name in pipes},
    )
