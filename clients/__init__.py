"""Typed calls to Prefect, Snowflake and AWS, with time limits and few error classes; no Pulumi."""
