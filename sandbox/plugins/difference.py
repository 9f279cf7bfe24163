"""What the engine's Diff, Read and Update ask: how a state and the wanted inputs differ, and which spelling stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sandbox.plugins.naming import NAMED_BY_US
from sandbox.plugins.table import Difference, Property
from sandbox.plugins.wire import UNKNOWN, Properties, Value


def compare(
    properties: Mapping[str, Property], state: Properties, inputs: Properties, ignored: Collection[str] = ()
) -> Difference:
    """Say how the wanted `inputs` differ from the `state`; properties in `ignored` never do."""
    added, removed, changed, replaces = set[str](), set[str](), set[str](), set[str]()
    skipped = {path.split(".")[0].split("[")[0] for path in ignored}
    for name, prop in properties.items():
        if name in skipped or (name not in inputs and prop.computed):
            continue
        wanted, actual = inputs.get(name, prop.default), state.get(name, prop.default)
        if wanted is not UNKNOWN and prop.same(actual, wanted):
            continue
        (removed if name not in inputs else changed if name in state else added).add(name)
        if prop.replaces or (prop.replaces_when is not None and prop.replaces_when(actual, wanted)):
            replaces.add(name)
    return Difference(
        added=frozenset(added), removed=frozenset(removed), changed=frozenset(changed), replaces=frozenset(replaces)
    )


def keep_spelling(properties: Mapping[str, Property], known: Properties, live: Properties) -> Properties:
    """Give the live properties in the spelling already known where both mean the same, with what only we know."""
    kept: Properties = dict(live)
    for name, prop in properties.items():
        if name not in known:
            continue
        found = live.get(name, prop.default)
        if prop.narrow is not None:
            found = prop.narrow(known[name], found)
            kept[name] = found
            if found is None:
                del kept[name]
        if prop.kept or (not prop.completed and prop.same(known[name], found)):
            kept[name] = known[name]
    return kept


def inputs_from(properties: Mapping[str, Property], known: Properties, live: Properties) -> Properties:
    """Give the inputs that would make the `live` object.

    `known` are the inputs so far: what they leave to the service stays left to it. An import has none, and takes
    every property that is not at its default.
    """
    inputs: Properties = {name: known[name] for name in (NAMED_BY_US,) if name in known}
    for name, prop in properties.items():
        if prop.derived:
            continue
        if name in known:
            value: Value = known[name] if prop.kept else live.get(name)
            if value is None and prop.same(known[name], prop.default):
                value = known[name]
        else:
            value = None if (prop.computed and known) or prop.kept else live.get(name)
            if prop.same(value, prop.default):
                value = None
        if value is not None:
            inputs[name] = known[name] if name in known and prop.same(known[name], value) else value
    return inputs
