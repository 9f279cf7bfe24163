"""S3 through a storage integration: the role assumed with its external id, and nothing without it.

A session that AWS no longer knows, because the sandbox's was killed, is begun anew once, without a word.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from boto3.session import Session as BotoSession
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnectionError

from sandbox.home import REGION, KeyPair, SandboxHome
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.objects import Integration

if TYPE_CHECKING:
    from typing import Protocol

    class Client(Protocol):
        """A boto3 client, whose calls are made at run time."""

        def __getattr__(self, name: str) -> Callable[..., Any]: ...
else:
    Client = object

T = TypeVar("T")

CACHED_SECONDS = 30
"""How long an assumed role is used again. A trust that is taken away is noticed after at most this time."""

FILE_IS_GONE = 91016
"""The number of Snowflake's error for a staged file that is not there."""

_UNANSWERED = (HTTPClientError, NoConnectionError, IncompleteReadError)

_FORGOTTEN = frozenset({"InvalidClientTokenId", "InvalidToken", "InvalidAccessKeyId", "ExpiredToken"})

_PATIENCE = Config(
    connect_timeout=2,
    read_timeout=30,
    retries={"total_max_attempts": 2, "mode": "standard"},
    s3={"addressing_style": "path"},
    max_pool_connections=8,
)


class UnreachableError(SnowflakeError):
    """AWS does not answer: nothing is wrong with a file, a right or an integration."""


@dataclass(frozen=True)
class Location:
    """A place in S3: a bucket and a key or a key's beginning."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, url: str) -> Location:
        """Read `s3://bucket/key`."""
        parts = urlsplit(url, allow_fragments=False)
        return cls(parts.netloc, url.removeprefix(f"{parts.scheme}://{parts.netloc}").removeprefix("/"))

    @property
    def url(self) -> str:
        """The place as `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class StoredFile:
    """An object in S3."""

    location: Location
    size: int
    etag: str
    last_modified: float
    """Seconds since 1970."""


class Storage:
    """Assumes integrations' roles and reads what these let it read; denials come in Snowflake's words."""

    def __init__(self, home: SandboxHome) -> None:
        self._endpoint = home.url("aws")
        self._user = home.credentials.snowflake
        self._lock = threading.Lock()
        self._assumed: dict[tuple[str, str], tuple[float, Client]] = {}
        self._session = BotoSession()
        self._own: dict[str, Client] = {}

    def client(self, service: str) -> Client:
        """Give a client that signs as Snowflake's own IAM user."""
        with self._lock:
            if service not in self._own:
                self._own[service] = self._client(service, self._user)
            return self._own[service]

    def bucket(self, integration: Integration, *, fresh: bool = False) -> Client:
        """Give an S3 client in the integration's role, newly assumed when `fresh`."""
        who = (integration.role_arn, integration.external_id)
        with self._lock:
            until, client = self._assumed.get(who, (0.0, None))
            if client is not None and not fresh and time.monotonic() < until:
                return client
        client = self._assume(integration)
        with self._lock:
            self._assumed[who] = (time.monotonic() + CACHED_SECONDS, client)
        return client

    def forget(self) -> None:
        """Forget all assumed roles."""
        with self._lock:
            self._assumed.clear()

    def list(self, integration: Integration, prefix: Location) -> Iterator[StoredFile]:
        """Give the objects whose keys begin with the prefix's."""
        asked = {"Bucket": prefix.bucket, "Prefix": prefix.key}
        while True:
            page = self._reading(lambda: self.bucket(integration).list_objects_v2(**asked), prefix)
            for entry in page.get("Contents", ()):
                yield StoredFile(
                    Location(prefix.bucket, entry["Key"]),
                    entry["Size"],
                    entry["ETag"].strip('"'),
                    entry["LastModified"].timestamp(),
                )
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def fetch(self, integration: Integration, location: Location, target: Path) -> StoredFile:
        """Copy an object into a local file."""

        def copy() -> StoredFile:
            answer = self.bucket(integration).get_object(Bucket=location.bucket, Key=location.key)
            with target.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(1 << 20):
                    file.write(chunk)
            return StoredFile(
                location, answer["ContentLength"], answer["ETag"].strip('"'), answer["LastModified"].timestamp()
            )

        return self._reading(copy, location)

    def _reading(self, call: Callable[[], T], location: Location) -> T:
        """Call S3, and say in Snowflake's words what it refuses."""
        try:
            try:
                return call()
            except ClientError as error:
                if _code(error) not in _FORGOTTEN:
                    raise
            self.forget()
            return call()
        except ClientError as error:
            raise refused(error, location) from error
        except BotoCoreError as error:
            raise _failed(error) from error

    def _assume(self, integration: Integration) -> Client:
        try:
            answer = self.client("sts").assume_role(
                RoleArn=integration.role_arn, RoleSessionName="snowflake", ExternalId=integration.external_id
            )
        except ClientError as error:
            raise SnowflakeError(3167, "42601", f"Error assuming AWS_ROLE:\n{_message(error)}") from error
        except BotoCoreError as error:
            raise _failed(error) from error
        given = answer["Credentials"]
        pair = KeyPair(access_key_id=given["AccessKeyId"], secret_access_key=given["SecretAccessKey"])
        with self._lock:  # a boto3 session makes one client at a time
            return self._client("s3", pair, given["SessionToken"])

    def _client(self, service: str, pair: KeyPair, token: str | None = None) -> Client:
        make = cast("Callable[..., Client]", self._session.client)  # pyright: ignore[reportUnknownMemberType] # untyped
        return make(
            service,
            region_name=REGION,
            endpoint_url=self._endpoint,
            aws_access_key_id=pair.access_key_id,
            aws_secret_access_key=pair.secret_access_key,
            aws_session_token=token,
            config=_PATIENCE,
        )


def refused(error: ClientError, location: Location) -> SnowflakeError:
    """Put S3's refusal into Snowflake's words."""
    answer = cast("dict[str, Any]", error.response)
    code = _code(error)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in {"NoSuchKey", "404"}:
        return SnowflakeError(
            FILE_IS_GONE,
            "22000",
            f"Remote file '{location.url}' was not found. There are several potential causes. The file might not "
            "exist. The required credentials may be missing or invalid. If you are running a copy command, please make "
            "sure files are not deleted when they are being loaded or files are not being loaded into two different "
            "tables concurrently with auto purge option.",
        )
    reason = "Access Denied" if code == "AccessDenied" else _message(error)
    return SnowflakeError(
        91003, "22000", f"Failure using stage area. Cause: [{reason} (Status Code: {status}; Error Code: {code})]"
    )


def _failed(error: BotoCoreError) -> SnowflakeError:
    kind = UnreachableError if isinstance(error, _UNANSWERED) else SnowflakeError
    return kind(91003, "22000", f"Failure using stage area. Cause: [{error}]")


def _code(error: ClientError) -> str:
    return str(cast("dict[str, Any]", error.response).get("Error", {}).get("Code", "Unknown"))


def _message(error: ClientError) -> str:
    answer = cast("dict[str, Any]", error.response)
    return str(answer.get("Error", {}).get("Message", error))
