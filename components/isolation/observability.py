"""Promises are watched and alerts say what to do: rules 32 to 34 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from . import sources
from .objects import Objects
from .observability_objects import Comparison, PlacedRule, conjunction, documents, receiver_of, rules
from .pods import Manifest, kind_of
from .rules import Finding, Rule

OBJECTIVE = "slo:objective:ratio"
"""The constant series that states a promise: its share, with the labels `service` and `slo`."""
BURN_RATE = "slo:burn_rate:"
"""What the series begin with that say how fast an error budget is spent; the window follows."""
PAIRS = ((14.4, "1h", "5m"), (6.0, "6h", "30m"), (3.0, "1d", "2h"), (1.0, "3d", "6h"))
"""How many times too fast a budget is spent, over a long window and still over a short one."""
SEVERITIES = ("page", "ticket", "info")


def every_objective_has_four_burn_rates(objects: Objects) -> Iterator[Finding]:
    """For each promise alerts watch all four pairs of windows, and the series that they look at are recorded."""
    every = list(rules(objects))
    recorded = {rule.body.get("record") for rule in every}
    pairs = [pair for rule in every if rule.is_alert and len(pair := conjunction(rule.expression)) == 2]
    for objective in every:
        if objective.body.get("record") != OBJECTIVE:
            continue
        for factor, long, short in PAIRS:
            wanted = f"{BURN_RATE}{long}", f"{BURN_RATE}{short}"
            fix = f"add an alert on {wanted[0]} > {factor:g} and on (service, slo) {wanted[1]} > {factor:g}"
            if not any(_watches(pair, wanted, factor, objective) for pair in pairs):
                yield Finding(
                    objective.manifest,
                    objective.path,
                    f"no alert watches whether {_name(objective)} spends its budget {factor:g} times too fast over "
                    f"{long} and {short}",
                    fix,
                )
            for series in wanted:
                if series not in recorded:
                    problem = f"nothing records {series}, so no alert can see it"
                    yield Finding(objective.manifest, objective.path, problem, "record it")


def _watches(pair: Sequence[Comparison], series: tuple[str, str], factor: float, objective: PlacedRule) -> bool:
    return {one.series for one in pair} == set(series) and all(
        one.above == factor and one.covers(objective.labels) for one in pair
    )


def _name(objective: PlacedRule) -> str:
    return f"{objective.labels.get('service')}'s {objective.labels.get('slo')}"


def alerts_say_what_to_do(objects: Objects) -> Iterator[Finding]:
    """Every alert has a severity that is routed by, a summary, and a link to its runbook."""
    for rule in rules(objects):
        if not rule.is_alert:
            continue
        name, annotations = rule.body["alert"], rule.body.get("annotations") or {}
        if rule.labels.get("severity") not in SEVERITIES:
            yield Finding(
                rule.manifest,
                f"{rule.path}.labels.severity",
                f"{name} has no severity that any route knows, so nobody can tell how soon to act",
                f"set it to one of {', '.join(SEVERITIES)}",
            )
        if not str(annotations.get("summary") or "").strip():
            yield Finding(
                rule.manifest,
                f"{rule.path}.annotations.summary",
                f"{name} doesn't say what is wrong, so whoever is woken has to find out first",
                "say it in one line, with values",
            )
        if not str(annotations.get("runbook_url") or "").startswith(("https://", "http://")):
            yield Finding(
                rule.manifest,
                f"{rule.path}.annotations.runbook_url",
                f"{name} links no runbook, so each time somebody has to work out anew what to do",
                "write the page, and link it",
            )


def a_watchdog_always_fires(objects: Objects) -> Iterator[Finding]:
    """Among the alerts is one that always fires, so that silence can be noticed; an operator's installation has one."""
    alerts = [rule for rule in rules(objects) if rule.is_alert and kind_of(rule.manifest) == "ConfigMap"]
    if alerts and not _watchdogs(alerts):
        yield Finding(
            alerts[0].manifest,
            alerts[0].path.partition(".groups")[0],
            "no alert always fires, so a Prometheus that evaluates nothing looks like one with nothing to tell",
            "add an alert on vector(1)",
        )


def the_watchdog_reaches_somebody(objects: Objects) -> Iterator[Finding]:
    """The alert that always fires is routed to a receiver that tells somebody: a dead man's switch."""
    watchdogs = _watchdogs([rule for rule in rules(objects) if rule.is_alert])
    for manifest, path, config in documents(objects, "route", "receivers"):
        telling = {one.get("name") for one in config["receivers"] or [] if _tells(one)}
        for watchdog in watchdogs:
            receiver = receiver_of(config["route"] or {}, {**watchdog.labels, "alertname": watchdog.body["alert"]})
            if receiver not in telling:
                yield _unheard(manifest, f"{path}.route", watchdog.body["alert"], receiver)


def _unheard(manifest: Manifest, path: str, alert: str, receiver: str) -> Finding:
    return Finding(
        manifest,
        path,
        f"{alert} goes to {receiver or 'no receiver'}, which tells nobody, so nobody notices when alerts stop coming",
        "route it to a webhook that calls when it hears nothing",
    )


def _watchdogs(alerts: Sequence[PlacedRule]) -> list[PlacedRule]:
    return [rule for rule in alerts if rule.expression.replace(" ", "") == "vector(1)"]


def _tells(receiver: dict[str, Any]) -> bool:
    return any(configs for field, configs in receiver.items() if field.endswith("_configs"))


RULES = (
    Rule(
        number=32,
        title="every objective has four burn rates",
        source=sources.BURN_RATES,
        find=every_objective_has_four_burn_rates,
    ),
    Rule(number=33, title="alerts say what to do", source=sources.ALERTING, find=alerts_say_what_to_do),
    Rule(number=34, title="a watchdog always fires", source=sources.WATCHDOG, find=a_watchdog_always_fires),
    Rule(
        number=34,
        title="the watchdog reaches somebody",
        source=sources.WATCHDOG,
        find=the_watchdog_reaches_somebody,
        production_only=True,
    ),
)
