"""The door over a restart of its part: users, keys and files are found again, and half an upload is not."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from pathlib import Path

import asyncssh
import pytest

from tests.sandbox.sftp_landing import landing, running

pytestmark = pytest.mark.sandbox


def test_a_restart_keeps_what_was_whole(tmp_path: Path) -> None:
    with ExitStack() as first_life:
        zone = first_life.enter_context(landing(tmp_path))

        async def deliver() -> None:
            async with zone.connect("skyway") as connection, connection.start_sftp_client() as sftp:
                async with sftp.open("whole.csv", "wb") as file:
                    await file.write(b"whole")
                half = await sftp.open("half.csv", "wb")
                await half.write(bytes(9_000_000))
                await asyncio.to_thread(first_life.close)
                with suppress(asyncssh.Error):
                    await half.close()

        asyncio.run(deliver())

    async def look() -> None:
        async with zone.connect("skyway") as connection, connection.start_sftp_client() as sftp:
            assert await sftp.listdir("/") == ["whole.csv"]

    with running(zone.home):
        assert zone.stored("partners/skyway/whole.csv") == b"whole"
        assert zone.unfinished_uploads() == []
        asyncio.run(look())
