# ruff: noqa: ANN401  # asyncssh's client takes any option, so its types are of little help here
"""Homes of several mappings, and what a role or a session policy lets a user do in each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncssh
import pytest

from tests.sandbox.sftp_landing import BUCKET, Landing, landing, policy, prefix_policy

pytestmark = pytest.mark.sandbox

ROOTS = [
    {"Entry": "/in", "Target": f"/{BUCKET}/partners/rail"},
    {"Entry": "/out/reports", "Target": f"/{BUCKET}/outbox/rail/reports"},
]


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def visit(zone: Landing, user: str, steps: Callable[[Any], Awaitable[None]]) -> None:
    async def run() -> None:
        async with zone.connect(user) as connection, connection.start_sftp_client() as sftp:
            await steps(sftp)

    asyncio.run(run())


async def put(sftp: Any, path: str, content: bytes = b"a") -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(content)


async def get(sftp: Any, path: str) -> bytes:
    async with sftp.open(path, "rb") as file:
        return await file.read()


def in_and_outbox() -> str:
    """Give the policy of a partner that writes into its inbox and reads its outbox."""
    return policy(
        {
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringLike": {"s3:prefix": ["partners/rail/*", "outbox/rail/*"]}},
        },
        {
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": f"arn:aws:s3:::{BUCKET}/partners/rail/*",
        },
        {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/outbox/rail/*"},
        {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"},
    )


def test_several_mappings_make_one_tree(zone: Landing) -> None:
    zone.add_user(
        "mapped",
        zone.add_role("mapped", prefix_policy("partners/mapped")),
        HomeDirectoryMappings=[
            {"Entry": "/in/orders", "Target": f"/{BUCKET}/partners/mapped/o"},
            {"Entry": "/in/flights", "Target": f"/{BUCKET}/partners/mapped/f"},
        ],
    )

    async def steps(sftp: Any) -> None:
        assert await sftp.listdir("/") == ["in"]
        assert await sftp.listdir("/in") == ["flights", "orders"]
        assert await sftp.isdir("/in/orders")
        await put(sftp, "/in/orders/a.csv")
        assert await sftp.listdir("/in/orders") == ["a.csv"]
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await put(sftp, "/elsewhere.csv")
        for request in (sftp.rmdir("/in/orders"), sftp.mkdir("/in/flights"), put(sftp, "/in/orders")):
            with pytest.raises(asyncssh.SFTPFailure):
                await request

    visit(zone, "mapped", steps)
    assert zone.stored("partners/mapped/o/a.csv") == b"a"


def test_an_outbox_is_read_and_never_written(zone: Landing) -> None:
    role = zone.add_role("rail", policy({"Action": ["s3:*", "kms:*"], "Resource": "*"}))
    zone.add_user("rail", role, HomeDirectoryMappings=ROOTS, Policy=in_and_outbox())
    zone.client("s3").put_object(Bucket=BUCKET, Key="outbox/rail/reports/may.csv", Body=b"report")

    async def steps(sftp: Any) -> None:
        assert sorted(await sftp.listdir("/")) == ["in", "out"]
        assert await sftp.listdir("/out") == ["reports"]
        assert await sftp.listdir("/out/reports") == ["may.csv"]
        assert await get(sftp, "/out/reports/may.csv") == b"report"
        await put(sftp, "/in/a.csv")
        for refused in (
            put(sftp, "/out/reports/mine.csv"),
            put(sftp, "/out/reports/may.csv"),
            sftp.mkdir("/out/reports/new"),
            sftp.remove("/out/reports/may.csv"),
            sftp.rename("/out/reports/may.csv", "/out/reports/june.csv"),
            sftp.rename("/out/reports/may.csv", "/in/may.csv"),
            sftp.rename("/in/a.csv", "/out/reports/a.csv"),
        ):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await refused
        for nowhere in (put(sftp, "/a.csv"), put(sftp, "/out/a.csv"), sftp.mkdir("/out/new"), sftp.mkdir("/new")):
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await nowhere
        assert await get(sftp, "/in/a.csv") == b"a"

    visit(zone, "rail", steps)
    assert zone.stored("outbox/rail/reports/may.csv") == b"report"


def test_a_mapping_that_leads_nowhere_is_passed_over(zone: Landing) -> None:
    role = zone.add_role("half", prefix_policy("partners/half"))
    zone.add_user(
        "half",
        role,
        HomeDirectoryMappings=[
            {"Entry": "/placeholder", "Target": f"/{BUCKET}/partners/half/a"},
            {"Entry": "/objects", "Target": f"/{BUCKET}/partners/half/b"},
            {"Entry": "/nothing", "Target": f"/{BUCKET}/partners/half/c"},
            {"Entry": "/deep/nothing", "Target": f"/{BUCKET}/partners/half/c"},
            {"Entry": "/unborn", "Target": "/no-such-bucket/x"},
        ],
        folders=["placeholder"],
    )
    s3 = zone.client("s3")
    s3.put_object(Bucket=BUCKET, Key="partners/half/b/deep/x.csv", Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="partners/half/cc", Body=b"a neighbour is not inside")

    async def steps(sftp: Any) -> None:
        assert sorted(await sftp.listdir("/")) == ["objects", "placeholder"]
        await put(sftp, "/placeholder/a.csv")
        for nowhere in (
            sftp.listdir("/nothing"),
            sftp.stat("/nothing"),
            sftp.listdir("/deep"),
            put(sftp, "/nothing/a.csv"),
            sftp.mkdir("/nothing"),
            sftp.mkdir("/nothing/new"),
            sftp.stat("/unborn"),
        ):
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await nowhere

    visit(zone, "half", steps)
    zone.make_folder(f"/{BUCKET}/partners/half/c")

    async def later(sftp: Any) -> None:
        assert sorted(await sftp.listdir("/")) == ["deep", "nothing", "objects", "placeholder"]
        await put(sftp, "/nothing/a.csv")

    visit(zone, "half", later)


def test_a_target_holds_the_users_name(zone: Landing) -> None:
    target = f"/{BUCKET}/partners/${{transfer:UserName}}"
    role = zone.add_role("named", prefix_policy("partners/named"))
    zone.make_folder(f"/{BUCKET}/partners/named")
    zone.add_user("named", role, HomeDirectoryMappings=[{"Entry": "/", "Target": target}], folders=[])
    visit(zone, "named", lambda sftp: put(sftp, "a.csv"))
    assert zone.stored("partners/named/a.csv") == b"a"


def without_kms(prefix: str) -> str:
    document = json.loads(prefix_policy(prefix))
    document["Statement"] = [one for one in document["Statement"] if "kms:Decrypt" not in one["Action"]]
    return json.dumps(document)


@pytest.mark.parametrize("lacking", ["role", "session-policy"])
def test_without_kms_rights_neither_ls_nor_put_is_permitted(zone: Landing, lacking: str) -> None:
    name = f"keyless-{lacking}"
    prefix = f"partners/{name}"
    in_role, in_session = prefix_policy(prefix), without_kms(prefix)
    if lacking == "role":
        in_role, in_session = in_session, in_role
    zone.add_user(name, zone.add_role(name, in_role), Policy=in_session)
    zone.client("s3").put_object(Bucket=BUCKET, Key=f"{prefix}/there.csv", Body=b"1")

    async def steps(sftp: Any) -> None:
        for request in (sftp.listdir("/"), put(sftp, "new.csv"), get(sftp, "there.csv"), sftp.mkdir("new")):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await request

    visit(zone, name, steps)
    assert zone.stored(f"{prefix}/new.csv") is None


def test_with_kms_rights_in_both_ls_and_put_are_permitted(zone: Landing) -> None:
    prefix = "partners/keyed"
    zone.add_user("keyed", zone.add_role("keyed", prefix_policy(prefix)), Policy=prefix_policy(prefix))

    async def steps(sftp: Any) -> None:
        await put(sftp, "new.csv")
        assert await sftp.listdir("/") == ["new.csv"]

    visit(zone, "keyed", steps)
