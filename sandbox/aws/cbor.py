"""Smithy's RPC v2 CBOR, which newer AWS SDKs speak with CloudWatch, said in the JSON that moto knows.

A request is turned into JSON once its signature is checked, and a reply is turned back on its way out.
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.model import DenormalizedStructureBuilder
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from werkzeug.test import run_wsgi_app

from sandbox.aws.incoming import Incoming

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PROTOCOL = "rpc-v2-cbor"
_PATH = re.compile(r"/service/(?P<service>\w+)/operation/(?P<operation>\w+)")
_MODELS = {"GraniteServiceVersion20100801": "cloudwatch"}
_HTTP_ERRORS = 300
_BUILDER: Any = DenormalizedStructureBuilder
_NOTHING: Any = _BUILDER().with_members({}).build_model()
_ERROR: Any = _BUILDER().with_members({"__type": {"type": "string"}, "message": {"type": "string"}}).build_model()
_READER: Any = RpcV2CBORParser()
_WRITER: Any = RpcV2CBORSerializer()


def speaks_cbor(headers: Mapping[str, str]) -> bool:
    """Say whether a client talks CBOR."""
    return headers.get("smithy-protocol") == _PROTOCOL


def as_json(incoming: Incoming, body: bytes) -> tuple[Incoming, bytes]:
    """Give a request in CBOR as the same request in JSON, for moto too; any other stays as it is."""
    called = _PATH.fullmatch(incoming.path)
    if called is None or not speaks_cbor(incoming.headers):
        return incoming, body
    parameters: object = _READER.parse_data_item(_READER.get_peekable_stream_from_bytes(body)) if body else {}
    said = json.dumps(parameters, default=_seconds).encode()
    target, kind = f"{called['service']}.{called['operation']}", "application/x-amz-json-1.0"
    incoming.replace_body(said)
    incoming.environ.update(
        PATH_INFO="/", REQUEST_URI="/", RAW_URI="/", CONTENT_TYPE=kind, HTTP_X_AMZ_TARGET=target, HTTP_ACCEPT=kind
    )
    headers = {**incoming.headers, "content-type": kind, "x-amz-target": target}
    return replace(incoming, path="/", raw_path="/", headers=headers), said


class CborReplies:
    """Gives clients that talk CBOR their replies in it; what answers below gives JSON."""

    def __init__(self, below: WSGIApplication) -> None:
        self._below = below

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        called = _PATH.fullmatch(str(environ.get("PATH_INFO", "")))
        if called is None or environ.get("HTTP_SMITHY_PROTOCOL") != _PROTOCOL:
            return self._below(environ, start_response)
        chunks, status, _ = run_wsgi_app(self._below, environ, buffered=True)
        document = json.loads(b"".join(chunks) or b"{}")
        if int(status.split()[0]) < _HTTP_ERRORS:
            # An operation without output answers an empty map.
            shape = _model(_MODELS[called["service"]]).operation_model(called["operation"]).output_shape or _NOTHING
        else:
            # Services write `Message` at times; clients of this protocol read `message` alone.
            document = {"__type": document.get("__type"), "message": document.get("message", document.get("Message"))}
            shape = _ERROR
        body = _written(document, shape)
        headers = {"Content-Type": "application/cbor", "Content-Length": str(len(body)), "smithy-protocol": _PROTOCOL}
        start_response(status, list(headers.items()))
        return [body]


@cache
def _model(service: str) -> Any:  # noqa: ANN401  # botocore has no types
    sessions: Any = botocore.session
    return sessions.get_session().get_service_model(service)


def _written(document: dict[str, Any], shape: Any) -> bytes:  # noqa: ANN401  # as above
    body = bytearray()
    _WRITER._serialize_data_item(body, document, shape)  # noqa: SLF001  # botocore shows it for requests alone
    return bytes(body)


def _seconds(moment: object) -> float:
    if isinstance(moment, datetime):
        return moment.timestamp()
    raise TypeError(f"{type(moment).__name__} has no JSON form here")
