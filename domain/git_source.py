"""Where the flows' code is: a repository, and the branch or the commit in it that runs take.

The reference is BUILD_TAG, else GIT_BRANCH, else the branch that is checked out; the stack's settings win over all. A
tag is pinned to its commit, a branch is followed. All of it is checked against the remote, because what a worker cannot
find there fails only in a run, and without a word about why.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from domain.flow_deployments import entrypoint_parts
from domain.git_checkout import active_branch, left_behind, remote_of, text_at
from domain.git_remote import GitSourceError, branch_at, refs_at, refuse_credentials, tag_at, without_remote

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class GitSource:
    """The code that runs take; either a branch, which is followed, or a commit, which is not."""

    repository: str
    branch: str | None = None
    commit_sha: str | None = None
    folder: str = "flows"
    """Where in the repository the flows are."""
    tip: str
    """The commit that a run would take if it started now."""

    @property
    def reference(self) -> str:
        """The branch or the commit."""
        return self.commit_sha or self.branch or ""


@dataclass(frozen=True, kw_only=True)
class WantedSource:
    """What the stack's settings say about the source; None leaves it to the environment and the checkout."""

    repository: str | None = None
    reference: str | None = None
    """A branch, a tag, a commit of 40 digits, or a full name such as `refs/tags/v1.0.0`."""
    folder: str = "flows"


def resolve_source(checkout: Path, environment: Mapping[str, str], wanted: WantedSource) -> GitSource:
    """Find the code that runs take; raises GitSourceError when they could not."""
    tag, branch = environment.get("BUILD_TAG", ""), environment.get("GIT_BRANCH", "")
    repository = wanted.repository or remote_of(checkout)
    refuse_credentials(repository)
    refs = refs_at(repository)
    if wanted.reference:
        kind, name, commit = _known(wanted.reference, refs, repository)
    elif tag:
        kind, name, commit = "tag", tag, tag_at(tag, refs, repository, "BUILD_TAG")
    elif branch:
        name = without_remote(branch, refs)
        kind, commit = "branch", branch_at(name, refs, repository, "GIT_BRANCH")
    else:
        name = active_branch(checkout)
        kind, commit = "branch", branch_at(name, refs, repository, "the branch that is checked out")
    if kind == "branch":
        return GitSource(repository=repository, branch=name, folder=wanted.folder, tip=commit)
    return GitSource(repository=repository, commit_sha=commit, folder=wanted.folder, tip=commit)


def warnings_about(checkout: Path, source: GitSource) -> list[str]:
    """Say what is in the checkout and in no run: changes to the flows that are not committed or not pushed."""
    return left_behind(checkout, source.folder, branch=source.branch, tip=source.tip)


def check_entrypoint(checkout: Path, source: GitSource, entrypoint: str) -> None:
    """Raise GitSourceError when the code that a run would take now has no such flow.

    Reads the file at the commit, and says nothing when the checkout does not have the commit.
    """
    path, function = entrypoint_parts(entrypoint)
    text = text_at(checkout, source.tip, path)
    if text is None:
        return
    where = f"{path!r} at {source.branch or 'commit'} ({source.tip[:12]})"
    try:
        names = _names_in(ast.parse(text))
    except SyntaxError as error:
        raise GitSourceError(f"{where} is not Python: {error.msg} in line {error.lineno}") from error
    if function not in names:
        close = get_close_matches(function, names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise GitSourceError(f"{where} defines no {function!r}{hint}")


def _known(reference: str, refs: Mapping[str, str], repository: str) -> tuple[str, str, str]:
    """Take a reference from the settings for what the remote has under that name."""
    where = "landing:flows.reference"
    if _COMMIT.fullmatch(reference):
        return "commit", reference, reference
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
    raise GitSourceError(
        f"{reference!r} ({where}) is neither a branch nor a tag at {repository}; push it, or name one that is there"
    )


def _names_in(module: ast.Module) -> set[str]:
    """Give the names that a module's own lines define; a class or a function keeps what is inside to itself."""
    names: set[str] = set()
    nodes: list[ast.AST] = [module]
    while nodes:
        for node in ast.iter_child_nodes(nodes.pop()):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    names.add(node.name)
                    continue
                case ast.Name(ctx=ast.Store()):
                    names.add(node.id)
                case ast.alias():
                    names.add(node.asname or node.name)
                case _:
                    pass
            nodes.append(node)
    return names
