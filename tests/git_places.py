"""A Git remote and a checkout of it, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from git import Actor, Repo

from domain.git_source import GitSource, WantedSource, resolve_source

FLOW = "flows/hello.py"
ADA = Actor("Ada", "ada@example.com")


@dataclass(frozen=True)
class GitPlace:
    """A checkout with one remote, `origin`."""

    checkout: Repo
    remote: Path

    @property
    def folder(self) -> Path:
        return Path(self.checkout.working_dir)

    @property
    def head(self) -> str:
        return self.checkout.head.commit.hexsha

    def commit(self, text: str, file: str = FLOW) -> str:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.checkout.git.add(file)
        return self.checkout.index.commit("work", author=ADA, committer=ADA).hexsha

    def push(self, *references: str) -> None:
        self.checkout.remote("origin").push(list(references) or ["main"]).raise_if_error()

    def resolve(self, wanted: WantedSource | None = None, **environment: str) -> GitSource:
        return resolve_source(self.folder, environment, wanted or WantedSource())
