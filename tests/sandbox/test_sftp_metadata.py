"""What the door says of the objects that it puts, as Transfer does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.sandbox.sftp_landing import BUCKET, landing

pytestmark = pytest.mark.sandbox

SIZES = {"small.csv": 10, "large.csv": 9_000_000}
"""The larger one is put in parts."""


def test_objects_say_who_sent_them(tmp_path: Path) -> None:
    with landing(tmp_path) as zone:

        async def deliver() -> None:
            async with zone.connect("skyway") as connection, connection.start_sftp_client() as sftp:
                for name, size in SIZES.items():
                    async with sftp.open(name, "wb") as file:
                        await file.write(bytes(size))

        asyncio.run(deliver())
        for name, size in SIZES.items():
            head = zone.client("s3").head_object(Bucket=BUCKET, Key=f"partners/skyway/{name}")
            assert head["ContentLength"] == size
            assert head["Metadata"] == {"user-agent": "AWSTransfer", "user-agent-id": f"skyway@{zone.server_id}"}
