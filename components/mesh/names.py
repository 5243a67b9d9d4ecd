"""Names, labels and identities that several objects of the mesh agree on."""

from typing import Final

from components import identity
from components.mesh.arguments import Caller, MeshArgs, MeshedWorkload
from components.mesh.resources.security import TargetReference
from components.resources.metadata import Metadata
from components.specs.mesh.settings import DataPlane, Mesh, RoutingApi

WAYPOINT: Final = "waypoint"
"""The waypoint of a namespace in ambient mode; Istio gives its Pods a service account of this name."""


def namespace_labels(settings: Mesh) -> dict[str, str]:
    """Return the labels that bring a namespace's Pods into the mesh."""
    if settings.data_plane is DataPlane.SIDECAR:
        return {"istio-injection": "enabled"}
    return {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": WAYPOINT}


def object_metadata(args: MeshArgs, name: str, workload: MeshedWorkload | None = None) -> Metadata:
    """Build the metadata of an object that belongs to a workload, or to the namespace as a whole."""
    owner, team = (args.namespace, None) if workload is None else (workload.name, workload.team)
    return {
        "name": name,
        "namespace": args.namespace,
        "labels": identity.labels(owner, part_of=args.part_of, team=team),
    }


def edge_gateway(args: MeshArgs) -> str:
    """Return the name of the platform's Gateway object in the edge namespace."""
    return args.part_of


def edge_labels(args: MeshArgs) -> dict[str, str]:
    """Return the labels of the gateway's Pods, which Istio's own objects choose it by."""
    return {"istio": args.settings.edge.gateway}


def gateway_reference(name: str) -> TargetReference:
    """Return how policies and filters name a Gateway of the Gateway API in their own namespace."""
    return {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name}


def edge_service_account(args: MeshArgs) -> str:
    """Return the service account of the gateway's Pods.

    Istio's chart ``gateway`` gives release and account the same name, and the Pods' label ``istio`` that name without
    ``istio-`` (https://github.com/istio/istio/blob/master/manifests/charts/gateway/templates/_helpers.tpl). For the
    Gateway API Istio starts the Pods itself, and names what belongs to them after the Gateway and its class
    (https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment).
    """
    gateway = args.settings.edge.gateway
    if args.settings.routing_api is RoutingApi.GATEWAY:
        return f"{edge_gateway(args)}-{gateway}"
    return f"istio-{gateway}"


def edge_caller(args: MeshArgs, workload: MeshedWorkload) -> Caller | None:
    """Return the gateway as a caller of a workload; None for one that is not offered to the outside."""
    if workload.edge is None:
        return None
    return Caller(service_account=edge_service_account(args), namespace=args.edge_namespace, port=workload.edge.port)


def waypoint_caller(args: MeshArgs, port: str) -> Caller:
    """Return the namespace's waypoint as a caller of one port."""
    return Caller(service_account=WAYPOINT, namespace=args.namespace, port=port)
