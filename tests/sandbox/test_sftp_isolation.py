# ruff: noqa: ANN401  # paramiko is not typed
"""Two partners whose names begin alike, through a real client: nothing that one tries reaches what is the other's.

The policies are the program's own, so both guards stand: the logical home, and the session policy behind it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.iam import Access, session_policy, users_access
from sandbox.sftp.paths import LogicalHome
from tests.sandbox.sftp_clients import ClientError, Login, Paramiko
from tests.sandbox.sftp_landing import BUCKET, Landing, landing

PARTNERS = ("sky", "sky-way", "Sky", "skÿ")
"""One name within another, in another case, and with a character of more than one Unicode form."""

PAIRS = [(mine, others) for mine in PARTNERS for others in PARTNERS if mine != others]
FILE = "secret.csv"


def tricks(mine: str, others: str) -> list[str]:
    """Give paths by which `mine` might hope to reach the folder of `others`."""
    decomposed = unicodedata.normalize("NFD", others)
    ways = [
        f"../{others}",
        f"/../{others}",
        f"//../{others}",
        f"/..//..//..//{others}",
        f"x/../../{others}",
        f"./.././{others}/.",
        f"/partners/{others}",
        f"//partners/{others}",
        f"/../partners/{others}",
        f"/../../{BUCKET}/partners/{others}",
        f"/{BUCKET}/partners/{others}",
        f"s3://{BUCKET}/partners/{others}",
        f"../outbox/{others}",
        f"/../../outbox/{others}",
        f"..\\{others}",
        f"%2e%2e/{others}",
        f"..%2f{others}",
        f"\uff0e\uff0e/{others}",
        f"\u2025/{others}",
        f"..\u2215{others}",
        f"../{others.upper()}",
        f"../{others.swapcase()}",
        f"../{decomposed}",
        f"../{unicodedata.normalize('NFKD', others)}",
        f"../{others} ",
        f"../{others}.",
        f"..\u200b/{others}",
        f"../{mine}/../{others}",
        f"../{mine}*/../{others}",
        f"../{'?' * len(others)}",
        "../*",
        f"{'d/' * 400}{'../' * 401}{others}",
        f"../{others}/{'y' * 900}",
        f"../{'n' * 255}/../{others}",
    ]
    return [*ways, *([others.removeprefix(mine)] if others.startswith(mine) else [])]


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        encryption = running.client("s3").get_bucket_encryption(Bucket=BUCKET)
        rule = encryption["ServerSideEncryptionConfiguration"]["Rules"][0]
        key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        role = running.add_role("users", json.dumps(users_access(BUCKET, key)))
        for number, name in enumerate(PARTNERS):
            prefix = f"partners/{name}/"
            policy = session_policy(BUCKET, [Access(prefix=prefix, writable=True)], key)
            home = [{"Entry": "/", "Target": f"/{BUCKET}/partners/{name}"}]
            running.add_user(f"user-{number}", role, Policy=json.dumps(policy), HomeDirectoryMappings=home)
            for folder in ("partners", "outbox"):
                running.client("s3").put_object(Bucket=BUCKET, Key=f"{folder}/{name}/{FILE}", Body=secret(name))
        yield running


def secret(name: str) -> bytes:
    return f"only for {name}".encode()


def everything_but(zone: Landing, mine: str) -> dict[str, tuple[str, int, object]]:
    """Give what lies outside the partner's own folder: keys with what would tell of any change."""
    pages = zone.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    items = [item for page in pages for item in page.get("Contents", [])]
    return {
        item["Key"]: (item["ETag"], item["Size"], item["LastModified"])
        for item in items
        if not item["Key"].startswith(f"partners/{mine}/")
    }


def session_of(zone: Landing, mine: str, folder: Path) -> Paramiko:
    return Paramiko(Login.of(zone, f"user-{PARTNERS.index(mine)}", folder))


def read(sftp: Any, path: str) -> bytes:
    with sftp.open(path) as file:
        return file.read()


def write(sftp: Any, path: str) -> None:
    with sftp.open(path, "w") as file:
        file.write(b"overwritten")


def attempts(sftp: Any, path: str) -> list[Callable[[], object]]:
    """Give all that a client may try with a folder at `path` and with the file in it."""
    file = f"{path}/{FILE}"
    return [
        lambda: read(sftp, file),
        lambda: sftp.rename(file, "stolen.csv"),
        lambda: sftp.rename("mine.csv", file),
        lambda: write(sftp, file),
        lambda: write(sftp, f"{path}/new.csv"),
        lambda: sftp.truncate(file, 0),
        lambda: sftp.symlink(file, "link.csv"),
        lambda: sftp.mkdir(f"{path}/made"),
        lambda: sftp.remove(file),
        lambda: sftp.rmdir(path),
    ]


def try_all(sftp: Any, path: str, theirs: list[bytes]) -> None:
    """Do all of it, and check that nothing of `theirs` comes back; refusals are as good as anything."""
    write(sftp, "mine.csv")
    for attempt in attempts(sftp, path):
        with suppress(OSError):
            assert attempt() not in theirs
    for name in ("stolen.csv", "link.csv"):
        with suppress(OSError):
            assert read(sftp, name) not in theirs


@pytest.mark.sandbox
@pytest.mark.parametrize(("mine", "others"), PAIRS)
def test_no_trick_reaches_another_partner(zone: Landing, tmp_path: Path, mine: str, others: str) -> None:
    theirs = [secret(name) for name in PARTNERS if name != mine]
    before = everything_but(zone, mine)
    with session_of(zone, mine, tmp_path).session() as sftp:
        for trick in tricks(mine, others):
            try_all(sftp, trick, theirs)
    assert everything_but(zone, mine) == before


@pytest.mark.sandbox
def test_one_sees_its_own_and_nothing_else(zone: Landing, tmp_path: Path) -> None:
    with session_of(zone, "sky-way", tmp_path).session() as sftp:
        assert sftp.normalize("../../..") == "/"
        sftp.chdir("../..")
        write(sftp, "../../mark.csv")
    assert zone.stored("partners/sky-way/mark.csv") == b"overwritten"
    assert zone.stored("mark.csv") is None
    with pytest.raises(ClientError), session_of(zone, "sky", tmp_path).session() as sftp:
        read(sftp, "mark.csv")


names = st.sampled_from(PARTNERS) | st.text(
    st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=100
).filter(lambda name: name not in {".", ".."})
pieces = (
    st.sampled_from(["..", ".", "", "partners", "outbox", BUCKET, "*", "%2e%2e", "\uff0e\uff0e", *PARTNERS]) | names
)
paths = st.lists(pieces, max_size=12).map("/".join)


@given(mine=names, others=names, path=paths, shape=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_no_path_of_one_home_lies_in_another(
    mine: str, others: str, path: str, shape: Literal["NFC", "NFD", "NFKC", "NFKD"]
) -> None:
    if mine == others:
        return
    home = LogicalHome.of([("/", f"/{BUCKET}/partners/{mine}")])
    for tried in (path, f"../{others}/{path}", unicodedata.normalize(shape, path), path.swapcase()):
        location = home.locate(tried)
        assert location is not None
        assert not f"{location.key}/".startswith(f"partners/{others}/")
        assert location.bucket == BUCKET


@pytest.mark.sandbox
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tried=st.lists(paths, min_size=5, max_size=5))
def test_no_path_at_all_reaches_another_partner(zone: Landing, tmp_path: Path, tried: list[str]) -> None:
    theirs = [secret(name) for name in PARTNERS if name != "sky"]
    before = everything_but(zone, "sky")
    with session_of(zone, "sky", tmp_path).session() as sftp:
        for path in tried:
            with suppress(OSError, UnicodeError):
                try_all(sftp, path or ".", theirs)
    assert everything_but(zone, "sky") == before
