"""Stand-ins for the engine's `aws` and `snowflake` plug-ins, so that the embedded stack works alike on every machine.

`engine` is the one side that speaks to the engine; a package is a table of rows (`table.Row`), each row the service's
own calls for one resource type. What a row does not serve is refused in words, never passed over in silence.
"""
