"""The Kubernetes stand-in: Pulumi's provider protocol (`pulumirpc.ResourceProvider`) over a folder or an API server.

What each method means: `pulumi.runtime.proto.provider_pb2_grpc.ResourceProviderServicer`.
"""

from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb
from typing_extensions import override

from launcher.standin.answers import check_failures, diff_response, failures_as_text
from launcher.standin.kubernetes.checking import failures
from launcher.standin.kubernetes.configuration import config_failures, configuration, replacing_settings
from launcher.standin.kubernetes.difference import difference
from launcher.standin.kubernetes.kinds import OFFICIAL_PLUGIN, UnknownType, kind_of
from launcher.standin.kubernetes.kubeconfig import NoCluster
from launcher.standin.kubernetes.secret_data import with_secret_data
from launcher.standin.kubernetes.session import Session
from launcher.standin.kubernetes.state import INPUTS, field_manager, id_of, object_of, outputs_of
from launcher.standin.kubernetes.target import NotReady, Operation, Refused, Target
from launcher.standin.kubernetes.unready import abort_unready
from launcher.standin.properties import (
    from_struct,
    has_secret,
    has_unknown,
    redacted,
    to_struct,
    without_secrets,
)
from launcher.standin.provider import Context, Properties, StandIn, config_difference, token
from launcher.standin.rpc_errors import abort
from launcher.standin.session import Sessions


class KubernetesStandIn(StandIn[Session]):
    """Serves every provider instance that the engine attaches."""

    def __init__(self) -> None:
        super().__init__("kubernetes", "Kubernetes", Sessions(Session))

    # --- the instance -------------------------------------------------------------------------------------------

    @override
    def CheckConfig(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        found = config_failures(from_struct(request.news))
        return pb.CheckResponse(inputs=request.news, failures=failures_as_text(found))

    @override
    def DiffConfig(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        old, new = from_struct(request.old_inputs) or from_struct(request.olds), from_struct(request.news)
        return config_difference(request, replacing_settings(old, new))

    @override
    def Configure(self, request: pb.ConfigureRequest, context: Context) -> pb.ConfigureResponse:
        session = self.session(context)
        session.configuration = configuration(from_struct(request.args))
        try:
            session.target = session.configuration.target()
        except (NoCluster, Refused) as error:
            abort(context, str(error), grpc.StatusCode.FAILED_PRECONDITION)
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    # --- resources ----------------------------------------------------------------------------------------------

    @override
    def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        name = token(request.urn)
        try:
            inputs = with_secret_data(from_struct(request.news))
            found = failures(name, kind_of(name), without_secrets(inputs))
        except UnknownType as error:
            abort(context, str(error))
        except ValueError as error:
            abort(context, f"{request.urn}: {error}.")
        return pb.CheckResponse(inputs=to_struct(inputs), failures=check_failures(found))

    @override
    def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        settings = self.session(context).configuration
        old, new = _inputs(request.old_inputs, request.olds), from_struct(request.news)
        found = difference(
            without_secrets(old),
            without_secrets(new),
            config_maps_mutable=settings is not None and settings.config_maps_mutable,
            secrets_mutable=settings is not None and settings.secrets_mutable,
        )
        return diff_response(found)

    @override
    def Create(self, request: pb.CreateRequest, context: Context) -> pb.CreateResponse:
        session, inputs = self.session(context), from_struct(request.properties)
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
    def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        session, inputs, outputs = self.session(context), from_struct(request.news), from_struct(request.olds)
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
    def Read(self, request: pb.ReadRequest, context: Context) -> pb.ReadResponse:
        session, outputs = self.session(context), from_struct(request.properties)
        if not outputs:
            abort(context, f"The Kubernetes stand-in imports nothing ({token(request.urn)}): {OFFICIAL_PLUGIN}.")
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
    def Delete(self, request: pb.DeleteRequest, context: Context) -> Empty:
        session, outputs = self.session(context), from_struct(request.properties)
        manager = field_manager(request.urn, outputs)
        operation = _operation(session, request.urn, outputs, manager, request.timeout, preview=False)
        try:
            _target(session, context).delete(object_of(outputs), operation)
        except (Refused, NotReady) as error:
            abort(context, redacted(str(error), outputs))
        return Empty()


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


def _target(session: Session, context: Context) -> Target:
    if session.target is None:
        abort(
            context,
            "The Kubernetes stand-in isn't configured: the engine must call Configure on this connection first.",
        )
    return session.target
