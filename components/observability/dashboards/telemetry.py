"""What carries traces and logs: Collectors, the nodes' agents, Jaeger and Loki."""

from collections.abc import Sequence

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.expressions import RATE
from components.observability.dashboards.page import Row, page
from components.observability.dashboards.panels import RED, Panel, Query, graph
from components.observability.rules.telemetry import (
    LOG_RECORDS,
    carried_by_collectors,
    sampler_room,
)
from components.observability.thresholds import QUEUE_SHARE, SAMPLER_SHARE
from components.specs.observability.logs import InLoki

_POD = "{{pod}}"


def telemetry(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of what carries the platform's traces and logs: rows of what it has of it."""
    tracing, logs = args.settings.tracing, args.settings.logs
    rows = []
    if tracing is not None:
        rows.append(Row(title="Traces", panels=[_taken(), _refused(), _sent()]))
    if tracing is not None and (room := sampler_room(args, tracing)) is not None:
        rows.append(Row(title="Choice of traces", panels=[_decided(), _held(room)]))
    if LOG_RECORDS in carried_by_collectors(args):
        rows.append(Row(title="Logs of the nodes", panels=[_read(), _sent_on()]))
    if carried := carried_by_collectors(args):
        rows.append(Row(title="Queues", panels=[_queues(), _given_up(carried)]))
    if logs is not None and isinstance(logs.storage, InLoki):
        rows.append(Row(title="Loki", panels=[_stored(), _streams(), _answers(), _troubles()]))
    return page(index.TELEMETRY, "Whether traces and logs arrive, and what waits or is lost on the way.", rows)


def _rate(metric: str, by: str = "pod") -> str:
    return f"sum by ({by}) (rate({metric}[{RATE}]))"


def _taken() -> Panel:
    return graph(
        "Spans taken",
        "A second, by Collectors and by Jaeger.",
        units.CountsPerSecond,
        Query(expression=_rate("otelcol_receiver_accepted_spans_total"), legend=_POD),
    )


def _refused() -> Panel:
    return graph(
        "Spans refused",
        "A second: where memory or a queue is full. Senders try again for a while.",
        units.CountsPerSecond,
        Query(expression=_rate("otelcol_receiver_refused_spans_total"), legend=_POD),
        Query(expression=_rate("otelcol_receiver_failed_spans_total"), legend=f"{_POD} failed"),
    )


def _sent() -> Panel:
    return graph(
        "Spans sent",
        "A second, and by Jaeger stored. With a choice of traces these are those that are kept.",
        units.CountsPerSecond,
        Query(
            expression=_rate("otelcol_exporter_sent_spans_total", "pod, exporter"), legend=f"{_POD} {{{{exporter}}}}"
        ),
    )


def _decided() -> Panel:
    return graph(
        "Traces decided",
        "A second, by what was decided.",
        units.CountsPerSecond,
        Query(
            expression=_rate("otelcol_processor_tail_sampling_global_count_traces_sampled_total", "decision"),
            legend="{{decision}}",
        ),
    )


def _held(room: int) -> Panel:
    return graph(
        "Traces that wait for the choice",
        "Of those that there is room for. When it is full, spans wait outside.",
        units.PercentUnit,
        Query(
            expression=f"max by (pod) (otelcol_processor_tail_sampling_sampling_traces_on_memory) / {room}", legend=_POD
        ),
        limits=[(SAMPLER_SHARE, RED)],
        most=1,
    )


def _read() -> Panel:
    return graph(
        "Lines read",
        "Records a second: a stack trace is one.",
        units.CountsPerSecond,
        Query(expression=_rate("otelcol_receiver_accepted_log_records_total"), legend=_POD),
    )


def _sent_on() -> Panel:
    return graph(
        "Lines sent",
        "Records a second.",
        units.CountsPerSecond,
        Query(expression=_rate("otelcol_exporter_sent_log_records_total"), legend=_POD),
    )


def _queues() -> Panel:
    return graph(
        "Queues",
        "How full they are. Those of traces and logs are on disk, and outlive a restart.",
        units.PercentUnit,
        Query(
            expression="max by (pod, exporter) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)",
            legend=f"{_POD} {{{{exporter}}}}",
        ),
        limits=[(QUEUE_SHARE, RED)],
        most=1,
    )


def _given_up(carried: Sequence[str]) -> Panel:
    return graph(
        "Given up",
        "Spans and records in an hour that a backend refused for good.",
        units.Short,
        *(
            Query(
                expression=f"sum by (pod, exporter) (increase(otelcol_exporter_send_failed_{what}_total[1h]))",
                legend=f"{_POD} {{{{exporter}}}}",
            )
            for what in carried
        ),
    )


def _stored() -> Panel:
    return graph(
        "Taken by Loki",
        "Bytes a second.",
        units.BytesPerSecondIEC,
        Query(expression=_rate("loki_distributor_bytes_received_total"), legend=_POD),
    )


def _streams() -> Panel:
    return graph(
        "Streams",
        "In memory: a label with ever new values makes them grow.",
        units.Short,
        Query(expression="sum by (pod) (loki_ingester_memory_streams)", legend=_POD),
    )


def _answers() -> Panel:
    buckets = f"sum by (route, le) (rate(loki_request_duration_seconds_bucket[{RATE}]))"
    return graph(
        "Loki's answers, P99",
        "By what was asked; otlp_v1_logs is what agents send.",
        units.Seconds,
        Query(expression=f"histogram_quantile(0.99, {buckets}) > 0", legend="{{route}}"),
    )


def _troubles() -> Panel:
    return graph(
        "Loki's troubles",
        "In an hour: lines that it discarded, by reason, and writes to its volume that failed.",
        units.Short,
        Query(expression="sum by (reason) (increase(loki_discarded_samples_total[1h]))", legend="{{reason}}"),
        Query(expression="increase(loki_ingester_chunks_flush_failures_total[1h])", legend=f"{_POD} chunks"),
        Query(expression="increase(loki_ingester_wal_disk_full_failures_total[1h])", legend=f"{_POD} disk full"),
    )
