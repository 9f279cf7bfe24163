"""Amazon S3: single objects with a text as their content."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from sandbox.plugins.aws.cloud import Aws, given, pairs, unpaired
from sandbox.plugins.table import COMPUTED, FORCE_NEW, KEPT, PLAIN, TAGS, Row
from sandbox.plugins.wire import Properties

_HEADERS = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "metadata": "Metadata",
    "serverSideEncryption": "ServerSideEncryption",
    "bucketKeyEnabled": "BucketKeyEnabled",
    "storageClass": "StorageClass",
}
"""The properties that S3 takes with an object and gives back."""
_UPLOADED = ("content", "sourceHash", "kmsKeyId", *_HEADERS)
"""What changes only by another upload."""


def _place(identifier: str) -> dict[str, str]:
    bucket, _, key = identifier.partition("/")
    return {"Bucket": bucket, "Key": _clean(key)}


def _clean(key: str) -> str:
    """Give the key under which the official plug-in stores an object: no slash at its head, none twice."""
    return re.sub("/+", "/", key.removeprefix("./").lstrip("/"))


def _upload(aws: Aws, inputs: Properties) -> str:
    identifier = f"{inputs['bucket']}/{_clean(inputs['key'])}"
    key = inputs.get("kmsKeyId")
    arguments: dict[str, Any] = {theirs: inputs[ours] for ours, theirs in _HEADERS.items() if ours in inputs}
    if key:
        arguments |= {"SSEKMSKeyId": key, "ServerSideEncryption": "aws:kms"}
    aws.client("s3").put_object(
        Body=inputs.get("content", "").encode(),
        **_place(identifier),
        **arguments,
        **given(Tagging=urlencode(inputs["tagsAll"]) or None),
    )
    return identifier


def _read(aws: Aws, identifier: str) -> Properties | None:
    s3, place = aws.client("s3"), _place(identifier)
    found = s3.head_object(**place)
    return {
        **{ours: found.get(theirs) for ours, theirs in _HEADERS.items()},
        "arn": f"arn:aws:s3:::{place['Bucket']}/{place['Key']}",
        "bucket": place["Bucket"],
        "key": place["Key"],
        "etag": found["ETag"].strip('"'),
        "kmsKeyId": found.get("SSEKMSKeyId"),
        "storageClass": found.get("StorageClass", "STANDARD"),
        "versionId": found.get("VersionId"),
        "region": aws.region,
        **aws.tagged(unpaired(s3.get_object_tagging(**place)["TagSet"])),
    }


def _update(aws: Aws, identifier: str, state: Properties, inputs: Properties) -> None:
    if any(inputs.get(name, state.get(name)) != state.get(name) for name in _UPLOADED) or "content" not in inputs:
        _upload(aws, inputs)
    elif inputs["tagsAll"]:
        aws.client("s3").put_object_tagging(**_place(identifier), Tagging={"TagSet": pairs(inputs["tagsAll"])})
    else:
        aws.client("s3").delete_object_tagging(**_place(identifier))


def _delete(aws: Aws, identifier: str, state: Properties) -> None:
    """Delete the object, and in a bucket with versions every version of its key, as the official plug-in does."""
    s3, place = aws.client("s3"), _place(identifier)
    if not state.get("versionId"):
        s3.delete_object(**place)
        return
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=place["Bucket"], Prefix=place["Key"]):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if version["Key"] == place["Key"]:
                s3.delete_object(**place, VersionId=version["VersionId"])


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:s3/bucketObjectv2:BucketObjectv2",
        properties={
            "bucket": FORCE_NEW,
            "key": FORCE_NEW,
            "content": KEPT,
            "sourceHash": KEPT,
            "forceDestroy": KEPT,
            "cacheControl": PLAIN,
            "contentDisposition": PLAIN,
            "contentEncoding": PLAIN,
            "contentLanguage": PLAIN,
            "contentType": COMPUTED,
            "metadata": PLAIN,
            "kmsKeyId": COMPUTED,
            "serverSideEncryption": COMPUTED,
            "bucketKeyEnabled": COMPUTED,
            "storageClass": COMPUTED,
            **TAGS,
        },
        create=_upload,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
