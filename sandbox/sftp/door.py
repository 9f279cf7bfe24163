"""Transfer's SFTP door: an SSH server that lets partners in by their keys and gives each session its user's role."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, cast

import asyncssh
from asyncssh.channel import SSHChannel

from sandbox.aws.cloud import AwsCloud
from sandbox.aws.transfer_policies import CURRENT
from sandbox.home import LOOPBACK, SandboxHome
from sandbox.sftp.files import TransferFiles
from sandbox.sftp.hostkey import door_host_key
from sandbox.sftp.journal import Journal, write_refused_login
from sandbox.sftp.protocol import SFTP_VERSION, Session
from sandbox.sftp.role import RoleSession
from sandbox.sftp.users import TransferUser, admit

SESSIONS_PER_CONNECTION = 10
"""How many SFTP sessions Transfer serves on one connection."""

S3_THREADS = 16
"""How many calls to S3 run at a time, over all sessions."""


class Door:
    """The door, open on a thread of its own until it is closed."""

    def __init__(self, home: SandboxHome, cloud: AwsCloud) -> None:
        self._home = home
        self._cloud = cloud
        self._connections: set[asyncssh.SSHServerConnection] = set()
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
        """End all sessions, leaving no half of an upload, and stop to listen."""
        if self._loop and self._closing and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(S3_THREADS, thread_name_prefix="sftp-s3"))
        self._closing = asyncio.Event()
        try:
            listener = await self._listen()
        except (OSError, asyncssh.Error) as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        await self._closing.wait()
        listener.close()
        for connection in list(self._connections):
            connection.abort()
        await listener.wait_closed()
        others = asyncio.all_tasks() - {cast("asyncio.Task[None]", asyncio.current_task())}
        await asyncio.gather(*others, return_exceptions=True)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(  # pyright: ignore[reportUnknownMemberType]  # open **kwargs
            LOOPBACK,
            self._home.ports.sftp,
            server_factory=lambda: _Entrance(self._home, self._cloud, self._connections),
            server_host_keys=[door_host_key(self._home)],
            server_version="AWS_SFTP_1.2",
            encryption_algs=CURRENT.ciphers,
            kex_algs=CURRENT.key_exchanges,
            mac_algs=CURRENT.macs,
            compression_algs=["none"],
            sftp_version=SFTP_VERSION,
            allow_pty=False,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_scp=False,
            gss_host=None,
        )


class _Entrance(asyncssh.SSHServer):
    """One connection: who comes in, and how many sessions it has."""

    def __init__(self, home: SandboxHome, cloud: AwsCloud, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._home = home
        self._cloud = cloud
        self._connections = connections
        self._user: TransferUser | None = None
        self._journal: Journal | None = None
        self._sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self._connection)
        if self._journal:
            self._journal.write("DISCONNECTED")

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._user = admit(username, key)
        if self._user is None:
            write_refused_login(username, self._fact("peername")[0], key.get_fingerprint())
        return self._user is not None

    def auth_completed(self) -> None:
        if self._user:
            self._journal = Journal(self._user)
            self._journal.write(
                "CONNECTED",
                role=self._user.role,
                home_dir="/",
                source_ip=self._fact("peername")[0],
                client=self._fact("client_version"),
                ciphers=self._fact("send_cipher"),
            )

    def session_requested(self) -> Session | bool:
        if not self._user or not self._journal or self._sessions == SESSIONS_PER_CONNECTION:
            return False
        self._sessions += 1
        return Session(None, self._start, SFTP_VERSION)

    def _start(self, channel: SSHChannel[bytes]) -> TransferFiles:
        user, journal = cast("TransferUser", self._user), cast("Journal", self._journal)
        role = RoleSession(self._home.url("aws"), self._cloud, user, journal)
        return TransferFiles(
            cast("asyncssh.SSHServerChannel[bytes]", channel), user, role.store, role.may_list, journal
        )

    def _fact(self, name: str) -> str:
        return self._connection.get_extra_info(name)


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
