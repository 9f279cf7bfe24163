# pyright: reportUnknownMemberType=false
# botocore is not typed: what leaves this file is.
"""S3 for what runs in the same process: requests signed as over HTTP and judged by the same gate, but never on a wire.

boto3 takes about as long to make a request and to read its answer as the gate and moto take to answer it, and a
connection takes as long again. A file of a few kilobytes is two requests, so the SFTP door asks here.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote, urlencode, urlsplit

import xmltodict
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials

from sandbox.home import REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_OK = range(200, 300)
_UNHASHED = {"client_config": Config(s3={"payload_signing_enabled": False})}
"""A body's hash would prove nothing of what has not left the process."""


class S3RefusalError(Exception):
    """A request that S3 did not carry out, in S3's words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        """Of HTTP."""
        self.code = code
        """Empty for a HEAD, whose refusals have no body."""
        self.message = message


@dataclass(frozen=True)
class S3Answer:
    """What S3 gave for a request that it carried out."""

    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def document(self, *lists: str) -> Mapping[str, Any]:
        """Give the XML of the body without its root; elements named in `lists` are lists, however many there are."""
        parsed = xmltodict.parse(self.body, force_list=lists, strip_whitespace=False)
        return next(iter(parsed.values())) or {}


class S3Client:
    """S3 as the owner of some credentials meets it."""

    def __init__(
        self, application: WSGIApplication, endpoint: str, credentials: Callable[[], ReadOnlyCredentials]
    ) -> None:
        """Take the gate, the address that it has over HTTP, and what gives credentials that work now."""
        self._application = application
        self._endpoint = endpoint
        self._credentials = credentials

    def send(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> S3Answer:
        """Have one request answered, in the caller's thread; raises S3RefusalError."""
        path = quote(f"/{bucket}/{key}" if key else f"/{bucket}", safe="/~")
        asked = f"?{urlencode(query, quote_via=quote, safe='~')}" if query else ""
        request = AWSRequest(method=method, url=f"{self._endpoint}{path}{asked}", headers=dict(headers or {}))
        request.context.update(_UNHASHED)
        S3SigV4Auth(self._credentials(), "s3", REGION).add_auth(request)
        return self._answer(request, body)

    def _answer(self, request: AWSRequest, body: bytes) -> S3Answer:
        status = 0
        headers: dict[str, str] = {}

        def start_response(line: str, pairs: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
            nonlocal status
            status = int(line.partition(" ")[0])
            headers.update((name.lower(), value) for name, value in pairs)
            return lambda _: None

        chunks = self._application(_environ(request, body), start_response)
        try:
            content = b"".join(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        if status not in _OK:
            raise _refusal(status, content)
        return S3Answer(headers, content)


def _refusal(status: int, content: bytes) -> S3RefusalError:
    error: Mapping[str, str] = xmltodict.parse(content)["Error"] if content else {}
    return S3RefusalError(status, error.get("Code") or "", error.get("Message") or f"S3 answered {status}")


def _environ(request: AWSRequest, body: bytes) -> WSGIEnvironment:
    """Write the request down as a WSGI server would that had read it from a connection."""
    url = urlsplit(cast("str", request.url))
    uri = f"{url.path}?{url.query}" if url.query else url.path
    return {
        **{f"HTTP_{name.upper().replace('-', '_')}": str(value) for name, value in request.headers.items()},
        "HTTP_HOST": url.netloc,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path, "latin-1"),
        "QUERY_STRING": url.query,
        "REQUEST_URI": uri,
        "RAW_URI": uri,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
