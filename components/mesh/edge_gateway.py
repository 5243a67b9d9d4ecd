"""The EdgeGateway component."""

import pulumi

from components.identity import component_type
from components.manifests import Manifest
from components.mesh.arguments import MeshArgs
from components.mesh.edge import edge_objects
from components.mesh.edge_routes import edge_hosts
from components.registration import register_all


class EdgeGateway(pulumi.ComponentResource):
    """Where requests come in from outside: certificate, listeners, redirect to HTTPS, routes of each host."""

    hosts: list[str]
    """The hosts that it answers for."""

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("mesh", "EdgeGateway"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.hosts = edge_hosts(args)
        self.register_outputs({"hosts": self.hosts})

    @staticmethod
    def manifests(_name: str, args: MeshArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return edge_objects(args)
