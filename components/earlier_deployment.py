"""What the last `up` left: what a configuration alone cannot say is whether a name is a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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

    outputs: Mapping[str, Any]

    @classmethod
    def read(cls) -> EarlierDeployment:
        """Ask the engine, which knows them in a preview too."""
        return cls(_ask("readStackOutputs", "name"))

    def in_state(self, type_: str) -> Mapping[str, Mapping[str, Any]]:
        """Give the outputs of each resource of a type that is in the state, by its id.

        They are as the last `up` left them, even one that was killed: the stack's own outputs are those of the last
        good one.
        """
        found = (each["outputs"] for each in self._resources.values() if each["type"] == type_)
        return {str(outputs["id"]): outputs for outputs in found}

    @cached_property
    def _resources(self) -> Mapping[str, Any]:
        return _ask("readStackResourceOutputs", "stackName")

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


def _ask(function: str, parameter: str) -> Mapping[str, Any]:
    """Give what a function of the engine's own says of this stack; a state that cannot be read ends the program."""
    # Backends without organizations call theirs so.
    organization = pulumi.get_organization() or "organization"
    name = f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        reply = _answer(f"pulumi:pulumi:{function}", {parameter: name})
    except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
        cause = str(error).strip().splitlines()[0]
        raise pulumi.RunError(f"the state of this stack cannot be read ({cause}); run the command again") from None
    return cast("Mapping[str, Any]", reply.get("outputs") or {})


# The engine writes the state while the program starts, and a `file://` backend shows half of what is being written.
@tenacity.retry(
    retry=tenacity.retry_if_exception_message(match=r"(?s).*failed to load checkpoint"),
    wait=tenacity.wait_fixed(0.1),
    stop=tenacity.stop_after_delay(10),
    reraise=True,
)
def _answer(function: str, arguments: Mapping[str, str]) -> dict[str, object]:
    reply = pulumi.runtime.invoke(function, dict(arguments))
    return cast("dict[str, object]", reply.value or {})


def partner_keys(partners: Sequence[Partner]) -> dict[str, list[str]]:
    """Give the fingerprints of each partner's keys, for the next `up` to read."""
    return {
        partner.name: sorted(each.key.fingerprint for user in partner.logins for each in user.public_keys)
        for partner in partners
    }
