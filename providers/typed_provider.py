"""The part that all our dynamic providers share: typed specs in, typed outputs out, a diff from a table.

A subclass names its spec and its outputs (frozen dataclasses of plain values), says which fields of the spec are the
object's identity, and has four short verbs. Everything that Pulumi asks of a provider beyond that is answered here.

Pulumi writes a provider's class into the state by its name and loads it in a process of its own, so a module with a
provider never moves, has to import fast (nothing heavy at its top), and an instance holds nothing: what a verb needs to
reach its service comes from the stack's config, which `configured` hands over, and never from properties.
"""

from __future__ import annotations

import sys
import traceback
from abc import abstractmethod
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, cast

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from clients.errors import ServiceError
from providers.codec import Properties, decoded, encoded, normalised

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SpecT = TypeVar("SpecT", bound="DataclassInstance")
OutputsT = TypeVar("OutputsT", bound="DataclassInstance")


class StackConfig(Protocol):
    """The stack's config as a provider's process gets it: secrets are readable here."""

    def get(self, key: str, /) -> Any:  # noqa: ANN401  # Pulumi's own signature
        """Give the value of `key` ("project:name", or "name" alone), or None."""
        ...


@dataclass(frozen=True, kw_only=True)
class Created(Generic[OutputsT]):
    """An object that exists now: the service's own id for it, and what else the service says about it."""

    id: str
    outputs: OutputsT


@dataclass(frozen=True, kw_only=True)
class Found(Generic[SpecT, OutputsT]):
    """An object as the service holds it: the spec that would make it so, and its outputs."""

    spec: SpecT
    outputs: OutputsT


class ProviderError(Exception):
    """A verb did not succeed; the message is for the person at the terminal and is the whole story."""


class TypedProvider(ResourceProvider, Generic[SpecT, OutputsT]):
    """A dynamic provider over typed specs; see the module's text for what a subclass gives."""

    spec_type: ClassVar[type[Any]]
    """The frozen dataclass of the resource's inputs; its `__post_init__` may normalise.

    What is allowed is for `faults` to say: an object that was changed by hand must still be readable.
    """
    outputs_type: ClassVar[type[Any]]
    """The frozen dataclass of what the service adds; its fields are never inputs."""
    replaces_on: ClassVar[frozenset[str]] = frozenset()
    """Fields of the spec that are the object's identity: a change replaces it, any other change updates in place."""
    delete_before_replace: ClassVar[bool] = True
    """Creation adopts what is already there, so the old object goes first, or the new one could be taken for it."""

    @abstractmethod
    def describe(self, spec: SpecT) -> str:
        """Name the object as its owner would: "Prefect deployment 'hello/main'"."""

    @abstractmethod
    def create_object(self, spec: SpecT) -> Created[OutputsT]:
        """Make the object, or adopt it when a killed run of ours has already made it."""

    @abstractmethod
    def read_object(self, object_id: str, known: Found[SpecT, OutputsT]) -> Found[SpecT, OutputsT] | None:
        """Say how the object is now; None when it is gone. `known` is how it was last."""

    @abstractmethod
    def update_object(self, object_id: str, old: Found[SpecT, OutputsT], new: SpecT) -> OutputsT:
        """Make the object as `new` says; `old` is how it was last known. The outputs are the full new set."""

    @abstractmethod
    def delete_object(self, object_id: str, spec: SpecT) -> None:
        """Remove the object; one that is gone already is fine."""

    def faults(self, spec: SpecT) -> Iterable[tuple[str, str]]:  # noqa: ARG002  # for a subclass
        """Say what is wrong with wanted inputs as (field, reason); asked once all of them are known. No network."""
        return ()

    def upgraded(self, props: Properties) -> Properties:
        """Give the properties of a state that an older release wrote in today's form; others as they are."""
        return props

    def come_off(self, object_id: str, spec: SpecT) -> str:  # noqa: ARG002  # for a subclass
        """Say how the object differs from `spec` in the world, where a plain `up` must see it; empty when it does not.

        Asked at each preview and `up` that would otherwise leave the object alone: it costs every one of them.
        """
        return ""

    def unsaid(self, spec: SpecT) -> Iterable[str]:  # noqa: ARG002  # for a subclass
        """Give the texts that no error may show, whoever quotes them."""
        return ()

    def configured(self, config: StackConfig) -> None:
        """Take what the verbs need from the stack's config; called once, in the provider's process, before any verb."""

    # What Pulumi calls.

    def __reduce__(self) -> tuple[type[TypedProvider[SpecT, OutputsT]], tuple[()]]:
        """Put the class's name alone into the state: an instance has nothing to keep."""
        return type(self), ()

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's config."""
        # Pulumi prints the traceback of whatever a verb raises; our errors say everything in their message, and faults
        # that nobody foresaw carry their traceback in it.
        sys.tracebacklimit = 0
        self.configured(cast("StackConfig", req.config))

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        """Normalise and validate the inputs: no network, one failure a field, unknown values passed on."""
        props = self._inputs_of(news)
        values, faults = normalised(self.spec_type, props)
        strangers = sorted(props.keys() - {field.name for field in fields(self.spec_type)})
        told = [(fault.field, fault.reason) for fault in faults]
        if not told and not pulumi.contains_unknowns(values):
            told = self.faults(cast("SpecT", decoded(self.spec_type, values)))
        failures = [CheckFailure(field, reason) for field, reason in told]
        failures += [CheckFailure(name, "is not a property of this resource") for name in strangers]
        return CheckResult(values, failures)

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        """Compare what is there with what is wanted, field by field, both normalised; then ask `come_off`."""
        old, _ = normalised(self.spec_type, self._inputs_of(_olds))
        new, _ = normalised(self.spec_type, self._inputs_of(_news))
        names = [field.name for field in fields(self.spec_type)]
        changed = [name for name in names if pulumi.contains_unknowns(new.get(name)) or old.get(name) != new.get(name)]
        return DiffResult(
            changes=bool(changed) or self._has_come_off(_id, _olds),
            replaces=[name for name in changed if name in self.replaces_on],
            delete_before_replace=self.delete_before_replace,
        )

    def create(self, props: Properties) -> CreateResult:
        """Make the object."""
        spec = self._spec("create", props)
        with self._told("create", spec):
            created = self.create_object(spec)
        return CreateResult(created.id, self._state(spec, created.outputs))

    def read(self, id_: str, props: Properties) -> ReadResult:
        """Read the object as it is: what differs from the spec shows as a change; a vanished one has no id."""
        known = self._known("read", props)
        with self._told("read", known.spec):
            found = self.read_object(id_, known)
        if found is None:
            return ReadResult("", {})
        return ReadResult(id_, self._state(found.spec, found.outputs), encoded(found.spec))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        """Change the object in place."""
        old, new = self._known("update", _olds), self._spec("update", _news)
        with self._told("update", new):
            outputs = self.update_object(_id, old, new)
        return UpdateResult(self._state(new, outputs))

    def delete(self, _id: str, _props: Properties) -> None:
        """Remove the object."""
        spec = self._spec("delete", _props)
        with self._told("delete", spec):
            self.delete_object(_id, spec)

    def _has_come_off(self, object_id: str, olds: Properties) -> bool:
        spec = self._spec("compare", olds)
        with self._told("compare", spec):
            how = self.come_off(object_id, spec)
        if how:
            # The engine shows this with the plan, whose change has no property to show.
            print(f"{self.describe(spec)}: {how}", file=sys.stderr)  # noqa: T201  # the one way to the terminal
        return bool(how)

    def _inputs_of(self, props: Properties) -> Properties:
        outputs = {field.name for field in fields(self.outputs_type)}
        ours = {name: value for name, value in props.items() if not name.startswith("__") and name not in outputs}
        return self.upgraded(ours)

    def _spec(self, verb: str, props: Properties) -> SpecT:
        values, faults = normalised(self.spec_type, self._inputs_of(props))
        if faults:
            told = "; ".join(f"{fault.field}: {fault.reason}" for fault in faults)
            raise ProviderError(f"cannot {verb} a {self.spec_type.__name__} with these properties: {told}")
        return cast("SpecT", decoded(self.spec_type, values))

    def _known(self, verb: str, props: Properties) -> Found[SpecT, OutputsT]:
        outputs = {field.name: props[field.name] for field in fields(self.outputs_type) if field.name in props}
        return Found(spec=self._spec(verb, props), outputs=cast("OutputsT", decoded(self.outputs_type, outputs)))

    def _state(self, spec: SpecT, outputs: OutputsT) -> Properties:
        return {**encoded(spec), **encoded(outputs)}

    @contextmanager
    def _told(self, verb: str, spec: SpecT) -> Generator[None]:
        """Turn what a verb raises into one error that names the object, the verb and the cause."""
        try:
            yield
        except (ServiceError, ProviderError) as error:
            raise ProviderError(self._fit_to_say(spec, f"cannot {verb} {self.describe(spec)}: {error}")) from None
        except Exception as error:  # noqa: BLE001  # it is raised again, with the traceback that Pulumi would lose
            trace = "".join(traceback.format_exception(error, limit=20))
            told = f"cannot {verb} {self.describe(spec)}, by a fault of this program:\n{trace}"
            raise ProviderError(self._fit_to_say(spec, told)) from None

    def _fit_to_say(self, spec: SpecT, text: str) -> str:
        for secret in filter(None, self.unsaid(spec)):
            text = text.replace(secret, "[secret]")
        return text
