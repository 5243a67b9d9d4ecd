"""The configurations of the Collectors that services send their spans to. Pure.

Without tail sampling there is one tier, which sends on to Jaeger or a vendor. With it, a first tier gives all spans of
a trace to the same one of a second, which decides: docs/adr/tail-sampling.md.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.destinations import (
    QUEUE_FOLDER,
    balancing_exporter,
    disk_queue,
    is_balanced,
    metric_exporters,
    sender,
    trace_exporters,
)
from components.observability.collector.parts import document, processors
from components.observability.collector.parts.connectors import SERVICE_GRAPH, SPAN_METRICS, service_graph, span_metrics
from components.observability.collector.parts.document import CollectorDocument, Pipeline
from components.observability.collector.parts.receivers import OTLP, otlp_receiver
from components.observability.collector.sampling import tail_sampler
from components.observability.names import OTEL_COLLECTOR, OTLP_PORT
from components.specs.observability.tracing import Tracing

SIDECAR_MEMORY: Final = "128Mi"
SIDECAR_QUEUE: Final = "128Mi"
"""On the Pod's own disk: it outlives the container, and not the Pod."""
INSTANCE: Final = "POD_NAME"
"""The variable that tells Collectors apart which count the same services."""
RESOURCE: Final = ("service.name", "service.namespace")
"""What a metric made of spans says of where they come from: a service's Pods are counted together."""
TRACES: Final = "traces"
COUNTED: Final = "traces/counted"
METRICS: Final = "metrics"
BALANCED: Final = "load_balancing"
TO_COLLECTORS: Final = "otlp_grpc/collectors"


def collector_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data of the Collectors that services send to; a change rolls their Pods.

    Calls between services are counted where one Collector sees both sides of each: where there is one, or behind the
    tier that balances. Raises ValueError where there is no tracing.
    """
    tracing = tracing_of(args)
    added = {
        **_limited(tracing),
        processors.K8S_ATTRIBUTES: processors.k8s_attributes(args.namespace),
        processors.RESOURCE_DETECTION: processors.resource_detection(),
    }
    if not is_balanced(tracing):
        return document.config_map(_sending(args, added, {}, graph=tracing.collector.replicas == 1))
    return document.config_map(
        {
            "extensions": {document.HEALTH_CHECK: document.health_check()},
            "receivers": {OTLP: otlp_receiver(document.ANY_ADDRESS)},
            "processors": added,
            "exporters": {BALANCED: balancing_exporter(tracing)},
            "service": {
                "extensions": [document.HEALTH_CHECK],
                "pipelines": {TRACES: _pipeline([OTLP], added, [BALANCED])},
                "telemetry": document.own_telemetry(),
            },
        }
    )


def sampler_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data of the Collectors that each see whole traces, and decide which are kept.

    Raises ValueError where tails are not sampled.
    """
    tracing = tracing_of(args)
    if tracing.sampling.tail is None:
        raise ValueError("without tail sampling there is no second tier")
    sampling = {processors.TAIL_SAMPLING: tail_sampler(args, tracing, tracing.sampling.tail)}
    return document.config_map(_sending(args, _limited(tracing), sampling, graph=True))


def sidecar_config() -> dict[str, str]:
    """Return the ConfigMap's data of the Collectors beside services: they hold spans while the others are away."""
    limiter = {processors.MEMORY_LIMITER: processors.memory_limiter(SIDECAR_MEMORY)}
    exporter = {"endpoint": f"{OTEL_COLLECTOR}:{OTLP_PORT}", **sender(disk_queue(SIDECAR_QUEUE, blocks=False))}
    return document.config_map(
        {
            "extensions": {
                document.HEALTH_CHECK: document.health_check(),
                document.FILE_STORAGE: document.file_storage(QUEUE_FOLDER),
            },
            "receivers": {OTLP: otlp_receiver(document.LOOPBACK)},
            "processors": limiter,
            "exporters": {TO_COLLECTORS: exporter},
            "service": {
                "extensions": [document.HEALTH_CHECK, document.FILE_STORAGE],
                "pipelines": {TRACES: _pipeline([OTLP], limiter, [TO_COLLECTORS])},
                # The Pod's annotation for scrapes is the service's.
                "telemetry": document.own_telemetry(scraped=False),
            },
        }
    )


def tracing_of(args: ObservabilityArgs) -> Tracing:
    """Return the settings. Raises ValueError where there is no tracing."""
    if args.settings.tracing is None:
        raise ValueError("without tracing there are no Collectors")
    return args.settings.tracing


def _limited(tracing: Tracing) -> dict[str, Any]:
    return {processors.MEMORY_LIMITER: processors.memory_limiter(tracing.collector.resources.memory_limit)}


def _sending(
    args: ObservabilityArgs, added: Mapping[str, Any], sampling: Mapping[str, Any], *, graph: bool
) -> CollectorDocument:
    """Build the tier that sends traces on. What is counted is counted before the choice: rates are those of all."""
    tracing = tracing_of(args)
    # Behind a sampler nobody is left who could be refused: it has taken the spans long since.
    sent = trace_exporters(args, tracing, blocks=bool(sampling))
    # Nothing is counted where nobody would take it.
    pushed = metric_exporters(args)
    counting = _counting(args, graph=graph) if pushed else {}
    pipelines = {TRACES: _pipeline([OTLP], [*added, *sampling], [*sent, *({} if sampling else counting)])}
    if counting and sampling:
        pipelines[COUNTED] = _pipeline([OTLP], added, counting)
    told: dict[str, Any] = {}
    if counting:
        told = {processors.TRANSFORM: processors.only_resource(RESOURCE, instance=f"${{env:{INSTANCE}}}")}
        pipelines[METRICS] = _pipeline(counting, told, pushed)
    return {
        "extensions": {
            document.HEALTH_CHECK: document.health_check(),
            document.FILE_STORAGE: document.file_storage(QUEUE_FOLDER),
        },
        "receivers": {OTLP: otlp_receiver(document.ANY_ADDRESS)},
        "processors": {**added, **sampling, **told},
        "exporters": {**sent, **pushed},
        "connectors": counting,
        "service": {
            "extensions": [document.HEALTH_CHECK, document.FILE_STORAGE],
            "pipelines": pipelines,
            "telemetry": document.own_telemetry(),
        },
    }


def _counting(args: ObservabilityArgs, *, graph: bool) -> dict[str, Any]:
    """Build what makes metrics of spans."""
    every = args.settings.metrics.scrape_interval
    found: dict[str, Any] = {SPAN_METRICS: span_metrics(RESOURCE, every=every)}
    return found | ({SERVICE_GRAPH: service_graph(every=every)} if graph else {})


def _pipeline(received: Iterable[str], processed: Iterable[str], exported: Iterable[str]) -> Pipeline:
    return {"receivers": list(received), "processors": list(processed), "exporters": list(exported)}
