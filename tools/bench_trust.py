# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# boto3 makes its clients at run time, untyped
"""`python -m tools.bench_trust`: how long the trust loop takes beside the calls that it is made of.

The sandbox's IAM and Snowflake answer over loopback. A loop that is open is closed again and again, and each time the
whole is divided by the sum of its own calls: login, DESCRIBE, GetRole, UpdateAssumeRolePolicy, a validation for each
location, logout. IAM takes effect at once here, so a needless wait would show. The first time in a process, as in each
real `up`, the clients are loaded too, which is told apart.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unittest import mock

import httpx
from boto3.session import Session
from tenacity import retry, stop_after_delay, wait_fixed

from clients.aws_roles import RoleTrust
from clients.snowflake import SnowflakeClient
from domain import iam
from providers.storage_trust import StorageTrustProvider
from sandbox.environment import deployer_environment
from sandbox.free_ports import free_base_port
from sandbox.home import ACCOUNT_ID, LOOPBACK, REGION, SandboxHome
from tools.sql import sandbox_account

P = ParamSpec("P")
T = TypeVar("T")

_ROUNDS = 9
_FIRST_PORT = 20_000
_NAME = "bench-trust"
_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/{_NAME}"
_LOCATIONS = [f"s3://{_NAME}/partners/", f"s3://{_NAME}/canary/"]


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What closing the loop took."""

    seconds: float
    """The median, with clients that are loaded."""
    ratio: float
    """The median of the rounds' ratios, the whole by the sum of its calls."""
    first_seconds: float
    """The first time in a process, which loads the clients."""


@dataclass
class _Clock:
    """Sums up what the calls take."""

    calls: float = 0.0
    _inside: bool = field(default=False, repr=False)

    def timed(self, call: Callable[P, T]) -> Callable[P, T]:
        @wraps(call)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            if self._inside:  # a call that is made of another one counts once
                return call(*args, **kwargs)
            began, self._inside = time.perf_counter(), True
            try:
                return call(*args, **kwargs)
            finally:
                self.calls += time.perf_counter() - began
                self._inside = False

        return run


def measure() -> Loop:
    """Close the loop again and again, and time it and its calls."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        home = SandboxHome.open(Path(folder) / "sandbox", free_base_port(_FIRST_PORT))
        for part in ("aws", "snowflake"):
            running.enter_context(_running(home, part))
        environment = {name: value for name, value in deployer_environment(home).items() if name != "SNOWFLAKE_PORT"}
        running.enter_context(mock.patch.dict(os.environ, environment))
        keys = home.credentials.deployer
        session = Session(keys.access_key_id, keys.secret_access_key, region_name=REGION)
        s3: Any = session.client("s3", endpoint_url=home.url("aws"))
        roles: Any = session.client("iam", endpoint_url=home.url("aws"))
        _build(home, s3, roles)
        provider = StorageTrustProvider()
        provider.configured(_settings(home))
        first, _ = _round(provider, roles)
        rounds = [_round(provider, roles) for _ in range(_ROUNDS)]
    return Loop(
        seconds=statistics.median(seconds for seconds, _ in rounds),
        ratio=statistics.median(seconds / calls for seconds, calls in rounds),
        first_seconds=first,
    )


def _round(provider: StorageTrustProvider, roles: Any) -> tuple[float, float]:  # noqa: ANN401  # as above
    """Open the loop, close it, and give the seconds of the whole and of its calls."""
    roles.update_assume_role_policy(RoleName=_NAME, PolicyDocument=json.dumps(iam.trust_nobody()))
    clock = _Clock()
    with _watched(clock):
        began = time.perf_counter()
        provider.create(
            {
                "integration_name": "BENCH_TRUST",
                "integration_external_id": "",
                "role_name": _NAME,
                "role_arn": _ROLE_ARN,
                "locations": _LOCATIONS,
                "timeout_seconds": 60,
            }
        )
        return time.perf_counter() - began, clock.calls


@contextmanager
def _watched(clock: _Clock) -> Generator[None]:
    """Time what goes to the clouds, and nothing else."""
    from snowflake.connector import SnowflakeConnection  # noqa: PLC0415  # as late as the provider itself

    with ExitStack() as patched:
        for owner, names in (
            (RoleTrust, ("read", "write")),
            (SnowflakeClient, ("query",)),
            (SnowflakeConnection, ("connect", "close")),
        ):
            for name in names:
                patched.enter_context(mock.patch.object(owner, name, clock.timed(getattr(owner, name))))
        yield


def _build(home: SandboxHome, s3: Any, roles: Any) -> None:  # noqa: ANN401  # as above
    """Make what the loop is between: a bucket, a role that may read it, an integration with that role."""
    s3.create_bucket(Bucket=_NAME)
    reads = iam.stage_access(_NAME, ["partners/", "canary/"], f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/none")
    roles.create_role(RoleName=_NAME, AssumeRolePolicyDocument=json.dumps(iam.trust_nobody()))
    roles.put_role_policy(RoleName=_NAME, PolicyName="read", PolicyDocument=json.dumps(reads))
    allowed = ", ".join(f"'{location}'" for location in _LOCATIONS)
    with SnowflakeClient.connected(sandbox_account(home)) as snowflake:
        snowflake.query(
            "CREATE STORAGE INTEGRATION BENCH_TRUST TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = true "
            f"STORAGE_AWS_ROLE_ARN = '{_ROLE_ARN}' STORAGE_ALLOWED_LOCATIONS = ({allowed})"
        )


def _settings(home: SandboxHome) -> Mapping[str, object]:
    return {
        "aws:region": REGION,
        "snowflake:organizationName": "SANDBOX",
        "snowflake:accountName": "LANDING",
        "snowflake:host": LOOPBACK,
        "snowflake:port": home.ports.snowflake,
        "snowflake:protocol": "http",
    }


@contextmanager
def _running(home: SandboxHome, part: str) -> Generator[None]:
    """Run one part, ready to be asked."""
    with home.log(part).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "sandbox.part", part, str(home.root)], stdin=subprocess.PIPE, stdout=log, stderr=log
        )
    try:
        _await_answer(f"{home.url(part)}/_sandbox/health")
        yield
    finally:
        process.terminate()
        with process:
            process.wait(20)


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True)
def _await_answer(url: str) -> None:
    httpx.get(url).raise_for_status()


if __name__ == "__main__":
    loop = measure()
    print(
        f"{loop.ratio:.2f} times the sum of its own calls: {loop.seconds * 1000:.0f} ms, "
        f"and {loop.first_seconds * 1000:.0f} ms the first time in a process"
    )
