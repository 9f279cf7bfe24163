"""Git hosts that let in who they know alone: one over HTTPS that asks for a token, one over SSH that asks for a key.

Both are real servers on free loopback ports, with certificates and keys made at run time; Git's own `upload-pack`
answers behind them.
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import shlex
import shutil
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path

import asyncssh
import pytest
from git import Repo

from sandbox.git.publish import publish
from sandbox.git.repository import NAME, bare_repository
from sandbox.git.server import _Handler as GitHandler  # pyright: ignore[reportPrivateUsage]  # Git's side of HTTPS
from sandbox.home import LOOPBACK, SandboxHome
from tests.certificates import self_signed

USER = "landing-bot"
"""Whose token it is."""
ENTRYPOINT = "flows/count.py:count"
SSH = shutil.which("ssh")
needs_ssh = pytest.mark.skipif(SSH is None, reason="OpenSSH's ssh is not on this machine")

_FLOW = """
from prefect import flow, get_run_logger


@flow
def count(rows: int = 3) -> int:
    get_run_logger().info("counted %d rows", rows)
    return rows
"""


@dataclass(kw_only=True)
class HttpsGit:
    """A host that serves one repository to who shows a login."""

    repository: Path
    certificate: Path
    logins: Collection[str]
    """`user:password` of each that is let in."""
    seen: list[str] = field(default_factory=list[str])
    """The logins that were shown, right and wrong ones, in order."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}/{NAME}"


@contextmanager
def https_git(repository: Path, folder: Path, logins: Collection[str]) -> Generator[HttpsGit]:
    """Serve over HTTPS for as long as the block runs; the certificate is written to `folder`."""
    host = HttpsGit(repository=repository, certificate=self_signed(folder / "git.pem"), logins=logins)
    with _HttpsServer(host) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


class _HttpsServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: HttpsGit) -> None:
        super().__init__((LOOPBACK, 0), _PrivateHandler)
        self.host = host
        self.repository = host.repository
        host.port = self.server_port
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(host.certificate)
        # The handshake comes with the first read, in the request's own thread.
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hung up because it does not trust the certificate."""
        if not isinstance(sys.exception(), ssl.SSLError):
            super().handle_error(request, client_address)  # pyright: ignore[reportArgumentType]  # as it came


class _PrivateHandler(GitHandler):
    server: _HttpsServer  # pyright: ignore[reportIncompatibleVariableOverride]  # it serves this class alone

    def parse_request(self) -> bool:
        """Read the request's head, and go on for one with a login that is known."""
        return super().parse_request() and self._is_let_in()

    def _is_let_in(self) -> bool:
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        login = base64.b64decode(encoded).decode() if kind == "Basic" else ""
        if login:
            self.server.host.seen.append(login)
        if login in self.server.host.logins:
            return True
        self.send_response(HTTPStatus.UNAUTHORIZED)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")  # the body of what was asked is not read
        self.end_headers()
        return False


@dataclass(frozen=True, kw_only=True)
class SshGit:
    """A host that serves one repository to who has one key."""

    url: str
    key: Path
    """The private key that it lets in."""
    known_hosts: Path

    def command(self, key: Path | None = None) -> str:
        """Give GIT_SSH_COMMAND for a way in by this key alone, the right one when left out, and without questions."""
        options = {
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": str(self.known_hosts),
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return shlex.join(["ssh", "-F", "none", "-i", str(key or self.key), *words])


@contextmanager
def ssh_git(repository: Path, folder: Path) -> Generator[SshGit]:
    """Serve over SSH for as long as the block runs; the keys are written to `folder`."""
    key, known_hosts = new_key(folder / "known"), folder / "known_hosts"
    own = _generated_key()
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncssh.listen(
            LOOPBACK,
            0,
            server_host_keys=[own],
            authorized_client_keys=str(key.with_suffix(".pub")),
            process_factory=_upload_pack_of(repository),
            encoding=None,
        )
    )
    port = server.get_port()
    known_hosts.write_bytes(f"[{LOOPBACK}]:{port} ".encode() + own.export_public_key())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield SshGit(url=f"ssh://git@{LOOPBACK}:{port}/{NAME}", key=key, known_hosts=known_hosts)
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result(timeout=20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _upload_pack_of(repository: Path) -> Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]]:
    async def upload_pack(process: asyncssh.SSHServerProcess[bytes]) -> None:
        if shlex.split(process.command or "") != ["git-upload-pack", f"/{NAME}"]:
            process.stderr.write(b"ERROR: Repository not found.\n")
            process.exit(1)
            return
        git = await asyncio.create_subprocess_exec(
            "git",
            "upload-pack",
            "--strict",
            str(repository),
            env={**os.environ, "GIT_PROTOCOL": process.env.get("GIT_PROTOCOL", "")},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await process.redirect(stdin=git.stdin, stdout=git.stdout, stderr=git.stderr)
        process.exit(await git.wait())
        await process.wait_closed()

    return upload_pack


@dataclass(frozen=True, kw_only=True)
class PrivateGit:
    """One private repository with one flow, served by both hosts."""

    https: HttpsGit
    ssh: SshGit
    commit: str
    """The commit of its `main`."""
    token: str
    wrong_token: str
    unknown_key: Path


@contextmanager
def private_git(home: SandboxHome, folder: Path) -> Generator[PrivateGit]:
    """Publish the flow in a sandbox's repository, and serve it for as long as the block runs."""
    commit = _published(home, folder / "work")
    token, repository = secrets.token_hex(20), bare_repository(home)
    logins = [f"{token}:", f"{USER}:{token}"]
    with https_git(repository, folder, logins) as https, ssh_git(repository, folder) as ssh:
        yield PrivateGit(
            https=https,
            ssh=ssh,
            commit=commit,
            token=token,
            wrong_token=secrets.token_hex(20),
            unknown_key=new_key(folder / "unknown"),
        )


def _published(home: SandboxHome, checkout: Path) -> str:
    file, _, _ = ENTRYPOINT.partition(":")
    (checkout / file).parent.mkdir(parents=True)
    (checkout / file).write_text(_FLOW)
    with Repo.init(checkout, initial_branch="main") as repository:
        repository.git.add(file)
        repository.git.execute(
            ["git", "-c", "user.name=T", "-c", "user.email=t@landing.example", "commit", "--quiet", "-m", "flow"]
        )
    return publish(home, checkout, "main")


def new_key(file: Path) -> Path:
    """Write a new private key, and its public half beside it."""
    key = _generated_key()
    file.touch(mode=0o600)
    file.write_bytes(key.export_private_key())
    file.with_suffix(".pub").write_bytes(key.export_public_key())
    return file


async def _closed(server: asyncssh.SSHAcceptor) -> None:
    server.close()
    await server.wait_closed()


def _generated_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")  # pyright: ignore[reportUnknownMemberType]  # options untyped
