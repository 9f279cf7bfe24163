"""The sandbox's part `plugins`: serves the stand-ins to every engine that attaches, until it is told to end."""

from __future__ import annotations

import logging
import signal
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import TypeVar

import grpc
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from sandbox.home import LOOPBACK, SandboxHome
from sandbox.plugins.aws.package import AwsPackage
from sandbox.plugins.engine import StandIn
from sandbox.plugins.ledger import Ledger
from sandbox.plugins.snowflake.package import SnowflakePackage
from sandbox.plugins.table import Package

_log = logging.getLogger(__name__)
_LARGEST_MESSAGE = 400 * 1024 * 1024
"""What the engine itself allows, bytes."""
_CALLS_AT_ONCE = 8
_GRACE = 5.0
"""Seconds that running calls get when the part ends."""

AnyCloud = TypeVar("AnyCloud")


@contextmanager
def served(package: Package[AnyCloud], ledger: Ledger, port: int) -> Generator[None]:
    """Serve one stand-in on a loopback port for as long as the context lasts."""
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_CALLS_AT_ONCE, thread_name_prefix=package.name),
        options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.so_reuseport", 0)],
    )
    add_ResourceProviderServicer_to_server(StandIn(package, ledger), server)
    server.add_insecure_port(f"{LOOPBACK}:{port}")
    server.start()
    _log.info("serving the stand-in for %s on port %d", package.name, port)
    try:
        yield
    finally:
        server.stop(_GRACE).wait()


def serve(home: SandboxHome) -> None:
    """Serve the stand-ins until SIGTERM or SIGINT; raises at once when a port is taken."""
    logging.getLogger("snowflake.connector").setLevel(logging.WARNING)  # it greets at each login
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    folder = home.folder("plugins")
    with ExitStack() as stack:
        stack.enter_context(served(AwsPackage(home), Ledger(folder / "aws.json"), home.ports.plugin_aws))
        stack.enter_context(
            served(SnowflakePackage(home), Ledger(folder / "snowflake.json"), home.ports.plugin_snowflake)
        )
        ended.wait()
