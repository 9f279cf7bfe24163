"""The table of the sandbox's parts: what each runs, opens and waits for, and how to see that it is ready."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import cast

from sandbox.home import SandboxHome
from sandbox.prefect.settings import server_settings, worker_settings
from sandbox.probes import Probe, accepts, answers, both, worker_is_online


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of the sandbox."""

    name: str
    serve: str
    """Where its `serve(home)` is, as module:function; it returns after SIGTERM."""
    opens: tuple[str, ...] = ()
    """The ports that it listens on, by their names in the table of ports."""
    ready: Probe
    waits_for: tuple[str, ...] = ()
    """Parts that must be ready before it serves. It is stopped before them."""

    environment: Callable[[SandboxHome], Mapping[str, str]] = lambda _: {}
    """What its environment must say before its code is imported."""

    def load(self) -> Callable[[SandboxHome], None]:
        """Import the part's code and give its `serve`."""
        module, _, function = self.serve.partition(":")
        return cast("Callable[[SandboxHome], None]", getattr(importlib.import_module(module), function))


PARTS = (
    Part(
        name="aws",
        serve="sandbox.aws.server:serve",
        opens=("aws", "sftp"),
        # Objects' bodies lie in files from this size on; moto would keep up to 5 MiB of each in memory.
        environment=lambda _: {"MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(64 * 1024)},
        ready=both(answers("aws", "/_sandbox/health"), accepts("sftp")),
    ),
    Part(
        name="snowflake",
        serve="sandbox.snowflake.server:serve",
        opens=("snowflake",),
        ready=answers("snowflake", "/_sandbox/health"),
        waits_for=("aws",),
    ),
    Part(
        name="prefect",
        serve="sandbox.prefect.server:serve",
        opens=("prefect",),
        ready=answers("prefect", "/api/health"),
        environment=server_settings,
    ),
    Part(
        name="worker",
        serve="sandbox.prefect.worker:serve",
        ready=worker_is_online,
        waits_for=("prefect",),
        environment=worker_settings,
    ),
    Part(
        name="git",
        serve="sandbox.git.server:serve",
        opens=("git",),
        ready=accepts("git"),
    ),
    Part(
        name="plugins",
        serve="sandbox.plugins.server:serve",
        opens=("plugin_aws", "plugin_snowflake"),
        ready=accepts("plugin_aws", "plugin_snowflake"),
    ),
)


def named(name: str) -> Part:
    """Give the part of this name; ValueError says which names there are."""
    for part in PARTS:
        if part.name == name:
            return part
    raise ValueError(f"the sandbox has no part '{name}'; its parts are {', '.join(part.name for part in PARTS)}")


def chosen(names: Collection[str]) -> tuple[Part, ...]:
    """Give the parts of these names in the table's order, or all parts for no names; ValueError as `named`."""
    wanted = {named(name) for name in names}
    return tuple(part for part in PARTS if part in wanted or not wanted)
