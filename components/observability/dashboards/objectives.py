"""What services promise, whether they keep it, and how fast they spend what may fail."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.expressions import SERVICE, share
from components.observability.dashboards.page import Row, page, service_link, services
from components.observability.dashboards.panels import (
    GREEN,
    LOWEST,
    ORANGE,
    RED,
    Column,
    Panel,
    Query,
    graph,
    table_of,
)
from components.observability.thresholds import FAST_BURN, MIDDLE_BURN, SLOW_BURN, SLOWEST_BURN

_NAMED = "{{service}} {{slo}}"
_TIMES = "suffix:x"
_BROKEN_SHARE = share(
    f"sum by (service, slo) (slo:errors:rate5m{{{SERVICE}}})",
    f"sum by (service, slo) (slo:requests:rate5m{{{SERVICE}}})",
)


def objectives(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of promises and error budgets."""
    return page(
        index.OBJECTIVES,
        "Promises (service level objectives), what is left of their error budgets, and how fast it is spent.",
        [
            Row(title="Promises", panels=[_promises()], height=9),
            Row(title="Budgets", panels=[_budget(), _broken()]),
            Row(
                title="Speed of spending: each pair of windows is an alert, which fires where both are above the line",
                panels=[
                    _burn("1h", "5m", FAST_BURN, "It pages: a budget for 30 days would last two days."),
                    _burn("6h", "30m", MIDDLE_BURN, "It pages: a budget for 30 days would last five days."),
                ],
            ),
            Row(
                title="Slower",
                panels=[
                    _burn("1d", "2h", SLOW_BURN, "It makes a ticket: a budget for 30 days would last ten days."),
                    _burn("3d", "6h", SLOWEST_BURN, "It makes a ticket: the budget won't outlast its window."),
                ],
            ),
        ],
        choice=services([service.name for service in args.services if service.objective], everything=True),
        since="now-1d",
    )


def panels() -> list[Panel]:
    """Return what the chosen services promise and keep, for the dashboard of their requests."""
    return [_kept(), _budget()]


def _kept() -> Panel:
    return graph(
        "Kept promises",
        "Share of requests that kept the promise, and the share that was promised.",
        units.PercentUnit,
        Query(expression=f"1 - {_BROKEN_SHARE}", legend=_NAMED),
        Query(expression=f"slo:objective:ratio{{{SERVICE}}}", legend=f"{_NAMED} promised"),
        least=None,
        most=1,
    )


def _promises() -> Panel:
    by = "service, slo"
    return table_of(
        "Promises",
        "Each promise, what was kept of it in five minutes, what is left of its budget, and how fast that goes.",
        {"service": "Service", "slo": "Promise"},
        [
            Column(
                title="Promised", expression=f"max by ({by}) (slo:objective:ratio{{{SERVICE}}})", unit=units.PercentUnit
            ),
            Column(
                title="Kept",
                expression=f"1 - {_BROKEN_SHARE}",
                unit=units.PercentUnit,
            ),
            Column(
                title="Budget left",
                expression=f"min by ({by}) (slo:error_budget_remaining:ratio{{{SERVICE}}})",
                unit=units.PercentUnit,
                steps=[(LOWEST, RED), (0, ORANGE), (0.25, GREEN)],
            ),
            Column(
                title="Spent, 1 h",
                expression=f"max by ({by}) (slo:burn_rate:1h{{{SERVICE}}})",
                unit=_TIMES,
                steps=[(SLOWEST_BURN, ORANGE), (FAST_BURN, RED)],
            ),
            Column(
                title="Spent, 3 d",
                expression=f"max by ({by}) (slo:burn_rate:3d{{{SERVICE}}})",
                unit=_TIMES,
                steps=[(SLOWEST_BURN, ORANGE), (SLOW_BURN, RED)],
            ),
        ],
        links={"service": ("Its requests", service_link(index.REQUESTS))},
    )


def _budget() -> Panel:
    return graph(
        "Error budget left",
        "What may still fail in the promise's window. Below 0 the promise is broken.",
        units.PercentUnit,
        Query(expression=f"slo:error_budget_remaining:ratio{{{SERVICE}}}", legend=_NAMED),
        limits=[(0, RED)],
        most=1,
        least=None,
    )


def _broken() -> Panel:
    return graph(
        "Requests that broke a promise",
        "Requests a second that failed, or were slower than promised.",
        units.RequestsPerSecond,
        Query(expression=f"slo:errors:rate5m{{{SERVICE}}}", legend=_NAMED),
    )


def _burn(long: str, short: str, limit: float, meaning: str) -> Panel:
    return graph(
        f"Spent in {long} and {short}",
        f"Times the speed that would just spend the budget in its window. Above {limit:g} in both: {meaning}",
        _TIMES,
        Query(expression=f"slo:burn_rate:{long}{{{SERVICE}}}", legend=f"{_NAMED} {long}"),
        Query(expression=f"slo:burn_rate:{short}{{{SERVICE}}}", legend=f"{_NAMED} {short}"),
        limits=[(limit, RED)],
    )
