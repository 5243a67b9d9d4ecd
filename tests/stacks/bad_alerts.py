"""Alerts that nobody could read, or that would reach nobody."""

from __future__ import annotations

from typing import Final

from tests.stacks.bad_input import Mistake
from tests.stacks.project import REMOVED

MISTAKES: Final = (
    Mistake(
        what="a severity that nobody hears of",
        environment={"observability alerts info": REMOVED},
        place="Pulumi.dev.yaml observability.alerts",
        line="alerts:",
        message="have no receiver for severity info, nor has team shop",
        consequence="these alerts would fire, and nobody be told",
        fix="add info: {webhook: KEY, host: hooks.example.com}, or another receiver",
    ),
    Mistake(
        what="receivers of an unknown team",
        environment={
            "observability alerts teams": {"shops": {"page": {"webhook": "pager-url", "host": "hooks.example.com"}}}
        },
        place="Pulumi.dev.yaml observability.alerts.teams.shops",
        line="shops:",
        message="is no team of the catalogue",
        consequence="nobody's alerts would take this way",
        fix="correct the name or drop it: did you mean 'shop'?",
    ),
    Mistake(
        what="pages that wait",
        environment={"observability alerts mute": [{"severities": ["page"], "weekdays": ["sunday"]}]},
        place="Pulumi.dev.yaml observability.alerts.mute[0].severities",
        line="- severities:",
        message="mutes pages",
        consequence="an outage in that time would be nobody's",
        fix="mute ticket and info only; silence a single page in Alertmanager",
    ),
    Mistake(
        what="a mute time in an unknown place",
        environment={
            "observability alerts mute": [{"severities": ["info"], "weekdays": ["sunday"], "location": "Asia/Shangai"}]
        },
        place="Pulumi.dev.yaml observability.alerts.mute[0].location",
        line="location: Asia/Shangai",
        value="Asia/Shangai",
        message="is no time zone of the IANA database",
        consequence="Alertmanager refuses its configuration",
        fix="write it as Continent/City, e.g. Europe/Berlin, or Etc/UTC",
    ),
    Mistake(
        what="a mute time on an unknown day",
        environment={"observability alerts mute": [{"severities": ["info"], "weekdays": ["caturday"]}]},
        place="Pulumi.dev.yaml observability.alerts.mute[0].weekdays[0]",
        line="- caturday",
        value="caturday",
        message="is not a day or a range of days",
        consequence="Alertmanager refuses its configuration",
        fix="write e.g. saturday:sunday",
    ),
    Mistake(
        what="a receiver of no kind",
        environment={"observability alerts page": {"telegram": "token"}},
        place="Pulumi.dev.yaml observability.alerts.page",
        line="page:",
        message="is none of the forms that are allowed here",
        consequence="nothing can be deployed with this value",
        fix=(
            "write {pagerduty: …}, {slack: …, channel: …}, {wecom: …, corp: …, agent: …}, "
            "{email: …, to: …, from: …, server: …} or {webhook: …, host: …}"
        ),
    ),
    Mistake(
        what="an alert of one's own that is no PromQL",
        stack="local",
        catalogue={"services orders alerts OutboxStalls expression": "sum(rate(outbox_failures_total[5m])"},
        place="catalogue.yaml services.orders.alerts.OutboxStalls.expression",
        line="expression: sum(rate(outbox_failures_total[5m])",
        value="sum(rate(outbox_failures_total[5m])",
        message="is no PromQL: unclosed left parenthesis",
        consequence="Prometheus would refuse the file with these rules, and go on with older ones",
        fix="correct it; 'promtool query instant' tries it out on a running Prometheus",
    ),
    Mistake(
        what="an alert of one's own on a range",
        stack="local",
        catalogue={"services orders alerts OutboxStalls expression": "outbox_failures_total[5m]"},
        place="catalogue.yaml services.orders.alerts.OutboxStalls.expression",
        line="expression: outbox_failures_total[5m]",
        value="outbox_failures_total[5m]",
        message="is no PromQL: it is a range of samples; take e.g. its rate()",
        consequence="Prometheus would refuse the file with these rules, and go on with older ones",
        fix="correct it; 'promtool query instant' tries it out on a running Prometheus",
    ),
    Mistake(
        what="an alert of one's own with the name of another",
        catalogue={
            "services orders alerts": {
                "ErrorSurge": {
                    "expression": "up == 0",
                    "severity": "page",
                    "summary": "down",
                    "runbook": "https://docs.example.com/x",
                }
            }
        },
        place="catalogue.yaml services.orders.alerts.ErrorSurge",
        line="ErrorSurge:",
        message="has the name of an alert that every platform has",
        consequence="a silence, a runbook or an inhibition of one would be taken for the other's",
        fix="rename it",
    ),
    Mistake(
        what="an alert of one's own with an unknown severity",
        stack="local",
        catalogue={"services orders alerts OutboxStalls severity": "critical"},
        place="catalogue.yaml services.orders.alerts.OutboxStalls.severity",
        line="severity: critical",
        value="critical",
        message="is none of page, ticket, info",
        consequence="nothing can be deployed with this value",
        fix="use one of them",
    ),
    Mistake(
        what="an alert of one's own whose name is no name",
        stack="local",
        catalogue={
            "services orders alerts": {
                "outbox-stalls": {
                    "expression": "up == 0",
                    "severity": "page",
                    "summary": "down",
                    "runbook": "https://docs.example.com/x",
                }
            }
        },
        place="catalogue.yaml services.orders.alerts.outbox-stalls",
        line="outbox-stalls:",
        message="has a name that is not the name of an alert",
        consequence="runbooks and silences could not be found by it",
        fix="write it as one word of capitalised words, e.g. OutboxGrows",
    ),
    Mistake(
        what="a receiver with a typing slip",
        environment={"observability alerts page": {"webhok": "token", "host": "a.example.com"}},
        place="Pulumi.dev.yaml observability.alerts.page.webhok",
        line="webhok: token",
        value="token",
        message="is not a setting that exists here",
        consequence="it would be ignored, and nobody would know",
        fix="remove it, or move it to where it belongs",
    ),
    Mistake(
        what="a receiver that lacks its host",
        environment={"observability alerts page": {"webhook": "token"}},
        place="Pulumi.dev.yaml observability.alerts.page.host",
        line="page:",
        message="is missing",
        consequence="there is no default that would be right, so nothing can be deployed",
        fix="add it",
    ),
    Mistake(
        what="a list of receivers of which one lacks its host",
        environment={
            "observability alerts page": [{"webhook": "token", "host": "a.example.com"}, {"webhook": "token"}]
        },
        place="Pulumi.dev.yaml observability.alerts.page[1].host",
        line="- webhook: token",
        message="is missing",
        consequence="there is no default that would be right, so nothing can be deployed",
        fix="add it",
    ),
    Mistake(
        what="no alerts in production",
        stack="prod",
        environment={"observability alerts": REMOVED, "observability images alertmanager": REMOVED},
        place="Pulumi.prod.yaml observability",
        line="observability:",
        message="has no alerts, in production",
        consequence="customers would be the first to notice an outage",
        fix="add alerts: {page: …, ticket: …, info: …, watchdog: …}",
    ),
    Mistake(
        what="no watchdog in production",
        stack="prod",
        environment={"observability alerts watchdog": REMOVED},
        place="Pulumi.prod.yaml observability.alerts",
        line="alerts:",
        message="have no watchdog, in production",
        consequence="silence would look the same whether all is well or no alert arrives any more",
        fix="add watchdog: {webhook: KEY, host: …} of a service that calls when it hears nothing",
    ),
    Mistake(
        what="one Alertmanager in production",
        stack="prod",
        environment={"observability alerts replicas": 1},
        place="Pulumi.prod.yaml observability.alerts.replicas",
        line="replicas: 1",
        value=1,
        message="is 1, below production's floor of 2",
        consequence="nobody would be told of anything while Alertmanager restarts",
        fix="raise it to 2 or 3",
    ),
    Mistake(
        what="an operator beside an Alertmanager",
        environment={
            "observability metrics": {"run-by": "operator", "operator-namespace": "monitoring"},
            "observability dashboards": REMOVED,
        },
        place="Pulumi.dev.yaml observability.alerts",
        line="alerts:",
        message="are set, and Prometheus is run by the operator",
        consequence="two Alertmanagers would tell people of the same thing, or neither would",
        fix="drop them: rules and dashboards reach the operator's installation as objects",
    ),
)
