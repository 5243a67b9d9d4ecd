"""A gRPC client and server in Python, straight from the contracts in services/proto: no generated code in between."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self, cast

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.text_format import Parse

from tests.integration.servers.processes import LOOPBACK

DEADLINE: Final = 10.0
"""Seconds that a call may take, unless its test says otherwise."""
OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),
    # No connection is shared between tests: each sees its own server's.
    ("grpc.use_local_subchannel_pool", 1),
)
# https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto, as far as a probe needs it.
HEALTH: Final = """
name: "grpc/health/v1/health.proto" package: "grpc.health.v1" syntax: "proto3"
message_type { name: "HealthCheckRequest"
  field { name: "service" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "HealthCheckResponse"
  field { name: "status" number: 1 type: TYPE_ENUM label: LABEL_OPTIONAL
    type_name: ".grpc.health.v1.HealthCheckResponse.ServingStatus" }
  enum_type { name: "ServingStatus"
    value { name: "UNKNOWN" number: 0 } value { name: "SERVING" number: 1 }
    value { name: "NOT_SERVING" number: 2 } value { name: "SERVICE_UNKNOWN" number: 3 } } }
service { name: "Health"
  method { name: "Check" input_type: ".grpc.health.v1.HealthCheckRequest"
    output_type: ".grpc.health.v1.HealthCheckResponse" } }
"""


class CallFailed(Exception):
    """A call that was not answered with a message: its code, and what the other side says about it."""

    def __init__(self, call: grpc.Call) -> None:
        self.code: grpc.StatusCode = call.code()
        self.message: str = call.details() or ""
        super().__init__(f"{self.code.name}: {self.message}")


class Contracts:
    """Every message and method of the shop, and the health service."""

    def __init__(self, protos: Path) -> None:
        """Read the descriptors that `buf build` has written."""
        self._pool = DescriptorPool()
        for file in FileDescriptorSet.FromString(protos.read_bytes()).file:
            self._pool.Add(file)
        self._pool.Add(Parse(HEALTH, FileDescriptorProto()))

    def message(self, name: str, **fields: object) -> Any:
        """A message by its full name."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(name))(**fields)

    def method(self, name: str) -> MethodDescriptor:
        """A method by its full name: package.Service.Method."""
        service, _, method = name.rpartition(".")
        return self._pool.FindServiceByName(service).methods_by_name[method]

    def client(self, *ports: int) -> Client:
        """A client of the replicas that listen on these ports."""
        return Client(self, ports)


class Client:
    """Calls one gRPC server, or several replicas of one in turn, and repeats nothing by itself."""

    def __init__(self, contracts: Contracts, ports: Sequence[int]) -> None:
        self._contracts = contracts
        self._channel = grpc.insecure_channel(
            "ipv4:" + ",".join(f"{LOOPBACK}:{port}" for port in ports),
            options=[*OPTIONS, ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}')],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def call(
        self, name: str, *, metadata: Mapping[str, str] | None = None, deadline: float = DEADLINE, **fields: object
    ) -> Any:
        """Call a method by its full name. Raises `CallFailed`."""
        method = self._contracts.method(name)
        request = self._contracts.message(method.input_type.full_name, **fields)
        invoke = self._channel.unary_unary(
            _path(method),
            request_serializer=_bytes,
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        try:
            return invoke(request, timeout=deadline, metadata=tuple((metadata or {}).items()))
        except grpc.RpcError as error:
            raise CallFailed(cast("grpc.Call", error)) from error

    def failure(self, name: str, **arguments: Any) -> tuple[grpc.StatusCode, str]:
        """The code and the message of a call that must fail."""
        try:
            answer = self.call(name, **arguments)
        except CallFailed as failed:
            return failed.code, failed.message
        raise AssertionError(f"{name} was answered: {answer}")

    def health(self, service: str = "") -> str:
        """SERVING, NOT_SERVING or, where there is no such answer, the code: UNAVAILABLE where nobody listens."""
        try:
            answer = self.call("grpc.health.v1.Health.Check", service=service, deadline=2.0)
        except CallFailed as failed:
            return failed.code.name
        return type(answer).ServingStatus.Name(answer.status)


Handler = Callable[[Any, grpc.ServicerContext], Message]


@contextmanager
def serving(contracts: Contracts, handlers: Mapping[str, Handler]) -> Generator[int]:
    """Serve methods by their full names, for services under test to call, and give the port."""
    server = grpc.server(ThreadPoolExecutor(8), options=OPTIONS)
    for name, handle in handlers.items():
        method = contracts.method(name)
        handler = grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=message_factory.GetMessageClass(method.input_type).FromString,
            response_serializer=_bytes,
        )
        service = method.containing_service.full_name
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method.name: handler}),))
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


def _bytes(message: Message) -> bytes:
    # The method of the message's own class: the base class has none.
    return message.SerializeToString()


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"
