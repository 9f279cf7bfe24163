"""Certificates that a service's own is checked by, where no usual authority has signed it."""

from __future__ import annotations

import ssl
from pathlib import Path


def ca_bundle_fault(bundle: str, folder: Path | None = None) -> str:
    """Say why a file is no bundle of certificates; empty when it is one. `folder` is where a relative path starts."""
    file = (folder or Path()) / bundle
    if not file.is_file():
        return f"there is no file {bundle!r}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except (ssl.SSLError, OSError):
        return f"{bundle!r} is not a bundle of certificates in the PEM form"
    return ""
