"""Names of objects: how they are kept, compared, matched and quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass


def quoted(name: str) -> str:
    """Give an identifier that stands for exactly `name`, in Snowflake's SQL and in DuckDB's alike."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Give DuckDB's string literal of `text`."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, order=True)
class Name:
    """An object's name in full: account objects and databases have one part, schemas two, the rest three."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, *parts: str) -> Name:
        """Make a name of its parts, the outermost first."""
        return cls(parts)

    @property
    def own(self) -> str:
        """The object's own name, without what holds it."""
        return self.parts[-1]

    @property
    def holder(self) -> Name:
        """The name of the schema or database that holds the object."""
        return Name(self.parts[:-1])

    @property
    def database(self) -> str:
        """The database of a database, schema or object in a schema."""
        return self.parts[0]

    @property
    def schema(self) -> str:
        """The schema of an object in a schema."""
        return self.parts[1]

    def within(self, holder: Name) -> bool:
        """Tell whether the object is held by `holder`, at any depth; the empty name holds all."""
        return self.parts[: len(holder.parts)] == holder.parts and self.parts != holder.parts

    def sql(self) -> str:
        """Give the name as SQL, every part quoted."""
        return ".".join(quoted(part) for part in self.parts)

    def __str__(self) -> str:
        return ".".join(part if re.fullmatch(r"[A-Z_][A-Z0-9_$]*", part) else quoted(part) for part in self.parts)


def matches_like(pattern: str, text: str) -> bool:
    r"""Tell whether `text` matches a LIKE pattern of a SHOW statement, which ignores case (`%`, `_`, `\` escapes)."""
    regex = ""
    escaped = False
    for character in pattern:
        if escaped or character not in "%_\\":
            regex += re.escape(character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            regex += ".*" if character == "%" else "."
    return re.fullmatch(regex, text, re.IGNORECASE | re.DOTALL) is not None
