"""The sandbox's bare repository: where it is, and what it allows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sandbox.home import SandboxHome

NAME = "landing.git"
"""Name of the one repository, in the part's folder and in its address."""

_SETTINGS = {
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",  # as the public hosts do: a commit can be fetched by its name
    "receive.shallowUpdate": "true",  # a checkout made by CI may be shallow
}


def repository_url(home: SandboxHome) -> str:
    """Give the address from which the repository is cloned."""
    return f"{home.url('git')}/{NAME}"


def bare_repository(home: SandboxHome) -> Path:
    """Give the folder of the bare repository, made whole when it is not there yet."""
    folder = home.folder("git") / NAME
    if not folder.exists():
        scratch = home.folder("git") / f"new-{os.getpid()}"
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(scratch))
        for key, value in _SETTINGS.items():
            _git("--git-dir", str(scratch), "config", key, value)
        scratch.rename(folder)
    return folder


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)  # noqa: S603, S607  # the user's own git, and our own words
