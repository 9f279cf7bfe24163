"""Private keys that open nothing, in the forms that `ssh-keygen` and OpenSSL write."""

from __future__ import annotations

import warnings
from functools import cache

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

OPENSSH, PKCS1, PKCS8 = PrivateFormat.OpenSSH, PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8


@cache
def make(kind: str) -> PrivateKeyTypes:
    """Make a key, the same one for all tests of a run."""
    match kind.split("-"):
        case ["rsa", bits]:
            return rsa.generate_private_key(65537, int(bits))
        case ["ecdsa", "koblitz"]:
            return ec.generate_private_key(ec.SECP256K1())
        case ["ecdsa", _]:
            return ec.generate_private_key(ec.SECP256R1())
        case ["dsa", bits]:
            return dsa.generate_private_key(int(bits))
        case ["ed448", _]:
            return ed448.Ed448PrivateKey.generate()
        case _:
            return ed25519.Ed25519PrivateKey.generate()


@cache
def text_of(kind: str, form: PrivateFormat = OPENSSH, *, passphrase: bytes = b"") -> str:
    """Write a key; the same text each time, which OpenSSH's form is not by itself."""
    with warnings.catch_warnings():
        # DSA and short keys, which is what the tests of them are about.
        warnings.simplefilter("ignore")
        protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return make(kind).private_bytes(Encoding.PEM, form, protection).decode()


def public_line(kind: str) -> str:
    return make(kind).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


PUTTY = """PuTTY-User-Key-File-3: ssh-ed25519
Encryption: none
Comment: eddsa-key-20261124
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAIJc2Bf0mQxXzZbWcD3s8HcVfbVQ0tGqk0w8mGf3Y
Yx1a
Private-Lines: 1
AAAAIGh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnRlcjJodW50
Private-MAC: 00
"""
"""A key as PuTTYgen writes it."""
