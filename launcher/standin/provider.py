"""What all stand-ins answer alike, of Pulumi's provider protocol (`pulumirpc.ResourceProvider`).

What each method means: `pulumi.runtime.proto.provider_pb2_grpc.ResourceProviderServicer`.
"""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Generic, NoReturn, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer
from typing_extensions import override

from launcher.standin.engine_log import EngineLog
from launcher.standin.official import official_plugin
from launcher.standin.rpc_errors import abort
from launcher.standin.session import Session, Sessions

Properties = dict[str, Any]
Context = grpc.ServicerContext
S = TypeVar("S", bound=Session)


class StandIn(ResourceProviderServicer, Generic[S]):
    """Serves every instance of one provider that the engine attaches."""

    def __init__(self, package: str, title: str, sessions: Sessions[S]) -> None:
        self.package, self.title = package, title
        self._sessions = sessions

    def stop(self) -> None:
        """Ends at once whatever is still going on. No call follows."""
        self._sessions.stop()

    def session(self, context: Context) -> S:
        """The instance that calls."""
        return self._sessions.of(context.peer())

    # --- the instance -------------------------------------------------------------------------------------------

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> Empty:
        self.session(context).log = EngineLog(request.address)
        return Empty()

    @override
    def Handshake(self, request: pb.ProviderHandshakeRequest, context: Context) -> pb.ProviderHandshakeResponse:
        self.session(context).log = EngineLog(request.engine_address)
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    @override
    def GetPluginInfo(self, request: Empty, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    @override
    def GetSchema(self, request: pb.GetSchemaRequest, context: Context) -> pb.GetSchemaResponse:
        return pb.GetSchemaResponse(schema=json.dumps({"name": self.package, "version": self._version}))

    @override
    def Cancel(self, request: Empty, context: Context) -> Empty:
        self.session(context).cancelled.set()
        return Empty()

    # --- what only the official provider does -------------------------------------------------------------------

    @override
    def Invoke(self, request: pb.InvokeRequest, context: Context) -> pb.InvokeResponse:
        self._unimplemented(context, f"function {request.tok}")

    @override
    def Call(self, request: pb.CallRequest, context: Context) -> pb.CallResponse:
        self._unimplemented(context, f"method {request.tok}")

    @override
    def Construct(self, request: pb.ConstructRequest, context: Context) -> pb.ConstructResponse:
        self._unimplemented(context, f"component {request.type}")

    @override
    def List(self, request: pb.ListRequest, context: Context) -> Iterator[pb.ListResponse]:
        self._unimplemented(context, "listing of resources")

    @override
    def Parameterize(self, request: pb.ParameterizeRequest, context: Context) -> pb.ParameterizeResponse:
        self._unimplemented(context, "parameterization")

    @override
    def GetMapping(self, request: pb.GetMappingRequest, context: Context) -> pb.GetMappingResponse:
        self._unimplemented(context, f"mapping {request.key}")

    @override
    def GetMappings(self, request: pb.GetMappingsRequest, context: Context) -> pb.GetMappingsResponse:
        self._unimplemented(context, f"mappings for {request.key}")

    @property
    def _version(self) -> str:
        """The official provider's, as its package for Python has it."""
        return version(f"pulumi-{self.package}")

    def _unimplemented(self, context: Context, what: str) -> NoReturn:
        message = f"The {self.title} stand-in has no {what}: {official_plugin(self.package)}."
        abort(context, message, grpc.StatusCode.UNIMPLEMENTED)


def token(urn: str) -> str:
    """A URN's own type, without its parents: the third part of `urn:pulumi:stack::project::parent$type::name`."""
    return urn.split("::")[2].rpartition("$")[2]


def config_difference(request: pb.DiffRequest, replaces: list[str]) -> pb.DiffResponse:
    """How the provider's settings changed, of which `replaces` mean that every resource must be made anew."""
    old, new = request.old_inputs.fields or request.olds.fields, request.news.fields
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    kind = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
    return pb.DiffResponse(changes=kind, diffs=changed, replaces=replaces)
