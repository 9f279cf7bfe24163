"""Git itself, asked about a remote: with the credentials of whoever runs this program, and never with a question."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

GIT_IS_MISSING = "git is not installed here; install it, so that the flows' source can be checked"

_NEVER_ASK = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "LC_ALL": "C"}
_SSH = "ssh -o BatchMode=yes"
"""OpenSSH, told not to ask for pass phrases and unknown hosts' keys; who has set another command keeps it."""
_ACCESS = r"^(http|credential|url|core\.sshcommand|core\.askpass|ssh)(\.|$)"
"""Settings of a checkout that say how its remotes are reached; CI puts its tokens there."""
_LONGEST_REASON = 200


class GitSourceError(Exception):
    """The flows' code cannot be found where runs would look for it; the message says why and what to do."""


class GitError(Exception):
    """Git did not do what it was asked for; the message is its own last word, without credentials."""


def ask_git(*words: str, folder: Path | None = None, seconds: float, access: Mapping[str, str] | None = None) -> bytes:
    """Run git in a folder, and give what it prints; `access` is from `access_from`.

    Raises GitError, also when there is no answer within `seconds`, and GitSourceError without git.
    """
    try:
        from git import GitCommandNotFound  # noqa: PLC0415  # needs git itself
        from git import GitError as GitPythonError  # noqa: PLC0415
        from git.cmd import Git  # noqa: PLC0415
    except ImportError as error:
        raise GitSourceError(GIT_IS_MISSING) from error
    try:
        return Git(folder).execute(
            ["git", *words],
            env={**_NEVER_ASK, **(access or {})},
            kill_after_timeout=seconds,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
        )
    except GitCommandNotFound as error:
        raise GitSourceError(GIT_IS_MISSING) from error
    except GitPythonError as error:
        raise GitError(_reason(error, seconds)) from error


def access_from(folder: Path) -> dict[str, str]:
    """Give the environment variables by which git reaches a remote from elsewhere as it would from a checkout."""
    try:
        printed = ask_git("config", "--includes", "-z", "--get-regexp", _ACCESS, folder=folder, seconds=10)
    except GitError:
        printed = b""  # there are no such settings
    settings = [entry.partition("\n") for entry in printed.decode("utf-8", errors="replace").split("\0") if entry]
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, _, value) in enumerate(settings, start=first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    has_own_ssh = any(key == "core.sshcommand" for key, _, _ in settings)
    if not (has_own_ssh or os.environ.get("GIT_SSH_COMMAND") or os.environ.get("GIT_SSH")):
        variables["GIT_SSH_COMMAND"] = _SSH
    return variables


def _reason(error: Exception, seconds: float) -> str:
    """Give git's own last word, which is the one that says why."""
    quoted = str(getattr(error, "stderr", "") or "").strip().removeprefix("stderr:").strip()
    said = quoted.removeprefix("'").removesuffix("'").strip()
    if said.startswith("Timeout: the command"):
        return f"no answer within {seconds:g} seconds"
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith(("warning:", "hint:"))]
    lines = lines or [*str(error).splitlines(), "no answer"]
    fatal = next((index for index, line in enumerate(lines) if line.startswith(("fatal:", "ERROR:", "error:"))), 0)
    if fatal and "Could not read from remote repository" in lines[fatal]:
        fatal -= 1  # ssh has said why
    words = re.sub(r"//[^/@\s']*@", "//", lines[fatal].removeprefix("fatal: ").removeprefix("error: "))
    return words.rstrip(".")[:_LONGEST_REASON]
