"""The engine's side of the provider protocol, over a real gRPC channel, for driving a stand-in without the engine."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from typing_extensions import override

from launcher.standin.properties import from_struct, to_struct

Properties = dict[str, Any]


def urn_of(token: str, name: str) -> str:
    """A resource's URN, below some component."""
    return f"urn:pulumi:dev::polyglot::polyglot:workloads:Workload${token}::{name}"


@dataclass
class Log(engine_pb2_grpc.EngineServicer):
    """The engine's log service, which remembers what it was told."""

    messages: list[engine_pb2.LogRequest] = field(default_factory=list)

    @override
    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> Empty:
        del context
        self.messages.append(request)
        return Empty()

    @property
    def text(self) -> str:
        """Everything, one message a line."""
        return "\n".join(message.message for message in self.messages)


@contextmanager
def serving_log() -> Iterator[tuple[Log, str]]:
    """A log service on loopback, and its address."""
    log, server = Log(), grpc.server(ThreadPoolExecutor())
    engine_pb2_grpc.add_EngineServicer_to_server(log, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield log, f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


@dataclass(frozen=True)
class Instance:
    """One provider instance: a connection of its own to the stand-in."""

    stub: provider_pb2_grpc.ResourceProviderStub

    def check_config(self, settings: Properties) -> list[pb.CheckFailure]:
        """What is wrong with the provider's settings."""
        return list(self.stub.CheckConfig(pb.CheckRequest(news=to_struct(settings))).failures)

    def configure(self, settings: Properties) -> pb.ConfigureResponse:
        return self.stub.Configure(pb.ConfigureRequest(args=to_struct(settings), acceptSecrets=True))

    def check(self, token: str, inputs: Properties) -> tuple[Properties, dict[str, str]]:
        """The checked inputs, and what is wrong with them: reasons by property."""
        answer = self.stub.Check(pb.CheckRequest(urn=urn_of(token, "it"), news=to_struct(inputs)))
        return from_struct(answer.inputs), {failure.property: failure.reason for failure in answer.failures}

    def diff(self, token: str, old: Properties, new: Properties) -> pb.DiffResponse:
        return self.stub.Diff(
            pb.DiffRequest(urn=urn_of(token, "it"), old_inputs=to_struct(old), olds=to_struct({}), news=to_struct(new))
        )

    def create(
        self, token: str, inputs: Properties, *, preview: bool = False, timeout: float = 0, name: str = "it"
    ) -> tuple[str, Properties]:
        """The id and the outputs."""
        answer = self.stub.Create(
            pb.CreateRequest(urn=urn_of(token, name), properties=to_struct(inputs), preview=preview, timeout=timeout)
        )
        return answer.id, from_struct(answer.properties)

    def update(
        self, token: str, outputs: Properties, inputs: Properties, *, preview: bool = False, timeout: float = 0
    ) -> Properties:
        answer = self.stub.Update(
            pb.UpdateRequest(
                id="it",
                urn=urn_of(token, "it"),
                olds=to_struct(outputs),
                news=to_struct(inputs),
                preview=preview,
                timeout=timeout,
            )
        )
        return from_struct(answer.properties)

    def read(self, token: str, outputs: Properties, inputs: Properties) -> tuple[str, Properties, Properties]:
        """The id (empty: gone), the outputs, and the inputs as they are now."""
        answer = self.stub.Read(
            pb.ReadRequest(id="it", urn=urn_of(token, "it"), properties=to_struct(outputs), inputs=to_struct(inputs))
        )
        return answer.id, from_struct(answer.properties), from_struct(answer.inputs)

    def delete(self, token: str, outputs: Properties, *, timeout: float = 0) -> None:
        self.stub.Delete(
            pb.DeleteRequest(id="it", urn=urn_of(token, "it"), properties=to_struct(outputs), timeout=timeout)
        )

    def cancel(self) -> None:
        self.stub.Cancel(Empty())


@contextmanager
def attached(port: int, log_address: str) -> Iterator[Instance]:
    """A provider instance, as the engine attaches one: each with a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        answer = stub.Handshake(pb.ProviderHandshakeRequest(engine_address=log_address))
        assert answer.accept_secrets, "without it the engine sends secrets in the open, and can't know them again"
        yield Instance(stub)


def init_failure(error: grpc.RpcError) -> pb.ErrorResourceInitFailed:
    """What the engine reads from a failure: the object that exists, but isn't ready."""
    metadata = dict(error.trailing_metadata() or ())  # ty: ignore[missing-attribute]
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    detail = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail), "the engine looks for ErrorResourceInitFailed"
    return detail
