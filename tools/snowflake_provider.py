"""Serve the package `snowflake` from Snowflake's own Terraform provider, through Pulumi's own Terraform bridge.

The engine attaches here as it does to the sandbox's stand-in. For each of its runs a bridge of its own is started,
which starts the provider: either can be configured once only.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Generator, Mapping
from concurrent import futures
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    ResourceProviderStub,
    add_ResourceProviderServicer_to_server,
)

from sandbox.home import LOOPBACK
from tools.go_program import GoProgram
from tools.snowflake_names import Message, from_bridge, to_bridge, to_bridges_config, type_of

_CACHE = "landing-conformance"
BRIDGE = GoProgram(
    module="terraform_bridge",
    package="github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
    name="pulumi-resource-terraform-provider",
    cache=_CACHE,
    usually="about 4 minutes on 2 cores",
)
PROVIDER = GoProgram(
    module="snowflake_provider",
    package="github.com/Snowflake-Labs/terraform-provider-snowflake",
    # The bridge takes the package's name from this one.
    name="terraform-provider-snowflake",
    cache=_CACHE,
    usually="about 2 minutes on 2 cores",
)
_PASSED_ON = ("Check", "Diff", "Create", "Read", "Update", "Delete", "Invoke", "Configure")
_OPTIONS = [("grpc.max_receive_message_length", 1 << 30)]
_CALLS_AT_ONCE = 32


@contextmanager
def official_provider(environment: Mapping[str, str]) -> Generator[int]:
    """Serve the provider for a block, with a process's whole environment; give the port to name to the engine.

    Raises SystemExit where the bridge or the provider cannot be built.
    """
    bridge = _Bridge([str(BRIDGE.built())], str(PROVIDER.built()), environment)
    server = grpc.server(futures.ThreadPoolExecutor(_CALLS_AT_ONCE), options=_OPTIONS)
    add_ResourceProviderServicer_to_server(bridge.servicer(), server)
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()
        bridge.stop()


class _Bridge:
    """The bridge of the engine's run at hand, and what it is asked."""

    def __init__(self, command: list[str], provider: str, environment: Mapping[str, str]) -> None:
        self._command, self._provider, self._environment = command, provider, environment
        self._process: subprocess.Popen[str] | None = None
        self._stub: Any = None

    def stop(self) -> None:
        """End the bridge and the provider that it started: they share a process group, and heed no softer signal."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def servicer(self) -> ResourceProviderServicer:
        """Give what the engine may ask."""
        servicer = ResourceProviderServicer()
        accepts = provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True
        )
        answers: dict[str, Callable[[Message], Message]] = {
            "Attach": self._start,
            "Handshake": lambda _: accepts,
            "GetPluginInfo": lambda _: plugin_pb2.PluginInfo(version="2.0.0"),
            "GetSchema": lambda _: provider_pb2.GetSchemaResponse(schema="{}"),
            "CheckConfig": lambda request: provider_pb2.CheckResponse(inputs=request.news),
            "DiffConfig": lambda _: provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE),
            "Cancel": lambda _: empty_pb2.Empty(),
        }
        for verb, answer in answers.items():
            setattr(servicer, verb, _without_context(answer))
        for verb in _PASSED_ON:
            setattr(servicer, verb, partial(self._pass_on, verb))
        return servicer

    def _start(self, request: Message) -> Message:
        self.stop()
        self._process = subprocess.Popen(  # noqa: S603  # our own build
            [*self._command, request.address],
            stdout=subprocess.PIPE,
            env=dict(self._environment),
            start_new_session=True,
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101  # a pipe, as asked for
        port = int(self._process.stdout.readline())
        self._stub = ResourceProviderStub(grpc.insecure_channel(f"{LOOPBACK}:{port}", options=_OPTIONS))
        named = provider_pb2.ParameterizeRequest.ParametersArgs(args=[self._provider])
        self._stub.Parameterize(provider_pb2.ParameterizeRequest(args=named))
        return empty_pb2.Empty()

    def _pass_on(self, verb: str, request: Message, context: Message) -> Message:
        kind = type_of(request)
        to_bridge(kind, request)
        if verb == "Configure":
            to_bridges_config(request)
        try:
            reply = getattr(self._stub, verb)(request)
        except grpc.RpcError as error:
            failed: Any = error
            context.set_trailing_metadata(failed.trailing_metadata() or ())
            context.abort(failed.code(), failed.details())
            raise
        from_bridge(kind, request, reply)
        return reply


def _without_context(answer: Callable[[Message], Message]) -> Callable[[Message, Message], Message]:
    return lambda request, _context: answer(request)
