"""Partners in files of their own: read beside those that are listed, and told by their file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from domain.faults import ConfigurationError
from domain.partner_files import PartnerEntries
from settings import Settings
from tests.stack_values import TODAY, partner, public_key, values


def write(folder: Path, **entries: object) -> None:
    (folder / "partners").mkdir(exist_ok=True)
    for name, entry in entries.items():
        text = entry if isinstance(entry, str) else yaml.safe_dump(entry)
        (folder / "partners" / f"{name}.yaml").write_text(text)


def check(folder: Path, **changes: Any) -> Settings:  # noqa: ANN401  # values of the stack's keys
    given = values(**({"partners": cast("object", []), "partnersFolder": "partners"} | changes))
    return Settings.check(
        given, project="landing", stack="test", region="us-east-1", folder=folder, today=TODAY, secret=frozenset()
    )


def told(folder: Path, **changes: Any) -> list[str]:  # noqa: ANN401  # values of the stack's keys
    with pytest.raises(ConfigurationError) as caught:
        check(folder, **changes)
    return [str(fault) for fault in caught.value.faults]


def test_partners_of_files_join_those_that_are_listed(tmp_path: Path) -> None:
    write(tmp_path, harbour=partner("harbour", key=public_key(2)), airport=partner("airport", key=public_key(3)))
    settings = check(tmp_path, partners=[partner()])
    assert [each.name for each in settings.partners] == ["skyway", "airport", "harbour"]


def test_a_fault_names_its_file_and_all_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, a=partner("airport", timeZone="EST5"), b=partner("harbour", key=public_key(9)), c="name: [", d="")
    found = told(tmp_path, partners=[partner("skyway", key=public_key(9), nme=1)])
    assert any(line.startswith("landing:partners[0].nme: is not a key that is known here") for line in found)
    assert any(line.startswith("partners/a.yaml: timeZone: 'EST5' is not an IANA time zone") for line in found)
    assert any(line.startswith("partners/c.yaml: is not YAML: ") for line in found)
    assert any(line.startswith("partners/d.yaml: what stands here (nothing) is not a mapping") for line in found)


def test_what_two_files_share_names_both(tmp_path: Path) -> None:
    write(tmp_path, a=partner("airport"), b=partner("harbour"))
    (line,) = told(tmp_path)
    assert line.startswith("partners/b.yaml: publicKeys[0]: the same public key stands elsewhere already")
    assert line.endswith("(see partners/a.yaml: publicKeys[0])")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert told(tmp_path) == ["landing:partnersFolder: 'partners' is not a folder; make it, or name another"]


def test_a_list_that_is_none_is_told_as_ever(tmp_path: Path) -> None:
    write(tmp_path)
    (line,) = told(tmp_path, partners=7)
    assert line.startswith("landing:partners: 7 is not a list")


def test_a_bare_day_in_a_file_is_a_day(tmp_path: Path) -> None:
    keys = [{"key": public_key(), "expires": dt.date(2099, 3, 1)}]
    write(tmp_path, a=partner("airport", publicKeys=keys))
    (one,) = check(tmp_path).partners
    assert str(one.logins[0].public_keys[0].expires) == "2099-03-01"


def test_entries_without_files_keep_their_places() -> None:
    assert PartnerEntries(entries=[]).relabel([], "landing:partners") == []
