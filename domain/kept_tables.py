"""Tables and pipes that are in Snowflake and not in the state: kept from before, or of an `up` that was killed.

They are taken over where they are the feed's own. What is not is refused: its rows belong to somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain.copy_statement import copy_statement
from domain.faults import Fault, path_of
from domain.feeds import METADATA, Feed
from domain.partners import Partner, feed_path, table_name
from domain.snowflake_sql import SchemaName

_IMPLIED = {
    "NUMBER": "38,0",
    "VARCHAR": "16777216",
    **dict.fromkeys(("TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"), "9"),
}
"""What Snowflake makes of a type without arguments (SQL data types reference)."""


@dataclass(frozen=True, kw_only=True)
class KeptObjects:
    """What is in the landing schema and not in the state."""

    home: SchemaName
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """By table: the type of each column by its name, in the table's order."""
    pipes: Mapping[str, str] = field(default_factory=dict[str, str])
    """By pipe: its COPY."""

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """By table: the names of its columns, in its order."""
        return {name: tuple(columns) for name, columns in self.tables.items()}

    def table_id(self, name: str) -> str | None:
        """Give the id by which the engine takes a table over; None where there is nothing to take."""
        return object_id(self.home, name) if name in self.tables else None

    def pipe_id(self, name: str) -> str | None:
        """Give the id by which the engine takes a pipe over; None where there is nothing to take."""
        return object_id(self.home, name) if name in self.pipes else None


def object_id(home: SchemaName, name: str) -> str:
    """Give the id of a table or a pipe, as the official provider writes it for these two: without quotes."""
    return f"{home.database}|{home.schema}|{name}"


def show_tables(home: SchemaName) -> str:
    """Write the statement that shows a schema's tables."""
    return f"SHOW TABLES IN SCHEMA {home.quoted}"


def describe_table(home: SchemaName, table: str) -> str:
    """Write the statement that shows a table's columns in their order."""
    return f"DESCRIBE TABLE {home.object(table)} TYPE = COLUMNS"


def strangers(partners: Sequence[Partner], kept: KeptObjects, stage: str, key: str) -> list[Fault]:
    """Find the feeds whose table or pipe is there and is another one than theirs.

    Columns that a feed has and its table lacks are added, as always. Those that a table has and its feed lacks would be
    dropped with what is in them, which nobody asked for who brings a feed back.
    """
    return [
        Fault(path_of(key, (i, "feeds", j, "name")), message)
        for i, partner in enumerate(partners)
        for j, feed in enumerate(partner.feeds)
        for message in _what_is_strange(partner, feed, kept, stage)
    ]


def _what_is_strange(partner: Partner, feed: Feed, kept: KeptObjects, stage: str) -> Iterator[str]:
    name = table_name(partner, feed)
    full_name = kept.home.object(name)
    if differences := _differences(feed, kept.tables.get(name)):
        yield (
            f"the table {full_name} is there already, and is not this feed's: {'; '.join(differences)}. Give the feed "
            "the table's columns (they may change in a later `up`), move the table away (ALTER TABLE "
            f"{full_name} RENAME TO ...), drop it, or name the feed otherwise"
        )
    copy = copy_statement(kept.home, table=name, stage=stage, path=feed_path(partner, feed), feed=feed)
    if name in kept.pipes and kept.pipes[name].split() != copy.split():
        yield (
            f"the pipe {full_name} is there already, and copies otherwise than this feed. DROP PIPE {full_name}: `up` "
            "makes it anew, and loads what was not loaded"
        )


def _differences(feed: Feed, there: Mapping[str, str] | None) -> list[str]:
    if there is None:
        return []
    wanted = {column.name: column.type for column in feed.table_columns()}
    lacking = [name for name in METADATA if name not in there]
    more = [f"{name} {type_}" for name, type_ in there.items() if name not in wanted]
    others = [
        f"{name} is {type_} and not {wanted[name]}"
        for name, type_ in there.items()
        if name in wanted and _meaning(type_) != _meaning(wanted[name])
    ]
    return [
        *_told("it lacks {}, which each table made here has", lacking),
        *_told("it has {}, which the feed lacks", more),
        *others,
    ]


def _told(sentence: str, names: Iterable[str]) -> list[str]:
    listed = ", ".join(names)
    return [sentence.format(listed)] if listed else []


def _meaning(type_: str) -> str:
    """Give the one spelling of a type: `NUMBER`, `NUMBER(38)` and `NUMBER(38, 0)` are the same."""
    base, _, rest = type_.partition("(")
    arguments = rest.removesuffix(")").replace(" ", "")
    if base == "NUMBER" and arguments and "," not in arguments:
        arguments += ",0"
    return f"{base}({arguments or _IMPLIED.get(base, '')})"
