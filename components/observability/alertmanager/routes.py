"""Which alert reaches whom: routes, groups, what keeps an alert from being told, and times at which it waits. Pure.

https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from collections.abc import Iterator
from typing import Final

from components.observability.alertmanager.document import InhibitRule, NamedTimeInterval, Route, TimeInterval
from components.quantities import duration_text
from components.specs.observability.alerts import DAYS, Alerts, MuteTime, ReceiverModel, Severity

WATCHDOG: Final = "Watchdog"
"""The alert that always fires: who hears nothing of it knows that alerts no longer arrive."""
DOWN: Final = ("TargetDown", "WorkloadDown")
"""Alerts that say that a workload's Pods can't be reached: what else is told of it is a consequence."""
NOBODY: Final = "nobody"
GROUP_BY: Final = ("alertname", "service", "team")
"""One message for all Pods of a service with the same trouble, and another one for each other service."""
WATCHDOG_REPEAT: Final = "5m"
"""How often the dead man's switch hears of it; it should wait for two or three misses."""

_TIMINGS: Final[dict[Severity, tuple[str, str]]] = {
    # A page gathers what the same evaluation brings, and no more.
    Severity.PAGE: ("10s", "2m"),
    # The others wait until a page for the same thing would have come, which then keeps them back.
    Severity.TICKET: ("5m", "30m"),
    Severity.INFO: ("5m", "30m"),
}
"""How long a new group gathers alerts, and the least time between two messages of a group that changes."""


def unrouted(alerts: Alerts) -> tuple[Severity, ...]:
    """Return the severities whose alerts would reach nobody, unless their team has receivers of its own."""
    return tuple(severity for severity in Severity if not alerts.of(severity))


def every_receiver(alerts: Alerts) -> tuple[ReceiverModel, ...]:
    """Return each receiver of an environment: the platform's, the teams' and the dead man's switch."""
    tiers = (alerts, *alerts.teams.values())
    found = [receiver for tier in tiers for severity in Severity for receiver in tier.of(severity)]
    return (*found, *([alerts.watchdog] if alerts.watchdog else []))


def receiver_name(severity: Severity, team: str | None = None) -> str:
    """Return what a tier's receivers are called together: ``page``, or ``page of shop``."""
    return severity.value if team is None else f"{severity.value} of {team}"


def route_tree(alerts: Alerts) -> Route:
    """Return the routes: the dead man's switch, then teams' own tiers, then the platform's.

    A tier that a team leaves out falls through to the platform's. An alert without a known severity is somebody's slip,
    and a ticket.
    """
    return {
        "receiver": receiver_name(Severity.TICKET),
        "group_by": list(GROUP_BY),
        "group_wait": _TIMINGS[Severity.TICKET][0],
        "group_interval": _TIMINGS[Severity.TICKET][1],
        "repeat_interval": duration_text(alerts.repeat),
        "routes": [_watchdog(alerts), *_severities(alerts)],
    }


def inhibit_rules() -> list[InhibitRule]:
    """Return what keeps alerts back: a more urgent one of the same kind, and the reason behind them all.

    Alerts of one kind share their name, and the promise that they speak of, if they speak of one. A page is never kept
    back: whoever holds the pager wants to know all of it.
    """
    kind = ["alertname", "service", "slo"]
    others = f'severity=~"{Severity.TICKET}|{Severity.INFO}"'
    down = "|".join(DOWN)
    return [
        {"source_matchers": [f'severity="{Severity.PAGE}"'], "target_matchers": [others], "equal": kind},
        {
            "source_matchers": [f'severity="{Severity.TICKET}"'],
            "target_matchers": [f'severity="{Severity.INFO}"'],
            "equal": kind,
        },
        {
            # A missing label equals a missing label: without a service it would keep back what belongs to none.
            "source_matchers": [f'alertname=~"{down}"', 'service!=""'],
            "target_matchers": [f'alertname!~"{down}"', others],
            "equal": ["service"],
        },
    ]


def time_intervals(alerts: Alerts) -> list[NamedTimeInterval]:
    """Return the times at which alerts wait. They are told afterwards, if they still fire."""
    return [{"name": _mute_name(index), "time_intervals": [_times(mute)]} for index, mute in enumerate(alerts.mute)]


def _watchdog(alerts: Alerts) -> Route:
    return {
        "receiver": WATCHDOG if alerts.watchdog else NOBODY,
        "matchers": [f'alertname="{WATCHDOG}"'],
        "group_wait": "0s",
        # A group is looked at this often. Were it as long as the repetition, every second one would come too late.
        "group_interval": "1m",
        "repeat_interval": WATCHDOG_REPEAT,
    }


def _severities(alerts: Alerts) -> Iterator[Route]:
    for team, tiers in alerts.teams.items():
        for severity in Severity:
            if tiers.of(severity):
                yield _severity(alerts, severity, team)
    for severity in Severity:
        yield _severity(alerts, severity, None)


def _severity(alerts: Alerts, severity: Severity, team: str | None) -> Route:
    wait, interval = _TIMINGS[severity]
    route: Route = {
        "receiver": receiver_name(severity, team),
        "matchers": [f'severity="{severity}"', *([] if team is None else [f'team="{team}"'])],
        "group_wait": wait,
        "group_interval": interval,
    }
    if muted := [_mute_name(index) for index, mute in enumerate(alerts.mute) if severity in mute.severities]:
        route["mute_time_intervals"] = muted
    return route


def _mute_name(index: int) -> str:
    return f"mute-{index}"


def _times(mute: MuteTime) -> TimeInterval:
    times: TimeInterval = {"location": mute.location}
    if mute.weekdays:
        chosen = {day for one in mute.weekdays for day in _days(one)}
        times["weekdays"] = [day for day in DAYS if day in chosen]
    if mute.start is not None and mute.end is not None:
        times["times"] = [{"start_time": mute.start, "end_time": mute.end}]
    return times


def _days(one: str) -> Iterator[str]:
    """Yield the days of a range. Alertmanager's own weeks begin on Sunday: it refuses saturday:sunday."""
    first, _, last = one.partition(":")
    start, end = DAYS.index(first), DAYS.index(last or first)
    yield from (DAYS[day % len(DAYS)] for day in range(start, end + 1 + (len(DAYS) if end < start else 0)))
