"""The address of a Git remote: what it may hold, and how a token gets there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from domain.git_command import GitSourceError

_PASSWORD_BEFORE_HOST = re.compile(r"[^/:@\s]+:[^/@\s]+@(?P<host>[^/:@\s]+)")
"""`ada:hunter2@git.example:x.git`, which is no address, and no reason to show the password."""
_NOT_HTTPS = "Prefect sends a token over https alone and drops it elsewhere, without a word"


def refuse_credentials(repository: str) -> None:
    """Raise GitSourceError for an address with a token or a password in it."""
    parts = urlsplit(repository)
    scheme_less = _PASSWORD_BEFORE_HOST.match(repository)
    over_http = parts.scheme.lower() in {"http", "https"}
    in_user = parts.password is not None or (over_http and parts.username is not None)
    if in_user or scheme_less or (over_http and (parts.query or parts.fragment)):
        host = scheme_less["host"] if scheme_less else parts.netloc.rpartition("@")[2]
        raise GitSourceError(
            f"the address of the Git repository at {host} holds credentials, which would be stored in Prefect in plain "
            "text; take them out, put the token into a Prefect secret block and set landing:flows.tokenSecretName"
        )


def token_faults(
    repository: str | None, *, token_secret_name: str | None, username: str | None
) -> Iterator[tuple[str, str]]:
    """Say what is wrong with how a token gets to the remote, as (key, reason); the repository may not be known yet."""
    if username and not token_secret_name:
        yield "username", "has no token beside it; set tokenSecretName to the Prefect secret block that holds one"
    if not token_secret_name or repository is None:
        return
    scheme = repository.partition("://")[0].lower() if "://" in repository else ""
    fix = "set repository to the https address, or leave tokenSecretName out"
    if scheme in {"ssh", "git+ssh"} or re.match(r"[^/]+:(?!//)", repository):
        yield (
            "tokenSecretName",
            f"is of no use for {repository}, which is reached by ssh: {_NOT_HTTPS}; {fix} and give the workers a key",
        )
    elif scheme != "https":
        yield "tokenSecretName", f"is of no use for {repository}: {_NOT_HTTPS}; {fix}"
