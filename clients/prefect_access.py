"""The way to a Prefect API: its address, who we are, and whom its certificate is to be signed by."""

from __future__ import annotations

import atexit
import functools
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

from clients.errors import ServiceError
from clients.prefect_http import TIMEOUT_SECONDS, PrefectHttp


@dataclass(frozen=True, kw_only=True)
class PrefectCredentials:
    """How to come in: an API key (Prefect Cloud) or `user:password` (a server of one's own), or neither."""

    api_key: str | None = field(default=None, repr=False)
    basic_auth: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """Give the request headers that show the API key."""
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}


@dataclass(frozen=True, kw_only=True)
class PrefectAccess:
    """All that a connection needs."""

    api_url: str
    credentials: PrefectCredentials
    ca_bundle: str | None = None
    """A PEM file with the certificates that the API's own is checked by; the usual authorities' when None."""


_opening = threading.Lock()


def http_at(access: PrefectAccess) -> PrefectHttp:
    """Give the process's one connection for this way: nothing is sent yet, and it ends with the process."""
    with _opening:
        return _opened(access)


@functools.cache
def _opened(access: PrefectAccess) -> PrefectHttp:
    import httpx  # noqa: PLC0415  # a quarter of a second that a program which only names a provider need not pay

    user, _, password = (access.credentials.basic_auth or "").partition(":")
    http = httpx.Client(
        base_url=f"{access.api_url.rstrip('/')}/",
        headers=access.credentials.headers(),
        auth=(user, password) if user else None,
        verify=_trust(access),
        timeout=TIMEOUT_SECONDS,
    )
    atexit.register(http.close)
    return PrefectHttp(http)


def _trust(access: PrefectAccess) -> ssl.SSLContext | bool:
    """Give whom to trust; raises ServiceError for a bundle that is none."""
    if access.api_url.startswith("http://"):
        # Nobody: no certificate is shown, and to read the authorities' takes longer than a call.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if access.ca_bundle is None:
        return True
    fault = ca_bundle_fault(access.ca_bundle)
    if fault:
        raise ServiceError(fault, hint="set landing:prefect.caBundle to a PEM file beside the program")
    return ssl.create_default_context(cafile=access.ca_bundle)


def ca_bundle_fault(path: str) -> str:
    """Say why a file is no bundle of certificates; empty when it is one."""
    if not Path(path).is_file():
        return f"there is no file {path!r}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError):
        return f"{path!r} is not a bundle of certificates in the PEM form"
    return ""
