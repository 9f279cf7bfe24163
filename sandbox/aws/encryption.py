"""What S3 asks of a KMS key on its caller's behalf when an object is encrypted with it (SSE-KMS).

A put makes a data key, a get opens one, the parts of an upload open the upload's. Keys that AWS manages itself
(`aws/s3`) and SSE-S3 ask nothing of the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from moto.kms.models import Key
from moto.s3.models import FakeBucket

from sandbox.aws.accounts import bucket_named, key_by_id, stored_object
from sandbox.aws.refusal import RefusedError
from sandbox.aws.s3_request import Crypto, S3Request
from sandbox.home import REGION

_KMS_ALGORITHMS = frozenset({"aws:kms", "aws:kms:dsse"})


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """One use of a KMS key that a request needs."""

    action: str
    key_arn: str
    condition_keys: Mapping[str, str]


def key_uses(request: S3Request, headers: Mapping[str, str]) -> Iterator[KeyUse]:
    """Give the uses of KMS keys that `request` needs; raises RefusedError for a key that cannot be used."""
    bucket = bucket_named(request.bucket)
    if bucket is None:
        return
    if request.copy_source is not None:
        source_bucket, source_key, version = request.copy_source
        yield from _to_read(bucket_named(source_bucket), source_key, version)
    if request.crypto is Crypto.DECRYPTS:
        yield from _to_read(bucket, request.key, request.version)
    elif request.crypto is Crypto.ENCRYPTS:
        algorithm = headers.get("x-amz-server-side-encryption")
        key_id = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        yield from _use("kms:GenerateDataKey", bucket, request.key, *_effective(bucket, algorithm, key_id))
    elif request.crypto is Crypto.CONTINUES_UPLOAD:
        upload = bucket.multiparts.get(request.upload or "")
        if upload is not None:
            effective = _effective(bucket, upload.sse_encryption, upload.kms_key_id)
            yield from _use("kms:Decrypt", bucket, request.key, *effective)


def _to_read(bucket: FakeBucket | None, key: str, version: str | None) -> Iterator[KeyUse]:
    stored = None if bucket is None else stored_object(bucket, key, version)
    if bucket is not None and stored is not None:
        yield from _use("kms:Decrypt", bucket, key, stored.encryption, stored.kms_key_id)


def _effective(bucket: FakeBucket, algorithm: str | None, key_id: str | None) -> tuple[str | None, str | None]:
    """Give the algorithm and key for a new object: the request's, else the bucket's default."""
    default = _default_encryption(bucket)
    return algorithm or default.get("SSEAlgorithm"), key_id or default.get("KMSMasterKeyID")


def _default_encryption(bucket: FakeBucket) -> dict[str, str]:
    rule = (bucket.encryption or {}).get("Rule", {})
    return rule.get("ApplyServerSideEncryptionByDefault", {})


def _use(action: str, bucket: FakeBucket, key: str, algorithm: str | None, key_id: str | None) -> Iterator[KeyUse]:
    if algorithm not in _KMS_ALGORITHMS or not key_id:
        return
    found = key_by_id(key_id, bucket.account_id)
    if found is None:
        raise RefusedError("KMS.NotFoundException", f"Key '{key_id}' does not exist", HTTPStatus.BAD_REQUEST)
    _check_usable(found)
    rule = (bucket.encryption or {}).get("Rule", {})
    by_bucket_key = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
    bucket_arn = f"arn:aws:s3:::{bucket.name}"
    yield KeyUse(
        action=action,
        key_arn=found.arn,
        condition_keys={
            "kms:ViaService": f"s3.{REGION}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": bucket_arn if by_bucket_key else f"{bucket_arn}/{key}",
            "kms:EncryptionContextKeys": "aws:s3:arn",
        },
    )


def _check_usable(key: Key) -> None:
    if key.key_state == "Disabled":
        raise RefusedError("KMS.DisabledException", f"{key.arn} is disabled.", HTTPStatus.BAD_REQUEST)
    if key.key_state == "PendingDeletion":
        raise RefusedError("KMS.KMSInvalidStateException", f"{key.arn} is pending deletion.", HTTPStatus.BAD_REQUEST)
