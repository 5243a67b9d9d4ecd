"""Where Collectors send traces and what they have counted, and how that waits meanwhile. Pure."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts import document, exporters
from components.observability.jaeger.workload import traces_host
from components.observability.names import OTEL_SAMPLER, OTLP_PORT, metric_receivers
from components.observability.prometheus.config import LATE_SAMPLES
from components.quantities import byte_count, duration_text
from components.specs.observability.backends import OtlpServer
from components.specs.observability.tracing import AtVendor, Tracing

QUEUE_FOLDER: Final = "/var/lib/otelcol"
QUEUE_SHARE: Final = 0.5
"""Of the volume, counted in what waits: on disk small messages take up to twice their size, in whole pages."""
BALANCER_SHARE: Final = 0.25
"""Of the first tier's memory, for what the second has not taken yet."""
ANSWER: Final = timedelta(seconds=10)
"""How long a receiver may take to take something."""
PUSHES: Final = 100
"""Of what has been counted, that may wait: each is a few kilobytes, and one an interval."""


def is_balanced(tracing: Tracing) -> bool:
    """Whether there are two tiers."""
    return tracing.sampling.tail is not None


def sampler_hosts(tracing: Tracing) -> tuple[str, ...]:
    """Return the host of each Collector of the second tier: none where there is no such tier.

    They are named one by one, and stay the same while one is away: its traces wait for it, and none is torn apart.
    """
    count = tracing.collector.replicas if is_balanced(tracing) else 0
    return tuple(f"{OTEL_SAMPLER}-{index}.{OTEL_SAMPLER}" for index in range(count))


def secret_variables(tracing: Tracing) -> dict[str, str]:
    """Return the variables of a vendor's headers: variable → key of the Secret ``otel-collector``."""
    vendor = tracing.storage.otlp if isinstance(tracing.storage, AtVendor) else None
    return {variable: key for variable, _, key in _headers(vendor)} if vendor else {}


def trace_exporters(args: ObservabilityArgs, tracing: Tracing, *, blocks: bool) -> dict[str, Any]:
    """Return the exporter to Jaeger, or to a vendor, behind a queue on disk that keeps trying for ever."""
    queue = disk_queue(tracing.collector.queue, blocks=blocks)
    if isinstance(tracing.storage, AtVendor):
        return {"otlp_http/traces": _vendor(tracing.storage.otlp, queue)}
    return {"otlp_grpc/traces": {"endpoint": f"{traces_host(args)}:{OTLP_PORT}", **sender(queue)}}


def metric_exporters(args: ObservabilityArgs) -> dict[str, Any]:
    """Return an exporter to each Prometheus of the platform's own.

    What could not be sent for so long Prometheus would refuse; the next are sums all the same.
    """
    exporter: exporters.HttpExporter = {
        "endpoint": "",
        "timeout": duration_text(ANSWER),
        "retry_on_failure": exporters.retry(LATE_SAMPLES),
        "sending_queue": {"sizer": "requests", "queue_size": PUSHES},
    }
    urls = metric_receivers(args)
    return {f"otlp_http/metrics-{index}": {**exporter, "endpoint": url} for index, url in enumerate(urls)}


def balancing_exporter(tracing: Tracing) -> exporters.BalancingExporter:
    """Return the exporter of the first tier to the second. What waits is in memory: both tiers are the platform's."""
    hosts, tail = sampler_hosts(tracing), tracing.sampling.tail
    room = round(byte_count(tracing.collector.resources.memory_limit) * BALANCER_SHARE) // len(hosts)
    # A sampler with no room takes nothing until the oldest of its traces are decided.
    wait = tail.wait if tail else timedelta(0)
    own = sender(exporters.memory_queue(room), timeout=wait + ANSWER)
    # Each Collector tries by itself: once a sampler is back, all parts of a trace should come before it decides.
    apart = min(max(wait / 2, exporters.FIRST_PAUSE), exporters.LONGEST_PAUSE)
    own["retry_on_failure"] = exporters.retry(apart=apart)
    return {
        "routing_key": "traceID",
        "protocol": {"otlp": own},
        "resolver": {"static": {"hostnames": [f"{host}:{OTLP_PORT}" for host in hosts]}},
    }


def sender(queue: exporters.SendingQueue, *, timeout: timedelta = ANSWER) -> exporters.GrpcExporter:
    """Return an exporter inside the platform that keeps trying for ever."""
    return {
        "tls": {"insecure": True},
        "timeout": duration_text(timeout),
        "retry_on_failure": exporters.retry(),
        "sending_queue": queue,
    }


def disk_queue(volume: str, *, blocks: bool) -> exporters.SendingQueue:
    """Return the queue on a volume of this size."""
    return exporters.disk_queue(round(byte_count(volume) * QUEUE_SHARE), blocks=blocks)


def _vendor(vendor: OtlpServer, queue: exporters.SendingQueue) -> exporters.HttpExporter:
    return {
        "endpoint": document.literal(vendor.url),
        "headers": {document.literal(header): f"${{env:{variable}}}" for variable, header, _ in _headers(vendor)},
        "timeout": duration_text(ANSWER),
        "retry_on_failure": exporters.retry(),
        "sending_queue": queue,
    }


def _headers(vendor: OtlpServer) -> Iterator[tuple[str, str, str]]:
    """Yield each header as (variable, header, key): not every header's name could be a variable's."""
    for index, (header, key) in enumerate(vendor.headers.items()):
        yield f"OTLP_HEADER_{index}", header, key
