"""Streams and their consumers, as the broker's exporter tells of them."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import Interface, ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.expressions import RATE, measures, share
from components.observability.dashboards.page import Choice, Row, page
from components.observability.dashboards.panels import RED, Panel, Query, graph
from components.observability.measures import MEASURES
from components.observability.thresholds import BROKER_STORAGE_SHARE

_MEASURE = MEASURES[Interface.MESSAGING]
_STREAM = 'stream_name=~"$stream"'
# Every replica tells of a stream and its consumers; the leader's word counts.
_LED = f'{_STREAM}, is_stream_leader="true"'
_CONSUMER_LED = f'{_STREAM}, is_consumer_leader="true"'
_CONSUMER = "{{stream_name}} {{consumer_name}}"


def streams(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of streams; the platform has a broker and its exporter."""
    rows = [
        Row(title="Streams", panels=[_published(), _messages(), _bytes()]),
        Row(title="Consumers", panels=[_waiting(), _unacknowledged(), _redelivered(), _delivered()]),
    ]
    if _MEASURE in measures(args):
        rows.append(Row(title="Deliveries, as services handle them", panels=[_outcomes(), _durations()]))
    rows.append(Row(title="Servers", panels=[_connections(), _memory(), _storage(), _slow_consumers()]))
    return page(
        index.STREAMS,
        "What is published to streams, what waits for consumers, and how the broker is.",
        rows,
        choice=Choice(label="Stream", name="stream", values={name: name for name in args.streams}),
    )


def _published() -> Panel:
    return graph(
        "Published",
        "Messages a second that a stream has stored.",
        units.MessagesPerSecond,
        Query(
            expression=f"sum by (stream_name) (rate(jetstream_stream_last_seq{{{_LED}}}[{RATE}]))",
            legend="{{stream_name}}",
        ),
    )


def _messages() -> Panel:
    return graph(
        "Messages",
        "Messages that a stream holds.",
        units.Short,
        Query(expression=f"max by (stream_name) (jetstream_stream_total_messages{{{_LED}}})", legend="{{stream_name}}"),
    )


def _bytes() -> Panel:
    return graph(
        "Size",
        "Bytes that a stream holds.",
        units.BytesIEC,
        Query(expression=f"max by (stream_name) (jetstream_stream_total_bytes{{{_LED}}})", legend="{{stream_name}}"),
    )


def _waiting() -> Panel:
    return _of_consumer(
        "Waiting", "Messages that were not yet delivered to a consumer: its lag.", "jetstream_consumer_num_pending"
    )


def _unacknowledged() -> Panel:
    return _of_consumer(
        "Being handled", "Messages delivered and not yet acknowledged.", "jetstream_consumer_num_ack_pending"
    )


def _redelivered() -> Panel:
    return _of_consumer(
        "Delivered again",
        "Messages in flight that were delivered more than once: their handling failed, or took too long.",
        "jetstream_consumer_num_redelivered",
    )


def _of_consumer(title: str, description: str, metric: str) -> Panel:
    return graph(
        title,
        description,
        units.Short,
        Query(expression=f"max by (stream_name, consumer_name) ({metric}{{{_CONSUMER_LED}}})", legend=_CONSUMER),
    )


def _delivered() -> Panel:
    return graph(
        "Deliveries",
        "Messages a second that were handed to a consumer, repeated ones included.",
        units.MessagesPerSecond,
        Query(
            expression=(
                "sum by (stream_name, consumer_name)"
                f" (rate(jetstream_consumer_delivered_consumer_seq{{{_CONSUMER_LED}}}[{RATE}]))"
            ),
            legend=_CONSUMER,
        ),
    )


def _outcomes() -> Panel:
    return graph(
        "Outcomes",
        "Deliveries a second by what became of them; a dead letter is a message that was given up.",
        units.MessagesPerSecond,
        Query(
            expression=f"sum by (service, outcome) (rate({_MEASURE.histogram}_count[{RATE}]))",
            legend="{{service}} {{outcome}}",
        ),
        stacked=True,
    )


def _durations() -> Panel:
    return graph(
        "P99 of handling",
        "99 of 100 deliveries were handled within. A dot is a sampled one, and leads to its trace.",
        units.Seconds,
        Query(
            expression=(
                "histogram_quantile(0.99, sum by (service, destination, le)"
                f" (rate({_MEASURE.histogram}_bucket[{RATE}])))"
            ),
            legend="{{service}} {{destination}}",
            exemplars=True,
        ),
    )


def _connections() -> Panel:
    return graph(
        "Connections",
        "Clients of each server.",
        units.Short,
        Query(expression="gnatsd_varz_connections", legend="{{server_id}}"),
    )


def _memory() -> Panel:
    return graph(
        "Memory",
        "Resident memory of each server.",
        units.BytesIEC,
        Query(expression="gnatsd_varz_mem", legend="{{server_id}}"),
    )


def _storage() -> Panel:
    return graph(
        "Storage",
        "Share of the storage that a server may use for streams. The line is the alert's.",
        units.PercentUnit,
        Query(
            expression=share("gnatsd_varz_jetstream_stats_storage", "gnatsd_varz_jetstream_config_max_storage"),
            legend="{{server_id}}",
        ),
        limits=[(BROKER_STORAGE_SHARE, RED)],
        most=1,
    )


def _slow_consumers() -> Panel:
    return graph(
        "Slow clients",
        "Clients cut off in five minutes, as they read too slowly.",
        units.Short,
        Query(expression="increase(gnatsd_varz_slow_consumers[5m])", legend="{{server_id}}"),
    )
