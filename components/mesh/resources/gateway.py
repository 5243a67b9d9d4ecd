"""networking.istio.io/v1 Gateway: what the edge's Pods listen to.

https://istio.io/latest/docs/reference/config/networking/gateway/
"""

from typing import Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata


class ServerPort(TypedDict):
    """A port of the gateway's Service."""

    number: int
    name: str
    protocol: Literal["HTTP", "HTTPS"]


class ServerTls(TypedDict, total=False):
    """A certificate, or the answer to plain HTTP."""

    mode: Literal["SIMPLE"]
    credentialName: str
    minProtocolVersion: Literal["TLSV1_2"]
    httpsRedirect: bool


class Server(TypedDict):
    """A listener. Hosts have the form namespace/host: only routes of that namespace may claim the host."""

    port: ServerPort
    hosts: list[str]
    tls: NotRequired[ServerTls]


class GatewaySpec(TypedDict):
    """Pods by their labels, and their listeners."""

    selector: dict[str, str]
    servers: list[Server]


class Gateway(TypedDict):
    """The listeners of a platform at the edge."""

    apiVersion: Literal["networking.istio.io/v1"]
    kind: Literal["Gateway"]
    metadata: Metadata
    spec: GatewaySpec
