"""Who may do what in the landing schema: a warehouse, and two roles with no right that they do not need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_snowflake as snowflake
from pulumi import ComponentResource, Output, ResourceOptions

from components.stage_place import StagePlace
from domain.sections import SnowflakeSettings
from domain.snowflake_sql import qualified


@dataclass(frozen=True, kw_only=True)
class SnowflakeAccessArgs:
    """What the roles have rights on."""

    place: StagePlace
    integration: pulumi.Input[str]
    settings: SnowflakeSettings


class SnowflakeAccess(ComponentResource):
    """A warehouse; a role that loads, pauses and repairs; a role that reads.

    Rights on tables and pipes are given for the schema's future ones, and for those that are there: then nothing is
    to be granted for a new feed. Both roles are given to the account's roles that the settings name, and to no person.
    """

    warehouse: Output[str]

    def __init__(self, name: str, args: SnowflakeAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:snowflake:SnowflakeAccess", name, {}, opts)
        self._name = name
        # The provider would rename in place, and then fail to take what was granted on, or to, the name before.
        self._named = ResourceOptions(parent=self, replace_on_changes=["name"])
        place = args.place
        warehouse = snowflake.Warehouse(
            f"{name}-warehouse",
            name=args.settings.warehouse,
            warehouse_size="XSMALL",
            auto_suspend=60,
            auto_resume="true",
            initially_suspended=True,
            comment="Loads by hand, and the load history",
            opts=self._named,
        )
        loader = self._role("loader", args.settings.loader_role, "Loads, pauses and repairs what partners send")
        reader = self._role("reader", args.settings.reader_role, "Reads what partners sent")
        self._schema = Output.all(place.database, place.schema).apply(lambda names: qualified(*names))
        for role, account_role in (("loader", loader), ("reader", reader)):
            self._on_object(role, account_role, "USAGE", "WAREHOUSE", warehouse.name)
            self._on_object(role, account_role, "USAGE", "DATABASE", place.database)
            self._grant(f"{role}-schema", account_role, ["USAGE"], on_schema={"schema_name": self._schema})
        self._on_object("loader", loader, "USAGE", "INTEGRATION", args.integration)
        self._grant(
            "loader-stage",
            loader,
            ["USAGE"],
            on_schema_object={
                "object_type": "STAGE",
                "object_name": Output.all(place.database, place.schema, place.stage).apply(
                    lambda names: qualified(*names)
                ),
            },
        )
        self._on_all("loader", loader, ["INSERT", "SELECT"], "TABLES")
        self._on_all("loader", loader, ["MONITOR", "OPERATE"], "PIPES")
        self._on_all("reader", reader, ["SELECT"], "TABLES")
        self._give("loader", loader, args.settings.loader_granted_to)
        self._give("reader", reader, args.settings.reader_granted_to)
        self.warehouse = warehouse.name
        self.register_outputs({"warehouse": self.warehouse})

    def _role(self, role: str, physical_name: str, comment: str) -> snowflake.AccountRole:
        return snowflake.AccountRole(f"{self._name}-{role}", name=physical_name, comment=comment, opts=self._named)

    def _give(self, role: str, account_role: snowflake.AccountRole, to: Iterable[str]) -> None:
        for parent in to:
            snowflake.GrantAccountRole(
                f"{self._name}-{role}-to-{parent}",
                role_name=account_role.name,
                parent_role_name=parent,
                opts=ResourceOptions(parent=self),
            )

    def _on_object(
        self, role: str, account_role: snowflake.AccountRole, privilege: str, kind: str, name: pulumi.Input[str]
    ) -> None:
        on = {"object_type": kind, "object_name": name}
        self._grant(f"{role}-{kind.lower()}", account_role, [privilege], on_account_object=on)

    def _on_all(self, role: str, account_role: snowflake.AccountRole, privileges: list[str], kinds: str) -> None:
        """Grant on what comes to the schema, and then on what is there, so that nothing falls between."""
        of = {"object_type_plural": kinds, "in_schema": self._schema}
        future = self._grant(
            f"{role}-future-{kinds.lower()}", account_role, privileges, on_schema_object={"future": of}
        )
        self._grant(
            f"{role}-all-{kinds.lower()}", account_role, privileges, on_schema_object={"all": of}, after=[future]
        )

    def _grant(
        self,
        role: str,
        account_role: snowflake.AccountRole,
        privileges: list[str],
        *,
        after: list[snowflake.GrantPrivilegesToAccountRole] | None = None,
        **on: Any,  # noqa: ANN401  # one of the four kinds of target of the SDK
    ) -> snowflake.GrantPrivilegesToAccountRole:
        return snowflake.GrantPrivilegesToAccountRole(
            f"{self._name}-{role}",
            account_role_name=account_role.name,
            privileges=privileges,
            opts=ResourceOptions(parent=self, depends_on=after or []),
            **on,
        )
