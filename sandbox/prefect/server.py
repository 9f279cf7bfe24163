"""Prefect's own server, its page included, on loopback. Its settings are in its environment (sandbox/parts.py)."""

from __future__ import annotations

import logging

import uvicorn
from prefect.server.api.server import create_app

from sandbox.home import LOOPBACK, SandboxHome
from sandbox.prefect.database import place_database

_SECONDS_TO_FINISH = 2


def serve(home: SandboxHome) -> None:
    """Serve the API and the page until SIGTERM."""
    logging.getLogger().setLevel(logging.WARNING)  # else each of the server's own tasks is told of, many times a minute
    place_database(home.folder("prefect"))
    uvicorn.run(
        create_app(final=True),
        host=LOOPBACK,
        port=home.ports.prefect,
        log_level="warning",
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
