"""Versions of a service side by side, by their track: a row of the dashboard of deployments.

From the applications' own metrics, as recorded ones don't tell versions apart.
"""

from grafana_foundation_sdk.models import units

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards.expressions import RATE, SERVICE, failed_share, measures, slowest
from components.observability.dashboards.panels import Panel, Query, graph
from components.observability.measures import Measure

_NAMED = "{{service}} {{track}}"


def panels(args: ObservabilityArgs) -> list[Panel]:
    """Return rate, errors and duration by service and track."""
    return [_rate(args), _errors(args), _slowest(args)]


def _rate(args: ObservabilityArgs) -> Panel:
    return graph(
        "Requests by version",
        "Requests a second: their shares are the weights that a route gives its versions.",
        units.RequestsPerSecond,
        *(Query(expression=_counted(measure), legend=_NAMED) for measure in measures(args)),
    )


def _errors(args: ObservabilityArgs) -> Panel:
    return graph(
        "Failed by version",
        "Share of requests that failed by the server's fault. A version above the stable one is worse than it.",
        units.PercentUnit,
        *(
            Query(expression=failed_share(_counted(measure, measure.fault), _counted(measure)), legend=_NAMED)
            for measure in measures(args)
        ),
    )


def _slowest(args: ObservabilityArgs) -> Panel:
    return graph(
        "P99 by version",
        "99 of 100 requests took no longer.",
        units.Seconds,
        *(
            Query(expression=slowest(measure.histogram, "service", "track"), legend=_NAMED)
            for measure in measures(args)
        ),
    )


def _counted(measure: Measure, *matchers: str) -> str:
    chosen = ", ".join((SERVICE, *matchers))
    return f"sum by (service, track) (rate({measure.histogram}_count{{{chosen}}}[{RATE}]))"
