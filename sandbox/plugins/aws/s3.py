"""Amazon S3: the bucket itself; `s3_settings` has what is set on one."""

from __future__ import annotations

from sandbox.plugins.aws.cloud import Aws, RefusedError, is_gone, pairs, unless, unpaired
from sandbox.plugins.table import FORCE_NEW, KEPT, TAGS, Row
from sandbox.plugins.wire import Properties

_HOSTED_ZONE = "Z3AQBSTGFYJSTF"
"""AWS's own DNS zone for buckets in us-east-1."""


def _create(aws: Aws, inputs: Properties) -> str:
    s3, name = aws.client("s3"), inputs["bucket"]
    if _is_there(aws, name):
        # In us-east-1 AWS answers a second creation by the owner with success.
        raise RefusedError(f"bucket {name!r} exists already (BucketAlreadyExists); choose another name")
    s3.create_bucket(Bucket=name)
    return name


def _is_there(aws: Aws, name: str) -> bool:
    try:
        aws.client("s3").head_bucket(Bucket=name)
    except Exception as error:
        if is_gone(error):
            return False
        raise
    return True


def _tag(aws: Aws, name: str, inputs: Properties) -> None:
    if inputs["tagsAll"]:
        aws.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(inputs["tagsAll"])})


def _read(aws: Aws, name: str) -> Properties | None:
    s3 = aws.client("s3")
    s3.head_bucket(Bucket=name)
    tags = unless("NoSuchTagSet", lambda: s3.get_bucket_tagging(Bucket=name)).get("TagSet", [])
    return {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{aws.region}.amazonaws.com",
        "bucketRegion": aws.region,
        "hostedZoneId": _HOSTED_ZONE,
        "region": aws.region,
        **aws.tagged(unpaired(tags)),
    }


def _update(aws: Aws, name: str, state: Properties, inputs: Properties) -> None:
    if state.get("tagsAll") and not inputs["tagsAll"]:
        aws.client("s3").delete_bucket_tagging(Bucket=name)
    _tag(aws, name, inputs)


def _delete(aws: Aws, name: str, state: Properties) -> None:
    s3 = aws.client("s3")
    if state.get("forceDestroy"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if versions:
                doomed = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
                s3.delete_objects(Bucket=name, Delete={"Objects": doomed, "Quiet": True})
        for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    s3.delete_bucket(Bucket=name)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:s3/bucket:Bucket",
        properties={"bucket": FORCE_NEW, "forceDestroy": KEPT, **TAGS},
        create=_create,
        settle=_tag,
        read=_read,
        update=_update,
        delete=_delete,
        auto_name="bucket",
    ),
)
