"""Ports for what a test starts: free now, and asked for by no other test process."""

from __future__ import annotations

import os
import socket

from sandbox.free_ports import free_base_port
from sandbox.home import LOOPBACK


def own_base_port() -> int:
    """Give the first port of a sandbox of this process's own, below the ports that systems give to clients."""
    return free_base_port(20_000 + os.getpid() % 1_000 * 10)


def closed_port() -> int:
    """Give a port on which nothing listens."""
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])
