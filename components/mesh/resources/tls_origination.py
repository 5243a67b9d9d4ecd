"""networking.istio.io/v1 DestinationRule, as far as an external host needs it: TLS that the caller's proxy adds.

https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/
"""

from typing import Literal, TypedDict

from components.resources.metadata import Metadata


class PortNumber(TypedDict):
    """The port as services call it."""

    number: int


class OriginatedTls(TypedDict):
    """The certificate must bear one of the names, and be signed by an authority that the proxy's image trusts."""

    mode: Literal["SIMPLE"]
    sni: str
    subjectAltNames: list[str]


class PortPolicy(TypedDict):
    """What holds for one port."""

    port: PortNumber
    tls: OriginatedTls


class PortPolicies(TypedDict):
    """Port by port."""

    portLevelSettings: list[PortPolicy]


class TlsOriginationSpec(TypedDict):
    """An external host, in its namespace only."""

    host: str
    exportTo: list[str]
    trafficPolicy: PortPolicies


class TlsOrigination(TypedDict):
    """How an external host is called."""

    apiVersion: Literal["networking.istio.io/v1"]
    kind: Literal["DestinationRule"]
    metadata: Metadata
    spec: TlsOriginationSpec
