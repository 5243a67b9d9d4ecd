"""Where spans come in. Pure.

https://github.com/open-telemetry/opentelemetry-collector/blob/main/receiver/otlpreceiver/config.md
"""

from typing import Final, TypedDict

from components.observability.names import OTLP_HTTP_PORT, OTLP_PORT

OTLP: Final = "otlp"
MESSAGE_MIB: Final = 16
"""The largest message taken: gRPC's default of 4 MiB would refuse what other Collectors and some SDKs send at once."""


class ServerParameters(TypedDict):
    """How long connections live."""

    max_connection_age: str
    max_connection_age_grace: str


class Keepalive(TypedDict):
    """Of the server."""

    server_parameters: ServerParameters


class GrpcServer(TypedDict):
    """OTLP over gRPC."""

    endpoint: str
    max_recv_msg_size_mib: int
    keepalive: Keepalive


class HttpServer(TypedDict):
    """OTLP over HTTP; sizes in bytes."""

    endpoint: str
    max_request_body_size: int


class Protocols(TypedDict):
    """Both ways of OTLP."""

    grpc: GrpcServer
    http: HttpServer


class OtlpReceiver(TypedDict):
    """Takes whatever OpenTelemetry's SDKs and other Collectors send."""

    protocols: Protocols


def otlp_receiver(host: str) -> OtlpReceiver:
    """Return the receiver of both protocols at an address of the Pod's."""
    return {
        "protocols": {
            "grpc": {
                "endpoint": f"{host}:{OTLP_PORT}",
                "max_recv_msg_size_mib": MESSAGE_MIB,
                # A client with one long connection would stay with one Pod, whatever others there are by then.
                "keepalive": {
                    "server_parameters": {"max_connection_age": "5m", "max_connection_age_grace": "30s"},
                },
            },
            "http": {"endpoint": f"{host}:{OTLP_HTTP_PORT}", "max_request_body_size": MESSAGE_MIB * 2**20},
        }
    }
