"""Ports that containers listen on, and how a Service carries them."""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from components.faults import fault
from components.scalars import AbsolutePath, AppProtocol
from components.specs.base import Spec
from components.specs.probes import PortNumber

METRICS: Final = "metrics"
"""The port that Prometheus scrapes has this name."""
METRICS_PATH: Final = "/metrics"
SCRAPE: Final = "prometheus.io/scrape"
SCRAPE_PORT: Final = "prometheus.io/port"
SCRAPE_PATH: Final = "prometheus.io/path"
"""The Pod annotations that say whether, on which port and at which path metrics are served."""
APP_PROTOCOLS: Final = {"http": "http", "https": "https", "grpc": "grpc", "tcp": "tcp"}
"""Port names that say what is spoken on them; meshes and gateways read it as appProtocol
(https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/)."""


class Protocol(StrEnum):
    """Transport protocols of a port."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Port(Spec):
    """A port that a container listens on. A bare number stands for ``{number: …}``."""

    number: PortNumber
    protocol: Protocol = Protocol.TCP
    service_port: PortNumber | None = Field(None, description="The Service's port; the container's number by default.")
    node_port: int | None = Field(
        None, ge=30000, le=32767, description="A fixed port on every node (type NodePort or LoadBalancer)."
    )
    app_protocol: AppProtocol | None = Field(
        None,
        description="The Service's appProtocol; by default the port's name where that is http, grpc, https or tcp.",
    )
    path: AbsolutePath | None = Field(
        None, description=f"Where metrics are served, on the port called {METRICS}; {METRICS_PATH} by default."
    )
    exposed: bool = Field(True, description="Whether the workload's Service carries this port.")


def app_protocol(name: str, port: Port) -> str | None:
    """Return what is spoken on a port of this name; None where nobody has said it."""
    return port.app_protocol or APP_PROTOCOLS.get(name)


def _port(value: Any) -> Any:
    if isinstance(value, str):
        raise fault(
            "is text, where a number or a mapping belongs",
            consequence="the container would have no such port",
            fix=f"write {value} without quotes" if value.isdecimal() else "write its number, e.g. 8080",
        )
    return {"number": value} if isinstance(value, int) and not isinstance(value, bool) else value


PortOrNumber = Annotated[Port, BeforeValidator(_port, json_schema_input_type=PortNumber | Port)]
