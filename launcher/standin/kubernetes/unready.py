"""How a call fails whose object exists, but isn't ready."""

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from launcher.standin.kubernetes.state import id_of, outputs_of
from launcher.standin.kubernetes.target import NotReady
from launcher.standin.properties import redacted, to_struct


class _Status(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


class _StatusWithDetails(_Status, grpc.Status):
    """A gRPC status that carries a message beside its text."""


def abort_unready(
    context: grpc.ServicerContext, failure: NotReady, inputs: Mapping[str, Any], field_manager: str
) -> NoReturn:
    """Fails the call, and hands the engine the object that exists but isn't ready.

    It goes into the state, with the reasons, so that nothing is lost and the next update tries again.
    """
    reasons = [redacted(reason, inputs) for reason in failure.reasons]
    detail = pb.ErrorResourceInitFailed(
        id=id_of(failure.live),
        properties=to_struct(outputs_of(failure.live, inputs, field_manager)),
        reasons=reasons,
        inputs=to_struct(inputs),
    )
    packed = AnyMessage()
    packed.Pack(detail)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=reasons[0], details=[packed])
    context.abort_with_status(
        _StatusWithDetails(code, reasons[0], (("grpc-status-details-bin", status.SerializeToString()),))
    )
    raise AssertionError("abort_with_status doesn't return")
