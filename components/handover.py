"""The partners' handover sheets, as outputs of the stack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pulumi import Output

from components.sftp_door import SftpDoor
from domain.handover import DoorFacts, handover_sheet
from domain.partners import Partner


def handover_sheets(partners: Iterable[Partner], door: SftpDoor) -> dict[str, Output[str]]:
    """Write each partner's sheet, by the partner's name."""
    known = Output.all(fingerprints=list(door.host_key_fingerprints), addresses=list(door.addresses))

    def sheet(partner: Partner) -> Output[str]:
        return known.apply(lambda facts: _sheet(partner, door, facts))

    return {partner.name: sheet(partner) for partner in partners}


def _sheet(partner: Partner, door: SftpDoor, known: dict[str, Any]) -> str:
    facts = DoorFacts(
        hostname=door.hostname,
        fingerprints=known["fingerprints"],
        known_hosts=door.known_hosts,
        addresses=known["addresses"],
        security_policy=door.security_policy,
    )
    return handover_sheet(partner, facts)
