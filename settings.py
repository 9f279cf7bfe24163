"""The stack's settings: the only place that reads `pulumi.Config`.

Everything is checked before the first resource, and every fault is told at once, with its key as typed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime.config import get_config_env, is_config_secret
from pydantic import TypeAdapter

from domain.faults import ConfigurationError, Fault, parse
from domain.git_source import GitSource, GitSourceError, WantedSource, check_entrypoint, resolve_source, warnings_about
from domain.partners import PARTNERS, Entry, Partner, deployment_name, shared_between
from domain.sections import BucketSettings, FlowSettings, PrefectSettings, SftpSettings, SnowflakeSettings


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

    def flow_source(self) -> GitSource:
        """Find the code that flows run, and every flow in it; what a run could not find ends the program now."""
        checkout = Path.cwd()
        wanted = WantedSource(repository=self.flows.repository, reference=self.flows.reference)
        faults: list[str] = []
        try:
            source = resolve_source(checkout, os.environ, wanted)
        except GitSourceError as error:
            raise pulumi.RunError(str(error)) from None
        for entrypoint in sorted(self._entry_points()):
            try:
                check_entrypoint(checkout, source, entrypoint)
            except GitSourceError as error:
                faults.append(str(error))
        if faults:
            raise pulumi.RunError("\n".join(faults))
        for warning in warnings_about(checkout, source):
            pulumi.warn(warning)
        return source

    def _entry_points(self) -> set[str]:
        return {feed.flow for partner in self.partners for feed in partner.feeds} | {
            flow.entrypoint for flow in self.flows.deployments
        }

    @classmethod
    def load(cls) -> Settings:
        """Read the stack's configuration; what is wrong with it ends the program with one message and no traceback."""
        project = pulumi.get_project()
        # Read as they come: `pulumi.Config` stops at the first value that is not of its type, and warns of the secrets
        # that a section may hold for the providers.
        values = {
            name.removeprefix(f"{project}:"): _parsed(text)
            for name, text in get_config_env().items()
            if name.startswith(f"{project}:")
        }
        try:
            return cls.check(
                values,
                project=project,
                stack=pulumi.get_stack(),
                region=pulumi.Config("aws").get("region"),
                folder=Path.cwd(),
                secret={name for name in values if is_config_secret(f"{project}:{name}")},
            )
        except ConfigurationError as error:
            raise pulumi.RunError(str(error)) from None

    @classmethod
    def check(
        cls,
        values: Mapping[str, object],
        *,
        project: str,
        stack: str,
        region: str | None,
        folder: Path,
        secret: AbstractSet[str] = frozenset(),
    ) -> Settings:
        """Check the values of a stack's keys.

        `folder` is where relative paths in the configuration start; `secret` names the keys with a secret in them.
        Raises ConfigurationError with all faults.
        """
        faults: list[Fault] = []
        sections: dict[str, object] = {}
        for name, (adapter, default) in _SECTIONS.items():
            key = f"{project}:{name}"
            if name not in values and default is None:
                faults.append(Fault(key, f"is missing; add it to Pulumi.{stack}.yaml (Pulumi.prod.yaml shows one)"))
                continue
            value = _without_secrets(name, values.get(name, default))
            sections[name] = parse(adapter, value, key=key, faults=faults, context=folder)
        faults += shared_between(
            cast("tuple[Partner, ...] | None", sections.get("partners")) or (), f"{project}:partners"
        )
        faults += _name_twins(sections, f"{project}:flows")
        known = ", ".join(_SECTIONS)
        faults += [
            Fault(f"{project}:{n}", f"is not known here; the keys are {known}") for n in values if n not in _SECTIONS
        ]
        faults += [
            Fault(f"{project}:{n}", "holds a secret, which would end in plain text in the state; keep it in Prefect")
            for n in sorted(secret & _SECTIONS.keys() - _SECRETS.keys())
        ]
        if not region:
            faults.append(Fault("aws:region", "is missing; name the region, such as 'us-east-1'"))
        elif region.startswith(_OTHER_PARTITIONS):
            faults.append(
                Fault("aws:region", f"{region!r} is outside the partition 'aws', which names are made for here")
            )
        if faults:
            raise ConfigurationError(faults)
        return cls.model_validate({"prefix": f"{project}-{stack}", "region": region, **sections})


_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-")
"""Beginnings of regions in which ARNs do not begin with `arn:aws:`."""

_SECTIONS: dict[str, tuple[TypeAdapter[Any], object]] = {
    "bucket": (TypeAdapter(BucketSettings), None),
    "sftp": (TypeAdapter(SftpSettings), None),
    "snowflake": (TypeAdapter(SnowflakeSettings), {}),
    "prefect": (TypeAdapter(PrefectSettings), None),
    "flows": (TypeAdapter(FlowSettings), {}),
    "partners": (PARTNERS, ()),
}
"""The stack's keys: the type of each, and its default; None where a person must say it."""


_SECRETS = {"prefect": {"apiKey", "basicAuth"}}
"""Keys that a section may hold as stack secrets: providers read them for themselves, and they never enter a setting."""


def _without_secrets(name: str, value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {k: v for k, v in cast("dict[str, object]", value).items() if k not in _SECRETS.get(name, ())}


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _name_twins(sections: Mapping[str, object], key: str) -> list[Fault]:
    """Find flows of no feed whose name is taken, by a feed's deployment or by each other."""
    partners, flows = cast("tuple[Partner, ...] | None", sections.get("partners")), sections.get("flows")
    if partners is None or not isinstance(flows, FlowSettings):
        return []
    taken = {deployment_name(partner, feed) for partner in partners for feed in partner.feeds}
    faults: list[Fault] = []
    for index, flow in enumerate(flows.deployments):
        if flow.name in taken:
            faults.append(
                Fault(f"{key}.deployments[{index}].name", f"{flow.name!r} is another deployment's name; choose another")
            )
        taken.add(flow.name)
    return faults
