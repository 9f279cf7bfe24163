"""What the dynamic providers share that speak to Snowflake: the way into the account, and whose schema it is about."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from clients.snowflake import SnowflakeAccount, SnowflakeClient
from domain.snowflake_sql import SchemaName
from providers.typed_provider import OutputsT, SpecT, StackConfig, TypedProvider


@dataclass(frozen=True, kw_only=True)
class SchemaSpec:
    """What is about the objects of one schema."""

    database: str
    schema: str

    @property
    def home(self) -> SchemaName:
        """Where the objects are."""
        return SchemaName(database=self.database, schema=self.schema)


class SnowflakeProvider(TypedProvider[SpecT, OutputsT]):
    """A dynamic provider that comes in as the official one does, by the stack's own `snowflake:` settings."""

    def configured(self, config: StackConfig) -> None:
        """Take the official providers' own settings."""
        self._config = config

    def connected(self) -> AbstractContextManager[SnowflakeClient]:
        """Connect for a block of statements; raises ServiceError as `SnowflakeClient.connected` does."""
        return SnowflakeClient.connected(
            SnowflakeAccount.from_settings(lambda name: self._config.get(f"snowflake:{name}"))
        )
