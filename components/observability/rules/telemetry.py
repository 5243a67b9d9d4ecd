"""Who carries traces and logs: the Collectors, the nodes' agents, Jaeger and Loki. Pure.

Jaeger is a Collector, too, and tells of itself in the same words. What the Collectors tell is listed at
https://opentelemetry.io/docs/collector/internal-telemetry/; what waits on disk is sent again for as long as it takes.
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.sampling import tail_sampler
from components.observability.names import OTEL_AGENT, OTEL_COLLECTOR, OTEL_SAMPLER, metric_receivers
from components.observability.rules.counters import grown
from components.observability.rules.examples import part_labels, part_series
from components.observability.rules.log_storage import LOG_STORAGE_ALERTS
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.thresholds import QUEUE_SHARE, SAMPLER_SHARE
from components.specs.observability.alerts import Severity
from components.specs.observability.logs import InLoki, LogAgent
from components.specs.observability.tracing import Tracing

SPANS: Final = "spans"
LOG_RECORDS: Final = "log_records"
METRIC_POINTS: Final = "metric_points"
"""What Collectors carry, as the names of their metrics spell it."""


def telemetry_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on what carries traces and logs; none where there are neither.

    Fluent Bit tells other things of itself: that it runs is watched, and what Loki refuses of it.
    """
    tracing, logs = args.settings.tracing, args.settings.logs
    carried = carried_by_collectors(args)
    rules: list[Alert] = [_refused()] if tracing else []
    if carried:
        pushed = (METRIC_POINTS,) if metric_receivers(args) else ()
        rules += [_queue(), _stalled(*carried, *pushed), _given_up(*carried)]
    rules += _sampler(args, tracing)
    if logs is not None and isinstance(logs.storage, InLoki):
        rules += LOG_STORAGE_ALERTS
    return RuleGroup(name="telemetry", rules=tuple(rules))


def carried_by_collectors(args: ObservabilityArgs) -> tuple[str, ...]:
    """Return what Collectors carry to its storage."""
    tracing, logs = args.settings.tracing, args.settings.logs
    by_agents = logs is not None and logs.agent is LogAgent.COLLECTOR
    return (*((SPANS,) if tracing else ()), *((LOG_RECORDS,) if by_agents else ()))


def sampler_room(args: ObservabilityArgs, tracing: Tracing) -> int | None:
    """Return how many traces a sampler holds at one time; None where tails are not sampled."""
    tail = tracing.sampling.tail
    return tail_sampler(args, tracing, tail)["num_traces"] if tail else None


def _refused() -> Alert:
    refused, failed = "otelcol_receiver_refused_spans_total", "otelcol_receiver_failed_spans_total"
    on = {"receiver": "otlp", "transport": "grpc"}
    return Alert(
        name="SpansRefused",
        expression=f"sum by (service, team, pod) (rate({refused}[5m]) + rate({failed}[5m])) > 0",
        hold=timedelta(minutes=5),
        severity=Severity.TICKET,
        summary="{{ $labels.pod }} refuses {{ $value | humanize }} spans a second",
        description="Its memory or its queue is full. Senders try again for a while; then traces have holes.",
        dashboard="telemetry",
        tests=(
            AlertTest(
                name="2 a second",
                series={
                    part_series(refused, OTEL_COLLECTOR, **on): "0+120x30",
                    part_series(failed, OTEL_COLLECTOR, **on): "0x30",
                },
                at=timedelta(minutes=20),
                fires=(
                    Firing(labels=part_labels(OTEL_COLLECTOR), summary="otel-collector-0 refuses 2 spans a second"),
                ),
            ),
            AlertTest(
                name="none since long",
                series={
                    part_series(refused, OTEL_COLLECTOR, **on): "7x30",
                    part_series(failed, OTEL_COLLECTOR, **on): "0x30",
                },
                at=timedelta(minutes=20),
            ),
        ),
    )


_SIZE: Final = "otelcol_exporter_queue_size"
_CAPACITY: Final = "otelcol_exporter_queue_capacity"
_USED: Final = f"max by (service, team, pod, exporter) ({_SIZE} / {_CAPACITY})"
_TRACES: Final = {"exporter": "otlp_grpc/traces", "data_type": "traces"}


def _waiting(values: str) -> dict[str, str]:
    return {
        part_series(_SIZE, OTEL_COLLECTOR, **_TRACES): values,
        part_series(_CAPACITY, OTEL_COLLECTOR, **_TRACES): "1000x60",
    }


def _queue() -> Alert:
    labels = part_labels(OTEL_COLLECTOR, exporter=_TRACES["exporter"])
    return Alert(
        name="ExportQueueFills",
        expression=f"{_USED} > {QUEUE_SHARE}",
        hold=timedelta(minutes=5),
        severity=Severity.TICKET,
        summary="The queue of {{ $labels.pod }} for {{ $labels.exporter }} is {{ $value | humanizePercentage }} full",
        description="More comes in than the backend takes. When the queue is full, new spans are refused, and logs"
        " are read no further.",
        dashboard="telemetry",
        tests=(
            AlertTest(
                name="60 %",
                series=_waiting("600x60"),
                at=timedelta(minutes=20),
                fires=(
                    Firing(labels=labels, summary="The queue of otel-collector-0 for otlp_grpc/traces is 60% full"),
                ),
            ),
            AlertTest(name="half", series=_waiting("500x60"), at=timedelta(minutes=20)),
        ),
    )


def _stalled(*carried: str) -> Alert:
    by = "service, team, pod, exporter"
    sent = (f"sum by ({by}) (increase(otelcol_exporter_sent_{what}_total[10m])) > 0" for what in carried)
    counter = part_series(
        f"otelcol_exporter_sent_{carried[0]}_total", OTEL_COLLECTOR, exporter=_TRACES["exporter"], server_port="4317"
    )
    return Alert(
        name="ExportStalls",
        expression=" unless ".join((f"{_USED} > 0", *sent)),
        hold=timedelta(minutes=5),
        severity=Severity.TICKET,
        summary="{{ $labels.pod }} sends nothing by {{ $labels.exporter }}: "
        "{{ $value | humanizePercentage }} of the queue waits",
        description="The backend is away or refuses. What waits is on disk and is sent later; it can't be found now.",
        dashboard="telemetry",
        tests=(
            AlertTest(
                name="nothing is sent",
                series=_waiting("0+10x60") | {counter: "900x60"},
                at=timedelta(minutes=40),
                fires=(
                    Firing(
                        labels=part_labels(OTEL_COLLECTOR, exporter=_TRACES["exporter"]),
                        summary="otel-collector-0 sends nothing by otlp_grpc/traces: 40% of the queue waits",
                    ),
                ),
            ),
            AlertTest(
                name="something always waits, and leaves",
                series=_waiting("10x60") | {counter: "0+100x60"},
                at=timedelta(minutes=40),
            ),
            AlertTest(name="there is nothing to send", series=_waiting("0x60"), at=timedelta(minutes=40)),
        ),
    )


def _given_up(*carried: str) -> Alert:
    metrics = [f"otelcol_exporter_send_failed_{what}_total" for what in carried]
    sums = (f"sum by (service, team, pod, exporter) {grown(metric)}" for metric in metrics)
    counter = part_series(metrics[-1], OTEL_AGENT, exporter="otlp_http", server_port="3100")
    return Alert(
        name="TelemetryLost",
        expression=" or ".join(sums),
        severity=Severity.TICKET,
        summary="{{ $labels.pod }} has given up {{ $value | humanize }} spans or lines for {{ $labels.exporter }}"
        " in 15 minutes",
        description="The backend refused them for good: they are lost.",
        dashboard="telemetry",
        tests=(
            AlertTest(
                name="the first 5",
                series={counter: "_x20 5x20"},
                at=timedelta(minutes=25),
                fires=(
                    Firing(
                        labels=part_labels(OTEL_AGENT, exporter="otlp_http"),
                        summary="otel-agent-0 has given up 5 spans or lines for otlp_http in 15 minutes",
                    ),
                ),
            ),
            AlertTest(name="none for long", series={counter: "_x20 5x40"}, at=timedelta(minutes=45)),
        ),
    )


def _sampler(args: ObservabilityArgs, tracing: Tracing | None) -> list[Alert]:
    room = sampler_room(args, tracing) if tracing else None
    if room is None:
        return []
    held = "otelcol_processor_tail_sampling_sampling_traces_on_memory"

    def holds(share: float) -> dict[str, str]:
        return {part_series(held, OTEL_SAMPLER): f"{room * share:g}x30"}

    return [
        Alert(
            name="SamplerFills",
            expression=f"max by (service, team, pod) ({held}) / {room} > {SAMPLER_SHARE}",
            hold=timedelta(minutes=5),
            severity=Severity.TICKET,
            summary="{{ $labels.pod }} holds {{ $value | humanizePercentage }} of the traces that it has room for",
            description="When it is full, spans wait outside, and traces are judged without them: errors are missed.",
            dashboard="telemetry",
            tests=(
                AlertTest(
                    name="90 %",
                    series=holds(0.9),
                    at=timedelta(minutes=20),
                    fires=(
                        Firing(
                            labels=part_labels(OTEL_SAMPLER),
                            summary="otel-sampler-0 holds 90% of the traces that it has room for",
                        ),
                    ),
                ),
                AlertTest(name="70 %", series=holds(0.7), at=timedelta(minutes=20)),
            ),
        )
    ]
