"""Bring what is committed in a checkout to the sandbox's Git host, so that the worker can pull it."""

from __future__ import annotations

from pathlib import Path

from git import GitCommandError, Repo

from sandbox.git.repository import bare_repository
from sandbox.home import SandboxHome


def publish(home: SandboxHome, checkout: Path, branch: str) -> str:
    """Make `branch` of the sandbox's repository the commit at the checkout's HEAD, and give that commit.

    The tags of that commit and of those before it come along. What branch and tags held before is given up.
    ValueError for a name that Git does not take as a branch's.
    """
    with Repo(checkout) as source:
        try:
            source.git.check_ref_format("--branch", branch)
        except GitCommandError as error:
            raise ValueError(f"'{branch}' is no name for a branch; name one with GIT_BRANCH") from error
        tags = str(source.git.tag("--merged", "HEAD", "--format=%(refname)")).splitlines()
        wanted = [f"HEAD:refs/heads/{branch}", *(f"{tag}:{tag}" for tag in tags)]
        source.git.push("--quiet", "--force", "--no-verify", str(bare_repository(home)), *wanted)
        return source.head.commit.hexsha


def active_branch(checkout: Path) -> str | None:
    """Give the branch that is checked out, or None at a detached head; git.InvalidGitRepositoryError elsewhere."""
    with Repo(checkout) as source:
        return None if source.head.is_detached else source.active_branch.name
