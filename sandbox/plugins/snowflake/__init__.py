"""The stand-in for the `snowflake` package: each type by the statements that the official plug-in sends."""
