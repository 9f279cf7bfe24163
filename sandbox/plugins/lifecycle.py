"""What happens to an object between the engine's calls and the service's: made once, read as kept, deleted for good."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Generic

from sandbox.plugins.difference import compare, inputs_from, keep_spelling
from sandbox.plugins.ledger import Ledger
from sandbox.plugins.table import CloudT, Package, Row
from sandbox.plugins.wire import UNKNOWN, Properties

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lifecycle(Generic[CloudT]):
    """The steps of one package's objects."""

    package: Package[CloudT]
    ledger: Ledger

    def create(self, row: Row[CloudT], cloud: CloudT, urn: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object, or find the one made for an engine that did not live to write it down."""
        identifier = self._adopt(row, cloud, urn, inputs)
        if identifier is None:
            identifier = row.create(cloud, inputs)
            self.ledger.record(urn, identifier)
            row.settle(cloud, identifier, inputs)
        return identifier, self.state(row, cloud, identifier, inputs)

    def read(
        self, row: Row[CloudT], cloud: CloudT, identifier: str, state: Properties, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Give the object's state and inputs as they are now, or None when it is gone."""
        live = self._live(row, cloud, identifier)
        if live is None:
            return None
        found = keep_spelling(row.properties, state, live)
        return {**found, "id": identifier}, inputs_from(row.properties, inputs, found)

    def update(
        self, row: Row[CloudT], cloud: CloudT, identifier: str, state: Properties, inputs: Properties
    ) -> Properties:
        """Bring the object from the state to the inputs, and give its new state."""
        row.update(cloud, identifier, state, inputs)
        return self.state(row, cloud, identifier, inputs)

    def delete(self, row: Row[CloudT], cloud: CloudT, identifier: str, state: Properties) -> None:
        """Delete the object; one that is gone already is deleted."""
        try:
            row.delete(cloud, identifier, state)
        except Exception as error:
            if not self.package.gone(error):
                raise

    def state(self, row: Row[CloudT], cloud: CloudT, identifier: str, inputs: Properties) -> Properties:
        """Give the state of an object that was just brought to the inputs."""
        live = self._live(row, cloud, identifier)
        if live is None:
            raise LookupError(f"{identifier} was gone right after the call")
        return {**keep_spelling(row.properties, without_marks(inputs), live), "id": identifier}

    def _adopt(self, row: Row[CloudT], cloud: CloudT, urn: str, inputs: Properties) -> str | None:
        identifier = self.ledger.find(urn)
        live = self._live(row, cloud, identifier) if identifier else None
        if identifier is None or live is None:
            return None
        live = keep_spelling(row.properties, inputs, live)
        if compare(row.properties, live, inputs).replaces:
            self.delete(row, cloud, identifier, live)
            return None
        _log.info("%s was made before as %s and not written down: taken over", urn, identifier)
        row.settle(cloud, identifier, inputs)
        if compare(row.properties, live, inputs).properties:
            row.update(cloud, identifier, live, inputs)
        return identifier

    def _live(self, row: Row[CloudT], cloud: CloudT, identifier: str) -> Properties | None:
        try:
            live = row.read(cloud, identifier)
        except Exception as error:
            if self.package.gone(error):
                return None
            raise
        return None if live is None else {name: value for name, value in live.items() if value is not None}


def foreseen(row: Row[CloudT], state: Properties, inputs: Properties) -> Properties:
    """Give what a preview knows of the properties of an object that is brought from `state` to `inputs`.

    What the service completes stays as it is in the state, and is not known where there is none yet.
    """
    planned = without_marks(inputs)
    for name, prop in row.properties.items():
        if prop.completed and name in planned:
            known = state.get(name)
            planned[name] = {**known, **planned[name]} if known and isinstance(planned[name], dict) else UNKNOWN
    return planned


def without_marks(inputs: Properties) -> Properties:
    """Give inputs without what the engine and Check note in them for themselves."""
    return {name: value for name, value in inputs.items() if not name.startswith("__")}
