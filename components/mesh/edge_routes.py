"""What the edge offers, before an API writes it: hosts, paths, and what every answer carries. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from components.mesh.arguments import EdgeRoute, MeshArgs, MeshedWorkload
from components.mesh.names import edge_gateway, object_metadata
from components.mesh.routes import Requests, Route, RoutedService, routed_service
from components.resources.metadata import Metadata
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.settings import SecretCertificate

SECURITY_HEADERS: Final = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}
"""What browsers are told with every answer
(https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers)."""
REMOVED_HEADERS: Final = ("x-powered-by", "x-envoy-upstream-service-time")
"""What answers would tell about the inside."""


@dataclass(frozen=True, kw_only=True)
class EdgePath:
    """A path of a host, and the service behind it."""

    service: RoutedService
    edge: EdgeRoute
    path: str
    """Without a slash at the end; ``/`` is everything."""

    @property
    def policy(self) -> EdgePolicy:
        """What holds for it."""
        return self.edge.policy

    @property
    def routes(self) -> list[Route]:
        """The routes of the service's port, as far as they lie under the path."""
        return [
            route if requests is route.requests else replace(route, requests=requests)
            for route in self.service.routes(self.edge.port)
            if (requests := requests_under(self.path, route.requests)) is not None
        ]


def edge_paths(args: MeshArgs) -> list[EdgePath]:
    """Return all paths of all hosts, longer ones first, so that the first one that fits is the closest."""
    found = [
        EdgePath(service=service, edge=edge, path=path)
        for service, edge in edge_services(args)
        for path in edge_route_paths(edge)
    ]
    return sorted(found, key=lambda one: -len(one.path))


def edge_route_paths(edge: EdgeRoute) -> list[str]:
    """Return the paths of a service at its host, each once, without a slash at the end."""
    return sorted({path.rstrip("/") or "/" for path in edge.paths})


def requests_under(root: str, requests: Requests) -> Requests | None:
    """Return the requests as far as their paths lie under `root`; None where none does."""
    if not requests.paths:
        return requests
    paths = tuple(path for path in requests.paths if f"{path}/".startswith(f"{root.rstrip('/')}/"))
    return replace(requests, paths=paths) if paths else None


def edge_services(args: MeshArgs) -> Iterator[tuple[RoutedService, EdgeRoute]]:
    """Yield the services that are reached from outside."""
    for name, workload in args.workloads.items():
        service = routed_service(name, args)
        if service is not None and workload.edge is not None:
            yield service, workload.edge


def edge_hosts(args: MeshArgs) -> list[str]:
    """Return the hosts that the edge answers for."""
    return sorted({edge.host for _, edge in edge_services(args)})


def edge_metadata(args: MeshArgs, name: str, workload: MeshedWorkload | None = None) -> Metadata:
    """Build the metadata of an object that stands in the gateway's namespace."""
    return {**object_metadata(args, name, workload), "namespace": args.edge_namespace}


def edge_secret(args: MeshArgs) -> str:
    """Return the name of the Secret with the edge's certificate."""
    tls = args.settings.edge.tls
    return tls.secret if isinstance(tls, SecretCertificate) else f"{edge_gateway(args)}-tls"
