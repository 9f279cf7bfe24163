from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from git import Repo

from tests.git_places import GitPlace


@pytest.fixture(scope="session")
def git_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A remote and a checkout of it, to be copied: making them takes Git a third of a second."""
    folder = tmp_path_factory.mktemp("git")
    remote = folder / "remote.git"
    with Repo.init(remote, bare=True, initial_branch="main"), Repo.init(folder / "work", initial_branch="main") as work:
        work.create_remote("origin", str(remote))
        place = GitPlace(work, remote)
        place.commit("from prefect import flow\n\n\n@flow\ndef hello(): ...\n")
        place.push()
    return folder


@pytest.fixture
def place(git_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitPlace]:
    """Give a remote and a checkout of it, both the test's own."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    for part in ("remote.git", "work"):
        shutil.copytree(git_template / part, tmp_path / part)
    with Repo(tmp_path / "work") as work:
        work.remote("origin").set_url(str(tmp_path / "remote.git"))
        yield GitPlace(work, tmp_path / "remote.git")
