"""An S3 request's meaning: which actions on which resources it is, with which condition keys.

Path-style only: the gate turns other addresses into it. What a request asks for that is not in the tables here has
the action `s3:Unknown`, which only an administrator may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote

_BUCKET_SUBRESOURCES: dict[str, tuple[str, str, str]] = {  # name: action of GET, of PUT, of DELETE
    "acl": ("GetBucketAcl", "PutBucketAcl", ""),
    "accelerate": ("GetAccelerateConfiguration", "PutAccelerateConfiguration", ""),
    "cors": ("GetBucketCORS", "PutBucketCORS", "PutBucketCORS"),
    "encryption": ("GetEncryptionConfiguration", "PutEncryptionConfiguration", "PutEncryptionConfiguration"),
    "lifecycle": ("GetLifecycleConfiguration", "PutLifecycleConfiguration", "PutLifecycleConfiguration"),
    "location": ("GetBucketLocation", "", ""),
    "logging": ("GetBucketLogging", "PutBucketLogging", ""),
    "notification": ("GetBucketNotification", "PutBucketNotification", ""),
    "object-lock": ("GetBucketObjectLockConfiguration", "PutBucketObjectLockConfiguration", ""),
    "ownershipControls": (
        "GetBucketOwnershipControls",
        "PutBucketOwnershipControls",
        "PutBucketOwnershipControls",
    ),
    "policy": ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
    "policyStatus": ("GetBucketPolicyStatus", "", ""),
    "publicAccessBlock": ("GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    "replication": ("GetReplicationConfiguration", "PutReplicationConfiguration", "PutReplicationConfiguration"),
    "requestPayment": ("GetBucketRequestPayment", "PutBucketRequestPayment", ""),
    "tagging": ("GetBucketTagging", "PutBucketTagging", "PutBucketTagging"),
    "uploads": ("ListBucketMultipartUploads", "", ""),
    "versioning": ("GetBucketVersioning", "PutBucketVersioning", ""),
    "versions": ("ListBucketVersions", "", ""),
    "website": ("GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"),
}
_OBJECT_SUBRESOURCES: dict[str, tuple[str, str, str]] = {
    "acl": ("GetObjectAcl", "PutObjectAcl", ""),
    "legal-hold": ("GetObjectLegalHold", "PutObjectLegalHold", ""),
    "retention": ("GetObjectRetention", "PutObjectRetention", ""),
    "tagging": ("GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"),
}
_PARAMETERS = frozenset(
    {
        *("list-type", "prefix", "delimiter", "max-keys", "marker", "start-after", "continuation-token", "fetch-owner"),
        *("encoding-type", "key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "x-id", "versionid"),
        *("partnumber", "uploadid", "part-number-marker", "max-parts", "response-content-type", "max-buckets"),
        *("response-content-disposition", "response-cache-control", "response-content-encoding", "bucket-region"),
        *("response-content-language", "response-expires"),
    }
)
_CONDITION_PARAMETERS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
_CONDITION_HEADERS = (
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-content-sha256",
)


class Crypto(Enum):
    """What an S3 request asks of the KMS key of its object."""

    NOTHING = auto()
    ENCRYPTS = auto()
    """The object is new: a data key is made."""
    DECRYPTS = auto()
    """The object is there: its data key is opened."""
    CONTINUES_UPLOAD = auto()
    """A part of an upload: the upload's data key is opened."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """One action on one resource that a request needs."""

    action: str
    resource: str


@dataclass(frozen=True, kw_only=True)
class S3Request:
    """An S3 request's meaning."""

    bucket: str
    key: str
    accesses: tuple[Access, ...]
    condition_keys: Mapping[str, str]
    crypto: Crypto = Crypto.NOTHING
    version: str | None = None
    upload: str | None = None
    copy_source: tuple[str, str, str | None] | None = None
    """Bucket, key and version that are read for a copy."""
    deletes_many: bool = False
    """The keys to delete are named in the body."""


def read_s3_request(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> S3Request:
    """Read a path-style request; `path` is not percent-encoded, header names are in lower case."""
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket:
        access = Access(action="s3:ListAllMyBuckets" if method == "GET" and path == "/" else "s3:Unknown", resource="*")
        return S3Request(bucket="", key="", accesses=(access,), condition_keys={})
    if not key:
        return _read_bucket_request(method, bucket, query)
    return _read_object_request(method, bucket, key, query, headers)


def _unknown(query: Mapping[str, str], known: Mapping[str, object]) -> bool:
    """Say whether the query has something that may change what the request means."""
    return any(
        name not in known and name.lower() not in _PARAMETERS and not name.lower().startswith("x-amz-")
        for name in query
    )


def _sub_action(method: str, actions: tuple[str, str, str]) -> str:
    index = {"GET": 0, "HEAD": 0, "PUT": 1, "DELETE": 2}.get(method)
    return (actions[index] if index is not None else "") or "Unknown"


def _read_bucket_request(method: str, bucket: str, query: Mapping[str, str]) -> S3Request:
    condition_keys = {key: query[name] for name, key in _CONDITION_PARAMETERS.items() if name in query}
    subresources = [name for name in query if name in _BUCKET_SUBRESOURCES]
    deletes_many = method == "POST" and "delete" in query
    if deletes_many and not subresources:
        accesses: tuple[Access, ...] = ()
    else:
        action = "Unknown"
        if len(subresources) == 1:
            action = _sub_action(method, _BUCKET_SUBRESOURCES[subresources[0]])
        elif not subresources and not _unknown(query, {}):
            whole_bucket = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
            action = whole_bucket.get(method, "Unknown")
        accesses = (Access(action=f"s3:{action}", resource=f"arn:aws:s3:::{bucket}"),)
    return S3Request(bucket=bucket, key="", accesses=accesses, condition_keys=condition_keys, deletes_many=deletes_many)


def _read_object_request(
    method: str, bucket: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> S3Request:
    version, upload = query.get("versionId"), query.get("uploadId")
    copied = headers.get("x-amz-copy-source")
    actions, crypto = _object_actions(method, query, headers)
    arn = f"arn:aws:s3:::{bucket}/{key}"
    accesses = [Access(action=f"s3:{action}", resource=arn) for action in actions]
    copy_source = None
    if copied is not None and method == "PUT":
        copy_source = _read_copy_source(copied)
        source_bucket, source_key, source_version = copy_source
        accesses.append(
            Access(
                action="s3:GetObject" if source_version is None else "s3:GetObjectVersion",
                resource=f"arn:aws:s3:::{source_bucket}/{source_key}",
            )
        )
    condition_keys = {f"s3:{name}": headers[name] for name in _CONDITION_HEADERS if name in headers}
    if version is not None:
        condition_keys["s3:VersionId"] = version
    return S3Request(
        bucket=bucket,
        key=key,
        accesses=tuple(accesses),
        condition_keys=condition_keys,
        crypto=crypto,
        version=version,
        upload=upload,
        copy_source=copy_source,
    )


def _object_actions(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[list[str], Crypto]:
    """Give the actions on the object itself and what they ask of its key."""
    subresources = [name for name in query if name in _OBJECT_SUBRESOURCES]
    other = {"uploads": None, "attributes": None, "restore": None}
    if len(subresources) > 1 or _unknown(query, {**_OBJECT_SUBRESOURCES, **other}):
        return ["Unknown"], Crypto.NOTHING
    versioned = "Version" if "versionId" in query else ""
    if subresources:
        action = _sub_action(method, _OBJECT_SUBRESOURCES[subresources[0]])
        if versioned and subresources[0] in {"acl", "tagging"}:
            action = action.replace("Object", "ObjectVersion")
        return [action], Crypto.NOTHING
    if "uploadId" in query:
        action, crypto = _UPLOAD_ACTIONS.get(method, ("Unknown", Crypto.NOTHING))
        return [action], crypto
    if method == "PUT" or (method == "POST" and "uploads" in query):
        return ["PutObject", *_also_put(headers)], Crypto.ENCRYPTS
    return _whole_object_actions(method, query, headers, versioned)


_UPLOAD_ACTIONS = {
    "PUT": ("PutObject", Crypto.CONTINUES_UPLOAD),
    "POST": ("PutObject", Crypto.CONTINUES_UPLOAD),
    "GET": ("ListMultipartUploadParts", Crypto.NOTHING),
    "DELETE": ("AbortMultipartUpload", Crypto.NOTHING),
}


def _whole_object_actions(
    method: str, query: Mapping[str, str], headers: Mapping[str, str], versioned: str
) -> tuple[list[str], Crypto]:
    if method == "HEAD":
        with_checksum = headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
        return [f"GetObject{versioned}"], Crypto.DECRYPTS if with_checksum else Crypto.NOTHING
    if method == "GET":
        attributes = [f"GetObject{versioned}Attributes"] if "attributes" in query else []
        return [f"GetObject{versioned}", *attributes], Crypto.DECRYPTS
    if method == "DELETE":
        return [f"DeleteObject{versioned}"], Crypto.NOTHING
    return ["RestoreObject" if method == "POST" and "restore" in query else "Unknown"], Crypto.NOTHING


def _also_put(headers: Mapping[str, str]) -> list[str]:
    """Give the further actions that a put's headers ask for."""
    named = [action for header, action in _PUT_HEADERS.items() if header in headers]
    grants = any(name.startswith("x-amz-grant-") for name in headers)
    return [*named, "PutObjectAcl"] if grants or headers.get("x-amz-acl", "private") != "private" else named


_PUT_HEADERS = {
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
}


def _read_copy_source(header: str) -> tuple[str, str, str | None]:
    source, _, version = header.partition("?versionId=")
    bucket, _, key = unquote(source).removeprefix("/").partition("/")
    return bucket, key, version or None
