"""gateway.networking.k8s.io/v1 Gateway, as far as a waypoint needs it: the proxy of a namespace in ambient mode.

https://istio.io/latest/docs/ambient/usage/waypoint/
"""

from typing import Literal, TypedDict

from components.resources.metadata import Metadata


class WaypointListener(TypedDict):
    """The one listener: Istio's tunnel, HTTP CONNECT over mutual TLS."""

    name: Literal["mesh"]
    port: Literal[15008]
    protocol: Literal["HBONE"]


class WaypointSpec(TypedDict):
    """Istio starts the proxies when it sees this class."""

    gatewayClassName: Literal["istio-waypoint"]
    listeners: list[WaypointListener]


class Waypoint(TypedDict):
    """The proxy that reads requests for the Services of a namespace."""

    apiVersion: Literal["gateway.networking.k8s.io/v1"]
    kind: Literal["Gateway"]
    metadata: Metadata
    spec: WaypointSpec
