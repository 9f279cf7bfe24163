"""Which function answers which statement, by its first words."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.snowflake.reply import Reply
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements import (
    copy_into,
    databases,
    file_formats,
    grants,
    integrations,
    parameters,
    pipes,
    roles,
    show_grants,
    stages,
    tables,
    use,
    users,
    warehouses,
)

Handler = Callable[[Session, Statement], Reply | None]
"""Answers a statement; None leaves it to the engine."""

_MODIFIERS = {"OR", "REPLACE", "TRANSIENT", "TEMPORARY", "TEMP", "LOCAL", "GLOBAL", "VOLATILE", "TERSE"}
"""Words between a verb and its object that do not decide what a statement is."""

_HANDLERS: dict[str, Handler] = {
    "COPY INTO": copy_into.copy_into,
    "CREATE DATABASE": databases.create_database,
    "ALTER DATABASE": databases.alter_database,
    "DROP DATABASE": databases.drop_database,
    "SHOW DATABASES": databases.show_databases,
    "SHOW REPLICATION DATABASES": databases.show_replication_databases,
    "DESCRIBE DATABASE": databases.describe_database,
    "CREATE SCHEMA": databases.create_schema,
    "ALTER SCHEMA": databases.alter_schema,
    "DROP SCHEMA": databases.drop_schema,
    "SHOW SCHEMAS": databases.show_schemas,
    "DESCRIBE SCHEMA": databases.describe_schema,
    "CREATE STORAGE INTEGRATION": integrations.create_integration,
    "ALTER STORAGE INTEGRATION": integrations.alter_integration,
    "ALTER INTEGRATION": integrations.alter_integration,
    "DROP STORAGE INTEGRATION": integrations.drop_integration,
    "DROP INTEGRATION": integrations.drop_integration,
    "SHOW STORAGE INTEGRATIONS": integrations.show_integrations,
    "SHOW INTEGRATIONS": integrations.show_integrations,
    "DESCRIBE STORAGE INTEGRATION": integrations.describe_integration,
    "DESCRIBE INTEGRATION": integrations.describe_integration,
    "CREATE STAGE": stages.create_stage,
    "ALTER STAGE": stages.alter_stage,
    "DROP STAGE": stages.drop_stage,
    "SHOW STAGES": stages.show_stages,
    "DESCRIBE STAGE": stages.describe_stage,
    "LIST": stages.list_files,
    "LS": stages.list_files,
    "CREATE FILE FORMAT": file_formats.create_file_format,
    "ALTER FILE FORMAT": file_formats.alter_file_format,
    "DROP FILE FORMAT": file_formats.drop_file_format,
    "SHOW FILE FORMATS": file_formats.show_file_formats,
    "DESCRIBE FILE FORMAT": file_formats.describe_file_format,
    "CREATE TABLE": tables.create_table,
    "ALTER TABLE": tables.alter_table,
    "DROP TABLE": tables.drop_table,
    "TRUNCATE": tables.truncate_table,
    "SHOW TABLES": tables.show_tables,
    "DESCRIBE TABLE": tables.describe_table,
    "CREATE PIPE": pipes.create_pipe,
    "ALTER PIPE": pipes.alter_pipe,
    "DROP PIPE": pipes.drop_pipe,
    "SHOW PIPES": pipes.show_pipes,
    "DESCRIBE PIPE": pipes.describe_pipe,
    "CREATE WAREHOUSE": warehouses.create_warehouse,
    "ALTER WAREHOUSE": warehouses.alter_warehouse,
    "DROP WAREHOUSE": warehouses.drop_warehouse,
    "SHOW WAREHOUSES": warehouses.show_warehouses,
    "CREATE ROLE": roles.create_role,
    "ALTER ROLE": roles.alter_role,
    "DROP ROLE": roles.drop_role,
    "SHOW ROLES": roles.show_roles,
    "GRANT": grants.grant,
    "REVOKE": grants.revoke,
    "SHOW GRANTS": show_grants.show_grants,
    "SHOW FUTURE GRANTS": show_grants.show_future_grants,
    "CREATE USER": users.create_user,
    "ALTER USER": users.alter_user,
    "DROP USER": users.drop_user,
    "SHOW USERS": users.show_users,
    "DESCRIBE USER": users.describe_user,
    "SHOW PARAMETERS": parameters.show_parameters,
    "USE": use.use,
}

_LONGEST = 3


def handler_of(statement: Statement) -> Handler | None:
    """Find the function that answers a statement; None: the engine does."""
    words = statement.leading_words(limit=8)
    if not words:
        return None
    verb = "DESCRIBE" if words[0] == "DESC" else words[0]
    rest = words[1:]
    while rest and rest[0] in _MODIFIERS:
        rest = rest[1:]
    for length in range(_LONGEST, 0, -1):
        if found := _HANDLERS.get(" ".join([verb, *rest][:length])):
            return found
    return None
