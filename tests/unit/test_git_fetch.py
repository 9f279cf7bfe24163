"""Files of a commit that the checkout does not have, from real Git hosts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from git import Repo

from domain.git_command import GitError, GitSourceError, ask_git
from domain.git_fetch import CommitRefusedError, fetch_texts
from domain.git_remote import refs_at
from tests.git_hosts import GitHost, serving, ssh_in_place_of_openssh
from tests.git_places import FLOW, GitPlace

PATHS = (FLOW, "flows/other.py", "flows/none.py", "flows")
TEXTS = {FLOW: "def hello(): return 'é'\n", "flows/other.py": "other\n", "flows/none.py": None, "flows": None}
OLD_GIT = {"GIT_PROTOCOL": ""}
"""A host that speaks Git's first protocol, in which it gives out only what it has told of."""


@pytest.fixture
def pushed(place: GitPlace) -> tuple[str, str]:
    """Two commits that are pushed; the first is under no name."""
    place.commit("other\n", "flows/other.py")
    place.commit("a large one" * 1000, "data/large.bin")
    first = place.commit(TEXTS[FLOW] or "")
    second = place.commit("def hello(): return 2\n")
    place.push()
    return first, second


def allow(place: GitPlace, *names: str) -> None:
    with Repo(place.remote) as remote:
        for name in names:
            remote.git.config(name, "true")


@pytest.mark.parametrize("can_filter", [True, False])
def test_files_of_a_commit_are_fetched_by_its_digits(
    place: GitPlace,
    pushed: tuple[str, str],
    tmp_path: Path,
    can_filter: bool,  # noqa: FBT001
) -> None:
    allow(place, "uploadpack.allowAnySHA1InWant", *(["uploadpack.allowFilter"] if can_filter else []))
    with serving(GitHost(place.remote)) as host:
        assert fetch_texts(host.url, pushed[0], pushed[0], PATHS, tmp_path) == TEXTS
        # The references, the commit, and the contents of both files at once: each time an opening, then the rest.
        assert host.requests.count("GET") == (2 if can_filter else 1)


def test_only_the_contents_that_are_asked_for_are_fetched(
    place: GitPlace, pushed: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(place, "uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter")
    sizes: list[int] = []

    class Weighed(tempfile.TemporaryDirectory[str]):
        def cleanup(self) -> None:
            with Repo(self.name) as bare:
                sizes.append(len(bare.git.cat_file("--batch-all-objects", "--batch-check=%(objecttype)").splitlines()))
            super().cleanup()

        def __exit__(self, *_: object) -> None:
            self.cleanup()

    monkeypatch.setattr("domain.git_fetch.TemporaryDirectory", Weighed)
    fetch_texts(f"file://{place.remote}", pushed[0], pushed[0], [FLOW], place.folder)
    assert sizes == [5], "a commit, three folders and one file"


def test_nothing_stays_behind(
    place: GitPlace, pushed: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    before = sorted(place.folder.rglob("*"))
    fetch_texts(str(place.remote), "refs/heads/main", pushed[1], PATHS, place.folder)
    with pytest.raises(GitSourceError):
        fetch_texts(str(place.remote), "refs/heads/none", pushed[1], PATHS, place.folder)
    assert not list((tmp_path / "scratch").iterdir())
    assert sorted(place.folder.rglob("*")) == before


def test_a_commit_that_is_not_there_is_told(place: GitPlace, tmp_path: Path) -> None:
    unknown = "1" * 40
    with pytest.raises(GitSourceError, match=rf"^{unknown} \(landing:flows.reference\) is not a commit at .*; push it"):
        fetch_texts(f"file://{place.remote}", unknown, unknown, PATHS, tmp_path)


def test_a_host_that_gives_out_names_alone_is_told_apart(
    place: GitPlace, pushed: tuple[str, str], tmp_path: Path
) -> None:
    with serving(GitHost(place.remote, environment=OLD_GIT)) as host:
        with pytest.raises(CommitRefusedError, match=r"gives out no commit by its number, .*; name a branch or a tag"):
            fetch_texts(host.url, pushed[0], pushed[0], PATHS, tmp_path)
        assert fetch_texts(host.url, "refs/heads/main", pushed[1], [FLOW], tmp_path)[FLOW]


@pytest.mark.parametrize("message", [None, "release"], ids=["light", "annotated"])
def test_a_tag_is_fetched_by_its_name(
    place: GitPlace, pushed: tuple[str, str], tmp_path: Path, message: str | None
) -> None:
    place.checkout.create_tag("v1", pushed[0], message=message)
    place.push("v1")
    with serving(GitHost(place.remote, environment=OLD_GIT)) as host:
        assert fetch_texts(host.url, "refs/tags/v1", pushed[0], PATHS, tmp_path) == TEXTS


def test_a_push_in_between_is_told(place: GitPlace, pushed: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(GitSourceError, match=rf"moved from {pushed[0][:12]} to {pushed[1][:12]} while .*; run again"):
        fetch_texts(str(place.remote), "refs/heads/main", pushed[0], PATHS, tmp_path)


def test_a_host_that_wants_a_password_gets_none_and_nobody_is_asked(
    place: GitPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GIT_ASKPASS", raising=False)
    monkeypatch.delenv("SSH_ASKPASS", raising=False)
    with serving(GitHost(place.remote, login="ada:hunter2")) as host:
        with pytest.raises(GitSourceError, match=r"\(could not read Username for .*: terminal prompts disabled\)"):
            refs_at(host.url, place.folder)
        with pytest.raises(GitSourceError, match=r"cannot be fetched from here \(could not read Username"):
            fetch_texts(host.url, "refs/heads/main", place.head, [FLOW], place.folder)


@pytest.mark.parametrize("way", ["helper", "header", "askpass", "address"])
def test_the_runners_own_credentials_are_used_and_never_shown(
    place: GitPlace, pushed: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving(GitHost(place.remote, login="ada:hunter2")) as host:
        settings = {
            "helper": ("credential.helper", "!f() { echo username=ada; echo password=hunter2; }; f"),
            "header": (f"http.{host.url}.extraheader", f"Authorization: {host.authorization}"),
            "askpass": ("core.askPass", str(ssh_in_place_of_openssh(tmp_path, tmp_path / "asked", _ANSWER))),
            "address": (f"url.{host.url.replace('//', '//ada:hunter2@')}.insteadOf", host.url),
        }
        place.checkout.git.config(*settings[way])
        assert refs_at(host.url, place.folder)["refs/heads/main"] == pushed[1]
        assert fetch_texts(host.url, "refs/heads/main", pushed[1], [FLOW], place.folder)[FLOW]
        with pytest.raises(GitSourceError) as caught:
            fetch_texts(host.url, "refs/heads/none", pushed[1], [FLOW], place.folder)
        assert "hunter2" not in str(caught.value)


_ANSWER = 'case "$1" in Username*) echo ada;; *) echo hunter2;; esac'


def test_ssh_never_asks(
    place: GitPlace, pushed: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tmp_path / "words"
    program = ssh_in_place_of_openssh(tmp_path, words)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    for address in (f"git@git.example:{place.remote}", f"ssh://git@git.example:2222{place.remote}"):
        assert refs_at(address, place.folder)["refs/heads/main"] == pushed[1]
        assert fetch_texts(address, "refs/heads/main", pushed[1], [FLOW], place.folder)[FLOW]
    said = words.read_text().splitlines()
    assert len(said) == 4
    assert all(line.startswith("-o BatchMode=yes ") for line in said)
    words.unlink()
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{program} -o Own=yes")
    refs_at(f"git@git.example:{place.remote}", place.folder)
    monkeypatch.delenv("GIT_SSH_COMMAND")
    place.checkout.git.config("core.sshCommand", f"{program} -o Configured=yes")
    fetch_texts(f"git@git.example:{place.remote}", "refs/heads/main", pushed[1], [FLOW], place.folder)
    own, configured = words.read_text().splitlines()
    assert own.startswith("-o Own=yes ")
    assert configured.startswith("-o Configured=yes ")


def test_what_ssh_says_is_told(place: GitPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = 'echo "git@git.example: Permission denied (publickey)." >&2; exit 255'
    ssh_in_place_of_openssh(tmp_path, tmp_path / "words", refusal)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitSourceError, match=r"\(git@git.example: Permission denied \(publickey\)\); check landing"):
        refs_at("git@git.example:team/flows.git", place.folder)


def test_an_address_that_git_puts_a_password_into_is_not_shown_with_it(place: GitPlace) -> None:
    place.checkout.git.config("url.http://ada:hunter2@127.0.0.1:1/.insteadOf", "http://git.example/")
    with pytest.raises(GitSourceError, match=r"unable to access 'http://127\.0\.0\.1:1/flows\.git/'") as caught:
        refs_at("http://git.example/flows.git", place.folder)
    assert "hunter2" not in str(caught.value)


def test_what_git_says_is_told_without_credentials(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"^not a git repository: '//git\.example/x'$"):
        ask_git("--git-dir=//ada:hunter2@git.example/x", "status", folder=tmp_path, seconds=10)
