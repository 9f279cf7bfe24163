"""The objects in the landing bucket, read as streams."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, cast

from clients.errors import NotFoundError, ServiceError, UnreachableError

_TIMEOUT_SECONDS = 30
_CHUNK = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class LandedObject:
    """An object in the bucket."""

    key: str
    modified_at: dt.datetime
    size: int
    """In bytes, as stored."""


class LandedObjects:
    """The objects of one bucket, with AWS's default credentials, region and address."""

    def __init__(self, bucket: str) -> None:
        import boto3  # noqa: PLC0415  # half a second of import that a program which reads no object saves
        from botocore.config import Config  # noqa: PLC0415

        limits = Config(
            connect_timeout=_TIMEOUT_SECONDS,
            read_timeout=_TIMEOUT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 4},
        )
        self._bucket = bucket
        self._s3: Any = boto3.client("s3", config=limits)  # pyright: ignore[reportUnknownMemberType]  # boto3 makes its clients at run time

    def below(self, prefix: str) -> Iterator[LandedObject]:
        """List the objects below a prefix; a key that ends with a slash stands for a folder, and is left out."""
        with self._told("list", prefix):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    if not item["Key"].endswith("/"):
                        yield LandedObject(key=item["Key"], modified_at=item["LastModified"], size=item["Size"])

    @contextmanager
    def opened(self, key: str) -> Generator[tuple[LandedObject, Iterator[str]]]:
        """Open an object as lines of text, line ends kept; one whose key ends in `.gz` is unpacked.

        Bytes that are not UTF-8 come as U+FFFD. Raises NotFoundError when there is no such object.
        """
        with self._told("read", key):
            reply = self._s3.get_object(Bucket=self._bucket, Key=key)
            with closing(reply["Body"]) as body:
                # Not by io.TextIOWrapper: botocore's stream closes itself at its end, which that takes for an error.
                lines = gzip.GzipFile(fileobj=body) if key.endswith(".gz") else body.iter_lines(_CHUNK, keepends=True)
                yield (
                    LandedObject(key=key, modified_at=reply["LastModified"], size=reply["ContentLength"]),
                    _text(lines),
                )

    @contextmanager
    def _told(self, action: str, key: str) -> Generator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415  # as above

        url = f"s3://{self._bucket}/{key}"
        try:
            yield
        except ClientError as error:
            reply = cast("dict[str, dict[str, str]]", error.response)
            code, message = reply["Error"].get("Code", ""), reply["Error"].get("Message", "")
            kind = NotFoundError if code in {"NoSuchKey", "NoSuchBucket", "404"} else ServiceError
            raise kind(f"S3 refused to {action} {url} ({code}: {message})") from error
        except (gzip.BadGzipFile, EOFError) as error:
            raise ServiceError(f"{url} is not a whole gzip file ({error})", hint="have it sent again") from error
        except (BotoCoreError, HTTPClientError) as error:
            raise UnreachableError(
                f"S3 did not answer when asked to {action} {url} ({error})",
                hint="check the AWS credentials, the region and the network",
            ) from error


def _text(lines: Iterable[bytes]) -> Iterator[str]:
    return (line.decode("utf-8", errors="replace") for line in lines)
