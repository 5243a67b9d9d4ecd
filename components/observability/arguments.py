"""What the parts of this package take: workloads as metrics, rules and dashboards see them, all literals. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from components.specs.container import Language
from components.specs.observability.objectives import Objective
from components.specs.observability.own_alerts import OwnAlert
from components.specs.observability.settings import Observability
from components.specs.scaling import Autoscaling


class Interface(StrEnum):
    """What a service answers, and so which of its metrics count its requests (docs/services.md)."""

    HTTP = "http"
    """``http_server_request_duration_seconds``"""
    RPC = "rpc"
    """``rpc_server_duration_seconds``"""
    MESSAGING = "messaging"
    """``messaging_process_duration_seconds``"""


class Role(StrEnum):
    """What a workload is to the platform."""

    SERVICE = "service"
    """A service of the catalogue."""
    STORE = "store"
    BROKER = "broker"
    EXPORTER = "exporter"
    """Speaks for a store or the broker."""
    PLATFORM = "platform"
    """A part of the platform itself: Prometheus, Alertmanager, the rate-limit service, …"""


class MeshReporter(StrEnum):
    """Which proxies count the requests that a service has got: the label ``reporter`` of Istio's metrics.

    https://istio.io/latest/docs/reference/config/metrics/
    """

    SIDECAR = "destination"
    WAYPOINT = "waypoint"


@dataclass(frozen=True, kw_only=True)
class MetricsEndpoint:
    """Where a workload's Pods serve metrics."""

    port: int
    path: str


@dataclass(frozen=True, kw_only=True)
class StreamConsumer:
    """A durable consumer of a JetStream stream."""

    stream: str
    name: str
    """As the server knows it: the service's name."""
    subject: str
    max_deliver: int


@dataclass(frozen=True, kw_only=True)
class MonitoredWorkload:
    """A workload as it is watched."""

    name: str
    """Also the value of the label ``service`` of all its metrics."""
    team: str
    role: Role
    language: Language = Language.OTHER
    endpoint: MetricsEndpoint | None = None
    """None for a workload that serves no metrics."""
    interfaces: tuple[Interface, ...] = ()
    """Empty for whatever is no service."""
    is_meshed_service: bool = False
    """Whether the mesh counts its requests too: it has a Service with a port whose requests proxies can tell apart."""
    objective: Objective | None = None
    autoscaling: Autoscaling | None = None
    alerts: Mapping[str, OwnAlert] = field(default_factory=dict)
    """The team's own, by name."""
    calls: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    consumers: tuple[StreamConsumer, ...] = ()
    engine: str | None = None
    """Of a store, or of the store that an exporter speaks for: postgres, redis; ``nats`` of the broker."""
    speaks_for: str | None = None
    """The store or broker behind an exporter."""


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """The observability of one platform in one namespace."""

    settings: Observability
    namespace: str
    edge_namespace: str
    part_of: str
    """The platform's name."""
    workloads: Mapping[str, MonitoredWorkload]
    """By name: services, stores, broker, exporters, and the platform's own parts."""
    mesh: MeshReporter | None = None
    """None without a mesh."""
    streams: tuple[str, ...] = ()
    certificates: bool = False
    """Whether cert-manager issues certificates here, whose expiry is watched."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Where what serves users runs: the platform's own namespace and, in a mesh, the edge's."""
        return tuple(dict.fromkeys((self.namespace, *((self.edge_namespace,) if self.mesh else ()))))

    @property
    def scraped_namespaces(self) -> tuple[str, ...]:
        """Where there are Pods with metrics: those namespaces, and that of the nodes' agents."""
        agents = (self.settings.logs.namespace,) if self.settings.logs else ()
        return tuple(dict.fromkeys((*self.namespaces, *agents)))

    @property
    def services(self) -> tuple[MonitoredWorkload, ...]:
        """The services of the catalogue."""
        return tuple(one for one in self.workloads.values() if one.role is Role.SERVICE)
