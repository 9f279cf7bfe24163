"""The sandbox's own credentials: what opens Snowflake, and what an older sandbox did not have yet."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from clients.snowflake import SnowflakeAccount
from sandbox.environment import deployer_environment, worker_environment
from sandbox.home import SandboxHome


def test_an_older_sandbox_gets_a_key_once_and_keeps_the_rest(tmp_path: Path) -> None:
    first = SandboxHome.open(tmp_path)
    file = tmp_path / "home.json"
    kept = json.loads(file.read_text())
    del kept["credentials"]["snowflake_private_key"]
    file.write_text(json.dumps(kept))
    upgraded = SandboxHome.open(tmp_path)
    assert upgraded.credentials.snowflake_private_key not in {"", first.credentials.snowflake_private_key}
    assert upgraded.credentials.snowflake_password == first.credentials.snowflake_password
    assert upgraded.credentials.deployer == first.credentials.deployer
    assert SandboxHome.open(tmp_path) == upgraded


def test_deployer_and_worker_come_by_key_pair(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path)
    for environment in (deployer_environment(home), worker_environment(home)):
        assert environment["SNOWFLAKE_AUTHENTICATOR"] == "SNOWFLAKE_JWT"
        key = serialization.load_pem_private_key(environment["SNOWFLAKE_PRIVATE_KEY"].encode(), None)
        assert key.public_key()


def test_a_key_is_never_printed() -> None:
    account = SnowflakeAccount(account="O-A", user="U", private_key="hunter2", password="hunter3")
    assert "hunter" not in repr(account)
