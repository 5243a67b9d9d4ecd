"""Whether a render has a mesh, and its objects by Istio's terms. Pure.

A render has one if it holds an object of Istio's, or a namespace that is labelled for it: the rules of the mesh say
nothing of any other. Then every rendered namespace in which Pods run is an application namespace.
"""

from __future__ import annotations

from collections.abc import Iterator

from .objects import Objects
from .pods import Manifest, kind_of, labels_of, name_of, namespace_of
from .selectors import selects

WAYPOINT_CLASS = "istio-waypoint"
ISTIO = "istio.io"
GATEWAY_API = "gateway.networking.k8s.io"

_INJECTION = "istio-injection"
_REVISION = "istio.io/rev"
_DATA_PLANE = "istio.io/dataplane-mode"
_GATEWAY_NAME = f"{GATEWAY_API}/gateway-name"


def group_of(manifest: Manifest) -> str:
    """The object's API group, or an empty string: kinds such as Gateway and Service have namesakes."""
    return (manifest.get("apiVersion") or "").rpartition("/")[0]


def is_istio(manifest: Manifest) -> bool:
    """Whether the object is one of Istio's own kinds."""
    return group_of(manifest).endswith(f".{ISTIO}")


def is_ambient(namespace: Manifest) -> bool:
    """Whether a Namespace's Pods are in the mesh without sidecars."""
    return labels_of(namespace).get(_DATA_PLANE) == "ambient"


def is_labelled(namespace: Manifest) -> bool:
    """Whether a Namespace's Pods are brought into the mesh."""
    labels = labels_of(namespace)
    return is_ambient(namespace) or labels.get(_INJECTION) == "enabled" or bool(labels.get(_REVISION))


def opts_out(pod_labels: Manifest) -> bool:
    """Whether Pods with these labels stay outside, whatever their namespace says."""
    return pod_labels.get("sidecar.istio.io/inject") == "false" or pod_labels.get(_DATA_PLANE) == "none"


def has_mesh(objects: Objects) -> bool:
    """Whether the render uses a mesh."""
    return any(map(is_istio, objects.manifests)) or any(map(is_labelled, objects.of_kind("Namespace")))


def application_namespaces(objects: Objects) -> Iterator[Manifest]:
    """The rendered namespaces in which Pods run; none without a mesh."""
    inhabited = {workload.namespace for workload in objects.workloads} if has_mesh(objects) else set[str]()
    for namespace in objects.of_kind("Namespace"):
        if name_of(namespace) in inhabited:
            yield namespace


def istio_objects(objects: Objects, kind: str) -> Iterator[Manifest]:
    """The objects of one of Istio's kinds."""
    return (manifest for manifest in objects.of_kind(kind) if is_istio(manifest))


def gateway_api_objects(objects: Objects, *kinds: str) -> Iterator[Manifest]:
    """The objects of some of the Gateway API's kinds."""
    return (manifest for manifest in objects.of_kind(*kinds) if group_of(manifest) == GATEWAY_API)


def is_gateway_selector(objects: Objects, namespace: str, selector: Manifest | None) -> bool:
    """Whether a LabelSelector matches Pods that the mesh itself starts for a rendered Gateway.

    https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment
    """
    return any(
        namespace_of(gateway) == namespace and selects(selector, {_GATEWAY_NAME: name_of(gateway)})
        for gateway in gateway_api_objects(objects, "Gateway")
    )


def is_waypoint(manifest: Manifest) -> bool:
    """Whether the object is a waypoint: a Gateway inside the mesh."""
    is_gateway = kind_of(manifest) == "Gateway" and group_of(manifest) == GATEWAY_API
    return is_gateway and (manifest.get("spec") or {}).get("gatewayClassName") == WAYPOINT_CLASS
