"""Prefect with a worker that may read a private repository: runs of the flow in it, and all that is shown of them."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from clients.prefect_access import PrefectAccess, PrefectCredentials, http_at
from clients.prefect_http import PrefectHttp
from providers.flow_deployment import FlowDeploymentProvider
from sandbox.home import SandboxHome
from sandbox.parts import named
from sandbox.probes import POOL
from tests.deployment_inputs import inputs
from tests.sandbox.private_git import ENTRYPOINT, PrivateGit
from tests.sandbox.running_part import start_part


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a deployment of its own."""

    id: str
    kept: str
    """What Pulumi keeps in its state, and what it shows."""


@dataclass(frozen=True, kw_only=True)
class PrivateRuns:
    """A Prefect server and its worker."""

    home: SandboxHome
    git: PrivateGit
    prefect: PrefectHttp

    def start(self, **source: Any) -> Run:  # noqa: ANN401  # any property of a deployment
        """Register the flow by our own provider, as the engine does, and start it."""
        provider = FlowDeploymentProvider()
        provider.configured({})
        wanted = inputs(
            api_url=self.prefect.address,
            flow_name="count",
            name=secrets.token_hex(4),
            entrypoint=ENTRYPOINT,
            work_pool=POOL,
            **{"parameters": {}, "schedules": [], "job_variables": {}, "branch": None} | source,
        )
        checked = provider.check({}, wanted)
        assert not checked.failures
        created = provider.create(checked.inputs)
        assert created.outs
        read = provider.read(created.id, created.outs)
        run = self.prefect.call("POST", f"deployments/{created.id}/create_flow_run", {})["id"]
        return Run(id=run, kept=repr((checked.inputs, created.outs, read.outs)))

    def end_of(self, run: Run) -> str:
        """Wait for a run's end, and give the type of its last state."""

        def state() -> str:
            return self.prefect.call("GET", f"flow_runs/{run.id}")["state"]["type"]

        under_way = retry_if_result(lambda state: state not in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
        return retry(retry=under_way, wait=wait_fixed(0.2), stop=stop_after_delay(60))(state)()

    def shown(self) -> str:
        """Give all that Prefect's API shows of what is registered and what ran: its page shows nothing else."""
        kinds = ("deployments", "flow_runs", "task_runs", "flows", "block_documents", "work_pools")
        lists = {kind: list(self._pages(f"{kind}/filter")) for kind in kinds}
        alone = [
            self.prefect.call("GET", f"{kind}/{each['id']}")
            for kind in ("deployments", "flow_runs", "block_documents")
            for each in lists[kind]
        ]
        return repr((lists, alone, list(self._pages("logs/filter")), list(self._events())))

    def clones(self) -> list[Path]:
        """Give what the worker has cloned and not removed yet."""
        return list((self.home.root / "tmp" / "worker").rglob(".git"))

    def worker_log(self) -> str:
        """Give what the worker wrote down, the output of its runs included."""
        return self.home.log("worker").read_text()

    def make_secret(self, name: str, value: str) -> None:
        """Make a secret block."""
        kind = self.prefect.call("GET", "block_types/slug/secret")["id"]
        schema, *_ = self.prefect.listed("block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind]}}})
        body = {"name": name, "data": {"value": value}, "block_type_id": kind, "block_schema_id": schema["id"]}
        self.prefect.call("POST", "block_documents/", body)

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        offset = 0
        while page := self.prefect.listed(path, {"offset": offset, "limit": 50}):
            yield from page
            offset += len(page)

    def _events(self) -> Iterator[dict[str, Any]]:
        page = self.prefect.call("POST", "events/filter", {"limit": 50})
        yield from page["events"]
        while following := page["next_page"]:
            page = self.prefect.call("GET", following)
            yield from page["events"]


@contextmanager
def private_runs(home: SandboxHome, git: PrivateGit) -> Generator[PrivateRuns]:
    """Start Prefect and a worker that trusts the hosts and has the key, both tokens in secret blocks."""
    of_worker = {
        "GIT_SSL_CAINFO": str(git.https.certificate),
        "GIT_SSH_COMMAND": git.ssh.command(),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    with ExitStack() as stack:
        stack.enter_context(_running(home, "prefect"))
        stack.enter_context(_running(home, "worker", **of_worker))
        for name in ("prefect", "worker"):
            retry(retry=retry_if_result(lambda ready: not ready), wait=wait_fixed(0.1), stop=stop_after_delay(90))(
                named(name).ready
            )(home)
        access = PrefectAccess(api_url=f"{home.url('prefect')}/api", credentials=PrefectCredentials())
        started = PrivateRuns(home=home, git=git, prefect=http_at(access))
        started.make_secret("git-token", git.token)
        started.make_secret("wrong-token", git.wrong_token)
        yield started


@contextmanager
def _running(home: SandboxHome, part: str, **environment: str) -> Generator[None]:
    with start_part(home, part, **environment) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def forms_of(*tokens: str, user: str) -> list[str]:
    """Give tokens as text and as HTTP gives them."""
    logins = [login for token in tokens for login in (f"{token}:", f"{user}:{token}")]
    return [*tokens, *(base64.b64encode(login.encode()).decode() for login in logins)]
