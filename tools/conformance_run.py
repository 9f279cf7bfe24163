"""A stack's life on a real provider: each step is held against what the engine must do, no more and no less."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pulumi import automation as auto

from tools.operator_steps import Change, Config, Operations, Step
from tools.rehearsal import Project

_STACK = "dev"


@dataclass
class ConformanceRun:
    """One stack, brought up from nothing, changed step by step, and destroyed."""

    project: Project
    environment: Mapping[str, str]
    """What leads the engine to the provider."""
    changes: list[Change] = field(default_factory=list[Change])
    """What is made of dev's configuration; each step adds its own."""
    failed: list[str] = field(default_factory=list[str])

    def run(self, steps: Iterable[Step]) -> int:
        """Go through all steps; give the exit code."""
        stack = self._configured()
        try:
            self._step("up", lambda hear: stack.up(on_event=hear), only="create")
            self._step("up again", lambda hear: stack.up(on_event=hear), wanted={})
            self._step("preview", lambda hear: stack.preview(on_event=hear), wanted={})
            self._step("refresh", lambda hear: stack.refresh(on_event=hear), wanted={})
            for step in steps:
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
