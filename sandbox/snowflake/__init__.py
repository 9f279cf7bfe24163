"""The sandbox's Snowflake: fakesnow's engine under a statement layer that knows the account's objects."""
