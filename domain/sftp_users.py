"""The people and programs of a partner that come through the SFTP door: their names, keys and folders."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from domain.entry import AT_LEAST_ONE, Entry, matching
from domain.ssh_keys import PublicKey, parse_public_key

MOST_KEYS_OF_A_USER = 50
"""AWS Transfer's quota of SSH keys per service-managed user."""

_SEGMENT = r"(?!\.{1,2}(?:/|$))[\w.-]+"
"""A folder's name. No character of it means more than itself in an S3 key, in an IAM policy or in a path."""


def not_root(name: str) -> str:
    """Refuse the one good name that AWS Transfer blocks."""
    if name == "root":
        raise ValueError("'root' is not allowed: AWS Transfer blocks it; choose another user name")
    return name


UserName = Annotated[
    str,
    matching(
        r"[a-zA-Z0-9_][a-zA-Z0-9_@.-]{2,99}",
        "a user name at AWS Transfer has 3 to 100 letters, digits and _ @ . -, the first a letter, a digit or _",
    ),
    AfterValidator(not_root),
]


class AuthorizedKey(Entry):
    """A public key that opens the door, until the end of its last day."""

    key: PublicKey
    expires: dt.date | None = None
    """The last day, in UTC, on which the key is given access; None while it has no end."""

    def is_expired(self, today: dt.date) -> bool:
        """Say whether the key's last day is over."""
        return self.expires is not None and today > self.expires


class Folder(Entry):
    """A folder that a user sees, and where in the partner's own part of the bucket it is."""

    path: Annotated[
        str,
        matching(rf"/|(/{_SEGMENT})+", "a path from the user's root, such as '/' or '/reports'"),
        Field(max_length=1024),
    ]
    target: Annotated[
        str,
        matching(
            rf"(inbox|outbox)(/{_SEGMENT})*", "'inbox' (writable), 'outbox' (read-only), or a folder below one of them"
        ),
        Field(max_length=512),
    ]

    @property
    def writable(self) -> bool:
        """Whether the user may send and remove files here."""
        return self.target.split("/")[0] == "inbox"


def _apart(folders: tuple[Folder, ...]) -> tuple[Folder, ...]:
    for kind, places in (
        ("paths", [folder.path for folder in folders]),
        ("targets", [folder.target for folder in folders]),
    ):
        for index, place in enumerate(places):
            for earlier in places[:index]:
                first, second = (f"{text.rstrip('/')}/" for text in (earlier, place))
                if first.startswith(second) or second.startswith(first):
                    raise ValueError(
                        f"the {kind} {earlier!r} and {place!r} overlap; AWS Transfer takes only folders that lie apart"
                    )
    return folders


def _read_key(value: object, info: ValidationInfo) -> AuthorizedKey:
    """Read a key as it may stand in the configuration: a line, or a mapping with `key` or `file`, and `expires`."""
    if isinstance(value, AuthorizedKey):
        return value
    if isinstance(value, str):
        return AuthorizedKey(key=parse_public_key(value))
    form = (
        "give the public key's line, or {file: <path from the project's folder>} or {key: <line>}, with expires or not"
    )
    if not isinstance(value, dict):
        raise ValueError(form)  # noqa: TRY004  # pydantic makes a fault of this one
    entry = dict(cast("dict[str, object]", value))
    expires = _read_day(entry.pop("expires", None))
    match entry:
        case {"file": name, **rest} if not rest:
            text = _read_file(str(name), info)
        case {"key": str(text), **rest} if not rest:
            pass
        case _:
            raise ValueError(form)
    return AuthorizedKey(key=parse_public_key(text), expires=expires)


def _read_day(value: object) -> dt.date | None:
    if value is None:
        return None
    try:
        # The engine hands a bare YAML date on as the time of its midnight, and writes it so in the stack's file.
        return dt.date.fromisoformat(str(value).removesuffix(" 00:00:00 +0000 UTC").removesuffix("T00:00:00Z"))
    except ValueError:
        raise ValueError(f"expires: {value!r} is not a day; write it as 2027-03-31") from None


def _read_file(name: str, info: ValidationInfo) -> str:
    base = info.context if isinstance(info.context, Path) else Path()
    try:
        return (base / name).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"the key file {name!r} cannot be read ({error.strerror}); make it or name another") from error
    except ValueError as error:
        raise ValueError(f"the key file {name!r} is no text; name the .pub file of an OpenSSH key") from error


AuthorizedKeys = Annotated[
    tuple[Annotated[AuthorizedKey, BeforeValidator(_read_key)], ...],
    AT_LEAST_ONE,
    Field(max_length=MOST_KEYS_OF_A_USER),
]


class SftpUser(Entry):
    """One login of a partner's."""

    name: UserName
    public_keys: AuthorizedKeys
    folders: Annotated[tuple[Folder, ...], AT_LEAST_ONE, AfterValidator(_apart)] = (Folder(path="/", target="inbox"),)
