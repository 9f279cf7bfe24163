"""`make conformance`: the program on the real AWS provider, against the sandbox.

A check beside the tests: it needs the folder `conformance` next to this checkout, which serves the package `aws` from
the real terraform-provider-aws through Pulumi's own bridge. Where that is not there, it says so and ends well.
`make conformance SNOWFLAKE=1` is tools/conformance_snowflake.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sandbox.home import Credentials, KeyPair
from tools.bridge_names import renaming
from tools.conformance_run import ConformanceRun
from tools.operator_steps import Config, begin, steps
from tools.rehearsal import CHECKOUT, Project

_KIT = CHECKOUT.parent / "shared" / "conformance"
_NOT_ON_THIS_MACHINE = 3
"""What the kit's `start` answers where the provider's binary is missing."""
_KEYS_OF_THE_KIT = KeyPair(access_key_id="test", secret_access_key="test")  # noqa: S106  # opens a sandbox that lives for minutes
"""The kit's provider always comes with these."""


def main() -> int:
    """Run the check; give the exit code."""
    kit = Path(os.environ.get("LANDING_CONFORMANCE", _KIT))
    if not (kit / "start").exists():
        print(f"conformance: skipped, there is no conformance kit at {kit}; set LANDING_CONFORMANCE to where it is")
        return 0
    with tempfile.TemporaryDirectory(prefix="landing-") as folder:
        credentials = replace(Credentials.generate(), deployer=_KEYS_OF_THE_KIT)
        project = Project.make(Path(folder), credentials)
        started = project.sandbox("up")
        if started.returncode:
            print(started.stdout + started.stderr, file=sys.stderr)
            return 1
        try:
            with _real_provider(kit, project, Path(folder) / "provider") as environment:
                return 0 if environment is None else _run(project, environment)
        finally:
            project.sandbox("down")


def _run(project: Project, environment: Mapping[str, str]) -> int:
    is_exact = os.environ.get("PROVIDER") == "6"
    changes = [begin, *([] if is_exact else [_one_host_key])]
    return ConformanceRun(project, environment, changes).run(steps(project, further_host_keys=2 if is_exact else 0))


def _one_host_key(config: Config) -> None:
    """Leave the door one host key: provider 5 knows those of a server's own argument alone."""
    del config["landing:sftp"]["hostKeys"][1:]


@contextmanager
def _real_provider(kit: Path, project: Project, state: Path) -> Generator[Mapping[str, str] | None]:
    """Serve the real provider for a block; None where this machine has none."""
    aws = project.home.url("aws")
    started = subprocess.run(  # noqa: S603  # the kit's own script
        ["bash", str(kit / "start"), sys.executable, aws, str(state)],  # noqa: S607  # the shell on PATH
        # The kit names the endpoints of the services that it knows of; the provider itself reads this one.
        env={**os.environ, "AWS_ENDPOINT_URL_EC2": aws},
        check=False,
        capture_output=True,
        text=True,
    )
    if started.returncode == _NOT_ON_THIS_MACHINE:
        print(f"conformance: {started.stderr.strip()}")
        yield None
        return
    started.check_returncode()
    try:
        with renaming(int((state / "port").read_text())) as served:
            yield {"PULUMI_DEBUG_PROVIDERS": f"aws:{served},snowflake:{project.home.ports.plugin_snowflake}"}
    finally:
        os.kill(int((state / "pid").read_text()), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
