"""Serve the sandbox's bare repository over Git's smart HTTP protocol, for reading only.

Git's own `upload-pack` answers, because Prefect pulls a commit with a partial clone (`--filter=blob:none`) and fetches
the objects that it lacks afterwards: dulwich takes the filter, but then refuses every object that no reference names.
`upload-pack` is in every installation of Git; `http-backend`, which would do the same, is not.
"""

from __future__ import annotations

import gzip
import logging
import os
import signal
import subprocess
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.git.repository import NAME, bare_repository, repository_url
from sandbox.home import LOOPBACK, SandboxHome

_SERVICE = "git-upload-pack"

log = logging.getLogger(__name__)


def serve(home: SandboxHome) -> None:
    """Serve until SIGTERM."""
    repository = bare_repository(home)
    server = _Server((LOOPBACK, home.ports.git), _Handler)
    server.repository = repository

    def stop(_signal: int, _frame: object) -> None:
        threading.Thread(target=server.shutdown).start()  # it waits for the loop that this interrupts

    signal.signal(signal.SIGTERM, stop)
    log.info("serves %s", repository_url(home))
    with server:
        server.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    repository: Path


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  # it serves this class alone
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Advertise the references, or what the newer protocol can do."""
        if urlsplit(self.path).path != f"/{NAME}/info/refs":
            self.send_error(HTTPStatus.NOT_FOUND)
        elif urlsplit(self.path).query != f"service={_SERVICE}":
            self.send_error(HTTPStatus.FORBIDDEN, explain="This repository is read-only, over the smart protocol.")
        else:
            opening = f"# service={_SERVICE}\n"
            head = f"{len(opening) + 4:04x}{opening}0000".encode()
            self._answer("advertisement", head + self._upload_pack("--advertise-refs"))

    def do_POST(self) -> None:
        """Send the objects that a client wants."""
        if self.path == f"/{NAME}/git-receive-pack":
            self.send_error(HTTPStatus.FORBIDDEN, explain="This repository is read-only.")
        elif self.path != f"/{NAME}/{_SERVICE}":
            self.send_error(HTTPStatus.NOT_FOUND)
        elif (length := self.headers.get("Content-Length")) is None:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        else:
            body = self.rfile.read(int(length))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self._answer("result", self._upload_pack(wants=body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Write the request to the part's log."""
        log.info(format, *args)

    def _upload_pack(self, *options: str, wants: bytes = b"") -> bytes:
        command = ["git", "upload-pack", "--strict", "--stateless-rpc", *options, str(self.server.repository)]
        protocol = self.headers.get("Git-Protocol")
        done = subprocess.run(  # noqa: S603  # no word of the command comes from the client
            command,
            input=wants,
            env={**os.environ, **({"GIT_PROTOCOL": protocol} if protocol else {})},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            log.warning("git upload-pack: %s", done.stderr.decode(errors="replace").strip())
        return done.stdout

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"application/x-{_SERVICE}-{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)
