"""Whether the sandbox's ports are free, asked before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Collection

from sandbox.errors import SandboxError
from sandbox.home import LOOPBACK, Ports
from sandbox.parts import Part
from sandbox.processes import holder_of_port


def require_free_ports(ports: Ports, parts: Collection[Part]) -> None:
    """Raise SandboxError for the first port of these parts on which somebody else listens."""
    for part in parts:
        for name in part.opens:
            port: int = getattr(ports, name)
            if not _is_free(port):
                raise SandboxError(
                    f"port {port}, for the sandbox's '{part.name}', is taken by {holder_of_port(port) or 'a process'}: "
                    f"free it, or run `python -m sandbox --base-port {free_base_port(ports.aws)} up` and move the "
                    "ports of 127.0.0.1 in Pulumi.dev.yaml by as much"
                )


def free_base_port(start: int) -> int:
    """Give the first base port from `start`, in steps of a hundred, of which all ports that follow are free."""
    base = start
    while not all(map(_is_free, vars(Ports.from_base(base)).values())):
        base += 100
    return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
