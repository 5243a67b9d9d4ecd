"""Identity: who each caller is, whom a workload lets in, and which requests the edge lets in."""

from collections.abc import Iterator, Mapping
from typing import Final

import pulumi

from components import identity
from components.manifests import Manifest
from components.mesh.arguments import MeshArgs, MeshedWorkload
from components.mesh.authorization import namespace_policies, plain_text_reason, workload_policies
from components.mesh.edge_security import edge_policies, request_authentications
from components.mesh.names import WAYPOINT, object_metadata
from components.mesh.resources.security import PeerAuthentication
from components.mesh.resources.waypoint import Waypoint
from components.registration import ObjectKey, register_all
from components.specs.mesh.settings import DataPlane

STRICT_FOR_ALL: Final = "default"
"""The PeerAuthentication of the whole namespace."""


class MeshSecurity(pulumi.ComponentResource):
    """Strict mutual TLS, a denial of everything, who may call whom, and the role table at the edge.

    Policies at the gateway deny all that they don't allow, for every host that its Pods serve: a gateway whose Pods
    other platforms share needs policies from them too. In ambient mode the component also asks for the waypoint.
    """

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("mesh", "MeshSecurity"), name, {}, opts)
        self._objects = register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    def objects(self) -> Mapping[ObjectKey, pulumi.CustomResource]:
        """Return each object by (kind, name), for whoever waits for one of them and not for all."""
        return self._objects

    @staticmethod
    def manifests(_name: str, args: MeshArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return security_objects(args)


def security_objects(args: MeshArgs) -> list[Manifest]:
    """Build everything that says who is who and who may do what.

    Raises ValueError for a caller of single methods where the callee has no contract.
    """
    return [
        *(dict(body) for body in waypoints(args)),
        *(dict(body) for body in peer_authentications(args)),
        *(dict(body) for body in namespace_policies(args)),
        *(dict(body) for one in args.workloads.values() for body in workload_policies(args, one)),
        *(dict(body) for body in request_authentications(args)),
        *(dict(body) for body in edge_policies(args)),
    ]


def peer_authentications(args: MeshArgs) -> Iterator[PeerAuthentication]:
    """Build mutual TLS for the namespace, and for each workload that takes in plain text on some ports."""
    yield {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": object_metadata(args, STRICT_FOR_ALL),
        "spec": {"mtls": {"mode": "STRICT"}},
    }
    for workload in args.workloads.values():
        if workload.permissive_ports:
            yield _exception(args, workload)


def _exception(args: MeshArgs, workload: MeshedWorkload) -> PeerAuthentication:
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {**object_metadata(args, workload.name, workload), "annotations": plain_text_reason(workload)},
        "spec": {
            "selector": {"matchLabels": identity.selector(workload.name)},
            "mtls": {"mode": "STRICT"},
            "portLevelMtls": {
                str(workload.ports[port].number): {"mode": "PERMISSIVE"} for port in workload.permissive_ports
            },
        },
    }


def waypoints(args: MeshArgs) -> Iterator[Waypoint]:
    """Build the namespace's waypoint, where the data plane has one; it reads the requests to all of its Services."""
    if args.settings.data_plane is not DataPlane.AMBIENT:
        return
    metadata = object_metadata(args, WAYPOINT)
    metadata["labels"]["istio.io/waypoint-for"] = "service"
    yield {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {
            "gatewayClassName": "istio-waypoint",
            "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
        },
    }
