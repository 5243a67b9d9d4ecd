"""Every object of a service's routing, as manifests. Pure."""

from typing import Final, cast

from components.manifests import Manifest, manifest
from components.mesh.arguments import MeshArgs
from components.mesh.destination import destination_rules
from components.mesh.routes import routed_service
from components.mesh.routing_gateway_api import http_routes
from components.mesh.routing_istio import virtual_services
from components.mesh.version_services import version_service_objects
from components.specs.mesh.settings import RoutingApi

ROUTES: Final = frozenset({"VirtualService", "HTTPRoute"})
"""Kinds that lead to what the other objects define."""


def service_routing_objects(name: str, args: MeshArgs) -> list[Manifest]:
    """Build how a workload's Service is called and where requests for it go; nothing for a worker.

    Routes come last: they lead to subsets and Services that must be there first.
    """
    service = routed_service(name, args)
    if service is None:
        return []
    routes = virtual_services if args.settings.routing_api is RoutingApi.ISTIO else http_routes
    return [
        *(manifest(body) for body in version_service_objects(service)),
        *(cast("Manifest", body) for body in (*destination_rules(service), *routes(service))),
    ]
