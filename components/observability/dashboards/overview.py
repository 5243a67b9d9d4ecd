"""The whole platform on one page: what is wrong, and where to look next. Grafana's home dashboard."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import containers, index
from components.observability.dashboards.expressions import in_namespace, measures, of_services, share
from components.observability.dashboards.objectives import BUDGET_STEPS
from components.observability.dashboards.page import Row, page, service_link
from components.observability.dashboards.panels import ORANGE, RED, Column, Panel, Query, graph, number, table_of
from components.observability.dashboards.requests import FAILED_STEPS
from components.observability.rules.inventory import knows_objects
from components.observability.thresholds import ERROR_SHARE, P99_SECONDS

_ERRORS = share("service:errors:rate5m", "service:requests:rate5m")


def overview(args: ObservabilityArgs) -> Dashboard:
    """Return the home dashboard."""
    now = [_pages(), _tickets(), _silent_targets()]
    if measures(args):
        now += [_rate(), _error_share()]
    if _promises(args):
        now.append(_least_budget())
    rows = [Row(title="Now", panels=now, height=4)]
    if measures(args):
        rows += [
            Row(title="Services", panels=[_services(args)], height=9),
            Row(title="Requests", panels=[_requests(), _errors(), _slowest()]),
        ]
    rows.append(Row(title="Alerts", panels=[_firing(args), _alerts_over_time()]))
    if containers.are_known(args):
        rows.append(Row(title="Use", panels=containers.by_service()))
    return page(
        index.OVERVIEW,
        f"How {args.part_of} is now: alerts, services, requests. A service's name leads to its own dashboard.",
        rows,
    )


def _promises(args: ObservabilityArgs) -> bool:
    return any(service.objective for service in args.services)


def _pages() -> Panel:
    return _alerts("Pages", "Alerts that somebody has to act on now.", "page", RED)


def _tickets() -> Panel:
    return _alerts("Tickets", "Alerts that somebody has to act on within days.", "ticket", ORANGE)


def _alerts(title: str, description: str, severity: str, colour: str) -> Panel:
    firing = f'count(ALERTS{{alertstate="firing", severity="{severity}"}}) or vector(0)'
    return number(title, description, units.Short, firing, steps=[(1, colour)])


def _silent_targets() -> Panel:
    return number(
        "Silent targets",
        "Pods and other targets whose metrics can't be read: nothing else here tells of them.",
        units.Short,
        "sum(up == bool 0)",
        steps=[(1, RED)],
    )


def _rate() -> Panel:
    return number(
        "Requests",
        "Requests a second to all services together; one at the edge counts again in each service that it passes.",
        units.RequestsPerSecond,
        "sum(service:requests:rate5m)",
    )


def _error_share() -> Panel:
    return number(
        "Failed",
        "Share of all services' requests that failed by a server's fault.",
        units.PercentUnit,
        share("sum(service:errors:rate5m)", "sum(service:requests:rate5m)"),
        steps=FAILED_STEPS,
    )


def _least_budget() -> Panel:
    return number(
        "Least budget",
        "Of all promises, the one with the least error budget left. Below 0 it is broken.",
        units.PercentUnit,
        "min(slo:error_budget_remaining:ratio)",
        steps=BUDGET_STEPS,
    )


def _services(args: ObservabilityArgs) -> Panel:
    columns = [
        Column(title="Requests", expression="sum by (service) (service:requests:rate5m)", unit=units.RequestsPerSecond),
        Column(
            title="Failed",
            expression=f"sum by (service) ({_ERRORS})",
            unit=units.PercentUnit,
            steps=FAILED_STEPS,
        ),
        Column(
            title="P99",
            expression="max by (service) (service:request_duration_seconds:p99)",
            unit=units.Seconds,
            steps=[(P99_SECONDS, RED)],
        ),
    ]
    if knows_objects(args):
        restarts = of_services(f"increase(kube_pod_container_status_restarts_total{in_namespace(args)}[1d])")
        columns.append(
            Column(
                title="Restarts in a day",
                expression=f"{restarts} and on (service) service:requests:rate5m",
                unit=units.Short,
                steps=[(0.5, ORANGE)],
            )
        )
    if _promises(args):
        columns.append(
            Column(
                title="Budget left",
                expression="min by (service) (slo:error_budget_remaining:ratio)",
                unit=units.PercentUnit,
                steps=BUDGET_STEPS,
            )
        )
    return table_of(
        "Services",
        "Each service now. Budget: the least of its promises'.",
        {"service": "Service"},
        columns,
        links={"service": ("Its requests", service_link(index.REQUESTS))},
    )


def _requests() -> Panel:
    return graph(
        "Requests by service",
        "Requests and deliveries answered, a second.",
        units.RequestsPerSecond,
        Query(expression="sum by (service) (service:requests:rate5m)", legend="{{service}}"),
    )


def _errors() -> Panel:
    return graph(
        "Failed by service",
        "Share of requests that failed by the server's fault. The line is the alert's.",
        units.PercentUnit,
        Query(expression=_ERRORS, legend="{{service}}"),
        limits=[(ERROR_SHARE, RED)],
    )


def _slowest() -> Panel:
    return graph(
        "P99 by service",
        "99 of 100 requests took no longer. The line is the alert's.",
        units.Seconds,
        Query(expression="service:request_duration_seconds:p99", legend="{{service}}"),
        limits=[(P99_SECONDS, RED)],
    )


def _firing(args: ObservabilityArgs) -> Panel:
    return table_of(
        "Firing",
        "Alerts that fire now. A name leads to its runbook; a team's own alert names its runbook in its message.",
        {"alertname": "Alert", "service": "Service", "team": "Team", "severity": "Severity"},
        [
            Column(
                title="Series",
                expression=(
                    'count by (alertname, service, team, severity) (ALERTS{alertstate="firing", alertname!="Watchdog"})'
                ),
                unit=units.Short,
            )
        ],
        links={"alertname": ("What to do", f"{args.settings.runbooks}/${{__value.text}}.md")},
    )


def _alerts_over_time() -> Panel:
    return graph(
        "Alerts over time",
        "How many series of each alert fired when.",
        units.Short,
        Query(
            expression='count by (alertname) (ALERTS{alertstate="firing", alertname!="Watchdog"})',
            legend="{{alertname}}",
        ),
        stacked=True,
    )
