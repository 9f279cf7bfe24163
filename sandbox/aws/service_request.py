"""The meaning of a request to any service but S3: its action, its resource, its parameters."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl

from sandbox.aws.accounts import key_by_id
from sandbox.aws.cbor import speaks_cbor
from sandbox.aws.refusal import RefusedError
from sandbox.home import REGION

_IAM_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "s3": "s3"}
_READS = (
    "Simulate",
    "Get",
    "List",
    "Describe",
    "Receive",
    "Batch",
    "Lookup",
    "Head",
    "Test",
    "Generate",
    "Decrypt",
    "Encrypt",
)
_KEY_ID_LENGTH = 36


@dataclass(frozen=True, kw_only=True)
class ServiceRequest:
    """A request to a service but S3."""

    action: str
    """Such as `sqs:ReceiveMessage`; `Unknown` stands for an operation that is told by its path alone."""
    resource: str
    account: str
    """The account in which moto is to look for what the request names."""
    parameters: Mapping[str, str]

    @property
    def operation(self) -> str:
        """The action without its service."""
        return self.action.partition(":")[2]

    def changes_state(self, method: str) -> bool:
        """Say whether the request may change what is kept."""
        if self.operation == "Unknown":
            return method not in {"GET", "HEAD"}
        return not self.operation.startswith(_READS)


def speaks_json(headers: Mapping[str, str]) -> bool:
    """Say whether a client talks JSON, or CBOR, which is made from it."""
    return speaks_cbor(headers) or "x-amz-target" in headers or "json" in headers.get("content-type", "")


def read_service_request(
    service: str, account: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
) -> ServiceRequest:
    """Read a request of the caller's `account`; raises RefusedError for one that says two things."""
    target = headers.get("x-amz-target")
    if target is not None:
        operation = target.rpartition(".")[2]
        parameters = _json_parameters(body)
    else:
        form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True) if form else []
        parameters = {**dict(reversed(pairs)), **query}
        if set(dict(pairs)) & set(query):
            raise RefusedError(
                "InvalidParameterCombination",
                "A parameter is both in the address and in the body",
                HTTPStatus.BAD_REQUEST,
            )
        operation = parameters.get("Action", "Unknown")
    action = f"{_IAM_PREFIXES.get(service, service)}:{operation}"
    resource = _resource(service, account, operation, parameters)
    owner = resource.split(":")[4] if service == "sqs" else account
    return ServiceRequest(action=action, resource=resource, account=owner, parameters=parameters)


def _json_parameters(body: bytes) -> dict[str, str]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: value for name, value in cast("dict[str, object]", document).items() if isinstance(value, str)}


def _resource(service: str, account: str, operation: str, parameters: Mapping[str, str]) -> str:
    if service == "sqs":
        return _queue(account, parameters)
    if service == "kms" and operation != "CreateKey":
        key_id = parameters.get("KeyId") or _key_of_ciphertext(parameters.get("CiphertextBlob", ""))
        key = key_by_id(key_id, account) if key_id else None
        return "*" if key is None else key.arn
    if service == "sts":
        return parameters.get("RoleArn", "*")
    if service == "logs" and "logGroupName" in parameters:
        return _log(account, parameters)
    return "*"


def _log(account: str, parameters: Mapping[str, str]) -> str:
    """Give the ARN of a log group, or of the stream in it that events are written to or read from."""
    group = f"arn:aws:logs:{REGION}:{account}:log-group:{parameters['logGroupName']}"
    stream = parameters.get("logStreamName")
    return f"{group}:log-stream:{'' if stream is None else stream}"


def _queue(account: str, parameters: Mapping[str, str]) -> str:
    if "QueueUrl" in parameters:
        *_, owner, name = ["", "", *parameters["QueueUrl"].rstrip("/").split("/")]
        return f"arn:aws:sqs:{REGION}:{owner}:{name}"
    if "QueueName" in parameters:
        owner = parameters.get("QueueOwnerAWSAccountId", account)
        return f"arn:aws:sqs:{REGION}:{owner}:{parameters['QueueName']}"
    return f"arn:aws:sqs:{REGION}:{account}:"


def _key_of_ciphertext(blob: str) -> str | None:
    """Read the key's id from the head of a ciphertext of moto's."""
    try:
        head = base64.b64decode(blob)[:_KEY_ID_LENGTH]
    except binascii.Error:
        return None
    return head.decode("ascii", "replace") or None
