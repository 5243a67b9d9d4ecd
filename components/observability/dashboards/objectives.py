"""What services promise, whether they keep it, and how fast they spend what may fail."""

from typing import Final

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
from components.observability.rules.burn_rates import BURN_RATES, BurnRate
from components.observability.thresholds import FAST_BURN, SLOW_BURN, SLOWEST_BURN

BUDGET_STEPS: Final = ((LOWEST, RED), (0, ORANGE), (0.25, GREEN))
"""What is left of an error budget → the colour of the number from there on."""
_NAMED = "{{service}} {{slo}}"
_TIMES = "suffix:x"
_BROKEN_SHARE = share(
    f"sum by (service, slo) (slo:errors:rate5m{{{SERVICE}}})",
    f"sum by (service, slo) (slo:requests:rate5m{{{SERVICE}}})",
)


def objectives(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of promises and error budgets."""
    fast, middle, slow, slowest = BURN_RATES
    return page(
        index.OBJECTIVES,
        "Promises (service level objectives), what is left of their error budgets, and how fast it is spent.",
        [
            Row(title="Promises", panels=[_promises()], height=9),
            Row(title="Budgets", panels=[_budget(), _broken()]),
            Row(
                title="Speed of spending: each pair of windows is an alert, which fires where both are above the line",
                panels=[
                    _burn(fast, "It pages: a budget for 30 days would last two days."),
                    _burn(middle, "It pages: a budget for 30 days would last five days."),
                ],
            ),
            Row(
                title="Slower",
                panels=[
                    _burn(slow, "It makes a ticket: a budget for 30 days would last ten days."),
                    _burn(slowest, "It makes a ticket: the budget won't outlast its window."),
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
                steps=BUDGET_STEPS,
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


def _burn(rate: BurnRate, meaning: str) -> Panel:
    return graph(
        f"Spent in {rate.long} and {rate.short}",
        f"Times the speed that would just spend the budget in its window. Above {rate.factor:g} in both: {meaning}",
        _TIMES,
        *(
            Query(expression=f"slo:burn_rate:{window}{{{SERVICE}}}", legend=f"{_NAMED} {window}")
            for window in (rate.long, rate.short)
        ),
        limits=[(rate.factor, RED)],
    )
