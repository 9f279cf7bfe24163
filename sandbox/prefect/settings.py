"""Prefect's settings in the sandbox, as environment variables: Prefect reads them when it is imported."""

from __future__ import annotations

from pathlib import Path

from sandbox.environment import worker_environment
from sandbox.home import LOOPBACK, SandboxHome


def server_settings(home: SandboxHome) -> dict[str, str]:
    """Give the settings of the server: its page on, and nothing said to anybody outside."""
    port = home.ports.prefect
    return {
        **database_settings(home.folder("prefect")),
        "PREFECT_SERVER_API_HOST": LOOPBACK,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"http://{LOOPBACK}:{port}/api",
        # By default every page that a browser shows may call the API, and through the worker run what it likes here.
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"http://{LOOPBACK}:{port},http://localhost:{port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def worker_settings(home: SandboxHome) -> dict[str, str]:
    """Give the settings of the worker, which its flow runs inherit with the rest of its environment."""
    return {
        **worker_environment(home),
        "PREFECT_HOME": str(home.folder("worker")),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # else a wrong address would start a server of its own
        "DO_NOT_TRACK": "1",
        "GIT_TERMINAL_PROMPT": "0",  # Prefect does not say it, and Git would wait for a password at a terminal
    }


def database_settings(folder: Path) -> dict[str, str]:
    """Give the settings with which Prefect keeps its database and all else in `folder`."""
    return {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / 'prefect.db'}",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }
