"""networking.istio.io/v1 ServiceEntry: a host outside the cluster that the mesh knows.

https://istio.io/latest/docs/reference/config/networking/service-entry/
"""

from typing import Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata


class ServiceEntryPort(TypedDict):
    """A port as services call it; targetPort where the host listens on another."""

    number: int
    name: str
    protocol: Literal["HTTP", "TLS", "TCP"]
    targetPort: NotRequired[int]


class ServiceEntrySpec(TypedDict):
    """One host, found by DNS and known in its namespace alone."""

    hosts: list[str]
    ports: list[ServiceEntryPort]
    location: Literal["MESH_EXTERNAL"]
    resolution: Literal["DNS"]
    exportTo: list[str]


class ServiceEntry(TypedDict):
    """A declared external host."""

    apiVersion: Literal["networking.istio.io/v1"]
    kind: Literal["ServiceEntry"]
    metadata: Metadata
    spec: ServiceEntrySpec
