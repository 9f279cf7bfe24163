"""Files at a commit of a remote, fetched without a clone: the commit, and of its files those asked for."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.git_command import GitError, GitSourceError, access_from, ask_git

_SECONDS_TO_FETCH = 120
_SECONDS_TO_READ = 20


class CommitRefusedError(GitSourceError):
    """The remote gives no commit by its number, so that it may or may not have it."""


def fetch_texts(
    repository: str, reference: str, commit: str, paths: Collection[str], checkout: Path
) -> dict[str, str | None]:
    """Give the texts of files at a commit, None for one that is not there; `reference` is how the remote knows it.

    Raises GitSourceError when the remote does not have the commit, and CommitRefusedError when it does not say.
    """
    access = access_from(checkout)
    with TemporaryDirectory(prefix="flows-source-") as folder, _errors_told(repository, reference, commit):
        bare = _BareRepository(Path(folder), access)
        bare.fetch(repository, reference)
        found = bare.commit_fetched()
        if found != commit:
            raise GitSourceError(
                f"{reference} at {repository} moved from {commit[:12]} to {found[:12]} while it was read; run again"
            )
        return bare.texts(commit, paths)


class _BareRepository:
    def __init__(self, folder: Path, access: Mapping[str, str]) -> None:
        self._folder = folder
        self._access = access
        self._ask("init", "--quiet", "--bare", "--template=", ".")

    def fetch(self, repository: str, reference: str) -> None:
        self._ask("remote", "add", "origin", "--", repository)
        # Without the files' contents, where the remote can do that; a warning where it cannot.
        self._fetch("--depth=1", "origin", reference)

    def commit_fetched(self) -> str:
        return self._ask("rev-parse", "FETCH_HEAD^{commit}").decode().strip()

    def texts(self, commit: str, paths: Collection[str]) -> dict[str, str | None]:
        entries = self._ask("ls-tree", "-r", "-z", "--full-tree", commit, "--", *sorted(paths)).decode().split("\0")
        named = {path: about.split() for about, _, path in (entry.partition("\t") for entry in entries if entry)}
        objects = {path: named[path][2] for path in paths if path in named}
        self._fetch_missing(commit, set(objects.values()))
        return {
            path: self._ask("cat-file", "blob", objects[path]).decode("utf-8", errors="replace")
            if path in objects
            else None
            for path in paths
        }

    def _fetch_missing(self, commit: str, objects: set[str]) -> None:
        """Fetch contents all at once: Git itself would connect once for each."""
        walked = self._ask("rev-list", "--objects", "--no-object-names", "--missing=print", commit).decode()
        missing = {line.removeprefix("?") for line in walked.splitlines() if line.startswith("?")} & objects
        if missing:
            self._fetch("--no-write-fetch-head", "origin", *sorted(missing))

    def _fetch(self, *words: str) -> None:
        options = ("--quiet", "--no-tags", "--no-auto-maintenance", "--filter=blob:none")
        self._ask("-c", "fetch.negotiationAlgorithm=noop", "fetch", *options, *words, seconds=_SECONDS_TO_FETCH)

    def _ask(self, *words: str, seconds: float = _SECONDS_TO_READ) -> bytes:
        return ask_git(*words, folder=self._folder, seconds=seconds, access=self._access)


@contextmanager
def _errors_told(repository: str, reference: str, commit: str) -> Generator[None]:
    try:
        yield
    except GitError as error:
        if "not our ref" in str(error):
            raise GitSourceError(
                f"{commit} (landing:flows.reference) is not a commit at {repository}; push it, or name one that is "
                "there"
            ) from error
        if "unadvertised object" in str(error):
            raise CommitRefusedError(
                f"the Git host of {repository} gives out no commit by its number, so it is not known whether "
                f"{commit[:12]} (landing:flows.reference) is there; name a branch or a tag to have that checked"
            ) from error
        raise GitSourceError(
            f"{reference} of the Git repository {repository} cannot be fetched from here ({error}); check the network "
            "and your rights to it"
        ) from error
