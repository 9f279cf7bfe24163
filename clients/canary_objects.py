"""Canaries in the landing bucket: put there, and removed with every version of them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from clients.aws_clients import aws_client
from clients.errors import NotFoundError, ServiceError, UnreachableError

_TIMEOUT_SECONDS = 20


class CanaryObjects:
    """The objects below one prefix of one bucket."""

    def __init__(self, bucket: str, prefix: str, *, region: str, profile: str | None = None) -> None:
        """Use AWS's default credentials, or those of a profile; ServiceError when there is no such profile."""
        self._bucket = bucket
        self._prefix = prefix
        self._s3 = aws_client("s3", region=region, profile=profile, timeout_seconds=_TIMEOUT_SECONDS)

    def put(self, name: str, text: str) -> str:
        """Put a canary, under the bucket's own encryption; give its `s3://` address."""
        key = f"{self._prefix}{name}"
        with self._told("put a canary to"):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=text.encode())
        return f"s3://{self._bucket}/{key}"

    def clear(self) -> None:
        """Remove whatever is below the prefix, older versions too; a bucket that is gone has nothing."""
        try:
            with self._told("remove the canaries of"):
                pages = self._s3.get_paginator("list_object_versions").paginate(
                    Bucket=self._bucket, Prefix=self._prefix
                )
                for page in pages:
                    for kept in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                        self._s3.delete_object(Bucket=self._bucket, Key=kept["Key"], VersionId=kept["VersionId"])
        except NotFoundError:
            return

    @contextmanager
    def _told(self, action: str) -> Generator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415  # as above

        place = f"s3://{self._bucket}/{self._prefix}"
        try:
            yield
        except ClientError as error:
            reply = cast("dict[str, dict[str, str]]", error.response)
            code, message = reply["Error"].get("Code", ""), reply["Error"].get("Message", "")
            if code in {"NoSuchBucket", "404"}:
                raise NotFoundError(f"there is no bucket {self._bucket}") from error
            raise ServiceError(f"S3 refused to {action} {place} ({code}: {message})", hint=_fix(message)) from error
        except (BotoCoreError, HTTPClientError) as error:
            raise UnreachableError(
                f"S3 did not answer when asked to {action} {place} ({error})",
                hint="check the AWS credentials, aws:region and the network",
            ) from error


def _fix(message: str) -> str:
    if "kms" in message.lower():
        return "whoever runs `pulumi up` needs kms:GenerateDataKey and kms:Decrypt on the bucket's key"
    return (
        "whoever runs `pulumi up` needs s3:PutObject, s3:DeleteObjectVersion and s3:ListBucketVersions there; or set "
        "landing:snowflake.probe to false"
    )
