"""What a token must say, and be signed with, to open the sandbox's Snowflake."""

from __future__ import annotations

import datetime as dt

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.home import new_private_key
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.keys import (
    InvalidTokenError,
    check_token,
    claim_of,
    fingerprint,
    public_key_of,
    read_public_key,
)

KEY = new_private_key()
PUBLIC = public_key_of(KEY)
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def token(
    key: str = KEY,
    issued: dt.datetime = NOW,
    life: dt.timedelta = 59 * MINUTE,
    algorithm: str = "RS256",
    claims: dict[str, object] | None = None,
) -> str:
    said: dict[str, object] = {
        "iss": f"SANDBOX-LANDING.A.B.{fingerprint(PUBLIC)}",
        "sub": "SANDBOX-LANDING.A.B",
        "iat": int(issued.timestamp()),
        "exp": int((issued + life).timestamp()),
        **(claims or {}),
    }
    return jwt.encode({name: value for name, value in said.items() if value is not None}, key, algorithm)


def test_a_token_tells_account_user_and_key() -> None:
    claim = claim_of(token())
    assert (claim.account, claim.user, claim.fingerprint) == ("SANDBOX-LANDING", "A.B", fingerprint(PUBLIC))
    check_token(token(), PUBLIC, NOW)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (token(new_private_key()), "Signature verification failed"),
        (token(issued=NOW - 60 * MINUTE), "it ended at"),
        (token(issued=NOW - 61 * MINUTE, life=600 * MINUTE), "it ended at"),
        (token(issued=NOW + 2 * MINUTE), "it is issued at"),
        (token(claims={"exp": None}), 'missing the "exp" claim'),
        (token(claims={"iat": None}), 'missing the "iat" claim'),
        (token("secret" * 8, algorithm="HS256"), "alg"),
        (jwt.encode({"iat": 0, "exp": 2**33}, "", "none"), "alg"),
    ],
)
def test_a_token_that_does_not_count_is_told_why(made: str, why: str) -> None:
    with pytest.raises(InvalidTokenError, match=why):
        check_token(made, PUBLIC, NOW)


@pytest.mark.parametrize(
    "claims",
    [{"iss": "A.B"}, {"iss": None}, {"iss": f"B.{fingerprint(PUBLIC)}"}, {"sub": "SANDBOX-LANDING.C"}, {"sub": None}],
)
def test_a_token_for_nobody_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(InvalidTokenError):
        claim_of(token(claims=claims))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        claim_of(text)
    with pytest.raises(SnowflakeError):
        read_public_key(text)


def test_a_public_key_may_come_with_its_lines() -> None:
    pem = "-----BEGIN PUBLIC KEY-----\n" + PUBLIC[:64] + "\n" + PUBLIC[64:] + "\n-----END PUBLIC KEY-----\n"
    assert read_public_key(pem) == PUBLIC
