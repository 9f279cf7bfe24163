"""The stack's settings: the only place that reads `pulumi.Config`.

Everything is checked before the first resource, and every fault is told at once, with its key as typed.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime.config import get_config_env, is_config_secret
from pydantic import TypeAdapter

from domain.across_sections import faults_across
from domain.entry import Entry
from domain.faults import ConfigurationError, Fault, parse
from domain.flow_code import find_code
from domain.flow_settings import FlowSettings
from domain.flow_uses import uses_in
from domain.git_command import GitSourceError
from domain.git_source import GitSource, moved_tag
from domain.host_keys import HOST_KEYS, HostKey
from domain.partner_files import PartnerEntries, at_places, read_entries
from domain.partners import (
    PARTNERS,
    Partner,
    expired_keys,
    good_ones,
    keys_that_end,
    without_expired_keys,
)
from domain.sections import BucketSettings, PrefectSettings, SnowflakeSettings
from domain.sftp_settings import SftpSettings


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
    host_keys: tuple[HostKey, ...] = ()
    """The door's own keys, from `landing:sftp.hostKeys`; without any, AWS makes one for each server."""
    partners: tuple[Partner, ...]
    """Without the keys whose last day is over."""
    partner_entries: PartnerEntries = PartnerEntries(entries=[])
    """Where each partner's entry stands."""
    warnings: tuple[str, ...] = ()
    """What is not wrong and wants somebody's eye: each preview tells it."""

    @property
    def user_names(self) -> tuple[str, ...]:
        """The names of all partners' SFTP users."""
        return tuple(user.name for partner in self.partners for user in partner.logins)

    def flow_source(self, earlier: Mapping[str, Any]) -> GitSource:
        """Find the code that flows run, and every flow in it; what a run could not find ends the program now.

        `earlier` is what the last `up` gave out of it.
        """
        project = pulumi.get_project()
        partners = f"{project}:partners"
        uses = uses_in(project, self.flows, self.partners)
        try:
            code = find_code(Path.cwd(), os.environ, self.flows, uses, key=f"{project}:flows")
        except GitSourceError as error:
            raise pulumi.RunError(str(error)) from None
        except ConfigurationError as error:
            faults = self.partner_entries.relabel(error.faults, partners)
            raise pulumi.RunError(str(ConfigurationError(faults))) from None
        moved = moved_tag(earlier, code.source)
        for warning in (*code.warnings, *([moved] if moved else [])):
            pulumi.warn(warning)
        return code.source

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
        today = dt.datetime.now(dt.UTC).date()
        try:
            settings = cls.check(
                values,
                project=project,
                stack=pulumi.get_stack(),
                region=pulumi.Config("aws").get("region"),
                folder=Path.cwd(),
                today=today,
                secret={name for name in values if is_config_secret(f"{project}:{name}")},
            )
        except ConfigurationError as error:
            raise pulumi.RunError(str(error)) from None
        for warning in settings.warnings:
            pulumi.warn(warning)
        return settings

    @classmethod
    def check(
        cls,
        values: Mapping[str, object],
        *,
        project: str,
        stack: str,
        region: str | None,
        folder: Path,
        today: dt.date,
        secret: AbstractSet[str] = frozenset(),
    ) -> Settings:
        """Check the values of a stack's keys.

        `folder` is where relative paths in the configuration start; `today` is the day in UTC by which keys expire;
        `secret` names the keys with a secret in them.
        Raises ConfigurationError with all faults.
        """
        faults: list[Fault] = []
        sections: dict[str, object] = {}
        entries = read_entries(values.get("partners", []), values.get(_FOLDER), folder, f"{project}:{_FOLDER}", faults)
        for name, (adapter, default) in _SECTIONS.items():
            key = f"{project}:{name}"
            if name not in values and default is None:
                faults.append(Fault(key, f"is missing; add it to Pulumi.{stack}.yaml (Pulumi.prod.yaml shows one)"))
                continue
            value = entries.entries if name == "partners" else _without_secrets(name, values.get(name, default))
            sections[name] = parse(adapter, value, key=key, faults=faults, context=folder)
        # A section that is not good is None, and then it has faults of its own.
        partners = cast("tuple[Partner, ...] | None", sections.get("partners"))
        known = dict(enumerate(partners)) if partners else good_ones(entries.entries, folder)
        across = {name: cast("Any", sections.get(name)) for name in ("bucket", "sftp", "flows", "prefect")}
        between = faults_across(project, region or "", partners=tuple(known.values()), **across)
        if not _leaves_expired_keys_out(values.get("sftp")):
            between += expired_keys(known.values(), today, f"{project}:partners")
        faults += at_places(between, f"{project}:partners", tuple(known))
        host_keys = _host_keys(values, faults, project, folder, is_secret="sftp" in secret)
        keys = (*_SECTIONS, _FOLDER)
        faults += [
            Fault(f"{project}:{n}", f"is not known here; the keys are {', '.join(keys)}")
            for n in values
            if n not in keys
        ]
        faults += [
            Fault(f"{project}:{n}", "holds a secret, which would end in plain text in the state; keep it in Prefect")
            for n in sorted(secret & _SECTIONS.keys() - _SECRETS.keys() - _MASKED.keys())
        ]
        faults += [
            Fault(
                f"{project}:{n}.{key}",
                "stands here in plain text: choose another one, and set it by "
                f"`pulumi config set --secret --path '{project}:{n}.{key}'`",
            )
            for n, key in _MASKED.items()
            if n not in secret and key in cast("Mapping[str, object]", _mapping(values.get(n)))
        ]
        if not region:
            faults.append(Fault("aws:region", "is missing; name the region, such as 'us-east-1'"))
        elif region.startswith(_OTHER_PARTITIONS):
            faults.append(
                Fault("aws:region", f"{region!r} is outside the partition 'aws', which names are made for here")
            )
        if faults:
            raise ConfigurationError(entries.relabel(faults, f"{project}:partners"))
        good = {
            **sections,
            "partners": tuple(without_expired_keys(partner, today) for partner in known.values()),
            "partner_entries": entries,
            "host_keys": host_keys,
            "warnings": tuple(keys_that_end(known.values(), today, _NOTICE)),
        }
        return cls.model_validate({"prefix": f"{project}-{stack}", "region": region, **good})


_NOTICE = dt.timedelta(days=14)
"""How long before a key's last day each preview says so."""

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


_FOLDER = "partnersFolder"
"""The key that names a folder with further partners, a file each."""

_SECRETS = {"prefect": {"apiKey", "basicAuth"}, "sftp": {"hostKeys"}}
"""Keys that a section may hold as stack secrets: they never enter a section's settings, which may be printed."""

_MASKED = {"snowflake": "externalId"}
"""Keys that must be stack secrets, and are in their section's settings as what is not printed."""


def _without_secrets(name: str, value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {k: v for k, v in cast("dict[str, object]", value).items() if k not in _SECRETS.get(name, ())}


def _leaves_expired_keys_out(section: object) -> bool:
    """Say so even of a section with faults: they are no reason to tell of keys that nobody wants to hear of."""
    return isinstance(section, dict) and cast("dict[str, object]", section).get("expiredKeys") == "leaveOut"


def _mapping(value: object) -> object:
    return cast("object", value) if isinstance(value, dict) else {}


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _host_keys(
    values: Mapping[str, object], faults: list[Fault], project: str, folder: Path, *, is_secret: bool
) -> tuple[HostKey, ...]:
    """Read the door's private keys; a text of one that is not a secret of the stack is a fault, whatever it says."""
    section = values.get("sftp")
    given: object = cast("dict[str, object]", section).get("hostKeys", []) if isinstance(section, dict) else []
    key = f"{project}:sftp.hostKeys"
    entries = cast("list[object]", given) if isinstance(given, list) else []
    exposed = [f"{key}[{index}]" for index, each in enumerate(entries) if isinstance(each, str) and not is_secret]
    faults += [
        Fault(
            place,
            "stands here in plain text: treat it as exposed, make a new key, and set it by "
            f"`pulumi config set --secret --path '{place}' < <the key's file>`",
        )
        for place in exposed
    ]
    found: list[Fault] = []
    keys = parse(HOST_KEYS, cast("object", given), key=key, faults=found, context=folder)
    faults += [fault for fault in found if fault.key not in exposed]
    return keys or ()
