"""The sections of a stack's configuration, each with its rules: what the components are told."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.certificates import ca_bundle_fault
from domain.entry import Entry, SnowflakeName
from domain.work_pool_settings import WorkPools

_BUCKET_NAME = re.compile(r"(?!xn--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
"""As STS takes it (AssumeRole, ExternalId)."""

_HIGHEST_PORT = 65535
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
    if "@" in text:
        # Not shown: it may hold a password.
        raise ValueError("an address with an @ may hold credentials; set apiKey or basicAuth as a secret instead")
    found = re.fullmatch(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:(?P<port>\d{1,5}))?(/[^\s?#]*)?", text)
    if not found or int(found["port"] or 0) > _HIGHEST_PORT:
        raise ValueError(f"{text!r} is not an http or https address, such as 'https://prefect.example.com/api'")
    return text.rstrip("/")


def _secret_block(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError(f"{text!r} is not a Prefect block's name: lower-case letters, digits and single hyphens")
    return text


BucketName = Annotated[str, AfterValidator(_bucket_name)]
HostName = Annotated[str, AfterValidator(_host_name)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
NotEmpty = Annotated[str, Field(min_length=1)]
SecretBlockName = Annotated[str, AfterValidator(_secret_block)]


class OwnAccessLogs(Entry):
    """A bucket for access logs, made beside the landing bucket."""

    retention_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """How long, in days, the logs are kept."""


class ExistingAccessLogs(Entry):
    """A bucket that collects access logs already; its own policy lets S3 deliver them."""

    bucket: BucketName


def _whose(value: object) -> str:
    named = isinstance(value, ExistingAccessLogs) or (isinstance(value, dict) and "bucket" in value)
    return "<existing>" if named else "<own>"


class BucketSettings(Entry):
    """`landing:bucket`: where the partners' objects are kept."""

    name: BucketName
    delete_objects: bool = False
    """Whether `pulumi destroy` may remove the bucket with its objects, and their key; else both are protected."""
    key_deletion_days: Annotated[int, Field(ge=7, le=30)] = 30
    """How long, in days, the KMS key can still be brought back after `pulumi destroy`."""
    old_version_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """How long, in days, an object that was overwritten or removed can still be brought back."""
    unfinished_upload_days: Annotated[int, Field(ge=1, le=365)] = 3
    """After how many days the parts of an upload that nobody finished go."""
    access_logs: Annotated[
        Annotated[OwnAccessLogs, Tag("<own>")] | Annotated[ExistingAccessLogs, Tag("<existing>")], Discriminator(_whose)
    ] = OwnAccessLogs()
    """Where S3 writes who asked for what."""

    @property
    def own_log_bucket(self) -> str:
        """The name of the bucket for access logs, where it is ours."""
        return f"{self.name}-access-logs"

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if isinstance(self.access_logs, OwnAccessLogs) and not _BUCKET_NAME.fullmatch(self.own_log_bucket):
            raise ValueError(
                f"the bucket for access logs would be named {self.own_log_bucket!r}, over 63 characters long; "
                "shorten name, or give accessLogs a bucket that is there"
            )
        if isinstance(self.access_logs, ExistingAccessLogs) and self.access_logs.bucket == self.name:
            raise ValueError(f"accessLogs: {self.name!r} would log the writing of its own logs; name another bucket")
        return self


class SnowflakeSettings(Entry):
    """`landing:snowflake`: names of what the stack makes in the Snowflake account."""

    database: SnowflakeName = "LANDING"
    schema_name: Annotated[SnowflakeName, Field(alias="schema")] = "RAW"
    storage_integration: SnowflakeName = "LANDING_S3"
    stage: SnowflakeName = "PARTNERS"
    warehouse: SnowflakeName = "LANDING_LOAD"
    """What loads by hand and the load history are computed in; pipes need none."""
    loader_role: SnowflakeName = "LANDING_LOADER"
    """For people and flows that load, pause and repair."""
    reader_role: SnowflakeName = "LANDING_READER"
    """For people and flows that read what was loaded."""
    loader_granted_to: tuple[SnowflakeName, ...] = ()
    """Roles of the account that may do what the loader may, such as SYSADMIN."""
    reader_granted_to: tuple[SnowflakeName, ...] = ()
    """Roles of the account that may do what the reader may, such as an analyst's."""
    external_id: SecretStr | None = None
    """An external id of one's own, a secret of the stack; Snowflake makes one otherwise."""
    error_integration: SnowflakeName | None = None
    """A notification integration of the account that hears of each load that fails."""
    probe: bool = True
    """Whether `up` ends with a file of our own that must be loaded."""
    probe_timeout_seconds: Annotated[int, Field(ge=1, le=900)] = 120
    """How long that file may take, in seconds."""
    delete_tables: bool = False
    """Whether `pulumi destroy` may drop the database with the partners' tables; else it is protected."""
    trust_timeout_seconds: Annotated[int, Field(ge=1, le=900)] = 180
    """How long `up` waits, in seconds, until Snowflake can list the bucket; IAM changes take a while to be seen."""

    @field_validator("external_id")
    @classmethod
    def _is_an_external_id(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not _EXTERNAL_ID.fullmatch(given.get_secret_value()):
            # Not shown: it is a secret.
            raise ValueError("an external id has 2 to 1224 letters, digits and characters of _+=,.@:/-, and no spaces")
        return given

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if self.loader_role == self.reader_role:
            raise ValueError(
                f"loaderRole and readerRole are both {self.loader_role!r}, and readers must not load; name another role"
            )
        if self.reader_role in self.loader_granted_to:
            raise ValueError(f"loaderGrantedTo: {self.reader_role!r} is the reader, who must not load; leave it out")
        for key, role, to in (
            ("loaderGrantedTo", self.loader_role, self.loader_granted_to),
            ("readerGrantedTo", self.reader_role, self.reader_granted_to),
        ):
            if role in to:
                raise ValueError(f"{key}: {role!r} cannot be granted to itself; leave it out")
            if twice := sorted(name for name, count in Counter(to).items() if count > 1):
                raise ValueError(f"{key}: {', '.join(twice)} stands there twice; leave one out")
        return self


class PrefectSettings(Entry):
    """`landing:prefect`: where flows are registered."""

    api_url: WebAddress
    ca_bundle: NotEmpty | None = None
    """A PEM file beside the program, with the certificates that the API's own is checked by."""
    work_pool: NotEmpty
    """The pool of the flows that name none."""
    work_pools: WorkPools = ()
    """The pools that this stack makes; one that is only named has to be there."""

    @field_validator("ca_bundle")
    @classmethod
    def _is_a_bundle(cls, given: str | None, info: ValidationInfo) -> str | None:
        folder = info.context if isinstance(info.context, Path) else Path()
        if given is not None and (fault := ca_bundle_fault(given, folder)):
            raise ValueError(f"{fault}; name a PEM file, from the program's folder on")
        return given
