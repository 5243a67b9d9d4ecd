"""What the mesh's components take: services as the mesh sees them, all literals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from components.specs.mesh.edge import EdgePolicy, JwtIssuer
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.settings import Mesh
from components.specs.mesh.traffic import Fault, Match, Mirror, RateLimit

PLAIN_PORT: Final = 80
"""Where services speak plain HTTP to a host for which their proxy adds TLS."""
REQUESTS: Final = frozenset({"grpc", "grpc-web", "http", "http2", "kubernetes.io/h2c", "kubernetes.io/ws"})
"""The appProtocols in which proxies tell one request from another
(https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/)."""


@dataclass(frozen=True, kw_only=True)
class MeshPort:
    """A port of a service that the mesh carries."""

    number: int
    """Of the container."""
    service_port: int
    protocol: str
    """The appProtocol: ``grpc``, ``http``, ``https``, …; ``tcp`` where nothing is known of it."""

    @property
    def is_routed(self) -> bool:
        """Whether the proxies understand requests on it, and not only connections."""
        return self.protocol in REQUESTS


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who may call a service: a service account, on one port, all of it or some gRPC methods."""

    service_account: str
    namespace: str
    port: str
    """The callee's port, by name."""
    methods: tuple[str, ...] = ()
    """gRPC methods; all of them where empty."""
    direct: bool = False
    """Whether it connects to the Pods themselves, past any waypoint, as who scrapes each of them does."""


@dataclass(frozen=True, kw_only=True)
class ReleaseVersion:
    """One version of a service, side by side with others."""

    weight: float
    """Percent of the requests that match no version."""
    match: Match | None = None


@dataclass(frozen=True, kw_only=True)
class EdgeRoute:
    """Where and how a service is reached from outside."""

    host: str
    """The whole host, domain included."""
    paths: tuple[str, ...]
    port: str
    """By name."""
    policy: EdgePolicy


@dataclass(frozen=True, kw_only=True)
class ExternalService:
    """A host outside the cluster that services declare."""

    name: str
    """As the catalogue calls it."""
    host: str
    port: int
    originate_tls: bool = False
    """Whether services speak plain HTTP to port 80 and their proxy adds TLS."""
    protocol: Literal["tls", "tcp"] = "tls"
    """What services speak to it by themselves: TLS, told apart by the server's name, or anything else over TCP."""


@dataclass(frozen=True, kw_only=True)
class MeshedWorkload:
    """A workload as the mesh sees it: service, store, broker or worker."""

    name: str
    service_account: str
    team: str | None = None
    service: str | None = None
    """The name of its Service; None for a worker."""
    is_headless: bool = False
    """Whether its Service leads callers straight to the Pods, past any waypoint."""
    ports: Mapping[str, MeshPort] = field(default_factory=dict)
    contract: str | None = None
    """The gRPC service that it implements, e.g. shop.users.v1.UserService."""
    callers: tuple[Caller, ...] = ()
    calls: tuple[str, ...] = ()
    """Names of the Services that it calls."""
    external: tuple[str, ...] = ()
    """Names of the external hosts that it uses."""
    elsewhere: tuple[str, ...] = ()
    """Services of other namespaces that it calls, as NAMESPACE/HOST."""
    resilience: Resilience = field(default_factory=Resilience)
    versions: Mapping[str, ReleaseVersion] = field(default_factory=dict)
    """Track → version; empty: one version."""
    mirror: Mirror | None = None
    fault: Fault | None = None
    rate_limits: tuple[RateLimit, ...] = ()
    edge: EdgeRoute | None = None
    permissive_ports: Mapping[str, str] = field(default_factory=dict)
    """Port name → reason for accepting plain text there."""

    @property
    def edge_port(self) -> MeshPort | None:
        """The port that is offered to the outside; None without an edge, or where the mesh does not carry the port."""
        return self.ports.get(self.edge.port) if self.edge else None

    @property
    def callers_by_service(self) -> tuple[Caller, ...]:
        """Those that call its Service, by way of the waypoint where there is one, unless the Service is headless."""
        return tuple(one for one in self.callers if not one.direct)


@dataclass(frozen=True, kw_only=True)
class MeshArgs:
    """The mesh of one namespace: what every component of this package reads."""

    settings: Mesh
    namespace: str
    edge_namespace: str
    part_of: str
    workloads: Mapping[str, MeshedWorkload]
    external: Mapping[str, ExternalService] = field(default_factory=dict)
    issuers: Mapping[str, JwtIssuer] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Role → rules of the role table."""

    @cached_property
    def headless_services(self) -> frozenset[str]:
        """The Services whose callers go to the Pods themselves."""
        return frozenset(one.service for one in self.workloads.values() if one.service and one.is_headless)

    def host(self, service: str) -> str:
        """Return a Service's full name, which every object of the mesh uses."""
        return f"{service}.{self.namespace}.svc.{self.settings.cluster_domain}"

    def principal(self, caller: Caller) -> str:
        """Return a caller's identity as policies name it: its SPIFFE ID without the scheme."""
        return f"{self.settings.trust_domain}/ns/{caller.namespace}/sa/{caller.service_account}"
