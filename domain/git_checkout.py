"""The checkout that the program runs in, read through Git's own objects: nothing in it is executed or imported."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from domain.git_command import GIT_IS_MISSING, GitError, GitSourceError, ask_git

if TYPE_CHECKING:
    from git import Repo, Tree

_NAMES_TO_SHOW = 3


@contextmanager
def opened(checkout: Path) -> Generator[Repo]:
    """Open the repository around `checkout`; raises GitSourceError when there is none."""
    try:
        from git import InvalidGitRepositoryError, NoSuchPathError, Repo  # noqa: PLC0415  # needs git itself
    except ImportError as error:
        raise GitSourceError(GIT_IS_MISSING) from error
    try:
        repository = Repo(checkout, search_parent_directories=True)
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise GitSourceError(
            f"{_place(checkout)} is in no Git repository; run this in a clone, or set landing:flows.repository and "
            "landing:flows.reference"
        ) from error
    with repository:
        yield repository


def remote_of(checkout: Path) -> str:
    """Give the address of the remote that the checked out branch follows, else of `origin` or the only one."""
    with opened(checkout) as repository:
        remotes = {remote.name: remote for remote in repository.remotes}
        tracking = None if repository.head.is_detached else repository.active_branch.tracking_branch()
        name = tracking.remote_name if tracking else "origin"
        remote = remotes.get(name) or (next(iter(remotes.values())) if len(remotes) == 1 else None)
        if remote is None:
            found = f"has the remotes {', '.join(sorted(remotes))} and none is 'origin'" if remotes else "has no remote"
            raise GitSourceError(
                f"the Git checkout at {_place(checkout)} {found}, so workers have nowhere to pull from; "
                "add one (git remote add origin <address>) or set landing:flows.repository"
            )
        return remote.url


def active_branch(checkout: Path) -> str:
    """Give the branch that is checked out; raises GitSourceError at a detached head."""
    with opened(checkout) as repository:
        if repository.head.is_detached:
            raise GitSourceError(
                f"the Git checkout at {_place(checkout)} is at no branch (detached HEAD); set GIT_BRANCH or BUILD_TAG, "
                "or landing:flows.reference"
            )
        return repository.active_branch.name


def texts_at(checkout: Path, commit: str, paths: Collection[str]) -> dict[str, str | None] | None:
    """Give files' texts at a commit, from Git's objects, with None for a file that is not there.

    None as a whole when the commit is not here, or not whole.
    """
    from gitdb.exc import BadName, BadObject  # noqa: PLC0415  # as in `opened`

    try:
        with opened(checkout) as repository:
            tree = repository.commit(commit).tree
            return {path: _text_in(tree, path) for path in paths}
    except (BadName, BadObject, ValueError, GitSourceError):
        return None


def full_commit(checkout: Path, short: str) -> str | None:
    """Give all digits of a commit; None when the checkout does not have it, or not only one that begins so."""
    try:
        return (
            ask_git("rev-parse", "--verify", "--quiet", f"{short}^{{commit}}", folder=checkout, seconds=10)
            .decode()
            .strip()
        )
    except GitError:
        return None


def left_behind(checkout: Path, repository: str, folder: str, *, branch: str | None, tip: str) -> list[str]:
    """Say what of `folder` is in the checkout and not at the remote: not committed, or not pushed to `branch`.

    Nothing where the checkout has to do with another repository.
    """
    from git import GitCommandError  # noqa: PLC0415  # as in `opened`

    try:
        with opened(checkout) as work:
            if repository not in {url for remote in work.remotes for url in remote.urls} and not _has(work, tip):
                return []
            return [*_not_committed(work, folder), *_not_pushed(work, folder, branch, tip)]
    except (GitSourceError, GitCommandError):
        # No checkout, or one that Git does not read here: it can say nothing about the code at the remote.
        return []


def _not_committed(work: Repo, folder: str) -> Iterator[str]:
    changed = str(work.git.status("--porcelain", "--", f":/{folder}")).splitlines()
    if changed:
        names = [line[3:] for line in changed[:_NAMES_TO_SHOW]] + ["..."] * (len(changed) > _NAMES_TO_SHOW)
        yield f"changes in {folder}/ are not committed, so no run has them: {', '.join(names)}"


def _not_pushed(work: Repo, folder: str, branch: str | None, tip: str) -> Iterator[str]:
    if branch is None or work.head.is_detached or work.active_branch.name != branch:
        return
    # A checkout that has not fetched the tip still knows what it had fetched before.
    pushed = [f"^{tip}"] if _has(work, tip) else ["--not", "--remotes"]
    ahead = int(work.git.rev_list("--count", "HEAD", *pushed, "--", f":/{folder}"))
    if ahead:
        commits = "1 commit" if ahead == 1 else f"{ahead} commits"
        yield f"{commits} with changes in {folder}/ not pushed to {branch}, so no run has them"


def _has(work: Repo, commit: str) -> bool:
    from git import GitCommandError  # noqa: PLC0415  # as in `opened`

    try:
        work.git.cat_file("-e", f"{commit}^{{commit}}")
    except GitCommandError:
        return False
    return True


def _text_in(tree: Tree, path: str) -> str | None:
    try:
        blob = tree / path
    except KeyError:
        return None
    if blob.type != "blob":
        return None
    data = cast("bytes", blob.data_stream.read())  # pyright: ignore[reportUnknownMemberType]  # untyped in gitdb
    return data.decode("utf-8", errors="replace")


def _place(checkout: Path) -> str:
    return f"'{checkout.name or checkout}'"
