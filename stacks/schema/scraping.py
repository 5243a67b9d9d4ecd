"""Who collects metrics, from which Pods, and on which port.

Each Pod is scraped at its own address. Beside a sidecar that is the proxy's port, outside of mutual TLS, which serves
the Pod's metrics with its own; in ambient mode the port of the metrics, through the tunnel, by a caller with an
identity.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from components.mesh.arguments import Caller
from components.observability.names import PROMETHEUS
from components.specs.mesh.settings import DataPlane
from components.specs.network import Opening, OpenPort, Peer
from components.specs.observability.metrics import MetricsBackend
from components.specs.ports import METRICS, Port
from components.specs.workload import WorkloadSpec
from stacks.schema.dependencies import Dependency, pods_of
from stacks.schema.environment import Environment

PROXY_METRICS: Final = OpenPort(15020)
"""Where a proxy serves its own metrics, and those of the Pod that it stands in; it asks callers for no identity
(https://istio.io/latest/docs/ops/integrations/prometheus/)."""
TUNNEL: Final = OpenPort(15008)
"""HBONE: mutual TLS between ztunnels, waypoints and gateways."""
_OPERATED: Final = (("app.kubernetes.io/name", "prometheus"),)
"""What the Prometheus Operator puts on the Pods of every Prometheus."""


def scraper(environment: Environment) -> Peer | None:
    """Return the Pods that collect metrics here; None where nobody does."""
    if environment.observability is None:
        return None
    metrics = environment.observability.metrics
    if metrics.run_by is MetricsBackend.PLATFORM:
        return pods_of(PROMETHEUS)
    return Peer(namespace=metrics.operator_namespace, pod_labels=_OPERATED)


def scrapes(environment: Environment, specs: Mapping[str, WorkloadSpec]) -> Iterator[Dependency]:
    """Yield each way of the platform's own Prometheus to a workload's Pods; nothing waits for it."""
    if PROMETHEUS in specs:
        for name, spec in specs.items():
            for port_name, port in scraped_ports(spec, environment):
                yield Dependency(PROMETHEUS, name, port, port_name=port_name, required=False, direct=True)


def operator_openings(spec: WorkloadSpec, environment: Environment) -> tuple[Opening, ...]:
    """Return what lets the operator's Prometheus in; it is no workload of this platform."""
    peer = scraper(environment) if _is_operated(environment) else None
    ports = tuple(OpenPort(port.number) for _, port in scraped_ports(spec, environment))
    if ports and environment.mesh and environment.mesh.data_plane is DataPlane.AMBIENT:
        ports = (*ports, TUNNEL)
    return (Opening(peer, ports),) if peer and ports else ()


def operator_callers(spec: WorkloadSpec, environment: Environment) -> tuple[Caller, ...]:
    """Return the operator's Prometheus as a caller in the mesh."""
    settings = environment.observability
    if settings is None or not _is_operated(environment) or settings.metrics.operator_namespace is None:
        return ()
    account, namespace = settings.metrics.operator_service_account, settings.metrics.operator_namespace
    return tuple(
        Caller(service_account=account, namespace=namespace, port=port_name, direct=True)
        for port_name, _ in scraped_ports(spec, environment)
        if port_name
    )


def _is_operated(environment: Environment) -> bool:
    settings = environment.observability
    return settings is not None and settings.metrics.run_by is MetricsBackend.OPERATOR


def scraped_ports(spec: WorkloadSpec, environment: Environment) -> tuple[tuple[str, Port], ...]:
    """Return a workload's port that is scraped, with its name; the proxy's port has none among the workload's own."""
    if environment.mesh and environment.mesh.data_plane is DataPlane.SIDECAR:
        return (("", Port(number=PROXY_METRICS.number)),)
    return ((METRICS, spec.metrics_port),) if spec.metrics_port else ()
