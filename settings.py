"""The stack's settings: the only place that reads `pulumi.Config`.

Everything is checked before the first resource, and every fault is told at once, with its key as typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import pulumi
from pulumi.runtime.config import get_config_env
from pydantic import AfterValidator, Field, TypeAdapter

from domain.faults import ConfigurationError, Fault, parse
from domain.partners import PARTNERS, Entry, EntryPoint, FeedName, Partner, shared_between

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


class Settings(Entry):
    """All of the stack's settings, checked."""

    prefix: str
    """Begins the name of what has a name of its own in the AWS account."""
    region: str
    bucket: BucketSettings
    sftp: SftpSettings
    snowflake: SnowflakeSettings
    prefect: PrefectSettings
    flows: FlowSettings
    partners: tuple[Partner, ...]

    @classmethod
    def load(cls) -> Settings:
        """Read the stack's configuration; what is wrong with it ends the program with one message and no traceback."""
        config, aws = pulumi.Config(), pulumi.Config("aws")
        project = pulumi.get_project()
        names = [name.removeprefix(f"{project}:") for name in get_config_env() if name.startswith(f"{project}:")]
        try:
            return cls.check(
                {name: config.get_object(name) for name in names},
                project=project,
                stack=pulumi.get_stack(),
                region=aws.get("region"),
                folder=Path.cwd(),
            )
        except ConfigurationError as error:
            raise pulumi.RunError(str(error)) from None

    @classmethod
    def check(
        cls, values: Mapping[str, object], *, project: str, stack: str, region: str | None, folder: Path
    ) -> Settings:
        """Check the values of a stack's keys.

        `folder` is where relative paths in the configuration start. Raises ConfigurationError with all faults.
        """
        faults: list[Fault] = []
        sections: dict[str, object] = {}
        for name, (adapter, default) in _SECTIONS.items():
            key = f"{project}:{name}"
            if name not in values and default is None:
                faults.append(Fault(key, f"is missing; add it to Pulumi.{stack}.yaml (README.md shows an example)"))
                continue
            sections[name] = parse(adapter, values.get(name, default), key=key, faults=faults, context=folder)
        faults += shared_between(
            cast("tuple[Partner, ...] | None", sections.get("partners")) or (), f"{project}:partners"
        )
        known = ", ".join(_SECTIONS)
        faults += [
            Fault(f"{project}:{n}", f"is not known here; the keys are {known}") for n in values if n not in _SECTIONS
        ]
        if not region:
            faults.append(Fault("aws:region", "is missing; name the region, such as 'us-east-1'"))
        if faults:
            raise ConfigurationError(faults)
        return cls.model_validate({"prefix": f"{project}-{stack}", "region": region, **sections})


_SECTIONS: dict[str, tuple[TypeAdapter[Any], object]] = {
    "bucket": (TypeAdapter(BucketSettings), None),
    "sftp": (TypeAdapter(SftpSettings), None),
    "snowflake": (TypeAdapter(SnowflakeSettings), {}),
    "prefect": (TypeAdapter(PrefectSettings), None),
    "flows": (TypeAdapter(FlowSettings), {}),
    "partners": (PARTNERS, ()),
}
"""The stack's keys: the type of each, and its default; None where a person must say it."""
