"""The account's users: who they are, what opens the door for them, and the one that is there from the start."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from sandbox.home import SNOWFLAKE_USER, Credentials
from sandbox.snowflake.keys import fingerprint, public_key_of
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import OWNER, Grant, User
from sandbox.snowflake.store import ObjectStore

_HASH_COST = 2**12
"""scrypt's cost: some ten milliseconds a login, for passwords that are made of 24 random bytes."""


def found_account(store: ObjectStore, credentials: Credentials) -> None:
    """Make the account's first user, an administrator, unless it is there."""
    name = Name.of(SNOWFLAKE_USER)
    if store.find(User, name) is not None:
        return
    store.put(
        User(
            name=name,
            login_name=SNOWFLAKE_USER,
            password_hash=hash_password(credentials.snowflake_password),
            public_keys=(public_key_of(credentials.snowflake_private_key), ""),
            options={"DEFAULT_ROLE": OWNER},
        )
    )
    store.put(Grant.of("USAGE", "ROLE", Name.of(OWNER), ("USER", SNOWFLAKE_USER), granted_by=""))


def find_user(store: ObjectStore, login_name: str) -> User | None:
    """Give the user who logs in under a name, whatever its case."""
    return next((user for user in store.all(User) if user.login_name.upper() == login_name.upper()), None)


def key_of(user: User, print_: str) -> str | None:
    """Give the one of a user's public keys that has this fingerprint."""
    return next((key for key in user.public_keys if key and fingerprint(key) == print_), None)


def hash_password(password: str) -> str:
    """Give what is kept of a password."""
    salt = secrets.token_bytes(16)
    return f"{base64.b64encode(salt).decode()}${_hashed(password, salt)}"


def password_opens(user: User, password: str) -> bool:
    """Tell whether a password is the user's."""
    salt, _, hashed = user.password_hash.partition("$")
    return bool(hashed) and hmac.compare_digest(_hashed(password, base64.b64decode(salt)), hashed)


def _hashed(password: str, salt: bytes) -> str:
    return base64.b64encode(hashlib.scrypt(password.encode(), salt=salt, n=_HASH_COST, r=8, p=1)).decode()
