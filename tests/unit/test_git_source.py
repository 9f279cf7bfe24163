"""The Git source, on real repositories: a remote, and a checkout of it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from git import Actor, Repo

from domain.git_command import GitSourceError
from domain.git_source import (
    GitSource,
    WantedSource,
    resolve_source,
    warnings_about,
)

FLOW = "flows/hello.py"
ADA = Actor("Ada", "ada@example.com")


@dataclass(frozen=True)
class Place:
    """A checkout with one remote, `origin`."""

    checkout: Repo
    remote: Path

    @property
    def folder(self) -> Path:
        return Path(self.checkout.working_dir)

    def commit(self, text: str, file: str = FLOW) -> str:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.checkout.git.add(file)
        return self.checkout.index.commit("work", author=ADA, committer=ADA).hexsha

    def push(self, *references: str) -> None:
        self.checkout.remote("origin").push(list(references) or ["main"]).raise_if_error()

    def resolve(self, wanted: WantedSource | None = None, **environment: str) -> GitSource:
        return resolve_source(self.folder, environment, wanted or WantedSource())


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A remote and a checkout of it, to be copied: making them takes Git a third of a second."""
    folder = tmp_path_factory.mktemp("git")
    remote = folder / "remote.git"
    with Repo.init(remote, bare=True, initial_branch="main"), Repo.init(folder / "work", initial_branch="main") as work:
        work.create_remote("origin", str(remote))
        place = Place(work, remote)
        place.commit("def hello(): ...\n")
        place.push()
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    for part in ("remote.git", "work"):
        shutil.copytree(template / part, tmp_path / part)
    with Repo(tmp_path / "work") as work:
        work.remote("origin").set_url(str(tmp_path / "remote.git"))
        yield Place(work, tmp_path / "remote.git")


def test_without_more_the_checked_out_branch_is_followed(place: Place) -> None:
    head = place.checkout.head.commit.hexsha
    assert place.resolve() == GitSource(repository=str(place.remote), branch="main", tip=head)


def test_git_branch_wins_over_the_checkout(place: Place) -> None:
    place.checkout.create_head("feature/x").checkout()
    tip = place.commit("def hello(): return 1\n")
    place.push("feature/x")
    place.checkout.heads["main"].checkout()
    source = place.resolve(GIT_BRANCH="feature/x")
    assert (source.branch, source.commit_sha, source.tip) == ("feature/x", None, tip)
    assert place.resolve(GIT_BRANCH="origin/feature/x").branch == "feature/x"


@pytest.mark.parametrize("message", [None, "release"], ids=["light", "annotated"])
def test_build_tag_wins_over_all_and_is_pinned_to_its_commit(place: Place, message: str | None) -> None:
    tagged = place.checkout.head.commit.hexsha
    place.checkout.create_tag("v1.0.0", message=message)
    place.push("v1.0.0")
    place.commit("def hello(): return 2\n")
    place.push()
    source = place.resolve(BUILD_TAG="v1.0.0", GIT_BRANCH="main")
    assert (source.branch, source.commit_sha, source.tip) == (None, tagged, tagged)
    assert source.reference == tagged


def test_the_settings_win_over_the_environment(place: Place, tmp_path: Path) -> None:
    wanted = WantedSource(repository=f"file://{place.remote}", reference="main", folder="pipelines")
    source = resolve_source(tmp_path, {"BUILD_TAG": "v9"}, wanted)
    assert (source.repository, source.branch, source.folder) == (f"file://{place.remote}", "main", "pipelines")


def test_a_reference_in_the_settings_may_be_a_tag_or_a_commit(place: Place) -> None:
    commit = place.checkout.head.commit.hexsha
    place.checkout.create_tag("v1")
    place.push("v1")
    assert place.resolve(WantedSource(reference="v1")).commit_sha == commit
    assert place.resolve(WantedSource(reference=commit)).commit_sha == commit


def test_a_name_that_is_a_branch_and_a_tag_must_be_written_in_full(place: Place) -> None:
    place.checkout.create_tag("main")
    place.push("refs/tags/main")
    with pytest.raises(GitSourceError, match=r"is a branch and a tag .*; write refs/heads/main or refs/tags/main"):
        place.resolve(WantedSource(reference="main"))
    assert place.resolve(WantedSource(reference="refs/heads/main")).branch == "main"
    assert place.resolve(WantedSource(reference="refs/tags/main")).commit_sha


def test_a_fork_pulls_from_the_remote_that_its_branch_follows(place: Place, tmp_path: Path) -> None:
    with Repo.init(tmp_path / "fork.git", bare=True):
        fork = place.checkout.create_remote("fork", str(tmp_path / "fork.git"))
        fork.push("main", set_upstream=True).raise_if_error()
        assert place.resolve().repository == str(tmp_path / "fork.git")


def test_outside_of_a_repository_it_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(GitSourceError, match=r"is in no Git repository; run this in a clone, or set landing:flows\."):
        resolve_source(tmp_path, {}, WantedSource())


def test_a_checkout_without_a_remote_is_told(place: Place) -> None:
    place.checkout.delete_remote(place.checkout.remote("origin"))
    with pytest.raises(GitSourceError, match=r"has no remote, .*git remote add origin"):
        place.resolve()


def test_a_detached_head_needs_the_environment(place: Place) -> None:
    place.checkout.head.reference = place.checkout.head.commit
    with pytest.raises(GitSourceError, match=r"at no branch \(detached HEAD\); set GIT_BRANCH or BUILD_TAG"):
        place.resolve()
    assert place.resolve(GIT_BRANCH="main").branch == "main"


def test_a_branch_that_was_never_pushed_is_told(place: Place) -> None:
    place.checkout.create_head("feature/x").checkout()
    with pytest.raises(GitSourceError, match=r"'feature/x' .* is not a branch at .*; push it \(git push -u origin"):
        place.resolve()


def test_a_tag_that_was_never_pushed_is_told(place: Place) -> None:
    place.checkout.create_tag("v1")
    with pytest.raises(GitSourceError, match=r"'v1' \(BUILD_TAG\) is not a tag at .*; push it \(git push origin v1\)"):
        place.resolve(BUILD_TAG="v1")
    with pytest.raises(GitSourceError, match=r"'v1' \(landing:flows.reference\) is neither a branch nor a tag"):
        place.resolve(WantedSource(reference="v1"))


def test_a_short_commit_is_no_reference(place: Place) -> None:
    with pytest.raises(GitSourceError, match="is neither a branch nor a tag"):
        place.resolve(WantedSource(reference=place.checkout.head.commit.hexsha[:7]))


@pytest.mark.parametrize(
    "address", ["https://ada:hunter2@git.example/x.git", "https://hunter2@git.example/x.git", "ssh://a:hunter2@h/x"]
)
def test_an_address_with_credentials_is_refused_without_showing_them(place: Place, address: str) -> None:
    with pytest.raises(GitSourceError, match="holds credentials") as caught:
        place.resolve(WantedSource(repository=address))
    assert "hunter2" not in str(caught.value)
    place.checkout.remote("origin").set_url(address)
    with pytest.raises(GitSourceError, match="holds credentials"):
        place.resolve()


def test_a_remote_that_is_not_there_is_told(place: Place, tmp_path: Path) -> None:
    with pytest.raises(GitSourceError, match=r"cannot be read from here \(.*does not appear to be a git repository\)"):
        place.resolve(WantedSource(repository=str(tmp_path / "nowhere.git")))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/x.git"
        with pytest.raises(GitSourceError, match=rf"{address} cannot be read .*[Cc]onnect.*; check landing:flows"):
            place.resolve(WantedSource(repository=address))


def test_a_remote_that_never_answers_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.git_remote._SECONDS_TO_ANSWER", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent, contextlib.ExitStack() as held:
        accept = threading.Thread(target=lambda: held.enter_context(silent.accept()[0]), daemon=True)
        accept.start()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        with pytest.raises(GitSourceError, match="cannot be read from here"):
            place.resolve(WantedSource(repository=address))
        accept.join(timeout=5)


def test_an_address_is_never_taken_for_an_option(place: Place, tmp_path: Path) -> None:
    with pytest.raises(GitSourceError, match="cannot be read from here"):
        place.resolve(WantedSource(repository=f"--upload-pack=touch {tmp_path}/owned"))
    assert not (tmp_path / "owned").exists()


def test_what_no_run_would_have_is_a_warning(place: Place) -> None:
    source = place.resolve()
    (place.folder / "README").write_text("not a flow", encoding="utf-8")
    assert warnings_about(place.folder, source) == []
    (place.folder / FLOW).write_text("def hello(): return 3\n", encoding="utf-8")
    assert warnings_about(place.folder, source) == [
        "changes in flows/ are not committed, so no run has them: flows/hello.py"
    ]
    place.commit("def hello(): return 4\n")
    assert warnings_about(place.folder, source) == [
        "1 commit with changes in flows/ not pushed to main, so no run has them"
    ]


def test_warnings_need_no_checkout(place: Place, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert warnings_about(tmp_path / "elsewhere", place.resolve()) == []
