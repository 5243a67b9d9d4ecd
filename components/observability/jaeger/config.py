"""Jaeger's configuration: one file for each of its workloads. Pure.

https://www.jaegertracing.io/docs/latest/deployment/configuration/
"""

from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.document import ANY_ADDRESS, LOOPBACK, Pipeline, own_telemetry
from components.observability.collector.parts.processors import memory_limiter
from components.observability.jaeger.document import (
    Exporters,
    Extensions,
    Health,
    JaegerDocument,
    Processors,
    Query,
    Receivers,
    Storage,
)
from components.observability.jaeger.storage import (
    has_jaeger,
    is_split,
    metric_backend,
    split_tracing,
    stored_tracing,
    trace_backend,
)
from components.observability.names import (
    HEALTH_PORT,
    JAEGER,
    JAEGER_COLLECTOR,
    OTLP_PORT,
    SEARCH_PORT,
)
from components.specs.observability.tracing import InMemory, Tracing
from components.yaml_text import yaml_file

FILE: Final = "jaeger.yaml"

_TRACES: Final = "traces"
_METRICS: Final = "span-metrics"
"""What this file calls its storages."""


def jaeger_config_maps(args: ObservabilityArgs) -> dict[str, dict[str, str]]:
    """Return the ConfigMaps' data by name, one for each workload of Jaeger that runs; none at a vendor."""
    tracing = args.settings.tracing
    if tracing is None or not has_jaeger(tracing):
        return {}
    return {JAEGER: jaeger_config(args)} | (
        {JAEGER_COLLECTOR: jaeger_collector_config(args)} if is_split(tracing) else {}
    )


def jaeger_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data of ``jaeger``: it stores and finds, or finds alone where the storage is outside.

    Raises ValueError where the platform has no Jaeger.
    """
    tracing = stored_tracing(args)
    storage, query = _storage(tracing), _query()
    found = metric_backend(args)
    if found:
        storage["metric_backends"] = {_METRICS: found}
        query["storage"]["metrics"] = _METRICS
    extensions: Extensions = {"healthcheckv2": _health(), "jaeger_storage": storage, "jaeger_query": query}
    return {FILE: yaml_file(_finding(extensions) if is_split(tracing) else _storing(extensions, tracing))}


def jaeger_collector_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data of ``jaeger-collector``, which stores alone.

    Raises ValueError where ``jaeger`` does that, or there is none.
    """
    tracing = split_tracing(args)
    return {FILE: yaml_file(_storing({"healthcheckv2": _health(), "jaeger_storage": _storage(tracing)}, tracing))}


def _storing(extensions: Extensions, tracing: Tracing) -> JaegerDocument:
    """Return a file with a way in.

    Nothing waits between the receiver and the storage, neither in a batch nor in a queue: what is taken is stored,
    and what is not keeps standing in the Collectors' queues, which are on disk.
    """
    processors: Processors = {}
    # Full of traces, as is its purpose, a Jaeger that stores in memory would refuse spans for ever.
    if not isinstance(tracing.storage, InMemory):
        processors["memory_limiter"] = {
            **memory_limiter(tracing.resources.memory_limit),
            "min_gc_interval_when_soft_limited": "1s",
        }
    return _document(
        extensions,
        {"otlp": {"protocols": {"grpc": {"endpoint": f"{ANY_ADDRESS}:{OTLP_PORT}"}}}},
        processors,
        {"jaeger_storage_exporter": {"trace_storage": _TRACES, "queue": {"enabled": False}}},
    )


def _finding(extensions: Extensions) -> JaegerDocument:
    """Return a file without a way in: there must be a pipeline, so it has one for nothing."""
    return _document(extensions, {"nop": {}}, {}, {"nop": {}})


def _document(
    extensions: Extensions, receivers: Receivers, processors: Processors, exporters: Exporters
) -> JaegerDocument:
    pipeline: Pipeline = {
        "receivers": list(receivers),
        "processors": list(processors),
        "exporters": list(exporters),
    }
    return {
        "extensions": extensions,
        "receivers": receivers,
        "processors": processors,
        "exporters": exporters,
        "service": {
            "extensions": list(extensions),
            "pipelines": {"traces": pipeline},
            "telemetry": own_telemetry(),
        },
    }


def _storage(tracing: Tracing) -> Storage:
    return {"backends": {_TRACES: trace_backend(tracing)}}


def _query() -> Query:
    return {
        "storage": {"traces": _TRACES},
        "http": {"endpoint": f"{ANY_ADDRESS}:{SEARCH_PORT}"},
        # Nobody asks it by gRPC, and it can't be left out: any port will do.
        "grpc": {"endpoint": f"{LOOPBACK}:0"},
        # It would send spans of its own to itself.
        "enable_tracing": False,
    }


def _health() -> Health:
    return {"use_v2": True, "http": {"endpoint": f"{ANY_ADDRESS}:{HEALTH_PORT}"}}
