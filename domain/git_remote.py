"""A Git remote, asked without a clone: which branches and tags it has, and at which commits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from domain.git_command import GitError, GitSourceError, access_from, ask_git

_SECONDS_TO_ANSWER = 20


def refs_at(repository: str, checkout: Path) -> dict[str, str]:
    """Ask the remote for its branches and tags, as one would in the checkout.

    An annotated tag's commit stands under its name and `^{}`.
    """
    words = ("ls-remote", "--heads", "--tags", "--", repository)
    try:
        listing = ask_git(*words, folder=checkout, seconds=_SECONDS_TO_ANSWER, access=access_from(checkout))
    except GitError as error:
        raise GitSourceError(
            f"the Git repository {repository} cannot be read from here ({error}); check landing:flows.repository, "
            "the network and your rights to it"
        ) from error
    lines = [line.split("\t", 1) for line in listing.decode("utf-8", errors="replace").splitlines()]
    return {name: commit for commit, name in lines}


def branch_at(name: str, refs: Mapping[str, str], repository: str, where: str) -> str:
    """Give the commit of a branch; `where` is who named it, for the error."""
    commit = refs.get(f"refs/heads/{name}")
    if commit is None:
        raise GitSourceError(
            f"{name!r} ({where}) is not a branch at {repository}; push it (git push -u origin {name}), or name one "
            "that is there with GIT_BRANCH or landing:flows.reference"
        )
    return commit


def tag_at(name: str, refs: Mapping[str, str], repository: str, where: str) -> str:
    """Give the commit that a tag stands for, be it annotated or not; `where` is who named it, for the error."""
    commit = refs.get(f"refs/tags/{name}^{{}}") or refs.get(f"refs/tags/{name}")
    if commit is None:
        raise GitSourceError(
            f"{name!r} ({where}) is not a tag at {repository}; push it (git push origin {name}), or name another"
        )
    return commit


def without_remote(branch: str, refs: Mapping[str, str]) -> str:
    """Take `origin/main`, as some build servers write it, for `main`, unless there is a branch of that full name."""
    branch = branch.removeprefix("refs/heads/")
    short = branch.partition("/")[2]
    known = f"refs/heads/{branch}" in refs
    return short if not known and short and f"refs/heads/{short}" in refs else branch
