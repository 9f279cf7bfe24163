"""A refusal in the words and in the wire format of the AWS service that was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from xml.sax.saxutils import escape

from sandbox.aws.decision import Decision
from sandbox.aws.principals import Caller


class RefusedError(Exception):
    """A request that the gate does not let through."""

    def __init__(self, code: str, message: str, status: HTTPStatus = HTTPStatus.FORBIDDEN) -> None:
        super().__init__(message)
        self.code = code
        """AWS's error code, as S3, IAM and STS write it."""
        self.message = message
        self.status = status


def denied(caller: Caller, action: str, resource: str, decision: Decision) -> RefusedError:
    """Give AWS's own sentence for a decision that is a no."""
    on = f' on resource: "{resource}"' if action.startswith("s3:") and resource != "*" else f" on resource: {resource}"
    where = on if resource != "*" else ""
    because = f" {decision.reason}" if decision.reason else ""
    return RefusedError("AccessDenied", f"User: {caller.arn} is not authorized to perform: {action}{where}{because}")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP reply of the gate's own."""

    status: HTTPStatus
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/xml"


_JSON_CODES = {  # services that speak JSON name the same faults differently
    "AccessDenied": ("AccessDeniedException", HTTPStatus.BAD_REQUEST),
    "InvalidClientTokenId": ("UnrecognizedClientException", HTTPStatus.BAD_REQUEST),
    "ExpiredToken": ("ExpiredTokenException", HTTPStatus.BAD_REQUEST),
    "SignatureDoesNotMatch": ("InvalidSignatureException", HTTPStatus.BAD_REQUEST),
    "MissingAuthenticationToken": ("MissingAuthenticationTokenException", HTTPStatus.BAD_REQUEST),
}
_S3_CODES = {
    "InvalidClientTokenId": (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        HTTPStatus.FORBIDDEN,
    ),
    "InvalidToken": (
        "InvalidToken",
        "The provided token is malformed or otherwise invalid.",
        HTTPStatus.BAD_REQUEST,
    ),
    "ExpiredToken": ("ExpiredToken", "The provided token has expired.", HTTPStatus.BAD_REQUEST),
    "MissingAuthenticationToken": ("AccessDenied", "Access Denied", HTTPStatus.FORBIDDEN),
}


def render(refusal: RefusedError, *, service: str, speaks_json: bool, is_head: bool) -> Reply:
    """Write a refusal as `service` would."""
    if service == "s3":
        code, message, status = _S3_CODES.get(refusal.code, (refusal.code, refusal.message, refusal.status))
        text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>sandbox</RequestId></Error>"
        return Reply(status=status, body=b"" if is_head else _XML + text.encode())
    code = "InvalidClientTokenId" if refusal.code == "InvalidToken" else refusal.code
    if speaks_json:
        name, status = _JSON_CODES.get(code, (code, HTTPStatus.BAD_REQUEST))
        # SQS spoke XML once, and its clients still want the code of those days.
        query_error = (("x-amzn-query-error", f"{code};Sender"),) if service == "sqs" else ()
        return Reply(
            status=status,
            body=json.dumps({"__type": name, "message": refusal.message}).encode(),
            headers=(("x-amzn-errortype", name), *query_error),
            content_type="application/x-amz-json-1.1",
        )
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(refusal.message)}</Message>"
        "</Error><RequestId>sandbox</RequestId></ErrorResponse>"
    )
    return Reply(status=refusal.status, body=_XML + text.encode())


_XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'
