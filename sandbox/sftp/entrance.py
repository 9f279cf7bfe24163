"""One connection to the door: which server it meets, who comes in, and how many sessions it has."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import asyncssh
from asyncssh.channel import SSHChannel
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs
from moto.transfer.types import Server

from sandbox.aws.cloud import AwsCloud
from sandbox.aws.transfer_host_keys import active_host_keys
from sandbox.aws.transfer_policies import DEFAULT_POLICY, POLICIES, SshAlgorithms
from sandbox.sftp.files import TransferFiles
from sandbox.sftp.journal import Journal, ServerJournal
from sandbox.sftp.log_delivery import LogDelivery, group_named
from sandbox.sftp.protocol import SFTP_VERSION, Session, send_no_fillers
from sandbox.sftp.role import RoleSession
from sandbox.sftp.users import TransferUser, admit

SESSIONS_PER_CONNECTION = 10
"""How many SFTP sessions Transfer serves on one connection."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all connections share."""

    endpoint: str
    """The address of the sandbox's AWS API."""
    cloud: AwsCloud
    delivery: LogDelivery
    connections: set[asyncssh.SSHServerConnection]
    """The connections that are open."""


class Entrance(asyncssh.SSHServer):
    """The server side of one connection, with the server's settings as they were when it came."""

    def __init__(self, server: Server, surroundings: Surroundings) -> None:
        self._server = server
        self._surroundings = surroundings
        self._log = ServerJournal(
            server_arn=server.arn,
            groups=tuple(group_named(one) for one in server.structured_log_destinations or []),
            delivery=surroundings.delivery,
        )
        self._user: TransferUser | None = None
        self._key: asyncssh.SSHKey | None = None
        self._journal: Journal | None = None
        self._sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember the connection, so that the door can end it."""
        self._connection = conn
        self._surroundings.connections.add(conn)
        send_no_fillers(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Log the end of a connection that had a user."""
        self._surroundings.connections.discard(self._connection)
        if self._journal:
            self._journal.write("DISCONNECTED")

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        """Show the banner. The one for after the login is never shown: SFTP has no place for it (API reference)."""
        if banner := self._server.pre_authentication_login_banner:
            self._connection.send_auth_banner(banner)
        return True

    def public_key_auth_supported(self) -> bool:
        """Let users in by key."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Say whether `key` is one of the user's."""
        self._user, self._key = admit(self._server, username, key), key
        if self._user is None:
            self._log.refused_login(username, self._peer(), key)
        return self._user is not None

    def auth_completed(self) -> None:
        """Log who came in, and how."""
        if self._user and self._key:
            self._journal = Journal(self._log, self._user)
            self._journal.write(
                "CONNECTED",
                role=self._user.role,
                home_dir="/",
                source_ip=self._peer(),
                client=self._fact("client_version"),
                ciphers=f"{self._fact('send_cipher')},{self._fact('recv_cipher')}",
                ssh_public_key=base64.b64encode(self._key.public_data).decode(),
                ssh_public_key_fingerprint=self._key.get_fingerprint(),
                ssh_public_key_type=self._key.algorithm.decode(),
            )

    def session_requested(self) -> Session | bool:
        """Give a session, of as many as the service gives."""
        if not self._user or not self._journal or self._sessions == SESSIONS_PER_CONNECTION:
            return False
        self._sessions += 1
        return Session(None, self._start, SFTP_VERSION)

    def _start(self, channel: SSHChannel[bytes]) -> TransferFiles:
        user, journal = cast("TransferUser", self._user), cast("Journal", self._journal)
        role = RoleSession(self._surroundings.endpoint, self._surroundings.cloud, user, journal)
        return TransferFiles(
            cast("asyncssh.SSHServerChannel[bytes]", channel), user, role.store, role.may_list, journal
        )

    def _peer(self) -> str:
        return self._fact("peername")[0]

    def _fact(self, name: str) -> str:
        return self._connection.get_extra_info(name)


def options_for(server: Server, surroundings: Surroundings) -> dict[str, object] | None:
    """Give asyncssh's options for a connection to `server` as it is now; None when it has no host key to show."""
    keys = active_host_keys(server)
    if not keys:
        return None
    algorithms = POLICIES[server.security_policy_name or DEFAULT_POLICY]
    return {
        "server_factory": lambda: Entrance(server, surroundings),
        "server_host_keys": [_signing_as(algorithms, key) for key in keys],
        "server_version": "AWS_SFTP_1.2",
        "encryption_algs": _spoken(algorithms.ciphers, get_encryption_algs()),
        "kex_algs": _spoken(algorithms.key_exchanges, get_kex_algs()),
        "mac_algs": _spoken(algorithms.macs, get_mac_algs()),
        "signature_algs": algorithms.signatures,
        "compression_algs": ["none"],
        "sftp_version": SFTP_VERSION,
        "allow_pty": False,
        "agent_forwarding": False,
        "x11_forwarding": False,
        "allow_scp": False,
        "gss_host": None,
    }


def _signing_as(algorithms: SshAlgorithms, key: asyncssh.SSHKey) -> asyncssh.SSHKeyPair:
    """Give a key pair that signs as the policy says; one a connection, as asyncssh notes in it what was agreed on."""
    (pair,) = asyncssh.load_keypairs([key])
    allowed = {name.encode() for name in algorithms.signatures}
    pair.host_key_algorithms = [name for name in pair.host_key_algorithms if name in allowed]
    return pair


def _spoken(wanted: Iterable[str], known: Iterable[bytes]) -> list[str]:
    """Leave out what asyncssh cannot speak on this machine: some algorithms need libraries that may not be there."""
    names = {name.decode() for name in known}
    return [name for name in wanted if name in names]
