# ruff: noqa: N802  # the protocol names the methods
"""The side of a stand-in that speaks to the engine: one gRPC servicer, whatever the package."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2 as plugin
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer

from sandbox.plugins.check import Checker, Fault, provider_faults
from sandbox.plugins.difference import compare
from sandbox.plugins.ledger import Ledger
from sandbox.plugins.lifecycle import Lifecycle, foreseen
from sandbox.plugins.naming import keeps_its_name, with_name
from sandbox.plugins.sdk import Sdk
from sandbox.plugins.table import CloudT, Package, Row
from sandbox.plugins.urn import name_of, shown, type_of
from sandbox.plugins.wire import decoded, from_struct, has_unknown, to_struct

_log = logging.getLogger(__name__)
_CONFIGS = 64
"""How many engine runs are remembered; none that is still running is ever so old."""
_OPEN = 2
"""How many of them keep a session with the service; an older one that still runs opens a new one."""


class StandIn(ResourceProviderServicer, Generic[CloudT]):
    """Serves one package's table to the engine.

    The engine opens one connection for each provider that a run configures, so the connection tells the configs apart.
    """

    def __init__(self, package: Package[CloudT], ledger: Ledger) -> None:
        self._package = package
        self._ledger = ledger
        self._life = Lifecycle(package, ledger)
        self._sdk = Sdk(package.distribution)
        self._checker = Checker(self._sdk)
        self._clouds: OrderedDict[str, CloudT] = OrderedDict()
        self._lock = Lock()

    # What the engine asks of a plug-in as such.

    def Attach(self, request: plugin.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Be attached to a running engine."""
        del request, context
        return empty_pb2.Empty()

    def Handshake(
        self, request: proto.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> proto.ProviderHandshakeResponse:
        """Say what the stand-in takes: plain values alone, so that the engine keeps the secrets' marks itself."""
        del request, context
        return proto.ProviderHandshakeResponse()

    def GetSchema(self, request: proto.GetSchemaRequest, context: grpc.ServicerContext) -> proto.GetSchemaResponse:
        """Have no schema: only the writing of code asks for one."""
        del request
        unimplemented = "the sandbox's stand-ins have no schema; give `pulumi import` the flag --generate-code=false"
        _abort(context, unimplemented, grpc.StatusCode.UNIMPLEMENTED)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin.PluginInfo:
        """Give the version: that of the SDK, so that the engine sees a fitting pair."""
        del request, context
        return plugin.PluginInfo(version=self._sdk.version)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Let running calls end by themselves: each is short, and half a creation is worse than a whole one."""
        del request, context
        return empty_pb2.Empty()

    def CheckConfig(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        """Refuse keys of the provider's config that the package does not know."""
        del context
        faults = list(provider_faults(self._sdk, from_struct(request.news)))
        return proto.CheckResponse(inputs=request.news, failures=_failures(faults))

    def DiffConfig(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        """No change of a provider's config replaces its resources."""
        del context
        changes = proto.DiffResponse.DIFF_NONE if request.olds == request.news else proto.DiffResponse.DIFF_SOME
        return proto.DiffResponse(changes=changes)

    def Configure(self, request: proto.ConfigureRequest, context: grpc.ServicerContext) -> proto.ConfigureResponse:
        """Take the config for the calls that come over this connection."""
        given = from_struct(request.args) if request.HasField("args") else {}
        config = {name: decoded(value) for name, value in given.items() if not has_unknown(value)}
        with self._explained(context, f"configuring the provider {self._package.name}"):
            cloud = self._package.connect(config)
        with self._lock:
            self._clouds[context.peer()] = cloud
            if len(self._clouds) > _CONFIGS:
                self._clouds.popitem(last=False)
            older = list(self._clouds.values())[:-_OPEN]
        for left in older:
            self._package.close(left)
        return proto.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    # What the engine asks about a resource.

    def Check(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        """List all that is wrong with a resource's inputs, and name what the program left unnamed."""
        token = type_of(request.urn)
        row = self._package.rows.get(token)
        shape = self._sdk.resource(token)
        if row is None or shape is None:
            fault = Fault(property="", reason=f"the sandbox does not serve {token}; see docs/deviations.md")
            return proto.CheckResponse(inputs=request.news, failures=_failures([fault]))
        name = name_of(request.urn)
        inputs = with_name(row, name, from_struct(request.news), from_struct(request.olds), request.randomSeed)
        inputs, faults = self._checker.check(token, shape, inputs, row.properties)
        refusal = self._package.refuse(row, self._cloud(context))
        if refusal is not None:
            faults.insert(0, Fault(property="", reason=refusal))
        return proto.CheckResponse(inputs=to_struct(inputs), failures=_failures(faults))

    def Diff(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        """Compare what the program wants with the state."""
        row = self._row(context, request.urn)
        self._ledger.confirm(request.urn, request.id)
        state = from_struct(request.olds)
        inputs = self._package.expand(self._cloud(context), row, from_struct(request.news))
        found = compare(row.properties, state, inputs, request.ignoreChanges)
        kinds = proto.PropertyDiff
        detail: dict[str, proto.PropertyDiff] = {}
        for names, plain, replacing in (
            (found.added, kinds.ADD, kinds.ADD_REPLACE),
            (found.removed, kinds.DELETE, kinds.DELETE_REPLACE),
            (found.changed, kinds.UPDATE, kinds.UPDATE_REPLACE),
        ):
            for name in names:
                detail[name] = proto.PropertyDiff(kind=replacing if name in found.replaces else plain)
        first_delete = row.delete_before_replace or keeps_its_name(row, state, inputs)
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if detail else proto.DiffResponse.DIFF_NONE,
            diffs=sorted(found.properties),
            replaces=sorted(found.replaces),
            deleteBeforeReplace=bool(found.replaces) and first_delete,
            detailedDiff=detail,
            hasDetailedDiff=True,
        )

    def Create(self, request: proto.CreateRequest, context: grpc.ServicerContext) -> proto.CreateResponse:
        """Make the object, or find the one that an engine asked for and then did not live to write down."""
        row, cloud = self._row(context, request.urn), self._cloud(context)
        inputs = self._package.expand(cloud, row, from_struct(request.properties))
        if request.preview:
            return proto.CreateResponse(properties=to_struct(foreseen(row, {}, inputs)))
        with self._explained(context, f"creating {shown(request.urn)}", cloud):
            identifier, state = self._life.create(row, cloud, request.urn, inputs)
        return proto.CreateResponse(id=identifier, properties=to_struct(state))

    def Read(self, request: proto.ReadRequest, context: grpc.ServicerContext) -> proto.ReadResponse:
        """Give the object as it is now, for a refresh or an import."""
        row, cloud = self._row(context, request.urn), self._cloud(context)
        self._ledger.confirm(request.urn, request.id)
        with self._explained(context, f"reading {shown(request.urn)}", cloud):
            found = self._life.read(
                row, cloud, request.id, from_struct(request.properties), from_struct(request.inputs)
            )
        if found is None:
            return proto.ReadResponse()
        return proto.ReadResponse(id=request.id, properties=to_struct(found[0]), inputs=to_struct(found[1]))

    def Update(self, request: proto.UpdateRequest, context: grpc.ServicerContext) -> proto.UpdateResponse:
        """Bring the object from the state to what the program wants."""
        row, cloud = self._row(context, request.urn), self._cloud(context)
        self._ledger.confirm(request.urn, request.id)
        state = from_struct(request.olds)
        inputs = self._package.expand(cloud, row, from_struct(request.news))
        for name in {path.split(".")[0].split("[")[0] for path in request.ignoreChanges}:
            inputs.pop(name, None)
            if name in state:
                inputs[name] = state[name]
        if request.preview:
            left = {name: value for name, value in state.items() if name not in row.properties}
            return proto.UpdateResponse(properties=to_struct({**left, **foreseen(row, state, inputs)}))
        with self._explained(context, f"updating {shown(request.urn)}", cloud):
            state = self._life.update(row, cloud, request.id, state, inputs)
        return proto.UpdateResponse(properties=to_struct(state))

    def Delete(self, request: proto.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete the object; one that is gone already is deleted."""
        row, cloud = self._row(context, request.urn), self._cloud(context)
        self._ledger.confirm(request.urn, request.id)
        with self._explained(context, f"deleting {shown(request.urn)}", cloud):
            self._life.delete(row, cloud, request.id, from_struct(request.properties))
        return empty_pb2.Empty()

    def Invoke(self, request: proto.InvokeRequest, context: grpc.ServicerContext) -> proto.InvokeResponse:
        """Call one of the package's functions."""
        function = self._package.functions.get(request.tok)
        if function is None:
            _abort(context, f"the sandbox does not serve {request.tok}; see docs/deviations.md")
        arguments = from_struct(request.args)
        known = self._sdk.arguments(request.tok)
        faults = [
            Fault(property=name, reason=f"{request.tok} knows no argument {name!r}")
            for name in arguments
            if name not in known
        ]
        if faults:
            return proto.InvokeResponse(failures=_failures(faults))
        cloud = self._cloud(context)
        with self._explained(context, f"calling {request.tok}", cloud):
            answer = function(cloud, arguments)
        # The field's name is a Python keyword.
        return proto.InvokeResponse(**{"return": to_struct(answer)})  # pyright: ignore[reportArgumentType]

    # Steps that the verbs share.

    def _row(self, context: grpc.ServicerContext, urn: str) -> Row[CloudT]:
        row = self._package.rows.get(type_of(urn))
        if row is None:
            _abort(context, f"the sandbox does not serve {type_of(urn)}; see docs/deviations.md")
        return row

    def _cloud(self, context: grpc.ServicerContext) -> CloudT:
        with self._lock:
            cloud = self._clouds.get(context.peer())
        if cloud is None:
            _abort(context, f"the {self._package.name} stand-in was restarted during this run; run the command again")
        return cloud

    @contextmanager
    def _explained(self, context: grpc.ServicerContext, action: str, cloud: CloudT | None = None) -> Generator[None]:
        """Give the engine a service's own error whole, with the action and the resource before it."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the engine gets every failure, in words
            reason = self._package.explain(cloud, error) if cloud is not None else None
            if reason is None:
                _log.exception("%s failed", action)
                reason = f"{type(error).__name__}: {error}"
            _abort(context, f"{action}: {reason}")


def _abort(context: grpc.ServicerContext, message: str, code: grpc.StatusCode = grpc.StatusCode.UNKNOWN) -> NoReturn:
    abort: Callable[[grpc.StatusCode, str], NoReturn] = context.abort
    abort(code, message)


def _failures(faults: list[Fault]) -> list[proto.CheckFailure]:
    return [proto.CheckFailure(property=fault.property, reason=fault.reason) for fault in faults]
