"""Who depends on whom for traces and logs. Nothing waits for these: no start is late for want of a Collector."""

from collections.abc import Iterator, Mapping
from typing import Final

from components.mesh.arguments import Caller, EdgeRoute, MeshArgs
from components.mesh.names import WAYPOINT, edge_service_account
from components.observability.jaeger.storage import has_jaeger, is_split
from components.observability.names import (
    GRAFANA,
    JAEGER,
    JAEGER_COLLECTOR,
    LOKI,
    OTEL_COLLECTOR,
    OTEL_SAMPLER,
    OTEL_SIDECAR,
    PROMETHEUS,
)
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.settings import DataPlane
from components.specs.observability.metrics import MetricsBackend
from components.specs.ports import METRICS
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Catalogue
from stacks.schema.dependencies import Dependency
from stacks.schema.environment import Environment

OTLP: Final = "otlp"
OTLP_HTTP: Final = "otlp-http"
SEARCH: Final = "search"


def tracing_dependencies(
    catalogue: Catalogue, environment: Environment, specs: Mapping[str, WorkloadSpec]
) -> Iterator[Dependency]:
    """Yield every dependency for traces and logs, but those of the nodes' agents."""
    ways = [*_senders(catalogue, environment, specs), *_between_parts(environment)]
    for source, target, port_name in dict.fromkeys(ways):
        if source in specs and target in specs:
            port = specs[target].ports[port_name]
            yield Dependency(source, target, port, port_name=port_name, required=False)
    counting = sender(environment)
    if counting in specs and PROMETHEUS in specs:
        yield pushes_metrics(counting, environment, specs)


def sender(environment: Environment) -> str:
    """Return the workload that counts spans and sends them on: the second tier where there are two."""
    settings = environment.observability
    tail = settings.tracing.sampling.tail if settings and settings.tracing else None
    return OTEL_SAMPLER if tail else OTEL_COLLECTOR


def pushes_metrics(
    source: str, environment: Environment, specs: Mapping[str, WorkloadSpec], source_namespace: str | None = None
) -> Dependency:
    """Return the way by which metrics are pushed: to each Prometheus of a pair by its own name."""
    settings, port = environment.observability, specs[PROMETHEUS].ports[METRICS]
    is_pair = settings is not None and settings.metrics.replicas > 1
    return Dependency(
        source,
        PROMETHEUS,
        port,
        port_name=METRICS,
        required=False,
        direct=is_pair,
        governing=is_pair,
        source_namespace=source_namespace,
        target_namespace=environment.namespace if source_namespace else None,
    )


def _senders(
    catalogue: Catalogue, environment: Environment, specs: Mapping[str, WorkloadSpec]
) -> Iterator[tuple[str, str, str]]:
    """Yield which services send spans, and how; beside sidecars each Pod's proxy sends its own."""
    beside = environment.mesh is not None and environment.mesh.data_plane is DataPlane.SIDECAR
    for name in catalogue.services:
        has_own = OTEL_SIDECAR in specs[name].sidecars
        yield name, OTEL_COLLECTOR, OTLP if has_own else OTLP_HTTP
        if beside:
            yield name, OTEL_COLLECTOR, OTLP


def _between_parts(environment: Environment) -> Iterator[tuple[str, str, str]]:
    settings = environment.observability
    if settings is None:
        return
    yield OTEL_COLLECTOR, OTEL_SAMPLER, OTLP
    if settings.tracing and has_jaeger(settings.tracing):
        yield sender(environment), JAEGER_COLLECTOR if is_split(settings.tracing) else JAEGER, OTLP
        if settings.metrics.run_by is MetricsBackend.PLATFORM:
            yield JAEGER, PROMETHEUS, METRICS
    yield GRAFANA, JAEGER, SEARCH
    yield GRAFANA, LOKI, METRICS


def proxy_callers(args: MeshArgs) -> tuple[Caller, ...]:
    """Return the proxies in Pods of their own that send spans: the edge's gateway, and the waypoint.

    Both go straight to the Collectors' Pods.
    """
    accounts = [(edge_service_account(args), args.edge_namespace)]
    if args.settings.data_plane is DataPlane.AMBIENT:
        accounts.append((WAYPOINT, args.namespace))
    return tuple(
        Caller(service_account=account, namespace=namespace, port=OTLP, direct=True) for account, namespace in accounts
    )


def search_route(name: str, environment: Environment) -> EdgeRoute | None:
    """Return where Jaeger's page is reached from outside; None for anything else, and where nobody asked for it."""
    settings, mesh = environment.observability, environment.mesh
    search = settings.tracing.search if settings and settings.tracing else None
    if name != JAEGER or search is None or mesh is None:
        return None
    return EdgeRoute(
        host=f"{search.host}.{mesh.edge.domain}", paths=("/",), port=SEARCH, policy=EdgePolicy(auth=search.auth)
    )
