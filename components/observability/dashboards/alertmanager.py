"""From an alert to the people: rows of the dashboard of Prometheus and Alertmanager."""

from grafana_foundation_sdk.models import units

from components.observability.dashboards.expressions import RATE, share
from components.observability.dashboards.page import Row
from components.observability.dashboards.panels import Panel, Query, graph

_POD = "{{pod}}"


def rows(replicas: int) -> list[Row]:
    """Return what becomes of alerts, with so many Alertmanagers."""
    told = [_alerts(), _told(), _not_told()]
    return [
        Row(
            title="From Prometheus to Alertmanager",
            panels=[_alerts_sent(), _alerts_refused(), _alerts_given_up()],
        ),
        Row(title="From Alertmanager to people", panels=[*told, _peers()] if replicas > 1 else told),
    ]


def _alerts_sent() -> Panel:
    return graph(
        "Alerts sent",
        "A second, to each Alertmanager.",
        units.CountsPerSecond,
        Query(
            expression=f"sum by (alertmanager) (rate(prometheus_notifications_sent_total[{RATE}]))",
            legend="{{alertmanager}}",
        ),
    )


def _alerts_refused() -> Panel:
    return graph(
        "Alerts refused",
        "Share of what was sent to an Alertmanager that it didn't take; the others of a group have it then.",
        units.PercentUnit,
        Query(
            expression=share(
                f"sum by (alertmanager) (rate(prometheus_notifications_errors_total[{RATE}]))",
                f"sum by (alertmanager) (rate(prometheus_notifications_sent_total[{RATE}]))",
            ),
            legend="{{alertmanager}}",
        ),
        most=1,
    )


def _alerts_given_up() -> Panel:
    return graph(
        "Alerts given up",
        "Alerts a second that Prometheus dropped: no Alertmanager took them in time.",
        units.CountsPerSecond,
        Query(expression=f"rate(prometheus_notifications_dropped_total[{RATE}])", legend=_POD),
    )


def _alerts() -> Panel:
    return graph(
        "Alerts",
        "By state: active, suppressed (silenced, or explained by another one).",
        units.Short,
        Query(expression="max by (state) (alertmanager_alerts)", legend="{{state}}"),
    )


def _told() -> Panel:
    return graph(
        "Notifications",
        "In an hour, by kind of receiver.",
        units.Short,
        Query(expression=_notifications("alertmanager_notifications_total"), legend="{{integration}}"),
    )


def _not_told() -> Panel:
    return graph(
        "Notifications that failed",
        "In an hour, by kind of receiver: people that were not told.",
        units.Short,
        Query(expression=_notifications("alertmanager_notifications_failed_total"), legend="{{integration}}"),
    )


def _notifications(metric: str) -> str:
    """Return a counter's increase, of those of Alertmanager's twenty kinds of receiver that are in use."""
    used = "sum by (integration) (alertmanager_notifications_total) > 0"
    return f"sum by (integration) (increase({metric}[1h])) and on (integration) ({used})"


def _peers() -> Panel:
    return graph(
        "Members",
        "Alertmanagers that each one knows of. Apart, they tell people twice.",
        units.Short,
        Query(expression="alertmanager_cluster_members", legend=_POD),
    )
