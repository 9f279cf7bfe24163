"""What the stack gave out at its last `up`: what a configuration alone cannot say is whether a name is a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pulumi
import tenacity

from domain.faults import ConfigurationError
from domain.partner_files import PartnerEntries
from domain.partners import Partner
from domain.renames import renamed

KEYS_OUTPUT = "partnerKeys"
"""The stack output that tells the next `up` whose keys were whose."""


def refuse_renames(partners: Sequence[Partner], entries: PartnerEntries) -> None:
    """End the program, with one message and no traceback, where an entry is an earlier partner under another name."""
    key = f"{pulumi.get_project()}:partners"
    if faults := renamed(partners, _earlier_keys(), key):
        raise pulumi.RunError(str(ConfigurationError(entries.relabel(faults, key))))


def _earlier_keys() -> Mapping[str, list[str]]:
    """Ask the engine for the stack's own outputs; it knows them in a preview too, and none before the first `up`."""
    # Backends without organizations call theirs so.
    organization = pulumi.get_organization() or "organization"
    name = f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        reply = _stack_outputs(name)
    except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
        cause = str(error).strip().splitlines()[0]
        raise pulumi.RunError(f"the state of this stack cannot be read ({cause}); run the command again") from None
    outputs = cast("dict[str, object]", reply.get("outputs") or {})
    return cast("Mapping[str, list[str]]", outputs.get(KEYS_OUTPUT) or {})


# The engine writes the state while the program starts, and a `file://` backend shows half of what is being written.
@tenacity.retry(
    retry=tenacity.retry_if_exception_message(match=r"(?s).*failed to load checkpoint"),
    wait=tenacity.wait_fixed(0.1),
    stop=tenacity.stop_after_delay(10),
    reraise=True,
)
def _stack_outputs(name: str) -> dict[str, object]:
    reply = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name})
    return cast("dict[str, object]", reply.value or {})


def partner_keys(partners: Sequence[Partner]) -> dict[str, list[str]]:
    """Give the fingerprints of each partner's keys, for the next `up` to read."""
    return {
        partner.name: sorted(each.key.fingerprint for user in partner.logins for each in user.public_keys)
        for partner in partners
    }
