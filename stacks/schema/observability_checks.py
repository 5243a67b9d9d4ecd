"""Checks of what is watched: promises can be measured, alerts reach somebody, autoscalers find their metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from components.observability.alertmanager.routes import unrouted
from components.observability.arguments import ObservabilityArgs
from components.observability.rules.groups import alerts as every_alert
from components.observability.rules.own import expression_fault
from components.quantities import duration_text
from components.specs.observability.alerts import Alerts, Tiers
from components.specs.observability.metrics import MetricsBackend
from stacks.document import Document, Problem
from stacks.schema.catalogue import Catalogue
from stacks.schema.environment import ROOT, Environment, Tier
from stacks.schema.objective_checks import objective_problems
from stacks.schema.origins import Origins
from stacks.schema.request_metrics_checks import request_metrics_problems
from stacks.schema.suggestions import suggestion
from stacks.schema.tracing_checks import tracing_problems

OBSERVABILITY: Final = (*ROOT, "observability")
LONGEST_INTERVAL: Final = timedelta(minutes=2)
"""Rates are taken over five minutes, and ask for two scrapes, of which one may fail."""


def observability_problems(
    catalogue: Catalogue, environment: Environment, args: ObservabilityArgs | None, origins: Origins
) -> Iterator[Problem]:
    """Yield what nobody would measure, be told of, or scale on; of the catalogue also where nothing is watched."""
    yield from _own_expressions(catalogue, origins.catalogue_document)
    document = origins.environment_document
    if args is None:
        if environment.tier is Tier.PRODUCTION:
            yield document.problem(
                ROOT,
                "has no observability, in production",
                consequence="customers would be the first to notice an outage",
                fix="add observability: {metrics: …, alerts: …}",
            )
        return
    yield from objective_problems(catalogue, args, origins)
    yield from request_metrics_problems(args, origins)
    yield from _interval(args, document)
    yield from _taken_alerts(args, origins.catalogue_document)
    yield from tracing_problems(catalogue, environment, args, origins)
    if args.settings.alerts is not None:
        yield from _receivers(args.settings.alerts, args, document)
    if environment.tier is Tier.PRODUCTION and args.settings.metrics.run_by is MetricsBackend.PLATFORM:
        yield from _production(args, document)


def _own_expressions(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    for name, service in catalogue.services.items():
        for alert, own in service.alerts.items():
            fault = expression_fault(own.expression)
            if fault is not None:
                yield document.problem(
                    ("services", name, "alerts", alert, "expression"),
                    f"is no PromQL: {fault}",
                    consequence="Prometheus would refuse the file with these rules, and go on with older ones",
                    fix="correct it; 'promtool query instant' tries it out on a running Prometheus",
                )


def _interval(args: ObservabilityArgs, document: Document) -> Iterator[Problem]:
    if args.settings.metrics.scrape_interval > LONGEST_INTERVAL:
        yield document.problem(
            (*OBSERVABILITY, "metrics", "scrape-interval"),
            f"is longer than {duration_text(LONGEST_INTERVAL)}",
            consequence="rates over five minutes would miss values whenever a scrape fails, and alerts with them",
            fix=f"make it {duration_text(LONGEST_INTERVAL)} or shorter; 30s is usual",
        )


def _taken_alerts(args: ObservabilityArgs, document: Document) -> Iterator[Problem]:
    """Runbooks, silences and what keeps other alerts back all go by an alert's name."""
    without = {name: replace(one, alerts={}) for name, one in args.workloads.items()}
    taken = {alert.name for alert in every_alert(replace(args, workloads=without))}
    for service in args.services:
        for name in service.alerts:
            if name in taken:
                yield document.problem(
                    ("services", service.name, "alerts", name),
                    "has the name of an alert that every platform has",
                    consequence="a silence, a runbook or an inhibition of one would be taken for the other's",
                    fix="rename it",
                )


def _receivers(alerts: Alerts, args: ObservabilityArgs, document: Document) -> Iterator[Problem]:
    teams = sorted({one.team for one in args.workloads.values()})
    for team in alerts.teams:
        if team not in teams:
            yield document.problem(
                (*OBSERVABILITY, "alerts", "teams", team),
                "is no team of the catalogue",
                consequence="nobody's alerts would take this way",
                fix=f"correct the name or drop it: {suggestion(team, teams)}",
            )
    for severity in unrouted(alerts):
        silent = [team for team in teams if not alerts.teams.get(team, Tiers()).of(severity)]
        if silent:
            yield document.problem(
                (*OBSERVABILITY, "alerts"),
                f"have no receiver for severity {severity.value}, nor has team {' or '.join(silent)}",
                consequence="these alerts would fire, and nobody be told",
                fix=f"add {severity.value}: {{webhook: KEY, host: hooks.example.com}}, or another receiver",
            )


_FLOOR: Final[Mapping[str, str]] = {
    "metrics": "each restart of Prometheus would be a gap in metrics, and a time without alerts",
    "alerts": "nobody would be told of anything while Alertmanager restarts",
}


def _production(args: ObservabilityArgs, document: Document) -> Iterator[Problem]:
    settings = args.settings
    if settings.alerts is None:
        yield document.problem(
            OBSERVABILITY,
            "has no alerts, in production",
            consequence="customers would be the first to notice an outage",
            fix="add alerts: {page: …, ticket: …, info: …, watchdog: …}",
        )
    elif settings.alerts.watchdog is None:
        yield document.problem(
            (*OBSERVABILITY, "alerts"),
            "have no watchdog, in production",
            consequence="silence would look the same whether all is well or no alert arrives any more",
            fix="add watchdog: {webhook: KEY, host: …} of a service that calls when it hears nothing",
        )
    for field, replicas in (
        ("metrics", settings.metrics.replicas),
        ("alerts", settings.alerts.replicas if settings.alerts else None),
    ):
        if replicas == 1:
            yield document.problem(
                (*OBSERVABILITY, field, "replicas"),
                "is 1, below production's floor of 2",
                consequence=_FLOOR[field],
                fix="raise it to 2" if field == "metrics" else "raise it to 2 or 3",
            )
