"""What the stack gave out at its last `up`: what a configuration alone cannot say is whether a name is a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

import pulumi
import tenacity

from domain.faults import ConfigurationError
from domain.partner_files import PartnerEntries
from domain.partners import Partner
from domain.renames import renamed

KEYS_OUTPUT = "partnerKeys"
"""The stack output that tells the next `up` whose keys were whose."""


COLUMNS_OUTPUT = "tableColumns"
"""The stack output that tells the next `up` in which order each table has its columns."""

FLOWS_SOURCE_OUTPUT = "flowsSource"
"""The stack output that tells the next `up` which branch, or which tag and commit, its flows run."""


@dataclass(frozen=True)
class EarlierDeployment:
    """The stack's own outputs after its last `up`; none before the first."""

    outputs: Mapping[str, Any]

    @classmethod
    def read(cls) -> EarlierDeployment:
        """Ask the engine, which knows them in a preview too."""
        # Backends without organizations call theirs so.
        organization = pulumi.get_organization() or "organization"
        name = f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"
        try:
            reply = _stack_outputs(name)
        except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
            cause = str(error).strip().splitlines()[0]
            raise pulumi.RunError(f"the state of this stack cannot be read ({cause}); run the command again") from None
        return cls(cast("Mapping[str, Any]", reply.get("outputs") or {}))

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """The names of each table's columns, in its order."""
        return self.outputs.get(COLUMNS_OUTPUT) or {}

    @property
    def flows_source(self) -> Mapping[str, Any]:
        """Which code its flows run."""
        return self.outputs.get(FLOWS_SOURCE_OUTPUT) or {}

    def refuse_renames(self, partners: Sequence[Partner], entries: PartnerEntries) -> Self:
        """End the program, with one message and no traceback, where an entry is an earlier partner of another name.

        Gives itself where there is none.
        """
        key = f"{pulumi.get_project()}:partners"
        if faults := renamed(partners, self.outputs.get(KEYS_OUTPUT) or {}, key):
            raise pulumi.RunError(str(ConfigurationError(entries.relabel(faults, key))))
        return self


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
