"""What the last `up` left: what a configuration alone cannot say is whether a name is a new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


FLOWS_SOURCE_OUTPUT = "flowsSource"
"""The stack output that tells the next `up` which branch, or which tag and commit, its flows run."""


@dataclass(frozen=True)
class EarlierDeployment:
    """The stack's outputs, and its state, as the last `up` left them; nothing before the first."""

    resources: Mapping[str, Mapping[str, Any]]
    """By URN: the type and the outputs of each resource in the state."""

    @classmethod
    def read(cls) -> EarlierDeployment:
        """Ask the engine, which knows them in a preview too; a state that cannot be read ends the program."""
        # Backends without organizations call theirs so.
        organization = pulumi.get_organization() or "organization"
        name = f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"
        try:
            return cls(_resources(name))
        except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
            cause = str(error).strip().splitlines()[0]
            raise pulumi.RunError(f"the state of this stack cannot be read ({cause}); run the command again") from None

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's own outputs, which are those of the last good `up`."""
        return next(self._of("pulumi:pulumi:Stack"), dict[str, Any]())

    def in_state(self, type_: str) -> Mapping[str, Mapping[str, Any]]:
        """Give the outputs of each resource of a type, by its id, as the last `up` left them, good or killed."""
        return {str(outputs["id"]): outputs for outputs in self._of(type_)}

    def _of(self, type_: str) -> Iterator[Mapping[str, Any]]:
        return (each["outputs"] or {} for each in self.resources.values() if each["type"] == type_)

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
def _resources(stack: str) -> Mapping[str, Mapping[str, Any]]:
    # It tells of the stack itself too, so that its outputs need no question of their own.
    reply = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": stack})
    return cast("dict[str, Any]", reply.value or {}).get("outputs") or {}


def partner_keys(partners: Sequence[Partner]) -> dict[str, list[str]]:
    """Give the fingerprints of each partner's keys, for the next `up` to read."""
    return {
        partner.name: sorted(each.key.fingerprint for user in partner.logins for each in user.public_keys)
        for partner in partners
    }
