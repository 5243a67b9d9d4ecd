"""The routes of a service, before an API writes them: which requests, which versions, which retries. Pure.

A request of a port is one of several kinds by what it asks for (it may be sent twice, or not) and by the versions whose
match it fits. Each kind is a route. Their order is that of the Gateway API: the route with more headers first
(https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule), so that both APIs send a request to the same version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from components.mesh.arguments import MeshArgs, MeshedWorkload, MeshPort
from components.mesh.matching import HeaderPattern, header_patterns
from components.mesh.names import edge_caller, object_metadata
from components.resources.metadata import Metadata
from components.specs.mesh.resilience import HTTP_IDEMPOTENT, Resilience
from components.specs.mesh.traffic import Mirror

HTTP_METHODS: Final = (*HTTP_IDEMPOTENT, "POST", "PATCH")
"""Every method that a route can name, CONNECT aside, which asks for a tunnel."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Requests that are sent again alike. Without paths and methods: all that no other route takes."""

    is_idempotent: bool = False
    paths: tuple[str, ...] = ()
    """Whole paths: gRPC's."""
    methods: tuple[str, ...] = ()
    """HTTP methods."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A version, and how many percent of the route's requests it gets; both None where there is only one version."""

    version: str | None = None
    weight: int | None = None


@dataclass(frozen=True, kw_only=True)
class Route:
    """One kind of requests, and who answers them."""

    requests: Requests
    shares: tuple[Share, ...]
    version: str | None = None
    """The version whose match the requests fit; None for all others."""
    headers: Mapping[str, HeaderPattern] = field(default_factory=dict)
    mirror: Mirror | None = None

    @property
    def name(self) -> str:
        """A name that is unique among the routes of a port: ``canary:idempotent``, ``other``."""
        kind = "idempotent" if self.requests.is_idempotent else "other"
        return f"{self.version}:{kind}" if self.version else kind


@dataclass(frozen=True, kw_only=True)
class RoutedService:
    """A workload with a Service: what the builders of routes read."""

    args: MeshArgs
    workload: MeshedWorkload
    service: str

    @property
    def host(self) -> str:
        """The Service's full name."""
        return self.args.host(self.service)

    @property
    def resilience(self) -> Resilience:
        """How it is called."""
        return self.workload.resilience

    @property
    def routed_ports(self) -> dict[str, MeshPort]:
        """The ports whose requests the proxies understand."""
        return {name: port for name, port in self.workload.ports.items() if port.is_routed}

    @property
    def is_called_inside(self) -> bool:
        """Whether there are requests inside the mesh to route: not where only the edge calls it."""
        edge = edge_caller(self.args, self.workload)
        if edge is None:
            return True
        return any(
            (caller.namespace, caller.service_account) != (edge.namespace, edge.service_account)
            for caller in self.workload.callers_by_service
        )

    def metadata(self, name: str) -> Metadata:
        """Build the metadata of an object that belongs to the workload."""
        return object_metadata(self.args, name, self.workload)

    def routes(self, port: str) -> list[Route]:
        """Return the routes of a port, the most specific one first."""
        return list(_routes(self.workload, self.workload.ports[port]))


def routed_service(name: str, args: MeshArgs) -> RoutedService | None:
    """Return a workload as routes see it; None for one without a Service."""
    workload = args.workloads[name]
    return RoutedService(args=args, workload=workload, service=workload.service) if workload.service else None


def request_kinds(workload: MeshedWorkload, port: MeshPort) -> Iterator[Requests]:
    """Yield the kinds of requests of a port: those that may be sent twice, then all others.

    gRPC's are named by ``retries.idempotent``; HTTP's are those of RFC 9110, and what ``retries.idempotent`` adds.
    """
    retries = workload.resilience.retries
    if retries.attempts and port.protocol == "grpc":
        if workload.contract and retries.idempotent:
            yield Requests(
                is_idempotent=True, paths=tuple(f"/{workload.contract}/{method}" for method in retries.idempotent)
            )
    elif retries.attempts:
        allowed = {*HTTP_IDEMPOTENT, *retries.idempotent}
        yield Requests(is_idempotent=True, methods=tuple(method for method in HTTP_METHODS if method in allowed))
    yield Requests()


def _routes(workload: MeshedWorkload, port: MeshPort) -> Iterator[Route]:
    kinds = list(request_kinds(workload, port))
    matched = {track: header_patterns(version.match) for track, version in workload.versions.items() if version.match}
    for track, headers in sorted(matched.items(), key=lambda entry: -len(entry[1])):
        for requests in kinds:
            yield Route(requests=requests, version=track, headers=headers, shares=(Share(version=track),))
    shares = tuple(Share(version=track, weight=round(version.weight)) for track, version in workload.versions.items())
    for requests in kinds:
        yield Route(requests=requests, shares=shares or (Share(),), mirror=workload.mirror)
