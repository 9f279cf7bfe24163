"""A partner: one entry in the stack's configuration, from which everything else about it follows."""

from __future__ import annotations

import re
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationInfo
from pydantic.alias_generators import to_camel

from domain.faults import Fault, path_of
from domain.ssh_keys import PublicKey, parse_public_key

FLOW = "flows/reconcile.py:reconcile"
"""The flow of a feed that names none: it compares what arrived with what was loaded."""

_PARTNER_NAME = re.compile(r"[a-z][a-z0-9-]{2,31}")
_FEED_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ENTRY_POINT = re.compile(r"(?!/)(?!.*\.\.)[\w./-]+\.py:[A-Za-z_]\w*")
_COLUMN_TYPE = re.compile(
    r"(NUMBER(\((?P<precision>\d{1,2})(,(?P<scale>\d{1,2}))?\))?|VARCHAR(\((?P<length>\d{1,9})\))?"
    r"|FLOAT|BOOLEAN|DATE|TIME|TIMESTAMP_(NTZ|LTZ|TZ)|VARIANT)"
)
_HIGHEST_PRECISION = 38
_LONGEST_VARCHAR = 16_777_216
"""Snowflake's limits (SQL data types reference), in digits and in characters."""


class Entry(BaseModel):
    """What is common to all parts of a config entry: keys in camel case, no key that is not known, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


def _matching(pattern: re.Pattern[str], allowed: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is not allowed: {allowed}")
        return text

    return AfterValidator(check)


def _known_type(text: str) -> str:
    found = _COLUMN_TYPE.fullmatch(text)
    if not found:
        raise ValueError(
            f"{text!r} is not allowed: one of NUMBER, NUMBER(38,0), VARCHAR, VARCHAR(100), FLOAT, BOOLEAN, DATE, TIME, "
            "TIMESTAMP_NTZ, TIMESTAMP_LTZ, TIMESTAMP_TZ, VARIANT"
        )
    precision, scale, length = (int(found[name] or 0) for name in ("precision", "scale", "length"))
    if found["precision"] and not (1 <= precision <= _HIGHEST_PRECISION and scale <= precision):
        raise ValueError(f"{text!r} is not allowed: 1 to {_HIGHEST_PRECISION} digits, of which the scale takes no more")
    if found["length"] and not 1 <= length <= _LONGEST_VARCHAR:
        raise ValueError(f"{text!r} is not allowed: 1 to {_LONGEST_VARCHAR} characters")
    return text


def _known_zone(name: str) -> str:
    known = zoneinfo.available_timezones()
    if name in known:
        return name
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ", such as 'Europe/London'"
    raise ValueError(f"{name!r} is not an IANA time zone{hint}")


def _not_empty(items: tuple[object, ...]) -> tuple[object, ...]:
    if not items:
        raise ValueError("needs at least one entry")
    return items


AT_LEAST_ONE = AfterValidator(_not_empty)

PartnerName = Annotated[
    str, _matching(_PARTNER_NAME, "3 to 32 lower-case letters, digits and hyphens, the first a letter")
]
FeedName = Annotated[
    str, _matching(_FEED_NAME, "at most 32 lower-case letters, digits and hyphens, the first a letter")
]
ColumnType = Annotated[str, AfterValidator(_known_type)]
EntryPoint = Annotated[
    str, _matching(_ENTRY_POINT, "a file of this repository and a flow in it, such as 'flows/reconcile.py:reconcile'")
]
TimeZone = Annotated[str, AfterValidator(_known_zone)]


def _read_key(value: object, info: ValidationInfo) -> PublicKey:
    if isinstance(value, str):
        return parse_public_key(value)
    if not isinstance(value, dict) or set(cast("dict[object, object]", value)) != {"file"}:
        raise ValueError("give the public key's line, or {file: <path from the project's folder>}")
    name = str(cast("dict[object, object]", value)["file"])
    base = info.context if isinstance(info.context, Path) else Path()
    try:
        text = (base / name).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"the key file {name!r} cannot be read ({error.strerror}); make it or name another") from error
    except ValueError as error:
        raise ValueError(f"the key file {name!r} is no text; name the .pub file of an OpenSSH key") from error
    return parse_public_key(text)


SnowflakeName = Annotated[
    str,
    _matching(re.compile(r"[^\0]{1,255}", re.DOTALL), "a name in Snowflake has 1 to 255 characters, none of them NUL"),
]


class Column(Entry):
    """A column of a feed's table."""

    name: SnowflakeName
    type: ColumnType


def _different_names(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    # Files of other formats than CSV are loaded by name whatever its case.
    counted = Counter(column.name.upper() for column in columns)
    if twins := [name for name, count in counted.items() if count > 1]:
        raise ValueError(f"names of columns must differ by more than their case, got twice: {', '.join(twins)}")
    return columns


def _delimiter(text: str) -> str:
    if text in {'"', "\n", "\r"}:
        raise ValueError(f"{text!r} cannot part fields: it quotes them or ends a row; name another, such as ',' or ';'")
    return text


class Csv(Entry):
    """How a feed's CSV files are written."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_delimiter)] = ","
    header_rows: Annotated[int, Field(ge=0, le=100)] = 1
    null_texts: tuple[str, ...] = ("",)
    """Texts that stand for no value."""


class Feed(Entry):
    """A kind of file that a partner sends, and the table that it is loaded into."""

    name: FeedName
    format: Literal["csv", "json", "parquet"] = "csv"
    csv: Csv = Csv()
    columns: Annotated[tuple[Column, ...], AT_LEAST_ONE, AfterValidator(_different_names)]
    flow: EntryPoint = FLOW


class Partner(Entry):
    """A partner and everything that it gets."""

    name: PartnerName
    time_zone: TimeZone
    public_keys: Annotated[tuple[Annotated[PublicKey, BeforeValidator(_read_key)], ...], AT_LEAST_ONE]
    feeds: Annotated[tuple[Feed, ...], AT_LEAST_ONE]

    @property
    def prefix(self) -> str:
        """Where in the bucket the partner's objects are, with a closing slash: no neighbour's name begins with it."""
        return f"{PARTNERS_PREFIX}{self.name}/"


PARTNERS_PREFIX = "partners/"
"""Under it are all partners' objects, and nothing else."""

PARTNERS = TypeAdapter(tuple[Partner, ...])


def table_name(partner: Partner, feed: Feed) -> str:
    """Name the table and the pipe of a feed, as Snowflake would write it unquoted."""
    return f"{partner.name}_{feed.name}".replace("-", "_").upper()


def deployment_name(partner: Partner, feed: Feed) -> str:
    """Name the deployment of a feed's flow."""
    return f"{partner.name}-{feed.name}"


def shared_between(partners: Iterable[Partner], key: str) -> list[Fault]:
    """Find what two entries may not have in common: names, feeds' names, tables and public keys."""
    indexed = list(enumerate(partners))
    feeds = [(i, j, p, f) for i, p in indexed for j, f in enumerate(p.feeds)]
    keys = [(i, j, k) for i, p in indexed for j, k in enumerate(p.public_keys)]
    return [
        *_twins(((p.name, (i, "name")) for i, p in indexed), key, lambda name: f"{name!r} is another partner's name"),
        *_twins(
            ((table_name(p, f), (i, "feeds", j, "name")) for i, j, p, f in feeds),
            key,
            lambda table: f"another feed loads into the table {table} already; choose another name",
        ),
        *_twins(
            ((k.blob, (i, "publicKeys", j)) for i, j, k in keys),
            key,
            lambda _: "the same public key stands elsewhere already; one key opens one partner's door",
        ),
    ]


def _twins(values: Iterable[tuple[str, tuple[str | int, ...]]], key: str, message: Callable[[str], str]) -> list[Fault]:
    first: dict[str, tuple[str | int, ...]] = {}
    faults: list[Fault] = []
    for value, location in values:
        if value in first:
            earlier = path_of(key, first[value])
            faults.append(Fault(path_of(key, location), f"{message(value)} (see {earlier})"))
        else:
            first[value] = location
    return faults
