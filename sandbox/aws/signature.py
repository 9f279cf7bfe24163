"""Signature Version 4, from the server's side: who says to have signed a request, and whether they did.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote, unquote

from sandbox.aws.refusal import RefusedError

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(
    rf"{_ALGORITHM} Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*"
    r"Signature=(?P<signature>\w+)"
)
_SCOPE = re.compile(r"(?P<key>\w+)/(?P<date>\d{8})/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request")
_MOST_SKEW = timedelta(minutes=15)
_LONGEST_PRESIGNED = timedelta(days=7)
_UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """What of an HTTP request is signed."""

    method: str
    raw_path: str
    """Percent-encoded, as sent."""
    query: tuple[tuple[str, str], ...]
    """Decoded, in the order sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes | None
    """None for S3, whose requests carry their body's hash in a header."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a request says of its signer."""

    access_key_id: str
    scope: str
    service: str
    region: str
    signed_headers: tuple[str, ...]
    value: str
    token: str | None
    moment: str
    lifetime: timedelta | None
    """How long a presigned address works; None for a signed header."""

    def check(self, secret: str, request: HttpRequest, now: datetime) -> None:
        """Check that the owner of `secret` signed `request`, and lately; raises RefusedError."""
        self._check_time(now)
        canonical = "\n".join(
            (
                request.method,
                _canonical_path(request.raw_path, self.service),
                _canonical_query(request.query),
                *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in self.signed_headers),
                "",
                ";".join(self.signed_headers),
                self._payload_hash(request),
            )
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{self.moment}\n{self.scope}\n{digest}"
        wanted = hmac.new(_signing_key(secret, self.scope), to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, self.value):
            raise RefusedError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
                " Check your AWS Secret Access Key and signing method.",
            )

    def _payload_hash(self, request: HttpRequest) -> str:
        if self.lifetime is not None:
            return request.headers.get("x-amz-content-sha256", _UNSIGNED)
        if request.body is None:
            return request.headers.get("x-amz-content-sha256", "")
        return hashlib.sha256(request.body).hexdigest()

    def _check_time(self, now: datetime) -> None:
        try:
            moment = datetime.strptime(self.moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise RefusedError("AccessDenied", f"X-Amz-Date is not a date: {self.moment!r}") from error
        if self.lifetime is not None:
            if moment - now > _MOST_SKEW:
                raise RefusedError("AccessDenied", "Request is not valid yet")
            if now > moment + self.lifetime:
                raise RefusedError("AccessDenied", "Request has expired")
        elif abs(now - moment) > _MOST_SKEW:
            raise RefusedError(
                "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
            )


def _canonical_path(raw_path: str, service: str) -> str:
    once = quote(unquote(raw_path), safe="/~")
    return once if service == "s3" else quote(once, safe="/~")


def _canonical_query(query: tuple[tuple[str, str], ...]) -> str:
    pairs = sorted(
        (quote(name, safe="~"), quote(value, safe="~")) for name, value in query if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


@lru_cache(maxsize=512)
def _signing_key(secret: str, scope: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def read_signature(request: HttpRequest) -> Signature:
    """Read who says to have signed a request; raises RefusedError when nobody does."""
    query = dict(request.query)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        match = _HEADER.fullmatch(authorization.strip())
        if match is None:
            raise RefusedError(
                "IncompleteSignature",
                "The Authorization header is not one of AWS4-HMAC-SHA256.",
                HTTPStatus.BAD_REQUEST,
            )
        return _signature(
            credential=match["credential"],
            headers=match["headers"],
            value=match["signature"],
            token=request.headers.get("x-amz-security-token"),
            moment=request.headers.get("x-amz-date", ""),
            lifetime=None,
        )
    if query.get("X-Amz-Algorithm") == _ALGORITHM:
        return _signature(
            credential=query.get("X-Amz-Credential", ""),
            headers=query.get("X-Amz-SignedHeaders", ""),
            value=query.get("X-Amz-Signature", ""),
            token=query.get("X-Amz-Security-Token"),
            moment=query.get("X-Amz-Date", ""),
            lifetime=_lifetime(query.get("X-Amz-Expires", "")),
        )
    raise RefusedError("MissingAuthenticationToken", "Request is missing Authentication Token")


def _lifetime(seconds: str) -> timedelta:
    """Read how long a presigned address works: seven days at most.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    if not (seconds.isascii() and seconds.isdecimal()):
        raise _unusable("X-Amz-Expires should be a number")
    if len(seconds) > _MOST_DIGITS or timedelta(seconds=int(seconds)) > _LONGEST_PRESIGNED:
        longest = int(_LONGEST_PRESIGNED.total_seconds())
        raise _unusable(
            f"X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than"
            f" {longest} seconds"
        )
    return timedelta(seconds=int(seconds))


_MOST_DIGITS = 9


def _unusable(message: str) -> RefusedError:
    return RefusedError("AuthorizationQueryParametersError", message, HTTPStatus.BAD_REQUEST)


def _signature(  # noqa: PLR0917  # keyword arguments at both calls
    credential: str, headers: str, value: str, token: str | None, moment: str, lifetime: timedelta | None
) -> Signature:
    scope = _SCOPE.fullmatch(credential)
    if scope is None:
        raise RefusedError(
            "IncompleteSignature", f"'{credential}' is not a valid credential scope.", HTTPStatus.BAD_REQUEST
        )
    return Signature(
        access_key_id=scope["key"],
        scope=credential.partition("/")[2],
        service=scope["service"].lower(),
        region=scope["region"],
        signed_headers=tuple(headers.split(";")),
        value=value,
        token=token,
        moment=moment,
        lifetime=lifetime,
    )
