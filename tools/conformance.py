"""`make conformance`: the program on the real AWS provider, against the sandbox.

A check beside the tests: it needs the folder `conformance` next to this checkout, which serves the package `aws` from
the real terraform-provider-aws through Pulumi's own bridge. Where that is not there, it says so and ends well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pulumi import automation as auto

from sandbox.home import Credentials, KeyPair
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
                return 0 if environment is None else _rehearse(project, environment)
        finally:
            project.sandbox("down")


def _rehearse(project: Project, environment: Mapping[str, str]) -> int:
    stack = project.stack("dev")
    stack.workspace.env_vars = {**stack.workspace.env_vars, **environment}
    steps = (
        ("up", lambda: _counted(stack.up().summary), {"create"}),
        ("up again", lambda: _counted(stack.up().summary), {"same"}),
        ("preview", lambda: _planned(stack.preview()), {"same"}),
        ("refresh", lambda: _counted(stack.refresh().summary), {"same"}),
        ("destroy", lambda: _counted(stack.destroy().summary), {"delete"}),
    )
    failed: list[str] = []
    for name, run, wanted in steps:
        begun = time.monotonic()
        try:
            changes = run()
        except auto.CommandError as error:
            print(f"conformance: {name} failed\n{error}", file=sys.stderr)
            return 1
        good = set(changes) == wanted
        print(
            f"conformance: {name:9} {'as it should be' if good else 'NOT as it should be'}: {changes}, "
            f"{time.monotonic() - begun:.0f} s",
            flush=True,
        )
        if not good:
            failed.append(name)
            print(project.pulumi("preview", "--diff", "--stack", "dev", **environment).stdout)
    print(f"conformance: {'passed' if not failed else 'failed in ' + ', '.join(failed)}")
    return 1 if failed else 0


@contextmanager
def _real_provider(kit: Path, project: Project, state: Path) -> Generator[Mapping[str, str] | None]:
    """Serve the real provider for a block; None where this machine has none."""
    started = subprocess.run(  # noqa: S603  # the kit's own script
        ["bash", str(kit / "start"), sys.executable, project.home.url("aws"), str(state)],  # noqa: S607  # the shell on PATH
        check=False,
        capture_output=True,
        text=True,
    )
    if started.returncode == _NOT_ON_THIS_MACHINE:
        print(f"conformance: {started.stderr.strip()}")
        yield None
        return
    started.check_returncode()
    served = (state / "port").read_text().strip()
    try:
        yield {"PULUMI_DEBUG_PROVIDERS": f"aws:{served},snowflake:{project.home.ports.plugin_snowflake}"}
    finally:
        os.kill(int((state / "pid").read_text()), signal.SIGTERM)


def _counted(summary: auto.UpdateSummary) -> dict[str, int]:
    return {str(change): count for change, count in (summary.resource_changes or {}).items() if count}


def _planned(result: auto.PreviewResult) -> dict[str, int]:
    return {str(change): count for change, count in result.change_summary.items() if count}


if __name__ == "__main__":
    sys.exit(main())
