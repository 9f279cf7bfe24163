# ruff: noqa: ANN401  # the SDK's stub has no types that resolve
"""Plays the engine's side of the plug-in protocol against a stand-in that is served in this process."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from sandbox.home import LOOPBACK
from sandbox.plugins.ledger import Ledger
from sandbox.plugins.server import served
from sandbox.plugins.table import Package
from sandbox.plugins.wire import Properties, from_struct, to_struct
from tests.ports import closed_port

AnyCloud = TypeVar("AnyCloud")


class RefusedError(Exception):
    """The faults that Check found, as (property, reason)."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__(faults)
        self.faults = list(faults)


class Resource:
    """One resource as the engine keeps it between calls."""

    def __init__(self, stub: Any, token: str, name: str = "thing") -> None:
        self._stub = stub
        self.token = token
        self.urn = f"urn:pulumi:test::project::{token}::{name}"
        self.id = ""
        self.inputs: Properties = {}
        self.state: Properties = {}

    def check(self, inputs: Properties) -> Properties:
        answer = self._stub.Check(
            proto.CheckRequest(urn=self.urn, olds=to_struct(self.inputs), news=to_struct(inputs), randomSeed=b"0" * 32)
        )
        if answer.failures:
            raise RefusedError([(fault.property, fault.reason) for fault in answer.failures])
        return from_struct(answer.inputs)

    def preview(self, inputs: Properties) -> Properties:
        request = proto.CreateRequest(urn=self.urn, properties=to_struct(self.check(inputs)), preview=True)
        return from_struct(self._stub.Create(request).properties)

    def create(self, inputs: Properties) -> Properties:
        self.inputs = self.check(inputs)
        answer = self._stub.Create(proto.CreateRequest(urn=self.urn, properties=to_struct(self.inputs)))
        self.id, self.state = answer.id, from_struct(answer.properties)
        return self.state

    def diff(self, inputs: Properties, ignored: Sequence[str] = ()) -> proto.DiffResponse:
        news = self.check(inputs)
        return self._stub.Diff(
            proto.DiffRequest(
                id=self.id,
                urn=self.urn,
                olds=to_struct(self.state),
                old_inputs=to_struct(self.inputs),
                news=to_struct(news),
                ignoreChanges=ignored,
            )
        )

    def changed(self, inputs: Properties, ignored: Sequence[str] = ()) -> list[str]:
        return list(self.diff(inputs, ignored).diffs)

    def update(self, inputs: Properties) -> Properties:
        news = self.check(inputs)
        request = proto.UpdateRequest(id=self.id, urn=self.urn, olds=to_struct(self.state), news=to_struct(news))
        self.state, self.inputs = from_struct(self._stub.Update(request).properties), news
        return self.state

    def preview_update(self, inputs: Properties) -> Properties:
        request = proto.UpdateRequest(
            id=self.id, urn=self.urn, olds=to_struct(self.state), news=to_struct(self.check(inputs)), preview=True
        )
        return from_struct(self._stub.Update(request).properties)

    def refresh(self) -> Properties:
        """Read the object; the id is empty when it is gone."""
        request = proto.ReadRequest(
            id=self.id, urn=self.urn, properties=to_struct(self.state), inputs=to_struct(self.inputs)
        )
        answer = self._stub.Read(request)
        self.id, self.state, self.inputs = answer.id, from_struct(answer.properties), from_struct(answer.inputs)
        return self.state

    def take(self, identifier: str) -> Properties:
        """Import the object of this id."""
        self.id, self.state, self.inputs = identifier, {}, {}
        return self.refresh()

    def delete(self) -> None:
        self._stub.Delete(proto.DeleteRequest(id=self.id, urn=self.urn, properties=to_struct(self.state)))


@dataclass(frozen=True, kw_only=True)
class Life:
    """One type: how it starts, what it becomes, and what its outputs must hold."""

    token: str
    first: Properties
    then: Properties = field(default_factory=dict[str, Any])
    outputs: tuple[str, ...] = ()
    id: str | None = None
    kept: frozenset[str] = frozenset({"forceDestroy", "deletionWindowInDays"})
    """Inputs that an import cannot know."""


def live_through(thing: Resource, life: Life) -> None:
    """Take a resource through every verb; each step leaves nothing that the next would find different."""
    planned = thing.preview(life.first)
    assert not {"arn", "id", "fullyQualifiedName"} & planned.keys()
    state = dict(thing.create(life.first))
    assert not [name for name in life.outputs if not state.get(name)], state
    assert life.id is None or thing.id == life.id
    made, inputs = thing.id, dict(thing.inputs)
    assert thing.changed(life.first) == []
    assert thing.refresh() == state
    assert thing.inputs == inputs
    if life.then:
        assert thing.changed(life.then)
        assert not thing.diff(life.then).replaces
        thing.update(life.then)
        assert thing.changed(life.then) == []
        state = dict(thing.state)
        assert thing.refresh() == state
        assert thing.changed(life.then) == []
    thing.take(made)
    assert set(thing.changed(life.then or life.first)) <= life.kept
    thing.delete()
    thing.delete()
    thing.refresh()
    assert thing.id == ""


class Engine:
    """An engine run: one connection, configured once."""

    def __init__(self, channel: grpc.Channel, config: Properties) -> None:
        # The stub's own types name modules that the distribution does not have.
        self.stub: Any = ResourceProviderStub(channel)
        self.stub.Configure(proto.ConfigureRequest(args=to_struct(config)))

    def resource(self, token: str, name: str = "thing") -> Resource:
        return Resource(self.stub, token, name)

    def call(self, token: str, arguments: Properties) -> Properties:
        answer = self.stub.Invoke(proto.InvokeRequest(tok=token, args=to_struct(arguments)))
        assert not answer.failures, answer.failures
        return from_struct(getattr(answer, "return"))

    def config_faults(self, config: Properties) -> list[str]:
        answer = self.stub.CheckConfig(proto.CheckRequest(news=to_struct(config)))
        return [fault.reason for fault in answer.failures]

    def version(self) -> str:
        return self.stub.GetPluginInfo(empty_pb2.Empty()).version


@contextmanager
def engine(package: Package[AnyCloud], folder: Path, config: dict[str, Any]) -> Generator[Engine]:
    """Serve `package` and attach to it."""
    port = closed_port()
    with served(package, Ledger(folder / f"{package.name}.json"), port), attached(port, config) as run:
        yield run


@contextmanager
def attached(port: int, config: dict[str, Any]) -> Generator[Engine]:
    """Attach one more engine run to the stand-in on `port`."""
    with grpc.insecure_channel(f"{LOOPBACK}:{port}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield Engine(channel, config)
