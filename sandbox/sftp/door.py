"""Transfer's SFTP door: an SSH server that lets partners in by their keys and gives each session its user's role.

The sandbox has one door. It is that of the newest Transfer server that is ONLINE: it shows this server's host keys and
banner, speaks what its security policy says, and lets its users in, each as it is when a connection comes. While no
server is ONLINE it closes each connection at once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, cast

import asyncssh

from sandbox.aws.cloud import AwsCloud
from sandbox.aws.transfer_states import online_servers
from sandbox.home import LOOPBACK, SandboxHome
from sandbox.sftp.entrance import Surroundings, options_for
from sandbox.sftp.log_delivery import LogDelivery

S3_THREADS = 16
"""How many calls to S3 run at a time, over all sessions."""

_WAITING_CONNECTIONS = 100
_SECONDS_AFTER_A_REFUSAL = 0.1
"""How long the door waits when the system has no file left for one more connection."""

_LOG = logging.getLogger(__name__)


class Door:
    """The door, open on a thread of its own until it is closed."""

    def __init__(self, home: SandboxHome, cloud: AwsCloud) -> None:
        self._port = home.ports.sftp
        self._surroundings = Surroundings(
            endpoint=home.url("aws"),
            cloud=cloud,
            delivery=LogDelivery(home.url("aws"), home.credentials.deployer),
            connections=set(),
        )
        self._opened: Future[None] = Future()
        self._closing: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="sftp", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Begin to listen; raises OSError when the port is taken."""
        self._thread.start()
        self._opened.result()

    @property
    def is_open(self) -> bool:
        """Whether the door's thread still serves."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End all sessions, leaving no half of an upload, stop to listen, and deliver what was logged."""
        if self._loop and self._closing and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
        self._surroundings.delivery.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(S3_THREADS, thread_name_prefix="sftp-s3"))
        self._closing = asyncio.Event()
        try:
            listening = socket.create_server((LOOPBACK, self._port), backlog=_WAITING_CONNECTIONS)
        except OSError as error:
            self._opened.set_exception(error)
            return
        with listening:
            listening.setblocking(False)
            accepting = asyncio.create_task(self._accept(listening))
            self._opened.set_result(None)
            await asyncio.wait(
                [accepting, asyncio.create_task(self._closing.wait())], return_when=asyncio.FIRST_COMPLETED
            )
            accepting.cancel()
        self._closing.set()
        ended = list(self._surroundings.connections)
        for connection in ended:
            connection.abort()
        others = asyncio.all_tasks() - {cast("asyncio.Task[None]", asyncio.current_task())}
        ends = [connection.wait_closed() for connection in ended]
        await asyncio.gather(*others, *ends, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        """Meet connections, each on a task of its own."""
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()
        while True:
            try:
                client, _ = await loop.sock_accept(listening)
            except OSError as error:
                _LOG.warning("a connection could not be accepted: %s", error)
                await asyncio.sleep(_SECONDS_AFTER_A_REFUSAL)
                continue
            task = asyncio.create_task(self._meet(client))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _meet(self, client: socket.socket) -> None:
        """Let a connection in, up to the end of its login."""
        server = next(online_servers(), None)
        options = options_for(server, self._surroundings) if server else None
        if options is None:
            _LOG.info("refused a connection: %s", f"{server.server_id} has no host key" if server else "no server")
            client.close()
            return
        try:
            await asyncssh.run_server(client, **options)  # pyright: ignore[reportUnknownMemberType]  # open **kwargs
        except (OSError, asyncssh.Error) as error:
            _LOG.debug("a connection ended before its login: %s", error)


def open_door(home: SandboxHome, cloud: AwsCloud) -> Door:
    """Open the door at `home.ports.sftp`, on a thread of its own, to be closed as a context manager is.

    Raises OSError when the port is taken.
    """
    # The journal says what happens, and what is refused, in Transfer's words.
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
    door = Door(home, cloud)
    door.open()
    return door
