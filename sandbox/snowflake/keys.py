"""Key-pair authentication: a user's public keys, their fingerprints, and the tokens that the private halves sign.

The rules are those of Snowflake's user guide, "Key-pair authentication and key-pair rotation", and of its SQL API's
guide for the token: issuer `ACCOUNT.USER.SHA256:fingerprint`, subject `ACCOUNT.USER`, at most an hour from its issue.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.snowflake.errors import SnowflakeError

LONGEST_LIFE = dt.timedelta(hours=1)
"""How long a token counts after its issue, whatever it says itself."""

CLOCK_SKEW = dt.timedelta(minutes=1)
"""By how much a client's clock may be ahead."""

_SHORTEST_KEY_BITS = 2048


class InvalidTokenError(Exception):
    """A token that opens nothing, and why; the client is not told why."""


@dataclass(frozen=True)
class Claim:
    """What a token says of itself, before its signature is checked."""

    account: str
    user: str
    fingerprint: str


def read_public_key(text: str) -> str:
    """Give a public key as it is kept: base64 without line ends. Raises SnowflakeError for what is no RSA key."""
    body = "".join(line for line in text.splitlines() if not line.startswith("-----")).replace(" ", "")
    try:
        key = serialization.load_der_public_key(base64.b64decode(body, validate=True))
    except (ValueError, binascii.Error) as error:
        raise _rejected("Invalid Public key") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SHORTEST_KEY_BITS:
        raise _rejected("Invalid Public key")
    return body


def public_key_of(private_key: str) -> str:
    """Give the public half of a PEM private key, as it is kept."""
    key = serialization.load_pem_private_key(private_key.encode(), None).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def fingerprint(public_key: str) -> str:
    """Give what RSA_PUBLIC_KEY_FP shows of a kept key; empty for none."""
    if not public_key:
        return ""
    return f"SHA256:{base64.b64encode(hashlib.sha256(base64.b64decode(public_key)).digest()).decode()}"


def claim_of(token: str) -> Claim:
    """Read who a token claims to come from. Raises InvalidTokenError for what has no such form."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise InvalidTokenError(f"it is no token: {error}") from error
    issuer, subject = str(claims.get("iss", "")), str(claims.get("sub", ""))
    who, dot, print_ = issuer.rpartition(".")
    account, middle, user = who.partition(".")
    if not (dot and middle and user and print_.startswith("SHA256:")):
        raise InvalidTokenError(f"its issuer '{issuer}' is not ACCOUNT.USER.SHA256:fingerprint")
    if subject != who:
        raise InvalidTokenError(f"its subject '{subject}' is not '{who}'")
    return Claim(account, user, print_)


def check_token(token: str, public_key: str, now: dt.datetime) -> None:
    """Check a token's signature and times. Raises InvalidTokenError for one that does not count at `now`."""
    key = serialization.load_der_public_key(base64.b64decode(public_key))
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidTokenError("the user's key is no RSA key")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            options={"require": ["iat", "exp"], "verify_exp": False, "verify_iat": False},
        )
        issued, expires = (dt.datetime.fromtimestamp(float(claims[name]), dt.UTC) for name in ("iat", "exp"))
    except (jwt.PyJWTError, TypeError, ValueError, OverflowError) as error:
        raise InvalidTokenError(str(error)) from error
    if issued > now + CLOCK_SKEW:
        raise InvalidTokenError(f"it is issued at {issued}, later than {now}")
    if now >= min(expires, issued + LONGEST_LIFE):
        raise InvalidTokenError(f"it ended at {min(expires, issued + LONGEST_LIFE)}")


def _rejected(reason: str) -> SnowflakeError:
    return SnowflakeError(
        390422, "22023", f"SQL execution error:\nNew public key rejected by current policy. Reason: '{reason}'"
    )
