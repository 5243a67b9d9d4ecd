"""Rate, errors and duration of a service's requests, by method, and what it calls and uses."""

from typing import Final

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import calls, containers, index, objectives
from components.observability.dashboards.expressions import RATE, SERVICE, measures, share, slowest
from components.observability.dashboards.page import Row, page, services
from components.observability.dashboards.panels import ORANGE, RED, Panel, Query, graph, number, spread
from components.observability.thresholds import ERROR_SHARE, P99_SECONDS

FAILED_STEPS: Final = ((0.001, ORANGE), (ERROR_SHARE, RED))
"""From which share of failed requests on a number is of which colour."""


def requests(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of one service's requests."""
    rows = [
        Row(title="Now", panels=[_rate(), _errors(), _median(), _slow(), _slowest()], height=4),
        Row(title="By method", panels=[_rate_by_method(), _errors_by_method(), _slowest_by_method()]),
        Row(title="All together", panels=[_results(args), _durations(), _traced(args)]),
    ]
    if any(service.objective for service in args.services):
        rows.append(Row(title="What is promised", panels=objectives.panels()))
    if any(service.calls for service in args.services):
        rows.append(Row(title="What it calls", panels=calls.panels()))
    if containers.are_known(args):
        rows.append(Row(title="What it uses", panels=containers.panels()))
    answering = [service.name for service in args.services if service.interfaces]
    return page(
        index.REQUESTS,
        "How often a service is asked, how often it fails, and how long it takes, as the service itself measures it.",
        rows,
        choice=services(answering),
    )


def _rate() -> Panel:
    return number(
        "Requests",
        "Requests and deliveries that the service has answered, a second, over five minutes.",
        units.RequestsPerSecond,
        f"sum(service:requests:rate5m{{{SERVICE}}})",
    )


def _errors() -> Panel:
    return number(
        "Failed",
        "Share that failed by the server's fault: HTTP 5xx, gRPC's codes of a fault (docs/services.md), dead letters.",
        units.PercentUnit,
        share(f"sum(service:errors:rate5m{{{SERVICE}}})", f"sum(service:requests:rate5m{{{SERVICE}}})"),
        steps=FAILED_STEPS,
    )


def _median() -> Panel:
    return number(
        "Median",
        "Half of the requests took no longer. Of several chosen services the slowest counts.",
        units.Seconds,
        f"max(service:request_duration_seconds:p50{{{SERVICE}}})",
    )


def _slow() -> Panel:
    return number(
        "P95",
        "19 of 20 requests took no longer. Of several chosen services the slowest counts.",
        units.Seconds,
        f"max(service:request_duration_seconds:p95{{{SERVICE}}})",
    )


def _slowest() -> Panel:
    return number(
        "P99",
        "99 of 100 requests took no longer. Of several chosen services the slowest counts.",
        units.Seconds,
        f"max(service:request_duration_seconds:p99{{{SERVICE}}})",
        steps=[(P99_SECONDS, RED)],
    )


def _rate_by_method() -> Panel:
    return graph(
        "Requests by method",
        "Requests a second. HTTP: method and route; gRPC: the method's name; messaging: the subject.",
        units.RequestsPerSecond,
        Query(
            expression=f"sum by (service, method) (service_method:requests:rate5m{{{SERVICE}}})",
            legend="{{service}} {{method}}",
        ),
    )


def _errors_by_method() -> Panel:
    return graph(
        "Failed by method",
        "Share of requests that failed by the server's fault; a method without traffic has none.",
        units.PercentUnit,
        Query(
            expression=share(
                f"sum by (service, method) (service_method:errors:rate5m{{{SERVICE}}})",
                f"sum by (service, method) (service_method:requests:rate5m{{{SERVICE}}})",
            ),
            legend="{{service}} {{method}}",
        ),
        limits=[(ERROR_SHARE, RED)],
    )


def _slowest_by_method() -> Panel:
    return graph(
        "P99 by method",
        "99 of 100 requests took no longer, estimated from the histogram's buckets. The line is the alert's.",
        units.Seconds,
        Query(
            expression=(
                "histogram_quantile(0.99, sum by (service, method, le)"
                f" (service_method:request_duration_seconds_bucket:rate5m{{{SERVICE}}}))"
            ),
            legend="{{service}} {{method}}",
        ),
        limits=[(P99_SECONDS, RED)],
    )


def _results(args: ObservabilityArgs) -> Panel:
    return graph(
        "Results",
        "Requests a second by how they ended: HTTP status, gRPC code, outcome of a delivery.",
        units.RequestsPerSecond,
        *(
            Query(
                expression=f"sum by ({one.result}) (rate({one.histogram}_count{{{SERVICE}}}[{RATE}]))",
                legend=f"{{{{{one.result}}}}}",
            )
            for one in measures(args)
        ),
        stacked=True,
    )


def _durations() -> Panel:
    return spread(
        "Durations",
        "How many requests a second took how long: two bands mean two kinds of request, or a cache that is missed.",
        units.Seconds,
        f"sum by (le) (service_method:request_duration_seconds_bucket:rate5m{{{SERVICE}}})",
    )


def _traced(args: ObservabilityArgs) -> Panel:
    return graph(
        "P99, with traces",
        "Each dot is a sampled request: it leads to its trace, and from there to the request's log lines.",
        units.Seconds,
        *(
            Query(expression=slowest(one.histogram, "service"), legend="{{service}}", exemplars=True)
            for one in measures(args)
        ),
    )
