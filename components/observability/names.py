"""Names that several parts of this package, and whoever composes them, agree on. Pure."""

from typing import Final

from components.identity import governing_service_name
from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.specs.observability.logs import LogAgent
from components.specs.observability.metrics import MetricsBackend

PROMETHEUS: Final = "prometheus"
"""A workload, its Service, its ConfigMap and, where samples are sent on, its Secret."""
RULES: Final = "prometheus-rules"
"""The ConfigMap of recording rules and alerts."""
ALERTMANAGER: Final = "alertmanager"
GRAFANA: Final = "grafana"
KUBE_STATE_METRICS: Final = "kube-state-metrics"
PROMETHEUS_ADAPTER: Final = "prometheus-adapter"
JAEGER: Final = "jaeger"
"""All of Jaeger, or its query part alone; its Secret, where its storage asks for a login."""
JAEGER_COLLECTOR: Final = "jaeger-collector"
"""The part of Jaeger that stores, where a storage outside lets it be a workload of its own."""
JAEGER_INDEX_CLEANER: Final = "jaeger-index-cleaner"
OTEL_COLLECTOR: Final = "otel-collector"
"""The Collectors that services send to."""
OTEL_SAMPLER: Final = "otel-sampler"
"""The Collectors behind them, each of which sees whole traces, where tails are sampled."""
OTEL_SIDECAR: Final = "otel-sidecar"
"""A Collector in a service's own Pod, and the ConfigMap that all of these read."""
OTEL_AGENT: Final = "otel-agent"
FLUENT_BIT: Final = "fluent-bit"
AGENTS: Final = {LogAgent.COLLECTOR: OTEL_AGENT, LogAgent.FLUENT_BIT: FLUENT_BIT}
"""What each agent's workload on the nodes, its ConfigMap and its account are called."""
LOKI: Final = "loki"

PROMETHEUS_PORT: Final = 9090
ALERTMANAGER_PORT: Final = 9093
STATE_PORT: Final = 8080
"""Where kube-state-metrics tells of the cluster's objects; of itself it tells on its port ``metrics``."""

OTLP_PORT: Final = 4317
"""OTLP over gRPC (https://opentelemetry.io/docs/specs/otlp/)."""
OTLP_HTTP_PORT: Final = 4318
HEALTH_PORT: Final = 13133
"""Where Collectors, and Jaeger, which is one, say that they are well."""
HEALTH_PATH: Final = "/status"
OWN_METRICS_PORT: Final = 8888
"""Where they tell of themselves."""
SEARCH_PORT: Final = 16686
"""Jaeger's web page and API."""
LOKI_PORT: Final = 3100

EXCLUDED_PORTS: Final = "traffic.sidecar.istio.io/excludeOutboundPorts"
"""The Pod annotation with ports of others that go past the Pod's own proxy
(https://istio.io/latest/docs/reference/config/annotations/#SidecarTrafficExcludeOutboundPorts)."""


def access_name(args: ObservabilityArgs, workload: str) -> str:
    """Return the name of a workload's roles: other platforms on the cluster have roles of their own beside them."""
    return f"{args.part_of}-{args.namespace}-{workload}"


def exporter_name(speaks_for: str) -> str:
    """Return the name of the exporter that speaks for a store or the broker."""
    return f"{speaks_for}-exporter"


def alertmanager_hosts(args: ObservabilityArgs) -> tuple[str, ...]:
    """Return each Alertmanager's own host: none without alerts.

    Each alert goes to every one of them, so they are named one by one: by name, as the proxies of a mesh know requests
    to the Pods of a headless Service by these names, and not by addresses.
    """
    alerts = args.settings.alerts
    return tuple(f"{ALERTMANAGER}-{index}.{ALERTMANAGER}" for index in range(alerts.replicas if alerts else 0))


def metric_receivers(args: ObservabilityArgs, *, outside: bool = False) -> tuple[str, ...]:
    """Return the URLs to which metrics are pushed by OTLP; none where an operator runs Prometheus: where is not known.

    Of a pair each gets all, by a name of its own: a push through their Service would reach one, and a query the other.
    Whoever is outside of the platform's namespace names it, too.
    """
    metrics = args.settings.metrics
    if metrics.run_by is MetricsBackend.OPERATOR:
        return ()
    pods = governing_service_name(PROMETHEUS)
    hosts = (
        [f"{PROMETHEUS}-{index}.{pods}" for index in range(metrics.replicas)] if metrics.replicas > 1 else [PROMETHEUS]
    )
    namespace = f".{args.namespace}" if outside else ""
    return tuple(f"http://{host}{namespace}:{PROMETHEUS_PORT}/api/v1/otlp" for host in hosts)


def past_the_proxy(args: ObservabilityArgs, *ports: int) -> dict[str, str]:
    """Return the annotation that lets connections to some ports past the Pod's proxy; nothing where there is none."""
    if args.mesh is not MeshReporter.SIDECAR:
        return {}
    return {EXCLUDED_PORTS: ",".join(map(str, sorted(ports)))}
