"""S3's server access logging: where a bucket's logs may go, asked of the sandbox's own evaluator.

moto reads of the target's policy only what it expects in one, and writes an object for each request, which says of any
request that it went well. Here no log is delivered: AWS does not promise one either, and says that it takes hours.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
"""

from __future__ import annotations

from typing import Any

from moto.s3.exceptions import CrossLocationLoggingProhibited, InvalidTargetBucketForLogging
from moto.s3.models import FakeBucket, S3Backend

from sandbox.aws.authority import ask_for_service
from sandbox.aws.replacing import replace

_SERVICE = "logging.s3.amazonaws.com"


def install() -> None:
    """Let moto ask the target's policy, and deliver nothing."""
    replace(FakeBucket, "set_logging", _set_logging)
    replace(S3Backend, "log_incoming_request", _deliver_nothing)


def _set_logging(bucket: FakeBucket, logging_config: dict[str, Any] | None, backend: S3Backend) -> None:
    """Turn logging on where S3 could write the logs, or off."""
    if not logging_config:
        bucket.logging = {}
        return
    target = backend.buckets.get(logging_config["TargetBucket"])
    if target is None:
        raise InvalidTargetBucketForLogging("The target bucket for logging does not exist")
    if not _may_write(bucket, target, logging_config.get("TargetPrefix") or ""):
        raise InvalidTargetBucketForLogging(
            f"The policy of {target.name} must let {_SERVICE} do s3:PutObject for {bucket.arn} under the target prefix"
        )
    if target.region_name != bucket.region_name:
        raise CrossLocationLoggingProhibited
    bucket.logging = logging_config


def _may_write(bucket: FakeBucket, target: FakeBucket, prefix: str) -> bool:
    source = {"aws:SourceArn": bucket.arn, "aws:SourceAccount": bucket.account_id}
    return bool(ask_for_service(_SERVICE, "s3:PutObject", f"{target.arn}/{prefix}log", source))


def _deliver_nothing(_backend: S3Backend, _request: object, _bucket_name: str) -> None:
    """Stand in for moto's own delivery."""
