"""The Git source, on real repositories: a remote, and a checkout of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest
from git import Repo

from domain.git_address import token_faults
from domain.git_command import GitSourceError
from domain.git_source import GitSource, WantedSource, moved_tag, resolve_source, warnings_about
from tests.git_places import FLOW, GitPlace


def test_without_more_the_checked_out_branch_is_followed(place: GitPlace) -> None:
    head = place.checkout.head.commit.hexsha
    assert place.resolve() == GitSource(repository=str(place.remote), branch="main", tip=head)


def test_git_branch_wins_over_the_checkout(place: GitPlace) -> None:
    place.checkout.create_head("feature/x").checkout()
    tip = place.commit("def hello(): return 1\n")
    place.push("feature/x")
    place.checkout.heads["main"].checkout()
    source = place.resolve(GIT_BRANCH="feature/x")
    assert (source.branch, source.commit_sha, source.tip) == ("feature/x", None, tip)
    assert place.resolve(GIT_BRANCH="origin/feature/x").branch == "feature/x"
    assert place.resolve(GIT_BRANCH="refs/heads/feature/x").branch == "feature/x"


@pytest.mark.parametrize("message", [None, "release"], ids=["light", "annotated"])
def test_build_tag_wins_over_all_and_is_pinned_to_its_commit(place: GitPlace, message: str | None) -> None:
    tagged = place.checkout.head.commit.hexsha
    place.checkout.create_tag("v1.0.0", message=message)
    place.push("v1.0.0")
    place.commit("def hello(): return 2\n")
    place.push()
    source = place.resolve(BUILD_TAG="v1.0.0", GIT_BRANCH="main")
    assert (source.branch, source.commit_sha, source.tip) == (None, tagged, tagged)
    assert (source.reference, source.tag) == (tagged, "v1.0.0")
    assert place.resolve(BUILD_TAG="refs/tags/v1.0.0") == source


def test_the_settings_win_over_the_environment(place: GitPlace, tmp_path: Path) -> None:
    wanted = WantedSource(repository=f"file://{place.remote}", reference="main", folder="pipelines")
    source = resolve_source(tmp_path, {"BUILD_TAG": "v9"}, wanted)
    assert (source.repository, source.branch, source.folder) == (f"file://{place.remote}", "main", "pipelines")


def test_a_reference_in_the_settings_may_be_a_tag_or_a_commit(place: GitPlace) -> None:
    commit = place.checkout.head.commit.hexsha
    place.checkout.create_tag("v1")
    place.push("v1")
    assert place.resolve(WantedSource(reference="v1")).commit_sha == commit
    assert place.resolve(WantedSource(reference=commit)).commit_sha == commit


def test_a_name_that_is_a_branch_and_a_tag_must_be_written_in_full(place: GitPlace) -> None:
    place.checkout.create_tag("main")
    place.push("refs/tags/main")
    with pytest.raises(GitSourceError, match=r"is a branch and a tag .*; write refs/heads/main or refs/tags/main"):
        place.resolve(WantedSource(reference="main"))
    assert place.resolve(WantedSource(reference="refs/heads/main")).branch == "main"
    assert place.resolve(WantedSource(reference="refs/tags/main")).commit_sha


def test_a_fork_pulls_from_the_remote_that_its_branch_follows(place: GitPlace, tmp_path: Path) -> None:
    with Repo.init(tmp_path / "fork.git", bare=True):
        fork = place.checkout.create_remote("fork", str(tmp_path / "fork.git"))
        fork.push("main", set_upstream=True).raise_if_error()
        assert place.resolve().repository == str(tmp_path / "fork.git")


def test_outside_of_a_repository_it_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(GitSourceError, match=r"is in no Git repository; run this in a clone, or set landing:flows\."):
        resolve_source(tmp_path, {}, WantedSource())


def test_a_checkout_without_a_remote_is_told(place: GitPlace) -> None:
    place.checkout.delete_remote(place.checkout.remote("origin"))
    with pytest.raises(GitSourceError, match=r"has no remote, .*git remote add origin"):
        place.resolve()


def test_a_detached_head_needs_the_environment(place: GitPlace) -> None:
    place.checkout.head.reference = place.checkout.head.commit
    with pytest.raises(GitSourceError, match=r"at no branch \(detached HEAD\); set GIT_BRANCH or BUILD_TAG"):
        place.resolve()
    assert place.resolve(GIT_BRANCH="main").branch == "main"


def test_a_branch_that_was_never_pushed_is_told(place: GitPlace) -> None:
    place.checkout.create_head("feature/x").checkout()
    with pytest.raises(GitSourceError, match=r"'feature/x' .* is not a branch at .*; push it \(git push -u origin"):
        place.resolve()


def test_a_tag_that_was_never_pushed_is_told(place: GitPlace) -> None:
    place.checkout.create_tag("v1")
    with pytest.raises(GitSourceError, match=r"'v1' \(BUILD_TAG\) is not a tag at .*; push it \(git push origin v1\)"):
        place.resolve(BUILD_TAG="v1")
    with pytest.raises(GitSourceError, match=r"'v1' \(landing:flows.reference\) is neither a branch nor a tag"):
        place.resolve(WantedSource(reference="v1"))


def test_a_short_commit_is_refused_with_the_whole_one(place: GitPlace) -> None:
    with pytest.raises(GitSourceError, match=rf"Prefect takes all 40 digits .* alone; write {place.head}$"):
        place.resolve(WantedSource(reference=place.head[:7]))
    with pytest.raises(GitSourceError, match=rf"; write {place.head}$"):
        place.resolve(WantedSource(reference=place.head.upper()))
    with pytest.raises(GitSourceError, match=r"; write all of them \(git rev-parse abcdef1 gives them\)$"):
        place.resolve(WantedSource(reference="abcdef1"))


def test_a_branch_may_look_like_a_short_commit(place: GitPlace) -> None:
    place.checkout.create_head("abcdef1").checkout()
    place.push("abcdef1")
    assert place.resolve(WantedSource(reference="abcdef1")).branch == "abcdef1"


@pytest.mark.parametrize(
    "address",
    [
        "https://ada:hunter2@git.example/x.git",
        "https://hunter2@git.example/x.git",
        "HTTPS://hunter2@git.example/x.git",
        "https://oauth2:hunter2@gitlab.example:8443/team/x.git",
        "http://hunter2@git.example/x.git",
        "https://git.example/x.git?private_token=hunter2",
        "ssh://ada:hunter2@git.example/x.git",
        "ada:hunter2@git.example:team/x.git",
    ],
)
def test_an_address_with_credentials_is_refused_without_showing_them(place: GitPlace, address: str) -> None:
    with pytest.raises(GitSourceError, match=r"repository at git(lab)?\.example\S* holds credentials") as caught:
        place.resolve(WantedSource(repository=address))
    assert "hunter2" not in str(caught.value)
    place.checkout.remote("origin").set_url(address)
    with pytest.raises(GitSourceError, match="holds credentials"):
        place.resolve()


ADDRESSES = {
    "https://github.com/team/flows.git": True,
    "https://gitlab.com/team/group/flows.git": True,
    "https://git.example:8443/scm/flows": True,
    "http://git.example/flows.git": False,
    "git@github.com:team/flows.git": False,
    "git.example:flows.git": False,
    "ssh://git@git.example:2222/team/flows.git": False,
    "git://git.example/flows.git": False,
    "file:///srv/flows.git": False,
    "/srv/flows.git": False,
}


@pytest.mark.parametrize(("address", "takes_a_token"), ADDRESSES.items())
def test_a_token_is_for_https_alone(address: str, takes_a_token: bool) -> None:  # noqa: FBT001  # a parameter
    faults = list(token_faults(address, token_secret_name="git-token", username=None))
    assert [key for key, _ in faults] == ([] if takes_a_token else ["tokenSecretName"])
    assert not takes_a_token or not faults
    for _, reason in faults:
        assert reason.startswith(f"is of no use for {address}")
        assert ("give the workers a key" in reason) == ("git@" in address or address == "git.example:flows.git")
    assert not list(token_faults(address, token_secret_name=None, username=None))


def test_a_user_without_a_token_is_a_fault() -> None:
    assert list(token_faults(None, token_secret_name=None, username="ada")) == [
        ("username", "has no token beside it; set tokenSecretName to the Prefect secret block that holds one")
    ]
    assert not list(token_faults("https://git.example/x", token_secret_name="git-token", username="ada"))


def test_a_remote_that_is_not_there_is_told(place: GitPlace, tmp_path: Path) -> None:
    with pytest.raises(GitSourceError, match=r"cannot be read from here \(.*does not appear to be a git repository\)"):
        place.resolve(WantedSource(repository=str(tmp_path / "nowhere.git")))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/x.git"
        with pytest.raises(GitSourceError, match=rf"{address} cannot be read .*[Cc]onnect.*; check landing:flows"):
            place.resolve(WantedSource(repository=address))


def test_a_remote_that_never_answers_is_given_up(place: GitPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.git_remote._SECONDS_TO_ANSWER", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent, contextlib.ExitStack() as held:
        accept = threading.Thread(target=lambda: held.enter_context(silent.accept()[0]), daemon=True)
        accept.start()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        with pytest.raises(GitSourceError, match="cannot be read from here"):
            place.resolve(WantedSource(repository=address))
        accept.join(timeout=5)


def test_an_address_is_never_taken_for_an_option(place: GitPlace, tmp_path: Path) -> None:
    with pytest.raises(GitSourceError, match="cannot be read from here"):
        place.resolve(WantedSource(repository=f"--upload-pack=touch {tmp_path}/owned"))
    assert not (tmp_path / "owned").exists()


def test_what_no_run_would_have_is_a_warning(place: GitPlace) -> None:
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


def test_warnings_need_no_checkout(place: GitPlace, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert warnings_about(tmp_path / "elsewhere", place.resolve()) == []


def test_what_is_not_pushed_is_known_of_a_tip_that_was_not_fetched(place: GitPlace, tmp_path: Path) -> None:
    with place.checkout.clone(tmp_path / "other") as other:
        colleague = GitPlace(other, place.remote)
        other.remote("origin").set_url(str(place.remote))
        colleague.commit("def hello(): return 5\n")
        colleague.push()
    source = place.resolve()
    place.checkout.git.update_ref("refs/remotes/origin/main", place.head)
    place.commit("def hello(): return 6\n")
    assert source.tip != place.head
    assert warnings_about(place.folder, source) == [
        "1 commit with changes in flows/ not pushed to main, so no run has them"
    ]


def test_a_checkout_of_something_else_is_not_warned_of(place: GitPlace, tmp_path: Path) -> None:
    source = place.resolve()
    with Repo.init(tmp_path / "else", initial_branch="main") as other:
        elsewhere = GitPlace(other, place.remote)
        elsewhere.commit("def hello(): return 7\n")
        (elsewhere.folder / FLOW).write_text("changed", encoding="utf-8")
        assert warnings_about(elsewhere.folder, source) == []


def test_changes_are_told_when_a_tag_is_run(place: GitPlace) -> None:
    place.checkout.create_tag("v1")
    place.push("v1")
    (place.folder / FLOW).write_text("changed", encoding="utf-8")
    assert len(warnings_about(place.folder, place.resolve(BUILD_TAG="v1"))) == 1


def test_a_tag_that_moved_is_told_with_both_commits(place: GitPlace) -> None:
    place.checkout.create_tag("v1")
    place.push("v1")
    before = place.resolve(BUILD_TAG="v1")
    assert before.outputs == {"tag": "v1", "commit": before.tip}
    assert moved_tag(before.outputs, before) is None
    place.commit("def hello(): return 8\n")
    place.checkout.create_tag("v1", force=True)
    place.push("+v1")
    after = place.resolve(BUILD_TAG="v1")
    told = moved_tag(before.outputs, after)
    assert told
    assert f"the tag v1 moved at {place.remote} from {before.tip} to {after.tip}" in told
    assert "take the old commit until `up` registers the new one" in told


def test_only_a_tag_of_the_same_name_can_have_moved(place: GitPlace) -> None:
    place.checkout.create_tag("v2")
    place.push("v2")
    source = place.resolve(BUILD_TAG="v2")
    other = "1" * 40
    for earlier in (None, {}, "v2", {"branch": "main"}, {"tag": "v1", "commit": other}, {"tag": "v2"}):
        assert moved_tag(earlier, source) is None
    assert moved_tag({"tag": "v2", "commit": other}, place.resolve()) is None
    assert place.resolve().outputs == {"branch": "main"}
    assert place.resolve(WantedSource(reference=source.tip)).outputs == {"commit": source.tip}
