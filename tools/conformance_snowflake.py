"""`make conformance SNOWFLAKE=1`: the program on Snowflake's own Terraform provider, against the sandbox.

A check beside the tests: it builds the provider and Pulumi's Terraform bridge from Go modules, once, in a few minutes.
Everything but the package `snowflake` is as on `dev`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tools.conformance_run import ConformanceRun
from tools.rehearsal import Project
from tools.snowflake_provider import BRIDGE, PROVIDER, official_provider
from tools.snowflake_steps import steps


def main() -> int:
    """Run the check; give the exit code."""
    for program in (BRIDGE, PROVIDER):
        program.built()
    with tempfile.TemporaryDirectory(prefix="landing-") as folder:
        project = Project.make(Path(folder))
        started = project.sandbox("up")
        if started.returncode:
            print(started.stdout + started.stderr, file=sys.stderr)
            return 1
        try:
            with official_provider(project.environment) as port:
                served = f"aws:{project.home.ports.plugin_aws},snowflake:{port}"
                return ConformanceRun(project, {"PULUMI_DEBUG_PROVIDERS": served}).run(steps())
        finally:
            project.sandbox("down")


if __name__ == "__main__":
    sys.exit(main())
