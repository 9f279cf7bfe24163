"""The gate in front of moto: a WSGI application that asks IAM before it lets a request through.

The landing zone's administrator passes unchecked but for S3 objects and AssumeRole, where key, bucket and trust
policies have a say on real AWS too. Everybody else is evaluated on everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.test import run_wsgi_app

from sandbox.aws import s3_gate
from sandbox.aws.accounts import KeyHolder, key_holder
from sandbox.aws.activity import Activity
from sandbox.aws.authority import ask
from sandbox.aws.cbor import as_json
from sandbox.aws.conditions import UnknownOperatorError
from sandbox.aws.confirmed import Keeper
from sandbox.aws.incoming import Incoming, read_incoming
from sandbox.aws.policy import PolicyError
from sandbox.aws.principals import PrincipalError
from sandbox.aws.refusal import RefusedError, Reply, denied, render
from sandbox.aws.role_sessions import ACTION as ASSUME_ROLE
from sandbox.aws.role_sessions import check_assume_role
from sandbox.aws.s3_request import read_s3_request
from sandbox.aws.service_request import ServiceRequest, read_service_request, speaks_json
from sandbox.aws.signature import Signature, read_signature

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOG = logging.getLogger(__name__)
HEALTH = "/_sandbox/health"
_S3_CONTROL = "/v20180820/"
_MOTOS_OWN = ("/moto-api", "/latest/", "/favicon.ico")
_UNREADABLE = (PolicyError, PrincipalError, UnknownOperatorError)
_FREE_FOR_ALL = frozenset({"sts:GetCallerIdentity"})

Answer = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


class Gate:
    """Lets through to `moto` what policies allow."""

    def __init__(
        self, moto: WSGIApplication, activity: Activity, keeper: Keeper, *, host: str, administrator_arn: str
    ) -> None:
        self._moto = moto
        self._activity = activity
        self._keeper = keeper
        self._host = host
        self._administrator_arn = administrator_arn

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        incoming = read_incoming(environ)
        if incoming.path == HEALTH:
            reply = Reply(status=HTTPStatus.OK, body=b'{"status": "ok"}', content_type="application/json")
            return _send(reply, start_response)
        service = "s3"
        try:
            _keep_out_of_moto(incoming.path)
            signature = read_signature(incoming.to_verify(None))
            service = signature.service
            body = None if service == "s3" else incoming.body()
            holder = _authenticate(incoming, signature, body)
            if body is not None:
                incoming, body = as_json(incoming, body)
            answer = self._judge(incoming, signature, holder, body)
        except RefusedError as refusal:
            _LOG.info("refused %s %s: %s", incoming.method, incoming.path, refusal.message)
            json = speaks_json(incoming.headers)
            reply = render(refusal, service=service, speaks_json=json, is_head=incoming.method == "HEAD")
            return _send(reply, start_response)
        return answer(environ, start_response)

    def _judge(self, incoming: Incoming, signature: Signature, holder: KeyHolder, body: bytes | None) -> Answer:
        """Decide, and give what answers the request; raises RefusedError."""
        try:
            if body is None:
                return self._judge_s3(incoming, signature, holder)
            return self._judge_service(incoming, signature, holder, body)
        except _UNREADABLE as error:
            _LOG.warning("a policy cannot be evaluated: %s", error)
            raise RefusedError(
                "NotImplemented", f"The sandbox cannot evaluate a policy: {error}", HTTPStatus.NOT_IMPLEMENTED
            ) from error

    def _is_administrator(self, holder: KeyHolder) -> bool:
        return holder.caller.arn == self._administrator_arn

    def _judge_s3(self, incoming: Incoming, signature: Signature, holder: KeyHolder) -> Answer:
        administrator = self._is_administrator(holder)
        if incoming.path.startswith(_S3_CONTROL) and not administrator:
            raise RefusedError("AccessDenied", f"User: {holder.caller.arn} is not authorized to use S3 Control")
        request = read_s3_request(incoming.method, incoming.path, incoming.parameters, incoming.headers)
        s3_gate.check(holder, request, incoming.headers, administrator=administrator)
        incoming.address_for_moto(holder.caller.account, self._host, signature)
        if request.deletes_many:
            return self._delete_of_many(incoming, holder, request.bucket)
        if s3_gate.reads_only(request, incoming.method):
            return self._pass_on(self._activity.request())
        return self._pass_on(self._activity.request(), keep=lambda: self._keeper.keep_s3(request))

    def _delete_of_many(self, incoming: Incoming, holder: KeyHolder, bucket: str) -> Answer:
        split = s3_gate.split_delete(holder, bucket, incoming.body())

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            body = s3_gate.EMPTY_DELETE_REPLY
            if split.permitted is not None:
                incoming.replace_body(split.permitted)
                with self._activity.request():
                    chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
                    self._keeper.keep_objects(bucket, split.keys)
                self._activity.changed()
                body = b"".join(chunks)
                if not status.startswith("200"):
                    start_response(status, list(headers))
                    return [body]
            merged = s3_gate.merged_delete_reply(body, split.errors)
            return _send(Reply(status=HTTPStatus.OK, body=merged), start_response)

        return answer

    def _judge_service(self, incoming: Incoming, signature: Signature, holder: KeyHolder, body: bytes) -> Answer:
        request = read_service_request(
            signature.service, holder.caller.account, incoming.headers, incoming.parameters, body
        )
        self._check_service(holder, request)
        incoming.address_for_moto(request.account, self._host, signature)
        waits = request.action == "sqs:ReceiveMessage"
        keep = partial(self._keeper.keep_service, request.action) if request.changes_state(incoming.method) else None
        return self._pass_on(nullcontext() if waits else self._activity.request(), keep=keep)

    def _check_service(self, holder: KeyHolder, request: ServiceRequest) -> None:
        if request.action == ASSUME_ROLE:
            check_assume_role(holder, request.parameters)
        elif request.action not in _FREE_FOR_ALL and not self._is_administrator(holder):
            decision = ask(holder, request.action, request.resource, {})
            if not decision:
                raise denied(holder.caller, request.action, request.resource, decision)

    def _pass_on(self, hold: AbstractContextManager[None], *, keep: Callable[[], None] | None = None) -> Answer:
        """Let moto answer; what it changed is kept before anybody has the answer."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            with hold:
                reply = self._moto(environ, start_response)
                if keep:
                    keep()
            if keep:
                self._activity.changed()
            return reply

        return answer


def _keep_out_of_moto(path: str) -> None:
    """Refuse moto's own control pages, which would let anybody change anything."""
    if path.startswith(_MOTOS_OWN):
        raise RefusedError("AccessDenied", f"{path} is no part of AWS, and is not served")


def _authenticate(incoming: Incoming, signature: Signature, body: bytes | None) -> KeyHolder:
    """Find whose key signed the request, and check that it works; raises RefusedError."""
    now = datetime.now(UTC)
    holder = key_holder(signature.access_key_id)
    invalid = "The security token included in the request is invalid."
    if holder is None:
        raise RefusedError("InvalidClientTokenId", invalid)
    if (signature.token or None) != holder.session_token:
        raise RefusedError("InvalidToken", invalid)
    if holder.expired(now):
        raise RefusedError("ExpiredToken", "The security token included in the request is expired")
    signature.check(holder.secret_access_key, incoming.to_verify(body), now)
    return holder


def _send(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body))), *reply.headers]
    start_response(f"{reply.status.value} {reply.status.phrase}", headers)
    return [reply.body]
