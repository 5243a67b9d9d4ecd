"""The parts of a platform that watch it, beside their workloads, and what comes before each."""

from components.observability.arguments import ObservabilityArgs
from components.observability.custom_metrics.api import MetricsAdapter, MetricsApi
from components.observability.names import KUBE_STATE_METRICS, PROMETHEUS, PROMETHEUS_ADAPTER
from components.observability.operator.monitoring import OperatorMonitoring
from components.observability.prometheus.scrape_access import ScrapeAccess
from components.specs.observability.metrics import MetricsBackend
from components.workloads.workload import Workload
from stacks.parts import Part, part_key


def observability_parts(args: ObservabilityArgs, namespaces: tuple[str, ...]) -> list[Part]:
    """Return what stands before the workloads: rights, monitors, certificates."""
    metrics = args.settings.metrics
    watching = ScrapeAccess if metrics.run_by is MetricsBackend.PLATFORM else OperatorMonitoring
    parts = [Part(watching, args.part_of, args, after=namespaces)]
    if metrics.request_metrics:
        parts.append(Part(MetricsAdapter, args.part_of, args, after=namespaces))
    return parts


def metrics_api_parts(args: ObservabilityArgs, namespace: str) -> list[Part]:
    """Return the API that autoscalers ask, behind the adapter that serves it."""
    if args.settings.metrics.request_metrics is None:
        return []
    return [Part(MetricsApi, args.part_of, args, after=(namespace, part_key(Workload, PROMETHEUS_ADAPTER)))]


def rights_of(args: ObservabilityArgs, workload: str) -> tuple[str, ...]:
    """Return the parts that a workload waits for: without its rights, or its certificate, it would start in vain."""
    component = {PROMETHEUS: ScrapeAccess, KUBE_STATE_METRICS: ScrapeAccess, PROMETHEUS_ADAPTER: MetricsAdapter}.get(
        workload
    )
    return (part_key(component, args.part_of),) if component else ()
