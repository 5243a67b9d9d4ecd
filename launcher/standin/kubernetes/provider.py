"""The Kubernetes stand-in: Pulumi's provider protocol (`pulumirpc.ResourceProvider`) over a folder or an API server.

What each method means: `pulumi.runtime.proto.provider_pb2_grpc.ResourceProviderServicer`.
"""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from typing_extensions import override

from launcher.standin.engine_log import EngineLog
from launcher.standin.kubernetes.answers import check_failures, config_check_failures, diff_response
from launcher.standin.kubernetes.checking import failures
from launcher.standin.kubernetes.configuration import config_failures, configuration, replacing_settings
from launcher.standin.kubernetes.difference import difference
from launcher.standin.kubernetes.kinds import OFFICIAL_PLUGIN, UnknownType, kind_of
from launcher.standin.kubernetes.kubeconfig import NoCluster
from launcher.standin.kubernetes.properties import (
    from_struct,
    has_secret,
    has_unknown,
    redacted,
    to_struct,
    with_secret_data,
    without_secrets,
)
from launcher.standin.kubernetes.rpc_errors import abort, abort_unimplemented, abort_unready
from launcher.standin.kubernetes.session import Session, Sessions
from launcher.standin.kubernetes.state import INPUTS, field_manager, id_of, object_of, outputs_of
from launcher.standin.kubernetes.target import NotReady, Operation, Refused, Target
from launcher.standin.serve import StandIn

Properties = dict[str, Any]
_Context = grpc.ServicerContext


class KubernetesStandIn(StandIn):
    """Serves every provider instance that the engine attaches."""

    def __init__(self) -> None:
        self._sessions = Sessions()

    @override
    def stop(self) -> None:
        self._sessions.stop()

    # --- the instance -------------------------------------------------------------------------------------------

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: _Context) -> Empty:
        self._session(context).log = EngineLog(request.address)
        return Empty()

    @override
    def Handshake(self, request: pb.ProviderHandshakeRequest, context: _Context) -> pb.ProviderHandshakeResponse:
        self._session(context).log = EngineLog(request.engine_address)
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    @override
    def GetPluginInfo(self, request: Empty, context: _Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi-kubernetes"))

    @override
    def GetSchema(self, request: pb.GetSchemaRequest, context: _Context) -> pb.GetSchemaResponse:
        return pb.GetSchemaResponse(schema=json.dumps({"name": "kubernetes", "version": version("pulumi-kubernetes")}))

    @override
    def CheckConfig(self, request: pb.CheckRequest, context: _Context) -> pb.CheckResponse:
        found = config_failures(from_struct(request.news))
        return pb.CheckResponse(inputs=request.news, failures=config_check_failures(found))

    @override
    def DiffConfig(self, request: pb.DiffRequest, context: _Context) -> pb.DiffResponse:
        old, new = from_struct(request.old_inputs) or from_struct(request.olds), from_struct(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        kind = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(changes=kind, diffs=changed, replaces=replacing_settings(old, new))

    @override
    def Configure(self, request: pb.ConfigureRequest, context: _Context) -> pb.ConfigureResponse:
        session = self._session(context)
        session.configuration = configuration(from_struct(request.args))
        try:
            session.target = session.configuration.target()
        except (NoCluster, Refused) as error:
            abort(context, str(error), grpc.StatusCode.FAILED_PRECONDITION)
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @override
    def Cancel(self, request: Empty, context: _Context) -> Empty:
        self._session(context).cancelled.set()
        return Empty()

    # --- resources ----------------------------------------------------------------------------------------------

    @override
    def Check(self, request: pb.CheckRequest, context: _Context) -> pb.CheckResponse:
        token = _token(request.urn)
        try:
            inputs = with_secret_data(from_struct(request.news))
            found = failures(token, kind_of(token), without_secrets(inputs))
        except UnknownType as error:
            abort(context, str(error))
        except ValueError as error:
            abort(context, f"{request.urn}: {error}.")
        return pb.CheckResponse(inputs=to_struct(inputs), failures=check_failures(found))

    @override
    def Diff(self, request: pb.DiffRequest, context: _Context) -> pb.DiffResponse:
        settings = self._session(context).configuration
        old, new = _inputs(request.old_inputs, request.olds), from_struct(request.news)
        found = difference(
            without_secrets(old),
            without_secrets(new),
            config_maps_mutable=settings is not None and settings.config_maps_mutable,
            secrets_mutable=settings is not None and settings.secrets_mutable,
        )
        return diff_response(found)

    @override
    def Create(self, request: pb.CreateRequest, context: _Context) -> pb.CreateResponse:
        session, inputs = self._session(context), from_struct(request.properties)
        if request.preview and (session.target is None or has_unknown(inputs)):
            return pb.CreateResponse(properties=request.properties)
        manifest, manager = without_secrets(inputs), field_manager(request.urn, {})
        operation = _operation(session, request.urn, inputs, manager, request.timeout, preview=request.preview)
        _warn_of_plain_text(session, inputs, operation)
        try:
            live = _target(session, context).create(manifest, operation)
        except Refused as refusal:
            abort(context, redacted(str(refusal), inputs))
        except NotReady as failure:
            abort_unready(context, failure, inputs, manager)
        if request.preview:
            return pb.CreateResponse(properties=request.properties)
        return pb.CreateResponse(id=id_of(live), properties=to_struct(outputs_of(live, inputs, manager)))

    @override
    def Update(self, request: pb.UpdateRequest, context: _Context) -> pb.UpdateResponse:
        session, inputs, outputs = self._session(context), from_struct(request.news), from_struct(request.olds)
        if request.preview and (session.target is None or has_unknown(inputs)):
            return pb.UpdateResponse(properties=request.news)
        manager = field_manager(request.urn, outputs)
        operation = _operation(session, request.urn, inputs, manager, request.timeout, preview=request.preview)
        _warn_of_plain_text(session, inputs, operation)
        try:
            live = _target(session, context).update(object_of(outputs), without_secrets(inputs), operation)
        except Refused as refusal:
            abort(context, redacted(str(refusal), inputs))
        except NotReady as failure:
            abort_unready(context, failure, inputs, manager)
        return pb.UpdateResponse(properties=to_struct(outputs_of(live, inputs, manager)))

    @override
    def Read(self, request: pb.ReadRequest, context: _Context) -> pb.ReadResponse:
        session, outputs = self._session(context), from_struct(request.properties)
        if not outputs:
            abort(context, f"The Kubernetes stand-in imports nothing ({_token(request.urn)}): {OFFICIAL_PLUGIN}.")
        inputs, manager = _inputs(request.inputs, request.properties), field_manager(request.urn, outputs)
        target, failure = _target(session, context), None
        try:
            live = target.read(object_of(outputs))
        except Refused as refusal:
            abort(context, redacted(str(refusal), inputs))
        except NotReady as unready:
            live, failure = unready.live, unready
        if live is None:
            return pb.ReadResponse()
        now = _marked(target.drifted(without_secrets(inputs), live), inputs)
        if failure:
            abort_unready(context, failure, now, manager)
        return pb.ReadResponse(
            id=request.id, properties=to_struct(outputs_of(live, now, manager)), inputs=to_struct(now)
        )

    @override
    def Delete(self, request: pb.DeleteRequest, context: _Context) -> Empty:
        session, outputs = self._session(context), from_struct(request.properties)
        manager = field_manager(request.urn, outputs)
        operation = _operation(session, request.urn, outputs, manager, request.timeout, preview=False)
        try:
            _target(session, context).delete(object_of(outputs), operation)
        except (Refused, NotReady) as error:
            abort(context, redacted(str(error), outputs))
        return Empty()

    # --- what only the official provider does -------------------------------------------------------------------

    @override
    def Invoke(self, request: pb.InvokeRequest, context: _Context) -> pb.InvokeResponse:
        abort_unimplemented(context, f"function {request.tok}")

    @override
    def Call(self, request: pb.CallRequest, context: _Context) -> pb.CallResponse:
        abort_unimplemented(context, f"method {request.tok}")

    @override
    def Construct(self, request: pb.ConstructRequest, context: _Context) -> pb.ConstructResponse:
        abort_unimplemented(context, f"component {request.type}")

    @override
    def List(self, request: pb.ListRequest, context: _Context) -> Iterator[pb.ListResponse]:
        abort_unimplemented(context, "listing of resources")

    @override
    def Parameterize(self, request: pb.ParameterizeRequest, context: _Context) -> pb.ParameterizeResponse:
        abort_unimplemented(context, "parameterization")

    @override
    def GetMapping(self, request: pb.GetMappingRequest, context: _Context) -> pb.GetMappingResponse:
        abort_unimplemented(context, f"mapping {request.key}")

    @override
    def GetMappings(self, request: pb.GetMappingsRequest, context: _Context) -> pb.GetMappingsResponse:
        abort_unimplemented(context, f"mappings for {request.key}")

    def _session(self, context: _Context) -> Session:
        return self._sessions.of(context.peer())


def _token(urn: str) -> str:
    """A URN's own type, without its parents': the third part of `urn:pulumi:stack::project::parent$type::name`."""
    return urn.split("::")[2].rpartition("$")[2]


def _inputs(sent: Any, outputs: Any) -> Properties:
    """The old inputs, from wherever this engine sends them."""
    return from_struct(sent) or from_struct(outputs).get(INPUTS, {})


def _marked(manifest: Properties, inputs: Properties) -> Properties:
    return {key: value for key, value in outputs_of(manifest, inputs, "").items() if not key.startswith("__")}


def _operation(
    session: Session, urn: str, marked: Properties, manager: str, timeout: float, *, preview: bool
) -> Operation:
    return Operation(
        preview=preview,
        field_manager=manager,
        timeout=timeout,
        cancelled=session.cancelled,
        status=lambda message: session.status(urn, redacted(message, marked)),
        warn=lambda message: session.warn(urn, redacted(message, marked)),
    )


def _warn_of_plain_text(session: Session, inputs: Properties, operation: Operation) -> None:
    """The official provider renders secrets too, and warns: whether they may be rendered is the program's decision."""
    if session.configuration and session.configuration.render_to and has_secret(inputs):
        operation.warn("the rendered file holds a secret in plain text")


def _target(session: Session, context: _Context) -> Target:
    if session.target is None:
        abort(
            context,
            "The Kubernetes stand-in isn't configured: the engine must call Configure on this connection first.",
        )
    return session.target
