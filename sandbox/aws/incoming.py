"""An HTTP request as it comes in, and as moto is to see it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from sandbox.aws.signature import HttpRequest, Signature

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?::\d+)?")
_ABSOLUTE = re.compile(r"https?://[^/?]*", re.IGNORECASE)
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A request."""

    environ: WSGIEnvironment
    method: str
    path: str
    """Percent-decoded."""
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, as moto reads them: the first value of each."""
        pairs = parse_qsl(self.raw_query, keep_blank_values=True)
        return dict(reversed(pairs))

    def body(self) -> bytes:
        """Read the body, and leave it to be read again."""
        stream = self.environ["wsgi.input"]
        if self.environ.get("wsgi.input_terminated"):
            content = b"".join(iter(lambda: stream.read(_CHUNK), b""))
        else:
            content = stream.read(int(self.environ.get("CONTENT_LENGTH") or 0))
        self.replace_body(content)
        return content

    def replace_body(self, content: bytes) -> None:
        """Let moto read `content`."""
        self.environ["wsgi.input"] = io.BytesIO(content)
        self.environ["CONTENT_LENGTH"] = str(len(content))

    def to_verify(self, body: bytes | None) -> HttpRequest:
        """Give what of the request is signed."""
        pairs = (pair.partition("=") for pair in self.raw_query.split("&") if pair)
        return HttpRequest(
            method=self.method,
            raw_path=self.raw_path,
            query=tuple((unquote(name), unquote(value)) for name, _, value in pairs),
            headers=self.headers,
            body=body,
        )

    def address_for_moto(self, account: str, host: str, signature: Signature) -> None:
        """Let moto see what the gate saw: path-style, the account given, the service as signed."""
        self.environ["HTTP_HOST"] = host
        self.environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        self.environ["HTTP_AUTHORIZATION"] = (
            f"AWS4-HMAC-SHA256 Credential={signature.access_key_id}/{signature.scope},"
            f" SignedHeaders=host, Signature={signature.value}"
        )


def read_incoming(environ: WSGIEnvironment) -> Incoming:
    """Read a request; one that names its bucket in the host name is turned into path-style."""
    raw_path, _, raw_query = _ABSOLUTE.sub("", environ["REQUEST_URI"], count=1).partition("?")
    raw_path = raw_path or "/"
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    virtual = _VIRTUAL_HOST.fullmatch(environ.get("HTTP_HOST", ""))
    path_style = raw_path if virtual is None else f"/{virtual['bucket']}{raw_path}"
    environ["PATH_INFO"] = unquote(path_style, "latin-1")
    environ["REQUEST_URI"] = environ["RAW_URI"] = f"{path_style}?{raw_query}"
    return Incoming(
        environ=environ,
        method=environ["REQUEST_METHOD"],
        path=unquote(path_style),
        raw_path=raw_path,
        raw_query=raw_query,
        headers=headers,
    )
