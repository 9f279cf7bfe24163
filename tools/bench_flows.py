"""`python -m tools.bench_flows`: what registering flows costs, beside plain requests and beside `prefect deploy`.

A hundred deployments are registered on the sandbox's own Prefect: by POSTs of the same bodies over one connection, by
the provider as its host calls it (four verbs at a time), and by `prefect deploy --all`. The first two run in turn,
again and again; Prefect's own command takes so long that it runs once. Then comes the pass in which nothing changed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import tenacity
import yaml

from domain.flow_deployments import OWNER_LABEL, DeploymentSpec, render_fields
from providers.codec import Properties
from providers.flow_deployment import FlowDeploymentProvider
from sandbox.free_ports import free_base_port
from sandbox.home import SandboxHome
from sandbox.lifecycle import down, up
from sandbox.parts import chosen

DEPLOYMENTS = 100
_ROUNDS = 3
_VERBS_AT_A_TIME = 4
"""As many as Pulumi's host of dynamic providers runs (pulumi/dynamic/__main__.py)."""
_IMPORTS = 7
_FIRST_PORT = 20_000
_POOL = "bench"
_OWNER = "landing/bench"
_REPOSITORY = "https://git.example/landing.git"
_ENTRYPOINT = "flows/hello.py:hello"
_FLOW = "from prefect import flow\n\n\n@flow\ndef hello(name: str = 'you') -> str:\n    return name\n"
_IMPORT = """
import time, pulumi, pulumi.dynamic
begun = time.perf_counter()
import providers.flow_deployment
print(time.perf_counter() - begun)
"""


@dataclass(frozen=True, kw_only=True)
class Registering:
    """What registering takes, in seconds for all of `DEPLOYMENTS`."""

    plain: float
    """POSTs over one connection, the median."""
    provider: float
    """The provider's checks and creates, the median."""
    to_plain: float
    """The median of the rounds' ratios."""
    prefect: float
    """`prefect deploy --all`, the first time."""
    unchanged: float
    """The provider's checks and diffs when nothing changed, the median."""
    refresh: float
    """The provider's reads, the median."""
    prefect_unchanged: float
    """`prefect deploy --all` again."""


Registered = tuple[str, Properties]
"""A deployment's id, and its state."""


def measure() -> Registering:
    """Register by each of the ways, and again."""
    with _prefect() as api_url, httpx.Client(base_url=f"{api_url}/", timeout=60) as http:
        _post(http, "work_pools/", {"name": _POOL, "type": "process", "base_job_template": {}})
        provider = FlowDeploymentProvider()
        provider.configured({})
        rounds: list[tuple[float, float]] = []
        unchanged: list[float] = []
        refreshed: list[float] = []
        for number in range(_ROUNDS):
            plain = [_inputs(api_url, f"plain-{number}-{each}") for each in range(DEPLOYMENTS)]
            ours = [_inputs(api_url, f"ours-{number}-{each}") for each in range(DEPLOYMENTS)]
            took = _timed(lambda wanted=plain: _register_plainly(http, wanted))
            states: list[Registered] = []
            rounds.append((took, _timed(lambda wanted=ours, made=states: made.extend(_register(provider, wanted)))))
            unchanged.append(_timed(lambda wanted=ours, made=states: _compare(provider, wanted, made)))
            refreshed.append(_timed(lambda made=states: _refresh(provider, made)))
        first, again = _prefect_deploy(api_url)
    plain_seconds, our_seconds = (statistics.median(times) for times in zip(*rounds, strict=True))
    return Registering(
        plain=plain_seconds,
        provider=our_seconds,
        to_plain=statistics.median(ours / plain for plain, ours in rounds),
        prefect=first,
        unchanged=statistics.median(unchanged),
        refresh=statistics.median(refreshed),
        prefect_unchanged=again,
    )


def import_milliseconds() -> float:
    """Time the import of the provider's module, where Pulumi's own SDK is loaded already: the median."""
    command = [sys.executable, "-c", _IMPORT]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(_IMPORTS)]  # noqa: S603  # our own words
    return 1000 * statistics.median(float(run.stdout) for run in runs)


def _inputs(api_url: str, name: str) -> Properties:
    return {
        "api_url": api_url,
        "owner": _OWNER,
        "flow_name": "hello",
        "name": name,
        "entrypoint": _ENTRYPOINT,
        "repository": _REPOSITORY,
        "branch": "main",
        "work_pool": _POOL,
        "parameters": {"name": name},
        "parameter_schema": {
            "title": "Parameters",
            "type": "object",
            "properties": {"name": {"default": "you", "title": "name", "type": "string", "position": 0}},
        },
        "tags": ["bench"],
        "job_variables": {"env": {"AWS_REGION": "eu-central-1"}},
    }


def _register_plainly(http: httpx.Client, wanted: list[Properties]) -> None:
    flow_id = _post(http, "flows/", {"name": "hello"})["id"]
    for inputs in wanted:
        spec = DeploymentSpec(**inputs)
        body: dict[str, Any] = {"name": spec.name, "flow_id": flow_id, "labels": {OWNER_LABEL: _OWNER}, "schedules": []}
        _post(http, "deployments/", body | render_fields(spec))


def _register(provider: FlowDeploymentProvider, wanted: list[Properties]) -> list[Registered]:
    def register(inputs: Properties) -> Registered:
        created = provider.create(provider.check({}, inputs).inputs)
        return created.id, created.outs or {}

    with ThreadPoolExecutor(_VERBS_AT_A_TIME) as threads:
        return list(threads.map(register, wanted))


def _compare(provider: FlowDeploymentProvider, wanted: list[Properties], states: list[Registered]) -> None:
    for inputs, (id_, state) in zip(wanted, states, strict=True):
        news = provider.check(state, inputs).inputs
        if provider.diff(id_, state, news).changes:
            raise SystemExit(f"bench: {inputs['name']} would change")


def _refresh(provider: FlowDeploymentProvider, states: list[Registered]) -> None:
    def refresh(registered: Registered) -> None:
        id_, state = registered
        if provider.read(id_, state).outs != state:
            raise SystemExit(f"bench: {state['name']} reads back with a difference")

    with ThreadPoolExecutor(_VERBS_AT_A_TIME) as threads:
        list(threads.map(refresh, states))


def _prefect_deploy(api_url: str) -> tuple[float, float]:
    """Give the seconds of `prefect deploy --all`: the first time, and again with nothing changed."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "flows").mkdir()
        (project / "flows" / "hello.py").write_text(_FLOW)
        clone = {"prefect.deployments.steps.git_clone": {"repository": _REPOSITORY, "branch": "main"}}
        deployments: list[dict[str, Any]] = [
            {
                "name": f"prefect-{each}",
                "entrypoint": _ENTRYPOINT,
                "parameters": {"name": str(each)},
                "tags": ["bench"],
                "work_pool": {"name": _POOL, "job_variables": {"env": {"AWS_REGION": "eu-central-1"}}},
            }
            for each in range(DEPLOYMENTS)
        ]
        (project / "prefect.yaml").write_text(yaml.safe_dump({"pull": [clone], "deployments": deployments}))
        environment = {
            **os.environ,
            "PREFECT_API_URL": api_url,
            "PREFECT_HOME": str(project / "home"),
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        command = [str(Path(sys.executable).with_name("prefect")), "--no-prompt", "deploy", "--all"]

        def deploy() -> None:
            subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)  # noqa: S603  # our own words

        return _timed(deploy), _timed(deploy)


def _post(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post as plainly as the server lets one: it is on SQLite, and busy at times."""
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda reply: reply.status_code == httpx.codes.SERVICE_UNAVAILABLE),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
        stop=tenacity.stop_after_attempt(20),
    )
    return json.loads(attempts(http.post, path, json=body).raise_for_status().content)


@contextmanager
def _prefect() -> Generator[str]:
    """Run the sandbox's Prefect on its own, and give its API's address."""
    with tempfile.TemporaryDirectory() as folder:
        home = SandboxHome.open(Path(folder) / "sandbox", free_base_port(_FIRST_PORT))
        try:
            up(home, chosen(["prefect"]), lambda _: None)
            yield f"{home.url('prefect')}/api"
        finally:
            down(home)


def _timed(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


if __name__ == "__main__":
    took = measure()
    print(
        f"{DEPLOYMENTS} registered: {took.provider:.2f} s, {took.to_plain:.2f} times plain POSTs ({took.plain:.2f} s), "
        f"prefect deploy --all {took.prefect:.1f} s\n"
        f"nothing changed: {took.unchanged:.3f} s, prefect deploy --all {took.prefect_unchanged:.1f} s; "
        f"a refresh {took.refresh:.2f} s\n"
        f"import of the provider: {import_milliseconds():.0f} ms"
    )
