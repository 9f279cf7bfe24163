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
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pulumi import automation as auto

from sandbox.home import Credentials, KeyPair
from tools.bridge_names import renaming
from tools.operator_steps import Change, Config, Operations, begin, steps
from tools.rehearsal import CHECKOUT, Project

_KIT = CHECKOUT.parent / "shared" / "conformance"
_NOT_ON_THIS_MACHINE = 3
"""What the kit's `start` answers where the provider's binary is missing."""
_KEYS_OF_THE_KIT = KeyPair(access_key_id="test", secret_access_key="test")  # noqa: S106  # opens a sandbox that lives for minutes
"""The kit's provider always comes with these."""
_STACK = "dev"


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
                return 0 if environment is None else _Rehearsal(project, environment).run()
        finally:
            project.sandbox("down")


@dataclass
class _Rehearsal:
    """A stack's life, each step held against what the engine must do."""

    project: Project
    environment: Mapping[str, str]
    changes: list[Change] = field(default_factory=list[Change])
    failed: list[str] = field(default_factory=list[str])

    def run(self) -> int:
        """Go through all steps; give the exit code."""
        is_exact = os.environ.get("PROVIDER") == "6"
        self.changes = [begin, *([] if is_exact else [_one_host_key])]
        stack = self._configured()
        try:
            self._step("up", lambda hear: stack.up(on_event=hear), only="create")
            self._step("up again", lambda hear: stack.up(on_event=hear), wanted={})
            self._step("preview", lambda hear: stack.preview(on_event=hear), wanted={})
            self._step("refresh", lambda hear: stack.refresh(on_event=hear), wanted={})
            for step in steps(self.project, further_host_keys=2 if is_exact else 0):
                self.changes.append(step.change)
                stack = self._configured()
                self._step(step.title, lambda hear: stack.up(on_event=hear), wanted=step.wanted)  # noqa: B023  # called at once
            self._step("refresh at the end", lambda hear: stack.refresh(on_event=hear), wanted={})
            self._step("destroy", lambda hear: stack.destroy(on_event=hear), only="delete")
        except auto.CommandError as error:
            print(f"conformance: failed\n{error}", file=sys.stderr)
            return 1
        print(f"conformance: {'passed' if not self.failed else 'failed in ' + ', '.join(self.failed)}")
        return 1 if self.failed else 0

    def _configured(self) -> auto.Stack:
        def change(config: Config) -> None:
            for each in self.changes:
                each(config)

        stack = self.project.stack(_STACK, change)
        stack.workspace.env_vars = {**stack.workspace.env_vars, **self.environment}
        return stack

    def _step(
        self,
        title: str,
        run: Callable[[Callable[[auto.EngineEvent], None]], object],
        *,
        wanted: Mapping[str, int] | None = None,
        only: str = "",
    ) -> None:
        """Run one step, and tell whether the engine did what it must: `wanted`, or nothing but operations `only`."""
        begun = time.monotonic()
        heard = Operations()
        run(heard.hear)
        if wanted is None:
            good = heard.unchanged == 0 and {what.split()[0] for what in heard.done} == {only}
        else:
            good = heard.done == wanted
        told = f"{heard.done.total()} {only}" if good and only else str(heard)
        verdict = "as it should be" if good else "NOT as it should be"
        print(f"conformance: {title:28} {verdict}: {told}, {time.monotonic() - begun:.0f} s", flush=True)
        if not good:
            self.failed.append(title)
            print(self.project.pulumi("preview", "--diff", "--stack", _STACK, **self.environment).stdout)


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
