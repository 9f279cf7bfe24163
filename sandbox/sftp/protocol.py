"""asyncssh's SFTP, narrowed to what Transfer speaks: version 3, no links, no extensions but the limits.

asyncssh has no public way to say which requests a server takes, nor to tell a file that the client closed from one that
was open when the client went away; this file alone reaches into it for both, and the door's tests hold it to that.
"""

from __future__ import annotations

from typing import Protocol, cast

from asyncssh import SFTPServer, SSHReader, SSHServerChannel, SSHServerConnection, SSHWriter
from asyncssh.constants import (
    FXP_CLOSE,
    FXP_FSETSTAT,
    FXP_FSTAT,
    FXP_LSTAT,
    FXP_MKDIR,
    FXP_OPEN,
    FXP_OPENDIR,
    FXP_READ,
    FXP_READDIR,
    FXP_REALPATH,
    FXP_REMOVE,
    FXP_RENAME,
    FXP_RMDIR,
    FXP_SETSTAT,
    FXP_STAT,
    FXP_WRITE,
    MSG_IGNORE,
)
from asyncssh.packet import SSHPacketLogger
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHServerStreamSession

SFTP_VERSION = 3
LIMITS = b"limits@openssh.com"
REQUESTS: frozenset[int | bytes] = frozenset(
    {
        FXP_OPEN,
        FXP_CLOSE,
        FXP_READ,
        FXP_WRITE,
        FXP_LSTAT,
        FXP_STAT,
        FXP_FSTAT,
        FXP_SETSTAT,
        FXP_FSETSTAT,
        FXP_OPENDIR,
        FXP_READDIR,
        FXP_REMOVE,
        FXP_MKDIR,
        FXP_RMDIR,
        FXP_REALPATH,
        FXP_RENAME,
        LIMITS,
    }
)
"""What is served; any other request is answered with `Operation unsupported`."""


def send_no_fillers(connection: SSHServerConnection) -> None:
    """Leave out the empty message that asyncssh sends before each packet, so that a client is woken once for it.

    It hides where a packet begins from who breaks a CBC cipher, and no security policy that the door has offers one.
    """
    send = connection.send_packet

    def send_what_says_something(pkttype: int, *args: bytes, handler: SSHPacketLogger | None = None) -> None:
        if pkttype != MSG_IGNORE:
            send(pkttype, *args, handler=handler)

    connection.send_packet = send_what_says_something


class Interruptible(Protocol):
    """An SFTP server that wants to know that its client went away before its open files are closed for it."""

    async def interrupted(self) -> None:
        """Give up what the client did not finish."""
        ...


class Handler(SFTPServerHandler):
    """One SFTP session's requests."""

    _extensions = [(LIMITS, b"1")]  # noqa: RUF012  # as asyncssh declares it
    _packet_handlers = {  # noqa: RUF012
        request: handler
        for request, handler in SFTPServerHandler._packet_handlers.items()  # noqa: SLF001
        if request in REQUESTS
    }

    async def _cleanup(self, exc: Exception | None) -> None:
        await cast("Interruptible", self._server).interrupted()
        await super()._cleanup(exc)


class Session(SSHServerStreamSession[bytes]):
    """A channel on which a client may ask for SFTP, and for nothing else: no shell, no command, no SCP."""

    def session_started(self) -> None:
        """Serve SFTP."""
        channel = cast("SSHServerChannel[bytes]", self._chan)
        server = cast("SFTPServer", self._init_sftp_server())
        reader, writer = SSHReader[bytes](self, channel), SSHWriter[bytes](self, channel)
        handler = Handler(server, reader, writer, SFTP_VERSION)
        server.connection.create_task(handler.run(), reader.logger)
