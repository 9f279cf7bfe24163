"""A partner: one entry in the stack's configuration, from which everything else about it follows."""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Annotated, Self, cast

from pydantic import AfterValidator, TypeAdapter, model_validator

from domain.entry import AT_LEAST_ONE, Entry, matching
from domain.faults import Fault, parse, path_of
from domain.feeds import Feed
from domain.sftp_users import AuthorizedKey, AuthorizedKeys, SftpUser, not_root

PARTNERS_PREFIX = "partners/"
"""Under it is what partners send, and nothing else."""

OUTBOX_PREFIX = "outbox/"
"""Under it is what partners fetch; no pipe and no arrival looks here."""

_Location = tuple[str | int, ...]


# Read from the whole database of zones once, not for each partner.
_zones = functools.cache(zoneinfo.available_timezones)


def _known_zone(name: str) -> str:
    known = _zones()
    if name in known:
        return name
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ", such as 'Europe/London'"
    raise ValueError(f"{name!r} is not an IANA time zone{hint}")


PartnerName = Annotated[
    str,
    matching(r"[a-z][a-z0-9-]{2,31}", "3 to 32 lower-case letters, digits and hyphens, the first a letter"),
    AfterValidator(not_root),
]
TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Partner(Entry):
    """A partner and everything that it gets."""

    name: PartnerName
    time_zone: TimeZone
    public_keys: AuthorizedKeys = ()
    """The keys of a user that has the partner's name, with the inbox as its home: enough for most partners."""
    users: Annotated[tuple[SftpUser, ...], AT_LEAST_ONE] = ()
    """Users with names and folders of their own."""
    feeds: Annotated[tuple[Feed, ...], AT_LEAST_ONE]

    @model_validator(mode="after")
    def _somebody_comes(self) -> Self:
        if not self.public_keys and not self.users:
            raise ValueError("has nobody who may come in; add publicKeys (one user with the partner's name), or users")
        return self

    @property
    def prefix(self) -> str:
        """Where in the bucket the partner's objects are, with a closing slash: no neighbour's name begins with it."""
        return f"{PARTNERS_PREFIX}{self.name}/"

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that are there before anybody comes: of all users' folders, and one a feed."""
        named = [folder.target for user in self.logins for folder in user.folders]
        return tuple(dict.fromkeys([*named, *(f"inbox/{feed.name}" for feed in self.feeds)]))

    @property
    def logins(self) -> tuple[SftpUser, ...]:
        """All users of the partner, the one of the short form first."""
        own = (SftpUser(name=self.name, public_keys=self.public_keys),) if self.public_keys else ()
        return own + self.users

    def prefix_at(self, target: str) -> str:
        """Give the prefix of the objects of a folder's target, with a closing slash."""
        box, _, below = target.partition("/")
        root = self.prefix if box == "inbox" else f"{OUTBOX_PREFIX}{self.name}/"
        return f"{root}{below}/" if below else root


PARTNERS = TypeAdapter(tuple[Partner, ...])


def good_ones(entries: object, context: object) -> dict[int, Partner]:
    """Give the entries of a list that are good by themselves, by their place: what they share is told with the faults.

    `context` is the folder in which the files of keys are.
    """
    listed = enumerate(cast("list[object]", entries) if isinstance(entries, list) else [])
    read = {place: parse(_PARTNER, entry, key="", faults=[], context=context) for place, entry in listed}
    return {place: partner for place, partner in read.items() if partner}


_PARTNER = TypeAdapter(Partner)


def table_name(partner: Partner, feed: Feed) -> str:
    """Name the table and the pipe of a feed, as Snowflake would write it unquoted."""
    return f"{partner.name}_{feed.name}".replace("-", "_").upper()


def feed_path(partner: Partner, feed: Feed) -> str:
    """Give a feed's folder, relative to PARTNERS_PREFIX, with a closing slash."""
    return f"{partner.name}/{feed.name}/"


def deployment_name(partner: Partner, feed: Feed) -> str:
    """Name the deployment of a feed's flow."""
    return f"{partner.name}-{feed.name}"


def shared_between(partners: Iterable[Partner], key: str) -> list[Fault]:
    """Find what two entries may not have in common: names, users, feeds' names, tables and public keys."""
    indexed = list(enumerate(partners))
    feeds = [(i, j, p, f) for i, p in indexed for j, f in enumerate(p.feeds)]
    return [
        *_twins(((p.name, (i, "name")) for i, p in indexed), key, lambda name: f"{name!r} is another partner's name"),
        *_twins(
            _user_names(indexed), key, lambda name: f"{name!r} is another user's name; a server has each name once"
        ),
        *_twins(
            ((table_name(p, f), (i, "feeds", j, "name")) for i, j, p, f in feeds),
            key,
            lambda table: f"another feed loads into the table {table} already; choose another name",
        ),
        *_twins(
            ((k.key.blob, place) for place, k in _keys(indexed)),
            key,
            lambda _: "the same public key stands elsewhere already; one key opens one user's door",
        ),
    ]


def expired_keys(partners: Iterable[Partner], today: dt.date, key: str) -> list[Fault]:
    """Find the keys whose last day is over."""
    return [
        Fault(
            path_of(key, place),
            f"the key {found.key.fingerprint} expired on {found.expires}; remove it, give it a later day, "
            "or set landing:sftp.expiredKeys to leaveOut",
        )
        for place, found in _keys(enumerate(partners))
        if found.is_expired(today)
    ]


def without_expired_keys(partner: Partner, today: dt.date) -> Partner:
    """Give the partner with the keys that are still good; a user without one stays, and its door is closed."""

    def good(keys: Iterable[AuthorizedKey]) -> tuple[AuthorizedKey, ...]:
        return tuple(key for key in keys if not key.is_expired(today))

    users = tuple(user.model_copy(update={"public_keys": good(user.public_keys)}) for user in partner.logins)
    return partner.model_copy(update={"public_keys": (), "users": users})


def keys_that_end(partners: Iterable[Partner], today: dt.date, within: dt.timedelta) -> Iterator[str]:
    """Say which keys have ended or soon will, a sentence each."""
    for partner in partners:
        for user in partner.logins:
            for each in user.public_keys:
                if each.expires and each.expires - today <= within:
                    verb = "expired" if each.is_expired(today) else "expires"
                    yield f"{partner.name}: the key {each.key.fingerprint} of user {user.name} {verb} on {each.expires}"


def _user_names(indexed: Iterable[tuple[int, Partner]]) -> Iterator[tuple[str, _Location]]:
    for i, partner in indexed:
        if partner.public_keys:
            yield partner.name, (i, "publicKeys")
        yield from ((user.name, (i, "users", j, "name")) for j, user in enumerate(partner.users))


def _keys(indexed: Iterable[tuple[int, Partner]]) -> Iterator[tuple[_Location, AuthorizedKey]]:
    for i, partner in indexed:
        yield from (((i, "publicKeys", j), each) for j, each in enumerate(partner.public_keys))
        for u, user in enumerate(partner.users):
            yield from (((i, "users", u, "publicKeys", j), each) for j, each in enumerate(user.public_keys))


def _twins(values: Iterable[tuple[str, _Location]], key: str, message: Callable[[str], str]) -> list[Fault]:
    first: dict[str, _Location] = {}
    faults: list[Fault] = []
    for value, location in values:
        if value in first:
            earlier = path_of(key, first[value])
            faults.append(Fault(path_of(key, location), f"{message(value)} (see {earlier})"))
        else:
            first[value] = location
    return faults
