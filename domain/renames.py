"""A partner that was renamed in the configuration: found by its keys, and refused before anything is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.faults import Fault, path_of
from domain.partners import Partner


def renamed(partners: Sequence[Partner], earlier: Mapping[str, Sequence[str]], key: str) -> list[Fault]:
    """Find the entries that were called otherwise in the last `up`.

    `earlier` gives the fingerprints of the keys that each partner had then. An entry is a renamed one when its name is
    new, another is gone, and a key of the gone one is its own.
    """
    names = {partner.name for partner in partners}
    gone = {name: set(fingerprints) for name, fingerprints in earlier.items() if name not in names}
    faults: list[Fault] = []
    for index, partner in enumerate(partners):
        if partner.name in earlier:
            continue
        own = {each.key.fingerprint for user in partner.logins for each in user.public_keys}
        faults += [
            Fault(path_of(key, (index, "name")), _the_way(name, partner.name))
            for name in sorted(gone)
            if own & gone[name]
        ]
    return faults


def _the_way(old: str, new: str) -> str:
    return (
        f"{new!r} has the keys of {old!r}, which is gone: a partner's name is its folder, its tables and its flows, "
        f"and a rename would leave them behind. Bring back {old!r} and add {new!r} beside it with new keys; when the "
        f"partner has moved, remove {old!r}"
    )
