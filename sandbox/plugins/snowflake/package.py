"""The `snowflake` table, and how the provider's config leads to Snowflake."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.home import LOOPBACK, SNOWFLAKE_USER, SandboxHome
from sandbox.plugins.snowflake import accounts, databases, file_formats, grants, stages, tables
from sandbox.plugins.snowflake.cloud import Snowflake, der, explain, is_gone
from sandbox.plugins.table import Row
from sandbox.plugins.wire import Properties

_MODULES = (accounts, databases, file_formats, grants, stages, tables)


class SnowflakePackage:
    """Stands in for `snowflake`."""

    name = "snowflake"
    distribution = "pulumi_snowflake"
    rows: Mapping[str, Row[Snowflake]] = {row.type: row for module in _MODULES for row in module.ROWS}
    functions: Mapping[str, Callable[[Snowflake, Properties], Properties]] = {}

    def __init__(self, home: SandboxHome) -> None:
        self._home = home

    def connect(self, config: Properties) -> Snowflake:
        """Read the provider's config; a key or password that is not in it is the sandbox's own."""
        protocol, host = config.get("protocol", "http"), config.get("host", LOOPBACK)
        port = int(config.get("port", self._home.ports.snowflake))
        organization, account = config.get("organizationName", "SANDBOX"), config.get("accountName", "LANDING")
        return Snowflake(
            address=f"{protocol}://{host}:{port}",
            login={
                "account": f"{organization}-{account}",
                "user": config.get("user", SNOWFLAKE_USER),
                **self._secret(config),
                "protocol": protocol,
                "host": host,
                "port": port,
                **({"role": config["role"]} if "role" in config else {}),
                **({"warehouse": config["warehouse"]} if "warehouse" in config else {}),
            },
            preview_features=config.get("previewFeaturesEnabled", ()),
        )

    def _secret(self, config: Properties) -> Properties:
        """Give what opens the door: a private key where the authenticator asks for one, else a password."""
        if str(config.get("authenticator", "")).upper() != "SNOWFLAKE_JWT":
            return {"password": config.get("password", self._home.credentials.snowflake_password)}
        key = str(config.get("privateKey", self._home.credentials.snowflake_private_key))
        return {
            "authenticator": "SNOWFLAKE_JWT",
            "private_key": der(key, config.get("privateKeyPassphrase")),
        }

    def close(self, cloud: Snowflake) -> None:
        """End the session."""
        cloud.close()

    def refuse(self, row: Row[Snowflake], cloud: Snowflake) -> str | None:
        """Refuse a preview resource that the config does not name, in the official plug-in's words."""
        feature = row.preview_feature
        if feature is None or feature in cloud.preview_features:
            return None
        return (
            f"{feature} is currently a preview feature, and must be enabled by adding {feature} to"
            " `preview_features_enabled` in Terraform configuration (`snowflake:previewFeaturesEnabled` of the stack)."
        )

    def expand(self, cloud: Snowflake, row: Row[Snowflake], inputs: Properties) -> Properties:
        """Snowflake's provider adds nothing to a resource."""
        del cloud, row
        return inputs

    def gone(self, error: Exception) -> bool:
        """Say whether Snowflake means that the object is not there."""
        return is_gone(error)

    def explain(self, cloud: Snowflake, error: Exception) -> str | None:
        """Give Snowflake's own error whole."""
        del cloud
        return explain(error)
