"""The ServiceRouting component."""

import pulumi

from components.identity import component_type
from components.manifests import Manifest
from components.mesh.arguments import MeshArgs
from components.mesh.routing import ROUTES, service_routing_objects
from components.registration import register, register_all


class ServiceRouting(pulumi.ComponentResource):
    """How one service is called inside the mesh: versions, load balancing, bulkhead, ejection, routes, retries."""

    host: str | None
    """The name by which it is called; None for a worker."""

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("mesh", "ServiceRouting"), name, {}, opts)
        bodies = self.manifests(name, args)
        targets = register_all([body for body in bodies if body["kind"] not in ROUTES], parent=self)
        for body in bodies:
            if body["kind"] in ROUTES:
                register(body, parent=self, depends_on=[*targets.values()])
        service = args.workloads[name].service
        self.host = args.host(service) if service else None
        self.register_outputs({"host": self.host})

    @staticmethod
    def manifests(name: str, args: MeshArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return service_routing_objects(name, args)
