"""Messages to the engine: they appear beside the resource that they are about."""

import contextlib
from dataclasses import dataclass, field

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


@dataclass
class EngineLog:
    """The engine's log service at an address (host:port).

    A message that can't be delivered is dropped: progress is worth showing, but never worth failing an operation for.
    """

    address: str
    _channel: grpc.Channel = field(init=False, repr=False)
    _engine: engine_pb2_grpc.EngineStub = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._channel = grpc.insecure_channel(self.address)
        self._engine = engine_pb2_grpc.EngineStub(self._channel)

    def status(self, urn: str, message: str) -> None:
        """Shows what is going on, in the place of the previous status."""
        self._send(engine_pb2.INFO, urn, message, ephemeral=True)

    def info(self, urn: str, message: str) -> None:
        """A message that stays."""
        self._send(engine_pb2.INFO, urn, message)

    def warning(self, urn: str, message: str) -> None:
        """A warning, which stays and is counted."""
        self._send(engine_pb2.WARNING, urn, message)

    def close(self) -> None:
        """Gives up the connection."""
        self._channel.close()

    def _send(
        self, severity: engine_pb2.LogSeverity.ValueType, urn: str, message: str, *, ephemeral: bool = False
    ) -> None:
        request = engine_pb2.LogRequest(severity=severity, urn=urn, message=message, ephemeral=ephemeral)
        with contextlib.suppress(grpc.RpcError, ValueError):  # ValueError: the channel is closed already
            self._engine.Log(request, timeout=5)
