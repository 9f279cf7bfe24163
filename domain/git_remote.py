"""A Git remote, asked without a clone: which branches and tags it has, and at which commits."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

GIT_IS_MISSING = "git is not installed here; install it, so that the flows' source can be checked"
_SECONDS_TO_ANSWER = 20


class GitSourceError(Exception):
    """The flows' code cannot be found where runs would look for it; the message says why and what to do."""


def refuse_credentials(repository: str) -> None:
    """Raise GitSourceError for an address with a token or a password in it."""
    parts = urlsplit(repository)
    if parts.password is not None or (parts.scheme in {"http", "https"} and parts.username is not None):
        host = parts.netloc.rpartition("@")[2]
        raise GitSourceError(
            f"the address of the Git repository at {host} holds credentials, which would be stored in Prefect in plain "
            "text; take them out, put the token into a Prefect secret block and set landing:flows.tokenSecretName"
        )


def refs_at(repository: str) -> dict[str, str]:
    """Ask the remote for its branches and tags; an annotated tag's commit stands under its name and `^{}`."""
    from git import GitCommandNotFound, GitError  # noqa: PLC0415  # as in `opened`
    from git.cmd import Git  # noqa: PLC0415  # as in `opened`

    try:
        listing = Git().ls_remote(
            "--heads",
            "--tags",
            "--",
            repository,
            env={"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            kill_after_timeout=_SECONDS_TO_ANSWER,
        )
    except GitCommandNotFound as error:
        raise GitSourceError(GIT_IS_MISSING) from error
    except GitError as error:
        raise GitSourceError(
            f"the Git repository {repository} cannot be read from here ({_reason(error)}); check "
            "landing:flows.repository, the network and your rights to it"
        ) from error
    lines = [line.split("\t", 1) for line in str(listing).splitlines()]
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
    short = branch.partition("/")[2]
    known = f"refs/heads/{branch}" in refs
    return short if not known and short and f"refs/heads/{short}" in refs else branch


def _reason(error: Exception) -> str:
    """Give git's own last word, which is the one that says why."""
    said = str(getattr(error, "stderr", "") or "").strip().removeprefix("stderr:").strip().strip("'").strip()
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "ERROR:"))]
    return (fatal or lines or str(error).splitlines() or ["no answer"])[0].removeprefix("fatal: ").rstrip(".")[:200]
