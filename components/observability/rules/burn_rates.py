"""Alerts on how fast error budgets are spent. Pure.

Each looks at a long window, so that a short burst wakes nobody, and at a short one, so that it ends soon after the
trouble does: https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.examples import SERVICE, written
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.rules.objectives import promises
from components.observability.thresholds import FAST_BURN, MIDDLE_BURN, SLOW_BURN, SLOWEST_BURN
from components.specs.observability.alerts import Severity


@dataclass(frozen=True, kw_only=True)
class BurnRate:
    """A pair of windows, and the burn rate in both that is worth telling somebody."""

    factor: float
    long: str
    short: str
    severity: Severity
    hold: timedelta


BURN_RATES: Final = (
    BurnRate(factor=FAST_BURN, long="1h", short="5m", severity=Severity.PAGE, hold=timedelta(minutes=2)),
    BurnRate(factor=MIDDLE_BURN, long="6h", short="30m", severity=Severity.PAGE, hold=timedelta(minutes=5)),
    BurnRate(factor=SLOW_BURN, long="1d", short="2h", severity=Severity.TICKET, hold=timedelta(minutes=15)),
    BurnRate(factor=SLOWEST_BURN, long="3d", short="6h", severity=Severity.TICKET, hold=timedelta(minutes=30)),
)


def burn_rate_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the four alerts, which cover every promise; none where nobody promises anything."""
    promised = any(promises(service) for service in args.services)
    return RuleGroup(name="burn-rates", rules=tuple(map(_alert, BURN_RATES)) if promised else ())


def _alert(rate: BurnRate) -> Alert:
    return Alert(
        name="SloBudgetBurns",
        expression=(
            f"slo:burn_rate:{rate.long} > {rate.factor:g}"
            f" and on (service, slo) slo:burn_rate:{rate.short} > {rate.factor:g}"
        ),
        hold=rate.hold,
        severity=rate.severity,
        labels={"window": rate.long},
        summary=(
            "{{ $labels.service }} spends its error budget for {{ $labels.slo }}"
            f" {{{{ $value | humanize }}}} times too fast over {rate.long}"
        ),
        description=(
            "At 1 the budget would last exactly for the objective's window. Pages: 14.4 over 1h, 6 over 6h;"
            " tickets: 3 over 1d, 1 over 3d."
        ),
        dashboard="objectives",
        tests=_tests(rate),
    )


def _tests(rate: BurnRate) -> tuple[AlertTest, ...]:
    example = {**SERVICE, "slo": "availability"}
    above, just = f"{rate.factor * 1.25:g}", f"{rate.factor:g}"

    def series(long: str, short: str) -> dict[str, str]:
        labels = written(example)
        return {
            f"slo:burn_rate:{rate.long}{{{labels}}}": f"{long}x60",
            f"slo:burn_rate:{rate.short}{{{labels}}}": f"{short}x60",
        }

    summary = f"example spends its error budget for availability {above} times too fast over {rate.long}"
    pair = f"{rate.long} and {rate.short}"
    at = timedelta(minutes=45)
    return (
        AlertTest(
            name=f"{above} over {pair}",
            series=series(above, above),
            at=at,
            fires=(Firing(labels=example, summary=summary),),
        ),
        AlertTest(name=f"{just} over {pair}", series=series(just, just), at=at),
        AlertTest(name=f"{above} over {rate.long}, and over by now", series=series(above, "0"), at=at),
        AlertTest(name=f"{above} over {rate.short}, and only begun", series=series("0", above), at=at),
    )
