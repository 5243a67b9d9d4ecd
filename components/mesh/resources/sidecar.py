"""networking.istio.io/v1 Sidecar: what a workload's proxy knows.

https://istio.io/latest/docs/reference/config/networking/sidecar/
"""

from typing import Literal, TypedDict

from components.resources.metadata import Metadata


class LabelledWorkloads(TypedDict):
    """Pods by their labels; networking.istio.io spells the field differently from security.istio.io."""

    labels: dict[str, str]


class EgressListener(TypedDict):
    """Hosts in the form namespace/name, with ``.`` for the object's own namespace."""

    hosts: list[str]


class OutboundTrafficPolicy(TypedDict):
    """What happens to requests for hosts that the proxy does not know."""

    mode: Literal["REGISTRY_ONLY"]


class SidecarSpec(TypedDict):
    """Ingress is left out, so every port of the workload is taken in as its Service says."""

    workloadSelector: LabelledWorkloads
    egress: list[EgressListener]
    outboundTrafficPolicy: OutboundTrafficPolicy


class Sidecar(TypedDict):
    """The scope of one workload's proxies."""

    apiVersion: Literal["networking.istio.io/v1"]
    kind: Literal["Sidecar"]
    metadata: Metadata
    spec: SidecarSpec
