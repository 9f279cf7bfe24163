"""A provider that does nothing, and a bare program of its resources: what the engine costs by itself."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer, add_ResourceProviderServicer_to_server

from sandbox.home import LOOPBACK

PACKAGE = "nothing"

_PROJECT = """\
name: bare
runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}
"""

_PROGRAM = """\
IMPORTS
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, name):
        super().__init__("nothing:index:Thing", name, {"text": "of a usual length, for a property"})

for number in range(COUNT):
    Thing(f"thing-{number}")
"""


class _Nothing(ResourceProviderServicer):
    """Agrees to everything and changes nothing."""

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802  # the protocol's own signatures
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return proto.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return proto.ConfigureResponse(supportsPreview=True, acceptResources=True, acceptOutputs=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return proto.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return proto.CreateResponse(id=uuid.uuid4().hex, properties=request.properties)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return proto.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        return empty_pb2.Empty()


@contextmanager
def served() -> Generator[int]:
    """Serve the provider for a block; give its port."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    add_ResourceProviderServicer_to_server(_Nothing(), server)
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None)


def write_program(folder: Path, virtual_environment: Path, count: int, imports: str = "") -> None:
    """Write a program of `count` resources into `folder`; `imports` are lines at its beginning."""
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(_PROJECT)
    (folder / "__main__.py").write_text(_PROGRAM.replace("COUNT", str(count)).replace("IMPORTS", imports))
    (folder / ".venv").symlink_to(virtual_environment)
