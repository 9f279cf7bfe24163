"""The rules of the flow deployment provider that need no server."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from providers.flow_deployment import FlowDeploymentProvider
from tests.deployment_inputs import daily, inputs

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "a/b"}, "name", "'a/b' is not a name"),
        ({"name": " "}, "name", "is not a name"),
        ({"entrypoint": "nonsense"}, "entrypoint", "'flows/hello.py:hello' is a file"),
        ({"entrypoint": "../x.py:f"}, "entrypoint", "below the repository's root"),
        ({"commit_sha": COMMIT}, "branch", "either a branch or a commit"),
        ({"branch": None}, "branch", "either a branch or a commit"),
        ({"branch": None, "commit_sha": COMMIT[:7]}, "commit_sha", "40 lower-case hexadecimal digits"),
        ({"repository": "https://me:hunter2@git.example/x.git"}, "repository", "Prefect secret block"),
        ({"work_pool": ""}, "work_pool", "name a work pool"),
        ({"repository": "http://git.example/x.git", "token_secret_name": "t"}, "token_secret_name", "https"),
        ({"username": "robot"}, "username", "has no token beside it"),
        ({"concurrency_limit": 0}, "concurrency_limit", "0 is not a limit: 1 or more, or none at all"),
        ({"schedules": [daily(), daily()]}, "schedules", "two schedules have the slug 'daily'"),
        ({"schedules": [daily(slug="a b")]}, "schedules", "schedule 'a b': its slug is not one"),
        ({"schedules": [daily(cron="every day")]}, "schedules", "'every day' is not a cron expression"),
        ({"schedules": [daily(timezone="EST5")]}, "schedules", "'EST5' is not an IANA time zone"),
        ({"schedules": [daily(timezone="../etc/passwd")]}, "schedules", "is not an IANA time zone"),
    ],
)
def test_what_prefect_would_accept_and_fail_on_is_refused_at_preview(
    changes: dict[str, Any], field: str, words: str
) -> None:
    (failure,) = FlowDeploymentProvider().check({}, inputs(**changes)).failures
    assert failure.property == field
    assert words in failure.reason
    assert "hunter2" not in failure.reason


def test_the_module_loads_nothing_heavy() -> None:
    probe = (
        "import sys, providers.flow_deployment; print(*({'pydantic', 'httpx', 'prefect', 'git'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60)  # noqa: S603  # fixed text
    assert done.stdout.strip() == ""
