"""Snowflake statements as text. Quoting happens here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_IDENTIFIER = 255


def quote_identifier(name: str) -> str:
    """Quote one identifier, kept exactly as written.

    Raises ValueError for a name that Snowflake cannot hold: empty, over 255 characters, or with a NUL character.
    """
    if not name or len(name) > _LONGEST_IDENTIFIER or "\0" in name:
        raise ValueError(f"{name[:40]!r} is not a Snowflake identifier: 1 to {_LONGEST_IDENTIFIER} characters, no NUL")
    return '"' + name.replace('"', '""') + '"'


def qualified(*names: str) -> str:
    """Quote and join the parts of an object's full name: database, schema, object."""
    return ".".join(quote_identifier(name) for name in names)


def quote_text(text: str) -> str:
    r"""Quote a string constant. Snowflake reads backslash escapes inside, so a backslash is doubled as well."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True, kw_only=True)
class SchemaName:
    """A schema in a database."""

    database: str
    schema: str

    @property
    def quoted(self) -> str:
        """The full quoted name of the schema itself."""
        return qualified(self.database, self.schema)

    def object(self, name: str) -> str:
        """Give the full quoted name of an object in the schema."""
        return qualified(self.database, self.schema, name)
