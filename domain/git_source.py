"""Where the flows' code is: a repository, and the branch or the commit in it that runs take.

The reference is BUILD_TAG, else GIT_BRANCH, else the branch that is checked out; the stack's settings win over all. A
tag is pinned to its commit, a branch is followed. All of it is checked against the remote, because what a worker cannot
find there fails only in a run, and without a word about why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from domain.flow_source import FlowDefinition
from domain.git_address import refuse_credentials
from domain.git_checkout import active_branch, full_commit, left_behind, remote_of
from domain.git_command import GitSourceError
from domain.git_remote import branch_at, refs_at, tag_at, without_remote

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT_COMMIT = re.compile(r"[0-9A-Fa-f]{4,40}")


@dataclass(frozen=True, kw_only=True)
class GitSource:
    """The code that runs take; either a branch, which is followed, or a commit, which is not."""

    repository: str
    branch: str | None = None
    commit_sha: str | None = None
    tag: str | None = None
    """The tag that stood for the commit, where it was a tag that was asked for."""
    folder: str = "flows"
    """Where in the repository the flows are."""
    tip: str
    """The commit that a run would take if it started now."""
    flows: Mapping[str, FlowDefinition] = field(default_factory=dict[str, FlowDefinition], repr=False)
    """The flows at that commit that the stack names, by their entry points."""

    @property
    def reference(self) -> str:
        """The branch or the commit."""
        return self.commit_sha or self.branch or ""

    @property
    def remote_name(self) -> str:
        """What the remote knows the code by: the full name of a branch or a tag, or a commit."""
        if self.branch:
            return f"refs/heads/{self.branch}"
        return f"refs/tags/{self.tag}" if self.tag else self.tip

    @property
    def outputs(self) -> dict[str, str]:
        """What the stack keeps of it, for `moved_tag` at the next `up`."""
        if self.branch:
            return {"branch": self.branch}
        return {"commit": self.tip, **({"tag": self.tag} if self.tag else {})}


@dataclass(frozen=True, kw_only=True)
class WantedSource:
    """What the stack's settings say about the source; None leaves it to the environment and the checkout."""

    repository: str | None = None
    reference: str | None = None
    """A branch, a tag, a commit of 40 digits, or a full name such as `refs/tags/v1.0.0`."""
    folder: str = "flows"


def resolve_source(checkout: Path, environment: Mapping[str, str], wanted: WantedSource) -> GitSource:
    """Find the code that runs take; raises GitSourceError when they could not.

    Whether the remote has a commit that the settings name by its digits is seen when it is read.
    """
    tag, branch = environment.get("BUILD_TAG", ""), environment.get("GIT_BRANCH", "")
    repository = wanted.repository or remote_of(checkout)
    refuse_credentials(repository)
    refs = refs_at(repository, checkout)
    if wanted.reference:
        kind, name, commit = _known(wanted.reference, refs, repository, checkout)
    elif tag:
        name = tag.removeprefix("refs/tags/")
        kind, commit = "tag", tag_at(name, refs, repository, "BUILD_TAG")
    elif branch:
        name = without_remote(branch, refs)
        kind, commit = "branch", branch_at(name, refs, repository, "GIT_BRANCH")
    else:
        name = active_branch(checkout)
        kind, commit = "branch", branch_at(name, refs, repository, "the branch that is checked out")
    if kind == "branch":
        return GitSource(repository=repository, branch=name, folder=wanted.folder, tip=commit)
    pinned = name if kind == "tag" else None
    return GitSource(repository=repository, commit_sha=commit, tag=pinned, folder=wanted.folder, tip=commit)


def warnings_about(checkout: Path, source: GitSource) -> list[str]:
    """Say what is in the checkout and in no run: changes to the flows that are not committed or not pushed."""
    return left_behind(checkout, source.repository, source.folder, branch=source.branch, tip=source.tip)


def moved_tag(earlier: object, source: GitSource) -> str | None:
    """Say so when the tag stands for another commit than at the last `up`; `earlier` is that one's `outputs`."""
    if not isinstance(earlier, Mapping):
        return None
    known = cast("Mapping[str, object]", earlier)
    if not source.tag or known.get("tag") != source.tag or known.get("commit") in {None, source.tip}:
        return None
    return (
        f"the tag {source.tag} moved at {source.repository} from {known['commit']} to {source.tip}: runs take the old "
        "commit until `up` registers the new one; give a release that is meant to stay a tag of its own"
    )


def _known(reference: str, refs: Mapping[str, str], repository: str, checkout: Path) -> tuple[str, str, str]:
    """Take a reference from the settings for what the remote has under that name."""
    where = "landing:flows.reference"
    branch, tag = reference.removeprefix("refs/heads/"), reference.removeprefix("refs/tags/")
    is_branch = f"refs/heads/{branch}" in refs and not reference.startswith("refs/tags/")
    is_tag = f"refs/tags/{tag}" in refs and not reference.startswith("refs/heads/")
    if is_branch and is_tag:
        raise GitSourceError(
            f"{reference!r} ({where}) is a branch and a tag at {repository}; write refs/heads/{reference} or "
            f"refs/tags/{reference}"
        )
    if is_tag:
        return "tag", tag, tag_at(tag, refs, repository, where)
    if is_branch:
        return "branch", branch, branch_at(branch, refs, repository, where)
    if _COMMIT.fullmatch(reference):
        return "commit", reference, reference
    if _SHORT_COMMIT.fullmatch(reference):
        full = full_commit(checkout, reference)
        fix = f"write {full}" if full else f"write all of them (git rev-parse {reference} gives them)"
        raise GitSourceError(
            f"{reference!r} ({where}) is neither a branch nor a tag at {repository}, and of a commit Prefect takes all "
            f"40 digits in lower case alone; {fix}"
        )
    raise GitSourceError(
        f"{reference!r} ({where}) is neither a branch nor a tag at {repository}; push it, or name one that is there"
    )
