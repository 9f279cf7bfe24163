"""Names by which Pulumi's own Terraform bridge knows what the official `aws` plug-in calls otherwise.

The conformance kit derives the bridge's names by a rule. What the rule does not hold for is renamed here on its way to
the kit, and back: the kit passes on what is named as the bridge has it already.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    ResourceProviderStub,
    add_ResourceProviderServicer_to_server,
)

from sandbox.home import LOOPBACK

_TOKENS = {
    "aws:ec2/eip:Eip": "aws:index/eip:Eip",
    "aws:ec2/getVpcEndpoint:getVpcEndpoint": "aws:index/getVpcEndpoint:getVpcEndpoint",
    "aws:ec2/securityGroup:SecurityGroup": "aws:index/securityGroup:SecurityGroup",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws:index/s3Object:S3Object",
}
_PROPERTIES: Mapping[str, Mapping[str, str]] = {"aws:cloudwatch/metricAlarm:MetricAlarm": {"name": "alarmName"}}
_PROPERTIES_OF_REQUEST = ("news", "olds", "properties", "inputs", "old_inputs")
_VERBS = (
    *("Attach", "Handshake", "GetPluginInfo", "GetSchema", "CheckConfig", "DiffConfig", "Configure", "Cancel"),
    *("Check", "Diff", "Create", "Read", "Update", "Delete", "Invoke"),
)
_LARGEST_MESSAGE = 1 << 30


@contextmanager
def renaming(port: int) -> Generator[int]:
    """Stand before the kit that listens on `port` for a block; give the port to name to the engine."""
    options = [("grpc.max_receive_message_length", _LARGEST_MESSAGE)]
    with grpc.insecure_channel(f"{LOOPBACK}:{port}", options=options) as channel:
        server = grpc.server(futures.ThreadPoolExecutor(32), options=options)
        add_ResourceProviderServicer_to_server(_renaming(ResourceProviderStub(channel)), server)
        own = server.add_insecure_port(f"{LOOPBACK}:0")
        server.start()
        try:
            yield own
        finally:
            server.stop(grace=None).wait()


def _renaming(kit: Any) -> ResourceProviderServicer:  # noqa: ANN401  # the SDK's stub has no types that resolve
    servicer = ResourceProviderServicer()
    for verb in _VERBS:
        setattr(servicer, verb, _verb(getattr(kit, verb)))
    return servicer


def _verb(ask: Any) -> Any:  # noqa: ANN401  # as above
    def answer(request: Any, context: Any) -> Any:  # noqa: ANN401  # as above
        names = _PROPERTIES.get(_type_of(request), {})
        _rename(request, names)
        try:
            reply = ask(request)
        except grpc.RpcError as error:
            failed: Any = error
            context.set_trailing_metadata(failed.trailing_metadata() or ())
            context.abort(failed.code(), failed.details())
            raise
        _rename_back(reply, names)
        return reply

    return answer


def _type_of(request: Any) -> str:  # noqa: ANN401  # as above
    return _parts(request)[2].rpartition("$")[2]


def _parts(request: Any) -> list[str]:  # noqa: ANN401  # as above
    """Take a URN apart: stack, project, the types of a resource and its parents, and its name, which may hold `::`."""
    parts = str(getattr(request, "urn", "")).split("::", 3)
    return parts if len(parts) == 4 else ["", "", "", ""]  # noqa: PLR2004  # the four above


def _rename(request: Any, names: Mapping[str, str]) -> None:  # noqa: ANN401  # as above
    """Write a request with the bridge's names."""
    stack, project, types, name = _parts(request)
    if types:
        parents, dollar, own = types.rpartition("$")
        # The kit looks for the type from the end, and so for a name without the separator.
        request.urn = "::".join((stack, project, f"{parents}{dollar}{_TOKENS.get(own, own)}", name.replace("::", ":")))
    for field in ("type", "tok"):
        if hasattr(request, field):
            setattr(request, field, _TOKENS.get(getattr(request, field), getattr(request, field)))
    for field in _PROPERTIES_OF_REQUEST:
        if hasattr(request, field):
            _rename_fields(getattr(request, field), names)


def _rename_back(reply: Any, names: Mapping[str, str]) -> None:  # noqa: ANN401  # as above
    """Write a reply with the official plug-in's names."""
    official = {theirs: ours for ours, theirs in names.items()}
    for field in ("properties", "inputs"):
        if hasattr(reply, field):
            _rename_fields(getattr(reply, field), official)
    for field in ("diffs", "replaces"):
        if hasattr(reply, field):
            paths = [official.get(path, path) for path in getattr(reply, field)]
            del getattr(reply, field)[:]
            getattr(reply, field).extend(paths)


def _rename_fields(properties: Any, names: Mapping[str, str]) -> None:  # noqa: ANN401  # as above
    for here, there in names.items():
        if here in properties.fields:
            properties.fields[there].CopyFrom(properties.fields[here])
            del properties.fields[here]
