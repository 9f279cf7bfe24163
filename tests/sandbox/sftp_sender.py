"""A partner's sender: several sessions that put files, and send again, after a new login, what was not confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import asyncssh
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.sandbox.sftp_landing import Landing

SECONDS_FOR_ALL = 600
SECONDS_FOR_ONE = 30
"""How long a session waits for the door before it begins anew."""


@dataclass(frozen=True)
class Delivery:
    """A file that is to be sent."""

    path: str
    content: bytes


@dataclass
class Sender:
    """Sends as one user."""

    zone: Landing
    user: str
    sessions: int = 4
    confirmed: list[Delivery] = field(default_factory=list[Delivery])
    """What the door took, in the order in which it said so."""
    cut_off: int = 0
    """How many sessions ended before all was sent."""

    def send(self, deliveries: Iterable[Delivery], pool: ThreadPoolExecutor) -> Future[None]:
        """Begin to send, in a thread of `pool`."""
        return pool.submit(lambda: asyncio.run(self._send_all(deliveries)))

    async def _send_all(self, deliveries: Iterable[Delivery]) -> None:
        waiting = asyncio.Queue[Delivery]()
        for delivery in deliveries:
            waiting.put_nowait(delivery)
        await asyncio.gather(*(self._session(waiting) for _ in range(self.sessions)))

    @retry(
        retry=retry_if_exception_type((OSError, asyncssh.Error)),
        stop=stop_after_delay(SECONDS_FOR_ALL),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    async def _session(self, waiting: asyncio.Queue[Delivery]) -> None:
        async with (
            self.zone.connect(self.user, connect_timeout=SECONDS_FOR_ONE) as connection,
            connection.start_sftp_client() as sftp,
        ):
            while not waiting.empty():
                delivery = waiting.get_nowait()
                try:
                    async with asyncio.timeout(SECONDS_FOR_ONE), sftp.open(delivery.path, "wb") as file:
                        await file.write(delivery.content)
                except (OSError, asyncssh.Error):
                    self.cut_off += 1
                    waiting.put_nowait(delivery)
                    raise
                self.confirmed.append(delivery)
