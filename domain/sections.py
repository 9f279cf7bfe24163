"""The sections of a stack's configuration, each with its rules: what the components are told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from domain.partners import Entry, EntryPoint, FeedName

_BUCKET_NAME = re.compile(r"(?!xn--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")


def _bucket_name(text: str) -> str:
    if not _BUCKET_NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a bucket name: 3 to 63 lower-case letters, digits and hyphens (no dots: they break TLS)"
        )
    return text


def _host_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a host name, such as 'sftp.example.com'")
    return text


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", text):
        raise ValueError(f"{text!r} is not an http or https address without credentials")
    return text.rstrip("/")


BucketName = Annotated[str, AfterValidator(_bucket_name)]
HostName = Annotated[str, AfterValidator(_host_name)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SnowflakeName = Annotated[str, Field(min_length=1, max_length=255)]


class BucketSettings(Entry):
    """`landing:bucket`: where the partners' objects are kept."""

    name: BucketName
    delete_objects: bool = False
    """Whether `pulumi destroy` may remove a bucket that still holds objects."""
    key_deletion_days: Annotated[int, Field(ge=7, le=30)] = 30
    """How long, in days, the KMS key can still be brought back after `pulumi destroy`."""


class SftpSettings(Entry):
    """`landing:sftp`: the door."""

    hostname: HostName
    """The name that partners connect to."""
    zone: HostName
    """The Route 53 zone that holds the name."""
    zone_exists: bool = True
    """Whether the zone is there already, or is made and removed with the stack."""


class SnowflakeSettings(Entry):
    """`landing:snowflake`: names of what the stack makes in the Snowflake account."""

    database: SnowflakeName = "LANDING"
    schema_name: Annotated[SnowflakeName, Field(alias="schema")] = "RAW"
    storage_integration: SnowflakeName = "LANDING_S3"
    stage: SnowflakeName = "PARTNERS"
    trust_timeout_seconds: Annotated[int, Field(ge=1, le=900)] = 180
    """How long `up` waits, in seconds, until Snowflake can list the bucket; IAM changes take a while to be seen."""


class PrefectSettings(Entry):
    """`landing:prefect`: where flows are registered."""

    api_url: WebAddress
    work_pool: Annotated[str, Field(min_length=1)]


class ExtraFlow(Entry):
    """A flow of this repository that belongs to no feed."""

    name: FeedName
    entrypoint: EntryPoint


class FlowSettings(Entry):
    """`landing:flows`: which code runs, and what its runs need."""

    repository: str | None = None
    """The Git remote that workers pull from; the checkout's own when left out."""
    reference: str | None = None
    """A branch or a tag; BUILD_TAG, GIT_BRANCH or the checkout's active branch when left out."""
    token_secret_name: str | None = None
    """The Prefect secret block that holds the token for the remote."""
    environment: Mapping[str, str] = {}
    """Environment variables of each run: addresses and names, never secrets."""
    deployments: tuple[ExtraFlow, ...] = ()
