"""What a stand-in is: a package, its rows, and what each row says about a resource type's properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from sandbox.plugins.compare import same
from sandbox.plugins.wire import Properties, Value

CloudT = TypeVar("CloudT")


@dataclass(frozen=True, kw_only=True)
class Property:
    """How one input property behaves when it changes, or is left out."""

    replaces: bool = False
    """A change makes a new resource."""
    replaces_when: Callable[[Value, Value], bool] | None = None
    """Of the state's value and the wanted one: whether this change makes a new resource."""
    computed: bool = False
    """Left out, the service chooses, and whatever it chose is right."""
    kept: bool = False
    """The service does not tell it back; only the state knows it (`forceDestroy`)."""
    completed: bool = False
    """The service fills in parts of it that the program reads: the state has what the service tells."""
    default: Value = None
    """What leaving it out means."""
    derived: bool = False
    """Never an input: the package works it out of the inputs and the provider's config (`tagsAll`)."""
    inside: frozenset[str] | None = None
    """Of the objects inside, the properties that the sandbox serves; None for all."""
    narrow: Callable[[Value, Value], Value] | None = None
    """Of what is known (first) and what the service tells: what of it is the resource's own."""
    same: Callable[[Value, Value], bool] = same
    """Whether two spellings mean the same."""


PLAIN = Property()
FORCE_NEW = Property(replaces=True)
COMPUTED = Property(computed=True)
KEPT = Property(kept=True)


TAGS: Mapping[str, Property] = {"tags": PLAIN, "tagsAll": Property(derived=True)}
"""The properties of a type that takes tags, beside its own."""


def _nothing_more(_cloud: object, _id: str, _inputs: Properties) -> None:
    return None


def _not_updatable(_cloud: object, identifier: str, _state: Properties, _inputs: Properties) -> None:
    message = f"{identifier} has no property that changes in place"
    raise NotImplementedError(message)


@dataclass(frozen=True, kw_only=True)
class Row(Generic[CloudT]):
    """One resource type: the service's own calls, and what forces a replacement.

    The verbs raise what the service's library raises; `Package.gone` tells a missing object from a failure.
    """

    type: str
    """The engine's token, `aws:kms/key:Key`."""
    properties: Mapping[str, Property]
    """Every input property that the sandbox serves."""
    create: Callable[[CloudT, Properties], str]
    """Make the object and give its id, in the form that the official plug-in uses."""
    read: Callable[[CloudT, str], Properties | None]
    """Give the live properties, inputs and outputs, or None for an object that is gone."""
    delete: Callable[[CloudT, str, Properties], None]
    """Delete the object; the state says what only it knows."""
    update: Callable[[CloudT, str, Properties, Properties], None] = _not_updatable
    """Bring the object from the state (first) to the inputs (second)."""
    settle: Callable[[CloudT, str, Properties], None] = _nothing_more
    """Second half of a creation: what the service's create call has no parameter for."""
    auto_name: str | None = None
    """The property that gets a name from the resource's own when the program gives none."""
    auto_name_prefix: str = ""
    delete_before_replace: bool = False
    """The old object must go first even where no name clashes."""
    preview_feature: str | None = None
    """What `previewFeaturesEnabled` must name before the official plug-in serves the type."""


class Package(Protocol[CloudT]):
    """A whole stand-in: which package it stands in for, its rows, and how to reach the service."""

    name: str
    """The engine's package, `aws`."""
    distribution: str
    """The Python distribution (and import name) of the package's SDK, `pulumi_aws`."""
    rows: Mapping[str, Row[CloudT]]
    functions: Mapping[str, Callable[[CloudT, Properties], Properties]]

    def connect(self, config: Properties) -> CloudT:
        """Give the service as the provider's config says, without a call to it yet."""
        ...

    def close(self, cloud: CloudT) -> None:
        """End the session with the service, if there is one; the next call opens a new one."""
        ...

    def refuse(self, row: Row[CloudT], cloud: CloudT) -> str | None:
        """Say why this engine run may not use `row`, or None."""
        ...

    def expand(self, cloud: CloudT, row: Row[CloudT], inputs: Properties) -> Properties:
        """Give what a resource will have when the provider's own config is added (default tags)."""
        ...

    def gone(self, error: Exception) -> bool:
        """Say whether an error of the service means that the object is not there."""
        ...

    def explain(self, cloud: CloudT, error: Exception) -> str | None:
        """Give the sentence for an error of the service, or None for an error that is not the service's."""
        ...


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What separates a resource's state from what the program wants."""

    added: frozenset[str] = field(default_factory=frozenset[str])
    removed: frozenset[str] = field(default_factory=frozenset[str])
    changed: frozenset[str] = field(default_factory=frozenset[str])
    replaces: frozenset[str] = field(default_factory=frozenset[str])

    @property
    def properties(self) -> frozenset[str]:
        """All properties that differ."""
        return self.added | self.removed | self.changed
