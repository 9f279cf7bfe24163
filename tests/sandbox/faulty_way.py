"""A way to an HTTP service that breaks once: resets, time-outs, throttling and server errors, on a real socket."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK = "127.0.0.1"
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class FaultyWay:
    """Passes requests on to a port of this machine; the n-th of those that count may meet a fault."""

    target: int
    counts: tuple[str, ...]
    """Words of which a request's path or body has to have one, to count as a call."""
    calls: list[str] = field(default_factory=list[str])
    """The word of each counted request."""
    fault_at: int = 0
    kind: str = ""
    """`reset`, `time-out`, or a status with the body that follows it, such as `500 <html>`."""
    after_effect: bool = False
    port: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    """Lets go of the requests that are held."""

    def expect(self, kind: str, number: int, *, after_effect: bool) -> None:
        self.calls.clear()
        self.kind, self.fault_at, self.after_effect = kind, number, after_effect

    def is_fault(self, path: str, body: bytes) -> bool:
        text = f"{path} {body.decode(errors='replace')}"
        word = next((word for word in self.counts if word in text), None)
        if word is None:
            return False
        self.calls.append(word)
        return len(self.calls) == self.fault_at


@contextmanager
def faulty_way(target: int, *counts: str) -> Generator[FaultyWay]:
    """Open a way to a port of this machine."""
    way = FaultyWay(target, counts)
    server = ThreadingHTTPServer((LOOPBACK, 0), _handler(way))
    way.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        way.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(way: FaultyWay) -> type[BaseHTTPRequestHandler]:  # noqa: C901  # one class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not way.is_fault(self.path, body):
                self._answer(*self._passed_on(body))
                return
            if way.after_effect:
                self._passed_on(body)
            if way.kind in {"reset", "time-out"}:
                self._fall_silent()
            else:
                status, _, text = way.kind.partition(" ")
                self._answer(int(status), {"Content-Type": "text/xml"}, text.encode())

        do_GET = do_POST  # noqa: N815  # the base's way of naming

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            """Stay quiet."""

        def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPConnection(LOOPBACK, way.target, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                reply = connection.getresponse()
                kept = {name: value for name, value in reply.getheaders() if name.lower() not in _HOP_BY_HOP}
                return reply.status, kept, reply.read()
            finally:
                connection.close()

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _fall_silent(self) -> None:
            if way.kind == "time-out":
                way.released.wait(30)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    return Handler
