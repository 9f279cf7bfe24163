"""One sandbox for all tests of the whole program; each test has a stack of its own, or shares the deployed one."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tools.rehearsal import Project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Generator[Project]:
    """Give a running sandbox with a checkout of its own; it is gone afterwards."""
    made = Project.make(tmp_path_factory.mktemp("landing"))
    started = made.sandbox("up")
    assert started.returncode == 0, started.stdout + started.stderr
    yield made
    ended = made.sandbox("down")
    assert ended.returncode == 0, ended.stdout + ended.stderr
