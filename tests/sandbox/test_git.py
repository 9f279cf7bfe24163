from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from git import Repo
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from sandbox.git.publish import active_branch, publish
from sandbox.git.repository import repository_url
from sandbox.home import SandboxHome
from sandbox.parts import named
from sandbox.supervision import CHECKOUT
from tests.ports import own_base_port

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> SandboxHome:
    return SandboxHome.open(tmp_path_factory.mktemp("git") / "state", base_port=own_base_port())


@pytest.fixture(scope="module", autouse=True)
def part(home: SandboxHome) -> Generator[None]:
    with _part(home) as process:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    with Repo.init(tmp_path / "checkout", initial_branch="main") as repository:
        repository.git.config("user.name", "Test")
        repository.git.config("user.email", "test@landing.example")
    commit(tmp_path / "checkout", "first")
    return tmp_path / "checkout"


def commit(checkout: Path, text: str) -> str:
    (checkout / "file").write_text(text)
    with Repo(checkout) as repository:
        repository.git.add("file")
        repository.git.commit("--quiet", "--message", text)
        return repository.head.commit.hexsha


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603, S607


def test_a_branch_is_cloned_shallow(home: SandboxHome, checkout: Path, tmp_path: Path) -> None:
    publish(home, checkout, "main")
    latest = commit(checkout, "second")
    assert publish(home, checkout, "feature/x") == latest
    done = git(tmp_path, "clone", "--depth", "1", "--branch", "feature/x", repository_url(home), "clone")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone" / "file").read_text() == "second"
    assert git(tmp_path / "clone", "rev-list", "HEAD").stdout.split() == [latest]


def test_what_an_earlier_part_left_of_temporary_files_is_gone(tmp_path: Path) -> None:
    own = SandboxHome.open(tmp_path / "state", base_port=own_base_port())
    left = own.folder("tmp") / "git" / "left"
    left.mkdir(parents=True)
    with _part(own) as process:
        assert not left.exists()
        assert left.parent.exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_tags_of_the_history_come_along_and_move_along(home: SandboxHome, checkout: Path, tmp_path: Path) -> None:
    with Repo(checkout) as repository:
        repository.git.tag("light")
        repository.git.tag("annotated", "--message", "of the first commit")
        first = repository.head.commit.hexsha
        repository.git.checkout("--quiet", "-b", "elsewhere")
        commit(checkout, "elsewhere")
        repository.git.tag("of-another-branch")
        repository.git.checkout("--quiet", "main")
    publish(home, checkout, "main")
    told = git(tmp_path, "ls-remote", "--tags", repository_url(home)).stdout
    assert f"{first}\trefs/tags/light\n" in told
    assert f"{first}\trefs/tags/annotated^{{}}\n" in told
    assert "of-another-branch" not in told
    moved = commit(checkout, "second")
    with Repo(checkout) as repository:
        repository.git.tag("--force", "light")
    publish(home, checkout, "main")
    assert f"{moved}\trefs/tags/light\n" in git(tmp_path, "ls-remote", "--tags", repository_url(home)).stdout


def test_a_commit_that_no_branch_names_is_fetched_by_its_name(
    home: SandboxHome, checkout: Path, tmp_path: Path
) -> None:
    old = publish(home, checkout, "main")
    commit(checkout, "second")
    publish(home, checkout, "main")
    git(tmp_path, "init", "--quiet", "clone")
    done = git(tmp_path / "clone", "fetch", "--depth", "1", repository_url(home), old)
    assert done.returncode == 0, done.stderr
    assert git(tmp_path / "clone", "rev-parse", "FETCH_HEAD").stdout.strip() == old


def test_a_commit_is_checked_out_of_a_partial_clone_as_prefect_does(
    home: SandboxHome, checkout: Path, tmp_path: Path
) -> None:
    old = publish(home, checkout, "main")
    commit(checkout, "second")
    publish(home, checkout, "main")
    git(tmp_path, "clone", "--filter=blob:none", "--no-checkout", repository_url(home), "clone")
    git(tmp_path / "clone", "fetch", "origin", old)
    done = git(tmp_path / "clone", "checkout", old)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone" / "file").read_text() == "first"


def test_what_a_branch_held_is_replaced_when_history_was_rewritten(home: SandboxHome, checkout: Path) -> None:
    publish(home, checkout, "main")
    with Repo(checkout) as repository:
        repository.git.commit("--quiet", "--amend", "--message", "rewritten")
        rewritten = repository.head.commit.hexsha
    assert publish(home, checkout, "main") == rewritten
    assert git(checkout, "ls-remote", repository_url(home), "refs/heads/main").stdout.split()[0] == rewritten


def test_a_shallow_checkout_is_published(home: SandboxHome, checkout: Path, tmp_path: Path) -> None:
    commit(checkout, "second")
    git(tmp_path, "clone", "--quiet", "--depth", "1", checkout.as_uri(), "shallow")
    latest = publish(home, tmp_path / "shallow", "shallow")
    assert git(checkout, "ls-remote", repository_url(home), "refs/heads/shallow").stdout.split()[0] == latest


@pytest.mark.parametrize("name", ["", "a b", "-f", "a..b", "refs/heads/.x"])
def test_a_name_that_is_no_branchs_is_refused(home: SandboxHome, checkout: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a branch"):
        publish(home, checkout, name)


def test_a_detached_head_has_no_branch(checkout: Path) -> None:
    assert active_branch(checkout) == "main"
    git(checkout, "checkout", "--quiet", "--detach")
    assert active_branch(checkout) is None


def test_nobody_pushes_over_http(home: SandboxHome, checkout: Path) -> None:
    done = git(checkout, "push", repository_url(home), "HEAD:refs/heads/pushed")
    assert done.returncode != 0
    assert "403" in done.stderr
    assert git(checkout, "ls-remote", repository_url(home), "refs/heads/pushed").stdout == ""


@pytest.mark.parametrize(
    "path", ["/", "/landing.git/HEAD", "/other.git/info/refs?service=git-upload-pack", "/../home.json"]
)
def test_there_is_nothing_but_the_repository(home: SandboxHome, path: str) -> None:
    assert httpx.get(home.url("git") + path).status_code == httpx.codes.NOT_FOUND


def test_a_part_ends_when_the_supervisors_end_of_its_input_closes(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path / "state", base_port=own_base_port())
    with _part(home) as process:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
    assert not named("git").ready(home)


@contextmanager
def _part(home: SandboxHome) -> Generator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "sandbox.part", "git", str(home.root)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, process_group=0) as process:  # noqa: S603
        try:
            retry(retry=retry_if_result(lambda ready: not ready), wait=wait_fixed(0.05), stop=stop_after_delay(60))(
                named("git").ready
            )(home)
            yield process
        finally:
            process.kill()
