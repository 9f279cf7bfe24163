"""Which privileges there are on which kinds of objects, after Snowflake's reference "Access control privileges"."""

from __future__ import annotations

from sandbox.snowflake.names import Name

ACCOUNT = "LANDING"
"""The account's name, and its locator."""

THE_ACCOUNT = Name.of(ACCOUNT)
"""What global privileges are on."""

OWNERSHIP = "OWNERSHIP"
MANAGE_GRANTS = "MANAGE GRANTS"

IN_SCHEMA = ("TABLE", "VIEW", "STAGE", "PIPE", "FILE FORMAT", "SEQUENCE")
"""The kinds of objects that lie in schemas."""

OF_ACCOUNT = ("DATABASE", "WAREHOUSE", "INTEGRATION", "ROLE", "USER")
"""The kinds of objects that the account holds itself."""

KINDS = (*OF_ACCOUNT, "SCHEMA", *IN_SCHEMA)
"""All kinds of objects that privileges are granted on, beside the account itself."""

PRIVILEGES: dict[str, frozenset[str]] = {
    "ACCOUNT": frozenset(
        {
            "CREATE DATABASE", "CREATE WAREHOUSE", "CREATE INTEGRATION", "CREATE ROLE", "CREATE USER", MANAGE_GRANTS,
            "APPLY MASKING POLICY", "APPLY ROW ACCESS POLICY", "APPLY TAG", "ATTACH POLICY", "AUDIT",
            "EXECUTE ALERT", "EXECUTE MANAGED TASK", "EXECUTE TASK", "IMPORT SHARE", "CREATE SHARE",
            "MANAGE WAREHOUSES", "MONITOR", "MONITOR EXECUTION", "MONITOR SECURITY", "MONITOR USAGE",
            "OVERRIDE SHARE RESTRICTIONS", "RESOLVE ALL",
        }
    ),
    "DATABASE": frozenset({"CREATE DATABASE ROLE", "CREATE SCHEMA", "MODIFY", "MONITOR", "USAGE", "APPLYBUDGET"}),
    "SCHEMA": frozenset(
        {
            "ADD SEARCH OPTIMIZATION", "APPLYBUDGET", "MODIFY", "MONITOR", "USAGE", "CREATE TABLE", "CREATE VIEW",
            "CREATE STAGE", "CREATE PIPE", "CREATE FILE FORMAT", "CREATE SEQUENCE", "CREATE FUNCTION",
            "CREATE PROCEDURE", "CREATE STREAM", "CREATE TASK", "CREATE DYNAMIC TABLE", "CREATE EXTERNAL TABLE",
            "CREATE MATERIALIZED VIEW", "CREATE SECRET", "CREATE TAG", "CREATE TEMPORARY TABLE",
        }
    ),
    "TABLE": frozenset(
        {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "EVOLVE SCHEMA", "REBUILD", "APPLYBUDGET"}
    ),
    "VIEW": frozenset({"SELECT", "REFERENCES", "INSERT", "UPDATE", "DELETE", "TRUNCATE"}),
    "STAGE": frozenset({"USAGE", "READ", "WRITE"}),
    "PIPE": frozenset({"MONITOR", "OPERATE", "APPLYBUDGET"}),
    "FILE FORMAT": frozenset({"USAGE"}),
    "SEQUENCE": frozenset({"USAGE"}),
    "WAREHOUSE": frozenset({"APPLYBUDGET", "MODIFY", "MONITOR", "OPERATE", "USAGE"}),
    "INTEGRATION": frozenset({"USAGE", "USE_ANY_ROLE"}),
    "ROLE": frozenset[str](),
    "USER": frozenset({"MONITOR"}),
}  # fmt: skip
"""What can be granted on a kind, OWNERSHIP aside, which every kind has."""

BUILT_IN_ROLES = ("ACCOUNTADMIN", "ORGADMIN", "PUBLIC", "SECURITYADMIN", "SYSADMIN", "USERADMIN")
"""The roles that every account has."""

BELOW: dict[str, tuple[str, ...]] = {
    "ACCOUNTADMIN": ("SYSADMIN", "SECURITYADMIN"),
    "SECURITYADMIN": ("USERADMIN",),
}
"""The roles that a built-in role has by its nature; every role has PUBLIC."""

GLOBAL: dict[str, frozenset[str]] = {
    "ACCOUNTADMIN": PRIVILEGES["ACCOUNT"],
    "SECURITYADMIN": frozenset({MANAGE_GRANTS, "ATTACH POLICY"}),
    "SYSADMIN": frozenset({"CREATE DATABASE", "CREATE WAREHOUSE", "EXECUTE TASK", "EXECUTE MANAGED TASK"}),
    "USERADMIN": frozenset({"CREATE USER", "CREATE ROLE"}),
}
"""The global privileges that a built-in role has by its nature."""
