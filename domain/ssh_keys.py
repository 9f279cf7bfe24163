"""SSH public keys as partners send them: read, checked and named by fingerprint, with the standard library alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

MINIMUM_RSA_BITS = 2048
"""AWS Transfer takes shorter RSA keys; NIST SP 800-131A does not."""

ACCEPTED_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
"""The key types that an AWS Transfer user may have (AWS Transfer Family user guide, "Managing SSH keys")."""


@dataclass(frozen=True)
class PublicKey:
    """One public key, without the comment that names somebody's machine."""

    type: str
    blob: str
    """The key itself, in base64."""

    @property
    def body(self) -> str:
        """The key as AWS Transfer wants it: type and base64, no comment."""
        return f"{self.type} {self.blob}"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint, as OpenSSH prints it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return as_openssh_prints("SHA256:" + base64.b64encode(digest).decode())

    @property
    def short_name(self) -> str:
        """Eight hexadecimal digits that stay the same however a list of keys is ordered."""
        return hashlib.sha256(base64.b64decode(self.blob)).hexdigest()[:8]


def parse_public_key(text: str) -> PublicKey:
    """Read one line of an OpenSSH public key file.

    Raises ValueError that says what the text is instead and what to send.
    """
    if "PRIVATE KEY" in text or "PuTTY-User-Key-File" in text:
        raise ValueError("this is a PRIVATE key: treat it as exposed, make a new pair, and give the .pub file's line")
    words = text.split()
    accepted = ", ".join(ACCEPTED_TYPES)
    if len(words) < 2 or "\n" in text.strip():  # noqa: PLR2004  # a type and a blob
        raise ValueError(f"{_shortened(text)!r} is not one line of an OpenSSH public key: '<type> <base64>'")
    kind, blob = words[0], words[1]
    if kind not in ACCEPTED_TYPES:
        raise ValueError(f"{kind!r} is not an accepted key type; it is one of {accepted}")
    try:
        fields = _fields(base64.b64decode(blob, validate=True))
    except (binascii.Error, struct.error, ValueError):
        fields = []
    if not fields or fields[0] != kind.encode():
        raise ValueError(f"{_shortened(text)!r} is cut short or damaged: its base64 does not hold a {kind} key")
    if kind == "ssh-rsa":
        if len(fields) != 3:  # noqa: PLR2004  # the type, the exponent and the modulus
            raise ValueError(f"{_shortened(text)!r} is cut short or damaged: an RSA key has two numbers")
        bits = int.from_bytes(fields[2], "big").bit_length()
        if bits < MINIMUM_RSA_BITS:
            raise ValueError(f"an RSA key of {bits} bits is too short: at least {MINIMUM_RSA_BITS}, or use ssh-ed25519")
    return PublicKey(kind, blob)


def as_openssh_prints(fingerprint: str) -> str:
    """Give a SHA-256 fingerprint without the padding that AWS may write: clients compare texts."""
    return fingerprint.rstrip("=")


def _fields(data: bytes) -> list[bytes]:
    """Split an SSH wire format blob (RFC 4253, section 6.6) into its length-prefixed fields."""
    fields: list[bytes] = []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        if length > len(data) - 4:
            raise ValueError("a field is longer than the rest of the blob")
        fields.append(data[4 : 4 + length])
        data = data[4 + length :]
    if len(fields) < 2:  # noqa: PLR2004  # a type and at least one number
        raise ValueError("a key has a type and at least one number")
    return fields


def _shortened(text: str) -> str:
    # No more: a private key that lost its first line would show itself from about here on.
    limit = 20
    return text if len(text) <= limit else text[:limit] + "..."
