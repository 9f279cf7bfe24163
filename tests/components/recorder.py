"""Run a piece of a Pulumi program without an engine, and see what it registers; see the `registered` fixture."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import pulumi
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.settings import ROOT, Settings, configure
from pulumi.runtime.stack import run_pulumi_func

PROJECT, STACK = "landing", "test"


class CallRefusedError(Exception):
    """A provider function that fails: what `calls` raises to play it."""


@dataclass(frozen=True)
class Secret:
    """A value that was registered as a secret."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource, as the engine would hear of it."""

    type: str
    name: str
    parent: str
    """The parent's name; empty when the stack itself is the parent."""
    inputs: dict[str, Any] = field(repr=False)
    depends_on: frozenset[str]
    """The names of the resources that come first."""
    options: Any = field(repr=False)
    """The engine's own request, for the options that have no field here (protect, retainOnDelete, ...)."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What a piece of a program registered."""

    resources: tuple[Registration, ...]
    """Sorted by type, name and parent: the order of registration is no promise."""
    registered_outputs: dict[str, list[dict[str, Any]]]
    """Each `register_outputs` call, by the component's name."""
    result: Any
    """What the piece returned, with the values of the outputs in it."""

    @property
    def shape(self) -> list[tuple[str, str, str]]:
        """The tree as (type, name, parent): a snapshot of it is a snapshot of the URNs."""
        return [(resource.type, resource.name, resource.parent) for resource in self.resources]

    def of(self, type_: str) -> list[Registration]:
        """Give the resources of a type."""
        return [resource for resource in self.resources if resource.type == type_]

    def inputs_of(self, type_: str) -> list[dict[str, Any]]:
        """Give the inputs of each resource of a type."""
        return [resource.inputs for resource in self.of(type_)]

    def named(self, name: str) -> Registration:
        """Give the one resource with a name."""
        (found,) = [resource for resource in self.resources if resource.name == name]
        return found

    def children_of(self, name: str) -> list[Registration]:
        """Give the resources right below a component."""
        return [resource for resource in self.resources if resource.parent == name]


class _Recorder(MockMonitor):
    """The engine's side: it notes each registration, and answers as a provider would."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.registrations: list[Registration] = []
        self.registered_outputs: dict[str, list[dict[str, Any]]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802, ANN401  # the monitor's own signature
        if request.type != "pulumi:pulumi:Stack":
            self.registrations.append(
                Registration(
                    type=request.type,
                    name=request.name,
                    parent=_name_in(request.parent),
                    inputs=_properties(request.object),
                    depends_on=frozenset(map(_name_in, request.dependencies)),
                    options=request,
                )
            )
        return super().RegisterResource(request)  # pyright: ignore[reportUnknownMemberType]  # untyped in pulumi

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802, ANN401  # the monitor's own signature
        if name := _name_in(request.urn):
            self.registered_outputs.setdefault(name, []).append(_properties(request.outputs))
        return empty_pb2.Empty()


class _Answers(Mocks):
    def __init__(
        self, outputs: Callable[[MockResourceArgs], dict[str, Any]], calls: Callable[[MockCallArgs], dict[str, Any]]
    ) -> None:
        self._outputs = outputs
        self._calls = calls

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # plain dict in pulumi
        return f"{args.name}-id", {**inputs, **self._outputs(args)}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        try:
            return self._calls(args), []
        except CallRefusedError as refused:
            return {}, [("", str(refused))]


class Program(Protocol):
    """Runs pieces of a Pulumi program; each run is in a world of its own."""

    def __call__(
        self,
        piece: Callable[[], object],
        *,
        preview: bool = False,
        outputs: Callable[[MockResourceArgs], dict[str, Any]] = ...,
        calls: Callable[[MockCallArgs], dict[str, Any]] = ...,
    ) -> Registered:
        """Run `piece`, a component or more, and wait for all that it registers.

        A resource's outputs are its inputs and what `outputs` gives for it; its id is its name with `-id`; `calls`
        answers provider functions, or raises CallRefusedError.
        """
        ...


def run_piece(
    piece: Callable[[], object],
    *,
    preview: bool = False,
    outputs: Callable[[MockResourceArgs], dict[str, Any]] = lambda _: {},
    calls: Callable[[MockCallArgs], dict[str, Any]] = lambda _: {},
) -> Registered:
    """Run a piece in a world of its own."""
    # Pulumi keeps its settings in context variables, so what happens in a copy stays in it.
    return contextvars.copy_context().run(_run, piece, _Answers(outputs, calls), preview=preview)


def _run(piece: Callable[[], object], answers: Mocks, *, preview: bool) -> Registered:
    recorder = _Recorder(answers)
    loops: list[asyncio.AbstractEventLoop] = []

    def give_the_thread_a_loop() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    async def program() -> object:
        # Pulumi calls the monitor in a thread and would make an event loop there that nobody closes.
        executor = ThreadPoolExecutor(max_workers=1, initializer=give_the_thread_a_loop)
        asyncio.get_running_loop().set_default_executor(executor)
        configure(Settings(project=PROJECT, stack=STACK))
        ROOT.set(None)
        set_mocks(answers, project=PROJECT, stack=STACK, preview=preview, monitor=recorder)
        results: list[object] = []
        await run_pulumi_func(lambda: results.append(piece()))
        return await pulumi.Output.from_input(results[0]).future(with_unknowns=True)

    try:
        result = asyncio.run(program())
    finally:
        for loop in loops:
            loop.close()
    return Registered(
        resources=tuple(sorted(recorder.registrations, key=lambda each: (each.type, each.name, each.parent))),
        registered_outputs=recorder.registered_outputs,
        result=result,
    )


def _properties(bag: struct_pb2.Struct) -> dict[str, Any]:
    """Give properties as plain values; what is secret is an instance of `Secret`."""
    return {name: _plain(value) for name, value in rpc.deserialize_properties(bag, keep_unknowns=True).items()}


def _plain(value: object) -> object:
    return Secret(rpc.unwrap_rpc_secret(value)) if rpc.is_rpc_secret(value) else value


def _name_in(urn: str) -> str:
    return "" if "::pulumi:pulumi:Stack::" in urn else urn.rpartition("::")[2]
