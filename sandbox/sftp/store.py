# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# boto3 is not typed: what leaves this file is.
"""S3 as one SFTP session reaches it: over HTTP, through the gate, with the credentials of the user's own role.

boto3 blocks, so each call runs in a thread of the event loop's pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, cast

import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from sandbox.home import REGION
from sandbox.sftp.paths import Location

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 2},
    max_pool_connections=16,
    # Hashing each body costs as much as sending it, and on loopback proves nothing.
    s3={"addressing_style": "path", "payload_signing_enabled": False},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_LOADER = Loader()
"""One for all sessions: reading S3's model takes longer than making a client of it."""


@dataclass(frozen=True, kw_only=True)
class ObjectFacts:
    """What S3 tells of an object."""

    size: int
    """In bytes."""
    modified: datetime
    etag: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One name of a listing: an object, or a prefix that keys share when `facts` is None."""

    name: str
    facts: ObjectFacts | None


class Body(Protocol):
    """An object's content as it arrives; read in a thread."""

    def read(self, size: int) -> bytes:
        """Give up to `size` bytes; none at the end."""
        ...

    def close(self) -> None:
        """Drop what has not been read."""
        ...


class Store:
    """One session's own view of S3."""

    def __init__(self, endpoint: str, renew: Callable[[], Mapping[str, str]]) -> None:
        """Take the gate's address, and `renew` for new credentials in the form that botocore refreshes them in."""
        self._credentials = DeferredRefreshableCredentials(refresh_using=renew, method="sts-assume-role")
        self._endpoint = endpoint
        self._made: Any = None

    @property
    def _s3(self) -> Any:  # noqa: ANN401  # see the file's first lines
        if self._made is None:
            session = botocore.session.Session()
            session.register_component("data_loader", _LOADER)
            session.register_component("credential_provider", CredentialResolver([_Given(self._credentials)]))
            self._made = session.create_client("s3", region_name=REGION, endpoint_url=self._endpoint, config=_CONFIG)
        return self._made

    async def access_key_id(self) -> str:
        """Give the access key id that the session now signs with."""
        frozen = await asyncio.to_thread(self._credentials.get_frozen_credentials)
        return str(frozen.access_key)

    async def find(self, location: Location) -> ObjectFacts | None:
        """Give the facts of the object at `location`, or None if there is no object."""
        try:
            return _facts(await self._call("head_object", location))
        except ClientError as error:
            if await self._is_absent(location, error):
                return None
            raise

    async def _is_absent(self, location: Location, refusal: ClientError) -> bool:
        """Say whether `refusal` means that there is no object at `location`.

        To a caller whose right to list is bound to a prefix, S3 says 403 of a key that is not there: it hides what
        such a caller might not list. Whether the key is there is then seen in the listing that it may have.
        """
        status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == HTTPStatus.FORBIDDEN:
            return await self._keys(location.bucket, location.key, 1) != [location.key]
        return status == HTTPStatus.NOT_FOUND

    async def first_keys(self, location: Location, limit: int) -> list[str]:
        """Give the first keys at any depth below `location`, its own directory marker counted."""
        return await self._keys(location.bucket, location.prefix, limit)

    async def _keys(self, bucket: str, prefix: str, limit: int) -> list[str]:
        answer = await asyncio.to_thread(lambda: self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=limit))
        return [item["Key"] for item in answer.get("Contents", [])]

    async def pages(self, location: Location) -> AsyncIterator[list[Listed]]:
        """Give what lies directly below `location`, page after page as S3 gives it; the marker itself is left out."""
        more: dict[str, str] = {}
        while True:
            answer = await asyncio.to_thread(self._page, location, more)
            prefixes = [Listed(name=item["Prefix"], facts=None) for item in answer.get("CommonPrefixes", [])]
            objects = [Listed(name=item["Key"], facts=_facts(item)) for item in answer.get("Contents", [])]
            names = ((listed, listed.name[len(location.prefix) :].rstrip("/")) for listed in prefixes + objects)
            yield [Listed(name=name, facts=listed.facts) for listed, name in names if name not in {"", ".", ".."}]
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def _page(self, location: Location, more: Mapping[str, str]) -> Mapping[str, Any]:
        return self._s3.list_objects_v2(Bucket=location.bucket, Prefix=location.prefix, Delimiter="/", **more)

    async def open(self, location: Location, start: int = 0, etag: str | None = None) -> tuple[ObjectFacts, Body]:
        """Begin to get the object from byte `start` on, if it is still the one of `etag`.

        Raises FileNotFoundError when there is no object.
        """
        options: dict[str, str] = {"Range": f"bytes={start}-"} if start else {}
        if etag:
            options["IfMatch"] = etag
        try:
            answer = await self._call("get_object", location, **options)
        except ClientError as error:
            if await self._is_absent(location, error):
                raise FileNotFoundError(f"{location} does not exist") from error
            raise
        return _facts(answer), cast("Body", answer["Body"])

    async def put(self, location: Location, body: bytes) -> None:
        """Put a whole object."""
        await self._call("put_object", location, Body=body)

    async def make_marker(self, location: Location) -> None:
        """Put the empty object that stands for a directory."""
        await self._call("put_object", Location(location.bucket, location.prefix), Body=b"")

    async def remove_marker(self, location: Location) -> None:
        """Delete the empty object that stands for a directory."""
        await self._call("delete_object", Location(location.bucket, location.prefix))

    async def delete(self, location: Location) -> None:
        """Delete an object."""
        await self._call("delete_object", location)

    async def copy(self, source: Location, target: Location) -> None:
        """Copy an object inside S3."""
        await self._call("copy_object", target, CopySource={"Bucket": source.bucket, "Key": source.key})

    async def begin_upload(self, location: Location) -> str:
        """Begin a multipart upload and give its id."""
        return (await self._call("create_multipart_upload", location))["UploadId"]

    async def put_part(self, location: Location, upload_id: str, number: int, body: bytes) -> str:
        """Put one part, numbered from 1, and give its ETag."""
        answer = await self._call("upload_part", location, UploadId=upload_id, PartNumber=number, Body=body)
        return answer["ETag"]

    async def complete_upload(self, location: Location, upload_id: str, etags: list[str]) -> None:
        """Make the object of the parts that were put."""
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
        await self._call("complete_multipart_upload", location, UploadId=upload_id, MultipartUpload={"Parts": parts})

    async def abort_upload(self, location: Location, upload_id: str) -> None:
        """Throw the parts away."""
        await self._call("abort_multipart_upload", location, UploadId=upload_id)

    async def _call(self, operation: str, location: Location, **parameters: object) -> Any:  # noqa: ANN401  # as above
        return await asyncio.to_thread(
            lambda: getattr(self._s3, operation)(Bucket=location.bucket, Key=location.key, **parameters)
        )


class _Given(CredentialProvider):
    """Hands botocore the credentials that it is given."""

    METHOD = "given"

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        super().__init__()
        self._given = credentials

    def load(self) -> Any:  # noqa: ANN401  # botocore's own code says Literal[True] here and means credentials
        return self._given


def _facts(answer: Mapping[str, Any]) -> ObjectFacts:
    size = answer["Size"] if "Size" in answer else answer["ContentLength"]
    return ObjectFacts(size=int(size), modified=answer["LastModified"], etag=answer["ETag"])
