"""Git hosts for tests: one over HTTP that can ask for a password, one over SSH that asks nothing of the network."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class GitHost:
    """A host that serves one repository, for reading."""

    remote: Path
    login: str | None = None
    """`user:password`, where it asks for them."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """For git on the host."""
    requests: list[str] = field(default_factory=list[str])
    """What was asked for, in order."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/flows.git"

    @property
    def authorization(self) -> str:
        return f"Basic {base64.b64encode((self.login or '').encode()).decode()}"


@contextmanager
def serving(host: GitHost) -> Generator[GitHost]:
    """Serve over HTTP for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            opening = b"# service=git-upload-pack\n"
            self._answer("advertisement", b"%04x%b0000" % (len(opening) + 4, opening), "--advertise-refs")

        def do_POST(self) -> None:
            self._answer("result", b"")

        def _answer(self, kind: str, head: bytes, *options: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            allowed = host.login is None or self.headers.get("Authorization") == host.authorization
            host.requests.append(self.command if allowed else "401")
            if not allowed:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()
                return
            protocol = self.headers.get("Git-Protocol") or ""
            done = subprocess.run(  # noqa: S603  # a test's own words
                ["git", "upload-pack", "--strict", "--stateless-rpc", *options, str(host.remote)],  # noqa: S607
                input=body,
                env={**os.environ, "GIT_PROTOCOL": protocol, **host.environment},
                capture_output=True,
                check=False,
            )
            self.send_response(200)
            self.send_header("Content-Type", f"application/x-git-upload-pack-{kind}")
            self.end_headers()
            self.wfile.write(head + done.stdout)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def ssh_in_place_of_openssh(folder: Path, words: Path, ending: str = 'eval "$last"') -> Path:
    """Write a program that is called as `ssh` is, and runs what it is asked for on this machine.

    It notes its words in a file; `ending` is what it does at last.
    """
    program = folder / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" >> {words}\nfor last; do :; done\n{ending}\n', encoding="utf-8")
    program.chmod(0o755)
    return program
