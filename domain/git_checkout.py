"""The checkout that the program runs in, read through Git's own objects: nothing in it is executed or imported."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from domain.git_remote import GIT_IS_MISSING, GitSourceError

if TYPE_CHECKING:
    from git import Repo

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


def text_at(checkout: Path, commit: str, path: str) -> str | None:
    """Give a file's text at a commit, from Git's objects; None when the commit is not here to be read.

    Raises GitSourceError when the commit has no such file.
    """
    from gitdb.exc import BadName, BadObject  # noqa: PLC0415  # as in `opened`

    try:
        with opened(checkout) as repository:
            tree = repository.commit(commit).tree
            try:
                blob = tree / path
            except KeyError:
                raise _NoSuchFileError(f"{path!r} is not in the repository at commit {commit[:12]}") from None
            data = cast("bytes", blob.data_stream.read())  # pyright: ignore[reportUnknownMemberType]  # untyped in gitdb
    except _NoSuchFileError:
        raise
    except (BadName, BadObject, ValueError, GitSourceError):
        return None
    return data.decode("utf-8", errors="replace")


class _NoSuchFileError(GitSourceError):
    """The commit is here, and the file is not in it."""


def left_behind(checkout: Path, folder: str, *, branch: str | None, tip: str) -> list[str]:
    """Say what of `folder` is in the checkout and not at the remote: not committed, or not pushed to `branch`."""
    from git import GitCommandError  # noqa: PLC0415  # as in `opened`

    told: list[str] = []
    try:
        with opened(checkout) as repository:
            changed = str(repository.git.status("--porcelain", "--", f":/{folder}")).splitlines()
            if changed:
                names = [line[3:] for line in changed[:_NAMES_TO_SHOW]] + ["..."] * (len(changed) > _NAMES_TO_SHOW)
                told.append(f"changes in {folder}/ are not committed, so no run has them: {', '.join(names)}")
            if branch and not repository.head.is_detached and repository.active_branch.name == branch:
                ahead = int(repository.git.rev_list("--count", f"{tip}..HEAD", "--", f":/{folder}"))
                if ahead:
                    commits = "1 commit" if ahead == 1 else f"{ahead} commits"
                    told.append(f"{commits} with changes in {folder}/ not pushed to {branch}, so no run has them")
    except (GitSourceError, GitCommandError):
        # No checkout, or one that has not fetched the tip: it can say nothing about the code at the remote.
        return told
    return told


def _place(checkout: Path) -> str:
    return f"'{checkout.name or checkout}'"
