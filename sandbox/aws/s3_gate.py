"""S3 at the gate: each action, each key, and each object of a delete of many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast
from xml.sax.saxutils import escape

import xmltodict

from sandbox.aws.accounts import KeyHolder, bucket_named, stored_object
from sandbox.aws.authority import ask
from sandbox.aws.encryption import key_uses
from sandbox.aws.refusal import denied
from sandbox.aws.s3_request import Access, Crypto, S3Request


def check(holder: KeyHolder, request: S3Request, headers: Mapping[str, str], *, administrator: bool) -> None:
    """Check all that a request needs; raises RefusedError.

    An administrator's requests are checked where they touch objects, and not where they set up buckets.
    """
    for access in (*request.accesses, *_to_learn_of_absence(request)):
        if administrator and not request.key:
            continue
        _require(holder, access, request.condition_keys)
    for use in key_uses(request, headers):
        keys = {**use.condition_keys, "kms:CallerAccount": holder.caller.account}
        _require(holder, Access(action=use.action, resource=use.key_arn), keys)


def _require(holder: KeyHolder, access: Access, keys: Mapping[str, str]) -> None:
    decision = ask(holder, access.action, access.resource, keys)
    if not decision:
        raise denied(holder.caller, access.action, access.resource, decision)


def _to_learn_of_absence(request: S3Request) -> Iterator[Access]:
    """Ask for ListBucket where an object is not there: S3 says so only to those who may list."""
    bucket = bucket_named(request.bucket)
    if bucket is None or not any(access.action.startswith("s3:GetObject") for access in request.accesses):
        return
    if request.key and request.copy_source is None and stored_object(bucket, request.key, request.version) is None:
        yield Access(action="s3:ListBucket", resource=f"arn:aws:s3:::{request.bucket}")


@dataclass(frozen=True, kw_only=True)
class DeleteOfMany:
    """A DeleteObjects request, split into what may and what may not be deleted."""

    permitted: bytes | None
    """The body to pass on; None when nothing may be deleted."""
    keys: tuple[str, ...]
    """The objects that may be deleted."""
    errors: bytes
    """The reply's elements for what may not."""


def split_delete(holder: KeyHolder, bucket: str, body: bytes) -> DeleteOfMany:
    """Decide on each object of a DeleteObjects request, which S3 answers one by one."""
    document = xmltodict.parse(body, strip_whitespace=False)
    objects = document["Delete"].get("Object", [])
    listed = cast("list[dict[str, str]]", objects if isinstance(objects, list) else [objects])
    permitted: list[dict[str, str]] = []
    errors: list[str] = []
    for one in listed:
        version = one.get("VersionId")
        access = Access(
            action="s3:DeleteObject" if version is None else "s3:DeleteObjectVersion",
            resource=f"arn:aws:s3:::{bucket}/{one['Key']}",
        )
        keys = {} if version is None else {"s3:VersionId": version}
        decision = ask(holder, access.action, access.resource, keys)
        if decision:
            permitted.append(one)
        else:
            refusal = denied(holder.caller, access.action, access.resource, decision)
            errors.append(
                f"<Error><Key>{escape(one['Key'])}</Key><Code>{refusal.code}</Code>"
                f"<Message>{escape(refusal.message)}</Message></Error>"
            )
    document["Delete"]["Object"] = permitted
    return DeleteOfMany(
        permitted=xmltodict.unparse(document).encode() if permitted else None,
        keys=tuple(one["Key"] for one in permitted),
        errors="".join(errors).encode(),
    )


def merged_delete_reply(reply: bytes, errors: bytes) -> bytes:
    """Add the gate's own errors to moto's reply."""
    return reply.replace(b"</DeleteResult>", errors + b"</DeleteResult>")


EMPTY_DELETE_REPLY = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>'
)


def reads_only(request: S3Request, method: str) -> bool:
    """Say whether a request leaves everything as it was."""
    return method in {"GET", "HEAD"} and request.crypto in {Crypto.NOTHING, Crypto.DECRYPTS}
