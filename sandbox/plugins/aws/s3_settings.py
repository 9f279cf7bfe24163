"""Amazon S3: what is set on a bucket, each setting one resource whose id is the bucket's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from sandbox.plugins.aws.cloud import Aws, pairs, unpaired
from sandbox.plugins.table import FORCE_NEW, PLAIN, Property, Row
from sandbox.plugins.wire import Properties, Value

_OWN_CASE = {
    "id": "ID",
    "kmsMasterKeyId": "KMSMasterKeyID",
    "mfaDelete": "MFADelete",
    "sseAlgorithm": "SSEAlgorithm",
}
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def aws_case(value: Value) -> Value:
    """Give a property value as S3's API spells it."""
    match value:
        case dict():
            entries = cast("Mapping[str, Value]", value)
            return {
                _OWN_CASE.get(key, key[0].upper() + key[1:]): pairs(item) if key == "tags" else aws_case(item)
                for key, item in entries.items()
            }
        case list():
            return [aws_case(item) for item in cast("list[Value]", value)]
        case _:
            return value


def engine_case(value: Value) -> Value:
    """Give a value from S3's API as the engine spells it."""
    own = {theirs: ours for ours, theirs in _OWN_CASE.items()}
    match value:
        case dict():
            entries = cast("Mapping[str, Value]", value)
            return {
                own.get(key, key[0].lower() + key[1:]): unpaired(item) if key == "Tags" else engine_case(item)
                for key, item in entries.items()
            }
        case list():
            return [engine_case(item) for item in cast("list[Value]", value)]
        case datetime():
            return value.isoformat()
        case _:
            return value


def _setting(
    name: str,
    properties: Mapping[str, Property],
    put: Callable[[Any, str, Properties], object],
    get: Callable[[Any, str], Properties],
    clear: Callable[[Any, str], object],
) -> Row[Aws]:
    """Give the row of a setting from S3's three calls for it; `get` gives nothing where it is not set."""

    def create(aws: Aws, inputs: Properties) -> str:
        put(aws.client("s3"), inputs["bucket"], inputs)
        return inputs["bucket"]

    def read(aws: Aws, bucket: str) -> Properties | None:
        found = get(aws.client("s3"), bucket)
        return {"bucket": bucket, "region": aws.region, **found} if found else None

    def update(aws: Aws, bucket: str, _state: Properties, inputs: Properties) -> None:
        put(aws.client("s3"), bucket, inputs)

    def delete(aws: Aws, bucket: str, _state: Properties) -> None:
        clear(aws.client("s3"), bucket)

    return Row(
        type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        properties={"bucket": FORCE_NEW, **properties},
        create=create,
        read=read,
        update=update,
        delete=delete,
    )


def _put_encryption(s3: Any, bucket: str, inputs: Properties) -> object:  # noqa: ANN401 - a client of the AWS library
    rules = {"Rules": aws_case(inputs["rules"])}
    return s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)


def _get_encryption(s3: Any, bucket: str) -> Properties:  # noqa: ANN401
    found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    return {"rules": engine_case(found["Rules"])}


def _get_versioning(s3: Any, bucket: str) -> Properties:  # noqa: ANN401
    found = s3.get_bucket_versioning(Bucket=bucket)
    if "Status" not in found:
        return {}
    deletion = {"mfaDelete": found["MFADelete"]} if found.get("MFADelete") == "Enabled" else {}
    return {"versioningConfiguration": {"status": found["Status"], **deletion}}


def _get_access_block(s3: Any, bucket: str) -> Properties:  # noqa: ANN401
    found = engine_case(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"])
    return {name: found.get(name, False) for name in _BLOCKS}


def _put_logging(s3: Any, bucket: str, inputs: Properties) -> object:  # noqa: ANN401
    wanted = {"LoggingEnabled": {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}}
    return s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=wanted)


def _get_logging(s3: Any, bucket: str) -> Properties:  # noqa: ANN401
    found = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
    return {"targetBucket": found["TargetBucket"], "targetPrefix": found["TargetPrefix"]} if found else {}


def _get_ownership(s3: Any, bucket: str) -> Properties:  # noqa: ANN401
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return {"rule": engine_case(rules[0])}


ROWS: tuple[Row[Aws], ...] = (
    _setting(
        "BucketServerSideEncryptionConfiguration",
        {"rules": PLAIN},
        put=_put_encryption,
        get=_get_encryption,
        clear=lambda s3, bucket: s3.delete_bucket_encryption(Bucket=bucket),
    ),
    _setting(
        "BucketVersioning",
        {"versioningConfiguration": PLAIN},
        put=lambda s3, bucket, inputs: s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration=aws_case(inputs["versioningConfiguration"])
        ),
        get=_get_versioning,
        clear=lambda s3, bucket: s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
    ),
    _setting(
        "BucketPublicAccessBlock",
        dict.fromkeys(_BLOCKS, PLAIN),
        put=lambda s3, bucket, inputs: s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration=aws_case({name: inputs.get(name, False) for name in _BLOCKS}),
        ),
        get=_get_access_block,
        clear=lambda s3, bucket: s3.delete_public_access_block(Bucket=bucket),
    ),
    _setting(
        "BucketOwnershipControls",
        {"rule": PLAIN},
        put=lambda s3, bucket, inputs: s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [aws_case(inputs["rule"])]}
        ),
        get=_get_ownership,
        clear=lambda s3, bucket: s3.delete_bucket_ownership_controls(Bucket=bucket),
    ),
    _setting(
        "BucketLogging",
        {"targetBucket": PLAIN, "targetPrefix": PLAIN},
        put=_put_logging,
        get=_get_logging,
        clear=lambda s3, bucket: s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={}),
    ),
    _setting(
        "BucketPolicy",
        {"policy": PLAIN},
        put=lambda s3, bucket, inputs: s3.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"]),
        get=lambda s3, bucket: {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]},
        clear=lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket),
    ),
    _setting(
        "BucketLifecycleConfiguration",
        {"rules": PLAIN},
        put=lambda s3, bucket, inputs: s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": aws_case(inputs["rules"])}
        ),
        get=lambda s3, bucket: {"rules": engine_case(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])},
        clear=lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket),
    ),
)
