"""Every object of a mesh, from all builders of components/mesh."""

from __future__ import annotations

from components.manifests import Manifest
from components.mesh.arguments import MeshArgs
from components.mesh.edge_gateway import EdgeGateway
from components.mesh.egress import Egress
from components.mesh.rate_limits import RateLimits
from components.mesh.security import MeshSecurity
from components.mesh.service_routing import ServiceRouting
from components.mesh.telemetry import MeshTelemetry
from components.specs.mesh.settings import DataPlane


def mesh_objects(args: MeshArgs) -> list[Manifest]:
    """What all components of the package would register."""
    found = [*MeshSecurity.manifests("mesh", args), *MeshTelemetry.manifests("mesh", args)]
    found += [*Egress.manifests("mesh", args), *EdgeGateway.manifests("mesh", args)]
    found += [body for name in args.workloads for body in ServiceRouting.manifests(name, args)]
    if args.settings.data_plane is DataPlane.SIDECAR:
        found += RateLimits.manifests("mesh", args)
    return found
