"""What the stack gave out at its last `up`: what a configuration alone cannot say is whether a name is a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pulumi

from domain.faults import ConfigurationError
from domain.partners import Partner
from domain.renames import renamed

KEYS_OUTPUT = "partnerKeys"
"""The stack output that tells the next `up` whose keys were whose."""


def refuse_renames(partners: Sequence[Partner]) -> None:
    """End the program, with one message and no traceback, where an entry is an earlier partner under another name."""
    if faults := renamed(partners, _earlier_keys(), f"{pulumi.get_project()}:partners"):
        raise pulumi.RunError(str(ConfigurationError(faults)))


def _earlier_keys() -> Mapping[str, list[str]]:
    """Ask the engine for the stack's own outputs; it knows them in a preview too, and none before the first `up`."""
    # Backends without organizations call theirs so.
    organization = pulumi.get_organization() or "organization"
    name = f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"
    reply = cast(
        "dict[str, object]", pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value or {}
    )
    outputs = cast("dict[str, object]", reply.get("outputs") or {})
    return cast("Mapping[str, list[str]]", outputs.get(KEYS_OUTPUT) or {})


def partner_keys(partners: Sequence[Partner]) -> dict[str, list[str]]:
    """Give the fingerprints of each partner's keys, for the next `up` to read."""
    return {
        partner.name: sorted(each.key.fingerprint for user in partner.logins for each in user.public_keys)
        for partner in partners
    }
