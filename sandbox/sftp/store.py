"""S3 as one SFTP session reaches it: through the gate, with the credentials of the user's own role.

A request is answered in the thread that makes it, so each runs in a thread of the event loop's pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote_plus

import xmltodict

from sandbox.aws.s3_client import S3Answer, S3Client, S3RefusalError
from sandbox.sftp.facts import ObjectFacts, RecentFacts
from sandbox.sftp.paths import Location

UPLOADER = "x-amz-meta-user-agent"
"""The metadata by which Transfer's objects and uploads are known (user guide, "Post upload processing")."""

UPLOADER_IS_TRANSFER = "AWSTransfer"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One name of a listing: an object, or a prefix that keys share when `facts` is None."""

    name: str
    facts: ObjectFacts | None


class Store:
    """One session's own view of S3."""

    def __init__(self, s3: S3Client, changes: Callable[[], int], uploader: str) -> None:
        """Take S3, what tells how many changes it has seen so far, and whose files these are: `user@server-id`."""
        self._s3 = s3
        self._of_transfer = {UPLOADER: UPLOADER_IS_TRANSFER, "x-amz-meta-user-agent-id": uploader}
        self._recent = RecentFacts(changes)

    async def find(self, location: Location) -> ObjectFacts | None:
        """Give the facts of the object at `location`, or None if there is no object."""
        if known := self._recent.of(location):
            return known
        as_of = self._recent.changes()
        try:
            facts = _facts((await self._send("HEAD", location)).headers)
        except S3RefusalError as error:
            if await self._is_absent(location, error):
                return None
            raise
        self._recent.learn(as_of, {location: facts})
        return facts

    async def _is_absent(self, location: Location, refusal: S3RefusalError) -> bool:
        """Say whether `refusal` means that there is no object at `location`.

        To a caller whose right to list is bound to a prefix, S3 says 403 of a key that is not there: it hides what
        such a caller might not list. Whether the key is there is then seen in the listing that it may have.
        """
        if refusal.status == HTTPStatus.FORBIDDEN:
            return await self._keys(location.bucket, location.key, 1) != [location.key]
        return refusal.status == HTTPStatus.NOT_FOUND

    async def first_keys(self, location: Location, limit: int) -> list[str]:
        """Give the first keys at any depth below `location`, its own directory marker counted."""
        return await self._keys(location.bucket, location.prefix, limit)

    async def _keys(self, bucket: str, prefix: str, limit: int) -> list[str]:
        page = await asyncio.to_thread(self._page, bucket, {"prefix": prefix, "max-keys": str(limit)})
        return [unquote_plus(item["Key"]) for item in page.get("Contents", [])]

    async def pages(self, location: Location) -> AsyncIterator[list[Listed]]:
        """Give what lies directly below `location`, page after page as S3 gives it; the marker itself is left out."""
        query = {"prefix": location.prefix, "delimiter": "/"}
        while True:
            as_of = self._recent.changes()
            page = await asyncio.to_thread(self._page, location.bucket, query)
            prefixes = [unquote_plus(item["Prefix"]) for item in page.get("CommonPrefixes", [])]
            objects = {unquote_plus(item["Key"]): _listed_facts(item) for item in page.get("Contents", [])}
            self._recent.learn(as_of, {Location(location.bucket, key): facts for key, facts in objects.items()})
            names = ((key[len(location.prefix) :].rstrip("/"), objects.get(key)) for key in (*prefixes, *objects))
            yield [Listed(name=name, facts=facts) for name, facts in names if name not in {"", ".", ".."}]
            if page["IsTruncated"] != "true":
                return
            query["continuation-token"] = page["NextContinuationToken"]

    def _page(self, bucket: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """List one page; its keys are percent-encoded, as XML cannot hold every character that a key may have."""
        asked = {"list-type": "2", "encoding-type": "url", **query}
        return self._s3.send("GET", bucket, query=asked).document("Contents", "CommonPrefixes")

    async def get(self, location: Location) -> tuple[ObjectFacts, bytes]:
        """Get a whole object; raises FileNotFoundError when there is none."""
        try:
            answer = await self._send("GET", location)
        except S3RefusalError as error:
            if await self._is_absent(location, error):
                raise FileNotFoundError(f"{location} does not exist") from error
            raise
        return _facts(answer.headers), answer.body

    async def put(self, location: Location, body: bytes) -> None:
        """Put a whole object."""
        await self._send("PUT", location, headers=self._of_transfer, body=body)

    async def make_marker(self, location: Location) -> None:
        """Put the empty object that stands for a directory."""
        await self._send("PUT", Location(location.bucket, location.prefix))

    async def remove_marker(self, location: Location) -> None:
        """Delete the empty object that stands for a directory."""
        await self._send("DELETE", Location(location.bucket, location.prefix))

    async def delete(self, location: Location) -> None:
        """Delete an object."""
        await self._send("DELETE", location)

    async def copy(self, source: Location, target: Location) -> None:
        """Copy an object inside S3."""
        await self._send("PUT", target, headers={"x-amz-copy-source": quote(str(source))})

    async def begin_upload(self, location: Location) -> str:
        """Begin a multipart upload and give its id."""
        answer = await self._send("POST", location, query={"uploads": ""}, headers=self._of_transfer)
        return answer.document()["UploadId"]

    async def put_part(self, location: Location, upload_id: str, number: int, body: bytes) -> str:
        """Put one part, numbered from 1, and give its ETag."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        return (await self._send("PUT", location, query=query, body=body)).headers["etag"]

    async def complete_upload(self, location: Location, upload_id: str, etags: list[str]) -> None:
        """Make the object of the parts that were put."""
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
        body = xmltodict.unparse({"CompleteMultipartUpload": {"Part": parts}}).encode()
        await self._send("POST", location, query={"uploadId": upload_id}, body=body)

    async def abort_upload(self, location: Location, upload_id: str) -> None:
        """Throw the parts away."""
        await self._send("DELETE", location, query={"uploadId": upload_id})

    async def _send(
        self,
        method: str,
        location: Location,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> S3Answer:
        return await asyncio.to_thread(
            self._s3.send, method, location.bucket, location.key, query=query, headers=headers, body=body
        )


def _facts(headers: Mapping[str, str]) -> ObjectFacts:
    modified = parsedate_to_datetime(headers["last-modified"])
    return ObjectFacts(size=int(headers["content-length"]), modified=modified)


def _listed_facts(item: Mapping[str, str]) -> ObjectFacts:
    return ObjectFacts(size=int(item["Size"]), modified=datetime.fromisoformat(item["LastModified"]))
