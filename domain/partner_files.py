"""Partners in files of their own, one each, for a stack that has many.

The engine hands a program its whole configuration in one environment variable, of which Linux takes 128 KiB: some three
hundred partners. And a file a partner is a diff a partner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import yaml

from domain.faults import Fault


@dataclass(frozen=True, kw_only=True)
class PartnerEntries:
    """The entries of all partners, and where each stands."""

    entries: object
    """A list of entries, or what stands in its place."""
    files: Mapping[int, str] = field(default_factory=dict[int, str])
    """The file of each entry that has one, by the entry's place in the list."""

    def relabel(self, faults: Sequence[Fault], key: str) -> list[Fault]:
        """Name files where faults name places of the list: `landing:partners[3].name` is `partners/a.yaml: name`."""
        place = re.compile(rf"{re.escape(key)}\[(\d+)\](\.?)")

        def named(found: re.Match[str]) -> str:
            file = self.files.get(int(found[1]))
            return f"{file}: " if file and found[2] else file or found[0]

        return [Fault(place.sub(named, fault.key), place.sub(named, fault.message)) for fault in faults]


def read_entries(listed: object, folder_name: object, base: Path, key: str, faults: list[Fault]) -> PartnerEntries:
    """Give the entries that are listed, and after them those in the folder's `.yaml` files, by name.

    The folder's path starts at `base`; it is empty where there is none. `key` is where the folder is named. What cannot
    be read joins `faults`.
    """
    if not folder_name or not isinstance(listed, list):
        return PartnerEntries(entries=listed)
    folder = base / str(folder_name)
    if not folder.is_dir():
        faults.append(Fault(key, f"{folder_name!r} is not a folder; make it, or name another"))
        return PartnerEntries(entries=cast("object", listed))
    entries = list(cast("list[object]", listed))
    files: dict[int, str] = {}
    for file in sorted(folder.glob("*.yaml")):
        label = f"{str(folder_name).rstrip('/')}/{file.name}"
        try:
            entry = yaml.load(file.read_text(encoding="utf-8"), _LOADER)  # noqa: S506  # both are safe loaders
        except (OSError, UnicodeError) as error:
            faults.append(Fault(label, f"cannot be read ({error}); write it as UTF-8 text"))
        except yaml.YAMLError as error:
            faults.append(Fault(label, f"is not YAML: {' '.join(str(error).split())}"))
        else:
            files[len(entries)] = label
            entries.append(entry)
    return PartnerEntries(entries=entries, files=files)


def at_places(faults: Sequence[Fault], key: str, places: Sequence[int]) -> list[Fault]:
    """Name places of a whole list where faults name those of a part of it; `places` tells where each of the part is."""
    place = re.compile(rf"{re.escape(key)}\[(\d+)\]")

    def moved(text: str) -> str:
        return place.sub(lambda found: f"{key}[{places[int(found[1])]}]", text)

    return [Fault(moved(fault.key), moved(fault.message)) for fault in faults]


_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
