"""Metrics out of spans. Pure."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Literal, TypedDict

from components.observability.buckets import APPLICATION_SECONDS
from components.quantities import duration_text

SPAN_METRICS: Final = "span_metrics"
SERVICE_GRAPH: Final = "service_graph"
SERIES: Final = 1000
"""Of one service; whatever is over that, as where ids are written into spans' names, shares one more."""
FORGOTTEN: Final = timedelta(hours=1)
"""After so long without a span a series ends."""
EXEMPLARS: Final = 5
"""Of a series, in each interval."""
UNMATCHED: Final = timedelta(seconds=15)
"""How long one side of a call waits for the other: SDKs send every five seconds, and retry."""
CALLS: Final = 20_000
"""That wait so at one time."""


class Boundaries(TypedDict):
    """Of a histogram."""

    buckets: list[str]


class Durations(TypedDict):
    """The histogram of spans' durations."""

    unit: Literal["s", "ms"]
    explicit: Boundaries


class Exemplars(TypedDict):
    """Links from a bucket to a trace in it."""

    enabled: bool
    max_per_data_point: int


class SpanMetrics(TypedDict):
    """Counts spans by service, name, kind and status.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/connector/spanmetricsconnector
    """

    histogram: Durations
    exemplars: Exemplars
    exclude_dimensions: list[str]
    resource_metrics_key_attributes: list[str]
    metrics_flush_interval: str
    metrics_expiration: str
    series_expiration: str
    aggregation_cardinality_limit: int


class WaitingCalls(TypedDict):
    """Calls of which one side has been seen."""

    max_items: int
    ttl: str


class ServiceGraph(TypedDict):
    """Counts calls between services, by putting both sides of each together.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/connector/servicegraphconnector
    """

    latency_histogram_buckets: list[str]
    store: WaitingCalls
    metrics_flush_interval: str


def span_metrics(resource: Iterable[str], *, every: timedelta) -> SpanMetrics:
    """Return the counts of spans, told in this interval, for each distinct value of these attributes of a resource."""
    return {
        # Jaeger hands them on as they are, and its page takes them for milliseconds.
        "histogram": {"unit": "ms", "explicit": {"buckets": _boundaries()}},
        "exemplars": {"enabled": True, "max_per_data_point": EXEMPLARS},
        # Who has counted stands in the label `instance`, as in all other metrics.
        "exclude_dimensions": ["collector.instance.id"],
        "resource_metrics_key_attributes": list(resource),
        "metrics_flush_interval": duration_text(every),
        "metrics_expiration": duration_text(FORGOTTEN),
        "series_expiration": duration_text(FORGOTTEN),
        "aggregation_cardinality_limit": SERIES,
    }


def service_graph(*, every: timedelta) -> ServiceGraph:
    """Return the counts of calls, told in this interval."""
    return {
        "latency_histogram_buckets": _boundaries(),
        "store": {"max_items": CALLS, "ttl": duration_text(UNMATCHED)},
        "metrics_flush_interval": duration_text(every),
    }


def _boundaries() -> list[str]:
    return [duration_text(timedelta(seconds=seconds)) for seconds in APPLICATION_SECONDS]
