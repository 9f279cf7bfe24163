"""A rename is refused by what the stack gave out before; the sheets are given out by partner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs

from components.earlier_deployment import KEYS_OUTPUT, EarlierDeployment, partner_keys
from components.handover import handover_sheets
from domain.partner_files import PartnerEntries
from tests.components.landing_pieces import a_door
from tests.components.recorder import Program
from tests.stack_values import partner, public_key, read_partners, user

SKYWAY = read_partners(partner(users=[user("robot", seed=2)]))
NOWHERE = PartnerEntries(entries=[])
RENAMED = read_partners(partner("skyways", key=public_key(9), users=[user("robot", seed=2)]))


def gave_out(outputs: dict[str, Any] | None) -> Callable[[MockCallArgs], dict[str, Any]]:
    def answer(args: MockCallArgs) -> dict[str, Any]:
        assert args.token == "pulumi:pulumi:readStackResourceOutputs"
        assert args.args == {"stackName": "organization/landing/test"}  # pyright: ignore[reportUnknownMemberType]  # a dict
        stack = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
        return {"name": "organization/landing/test", "outputs": {"the stack": stack} if outputs is not None else None}

    return answer


@pytest.mark.parametrize("outputs", [None, {}, {"bucket": "x"}, {KEYS_OUTPUT: {}}, {KEYS_OUTPUT: partner_keys(SKYWAY)}])
def test_what_is_new_or_known_goes_on(registered: Program, outputs: dict[str, Any] | None) -> None:
    registered(lambda: EarlierDeployment.read().refuse_renames(SKYWAY, NOWHERE), calls=gave_out(outputs))


def test_an_entry_with_the_keys_of_one_that_is_gone_ends_the_program_with_the_way(registered: Program) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        registered(
            lambda: EarlierDeployment.read().refuse_renames(RENAMED, NOWHERE),
            calls=gave_out({KEYS_OUTPUT: partner_keys(SKYWAY)}),
        )
    told = str(caught.value)
    assert told.startswith("1 fault in the stack's configuration:\n  landing:partners[0].name: 'skyways' has the keys ")
    assert "Bring back 'skyway' and add 'skyways' beside it with new keys" in told


def test_the_keys_that_are_given_out_are_fingerprints_whatever_their_order() -> None:
    (one,), (other,) = (read_partners(partner(publicKeys=[public_key(a), public_key(b)])) for a, b in ((1, 2), (2, 1)))
    assert partner_keys([one]) == partner_keys([other])
    assert all(key.startswith("SHA256:") for key in partner_keys([one])["skyway"])


def test_each_partner_has_a_sheet_with_what_is_known_once_the_door_is_there(registered: Program) -> None:
    def program() -> object:
        door = replace(
            a_door(),
            host_key_fingerprints=[pulumi.Output.from_input("SHA256:later")],
            addresses=[pulumi.Output.from_input("192.0.2.7")],
        )
        return handover_sheets([*SKYWAY, *RENAMED], door)

    sheets = registered(program).result
    assert list(sheets) == ["skyway", "skyways"]
    for name, sheet in sheets.items():
        assert sheet.startswith(f"# SFTP access for {name}\n")
        assert "`SHA256:later`" in sheet
        assert "`192.0.2.7`" in sheet
