"""The environment in which `pulumi` works on the `dev` stack: the same for the demo, the tests and a person's shell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sandbox.environment import deployer_environment
from sandbox.home import LOOPBACK, SandboxHome

DEV_PASSPHRASE = "sandbox"  # noqa: S105  # public on purpose (docs/adr): dev's config holds no secret of value
"""Opens the salt that is committed in `Pulumi.dev.yaml`."""

_OF_ANOTHER_ACCOUNT = ("AWS_", "SNOWFLAKE_", "PULUMI_", "PREFECT_")
"""Beginnings of the variables that could lead `dev` to somebody's real cloud, or its engine to somebody's backend."""


def state_folder(checkout: Path) -> Path:
    """Give the folder of all local state: `LANDING_STATE` where it is set, else `.state` in the checkout."""
    return Path(os.environ.get("LANDING_STATE") or checkout / ".state").resolve()


def open_home(checkout: Path) -> SandboxHome:
    """Open the sandbox of this checkout."""
    state = state_folder(checkout)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SandboxHome.open(state / "sandbox")


def engine_environment(checkout: Path, home: SandboxHome) -> dict[str, str]:
    """Give the variables that the engine needs for a stack on this sandbox, whose state lies beside the sandbox's.

    They are meant to be the last word over a process's environment; `process_environment` also takes away
    what would lead elsewhere.
    """
    state = home.root.parent
    backend = state / "pulumi"
    backend.mkdir(parents=True, exist_ok=True, mode=0o700)
    programs = (checkout / ".tools" / "bin", checkout / ".venv" / "bin")
    return {
        **deployer_environment(home),
        "PATH": os.pathsep.join([*map(str, programs), os.environ.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": str(checkout / ".venv"),
        "PULUMI_HOME": str(state / "pulumi-home"),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": DEV_PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "NO_PROXY": _without_proxy("NO_PROXY"),
        "no_proxy": _without_proxy("no_proxy"),
    }


def process_environment(checkout: Path, home: SandboxHome, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give the whole environment of a process on this sandbox: nothing of a real account in `inherited` reaches it."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(_OF_ANOTHER_ACCOUNT)}
    return {**kept, **engine_environment(checkout, home)}


def _without_proxy(variable: str) -> str:
    """Add the sandbox's address to the hosts that are reached without a proxy."""
    named = os.environ.get(variable, "")
    return ",".join(filter(None, [named, LOOPBACK, "localhost"]))
