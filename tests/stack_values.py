"""The values of a stack's keys, as tests of the settings and of what is made from them give them."""

from __future__ import annotations

import base64
import datetime as dt
import struct
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest

from domain.faults import ConfigurationError
from domain.partners import PARTNERS, Partner
from settings import Settings

TODAY = dt.date(2026, 11, 24)


def public_key(seed: int = 1, kind: str = "ssh-ed25519", *numbers: bytes) -> str:
    fields = [kind.encode(), *(numbers or (seed.to_bytes(32, "big"),))]
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return f"{kind} {base64.b64encode(blob).decode()} somebody@laptop"


def feed(name: str = "orders", **changes: object) -> dict[str, object]:
    return {"name": name, "columns": [{"name": "ID", "type": "NUMBER"}], **changes}


def partner(name: str = "skyway", *, key: object = None, **changes: object) -> dict[str, object]:
    """Give an entry of the short form: one user with the partner's name."""
    return {
        "name": name,
        "timeZone": "America/New_York",
        "publicKeys": [key or public_key()],
        "feeds": [feed()],
        **changes,
    }


def user(name: str = "skyway-robot", *, seed: int = 1, **changes: object) -> dict[str, object]:
    return {"name": name, "publicKeys": [public_key(seed)], **changes}


def partner_of(*users: dict[str, object], name: str = "skyway", **changes: object) -> dict[str, object]:
    """Give an entry whose users have names of their own."""
    entry = partner(name, users=list(users), **changes)
    entry.pop("publicKeys")
    return entry


def folder(path: str, target: str) -> dict[str, object]:
    return {"path": path, "target": target}


def read_partners(*entries: dict[str, object]) -> tuple[Partner, ...]:
    return PARTNERS.validate_python(list(entries))


def sftp(**changes: object) -> dict[str, object]:
    return {"hostname": "sftp.example.com", "zone": "example.com", **changes}


def values(**changes: object) -> dict[str, object]:
    return {
        "bucket": {"name": "landing-test-partners"},
        "sftp": sftp(),
        "prefect": {"apiUrl": "http://127.0.0.1:4200/api", "workPool": "landing"},
        "partners": [partner()],
    } | changes


def check(given: dict[str, object], folder: Path = Path(), *, secret: AbstractSet[str] = frozenset()) -> Settings:
    known: dict[str, Any] = {"project": "landing", "stack": "test", "region": "us-east-1", "today": TODAY}
    return Settings.check(given, folder=folder, secret=secret, **known)


def faults(given: dict[str, object], folder: Path = Path(), *, secret: AbstractSet[str] = frozenset()) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        check(given, folder, secret=secret)
    return [str(fault) for fault in caught.value.faults]
