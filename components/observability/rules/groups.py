"""All rules of a platform, and the files that Prometheus reads. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.broker import broker_alerts
from components.observability.rules.burn_rates import burn_rate_alerts
from components.observability.rules.certificates import certificate_alerts
from components.observability.rules.go import go_alerts
from components.observability.rules.inventory import inventory_rules
from components.observability.rules.jvm import jvm_alerts
from components.observability.rules.latency import latency_rules
from components.observability.rules.mesh import mesh_rules
from components.observability.rules.model import Alert, RecordingRule, RuleGroup
from components.observability.rules.monitoring import monitoring_alerts
from components.observability.rules.notifications import notification_alerts
from components.observability.rules.objectives import budget_rules, objective_rules
from components.observability.rules.own import own_alerts
from components.observability.rules.requests import request_rules
from components.observability.rules.saturation import saturation_alerts
from components.observability.rules.stores import store_alerts
from components.observability.rules.streams import stream_rules
from components.observability.rules.targets import target_alerts
from components.observability.rules.telemetry import telemetry_alerts
from components.observability.rules.workloads import workload_alerts
from components.quantities import duration_text
from components.yaml_text import yaml_line


def rule_groups(args: ObservabilityArgs) -> tuple[RuleGroup, ...]:
    """Return the rules that apply here, by topic: only those whose metrics this environment has."""
    groups = (
        inventory_rules(args),
        request_rules(args),
        latency_rules(args),
        mesh_rules(args),
        objective_rules(args),
        *budget_rules(args),
        burn_rate_alerts(args),
        jvm_alerts(args),
        go_alerts(args),
        saturation_alerts(args),
        workload_alerts(args),
        target_alerts(args),
        stream_rules(args),
        broker_alerts(args),
        store_alerts(args),
        certificate_alerts(args),
        monitoring_alerts(args),
        notification_alerts(args),
        telemetry_alerts(args),
        own_alerts(args),
    )
    return tuple(group for group in groups if group.rules)


def alerts(args: ObservabilityArgs) -> Iterator[Alert]:
    """Yield every alert."""
    for group in rule_groups(args):
        yield from (rule for rule in group.rules if isinstance(rule, Alert))


def runbook_url(args: ObservabilityArgs, alert: Alert) -> str:
    """Return the address of the page that says what to do."""
    return alert.runbook or f"{args.settings.runbooks}/{alert.name}.md"


def annotations(args: ObservabilityArgs, alert: Alert) -> dict[str, str]:
    """Return what an alert says, with templates not yet filled in."""
    dashboard = {} if alert.dashboard is None else {"dashboard": alert.dashboard}
    url = {"runbook_url": runbook_url(args, alert)}
    return {"summary": alert.summary, "description": alert.description, **url, **dashboard}


def labels(alert: Alert) -> dict[str, str]:
    """Return the labels that an alert sets beside those of its series."""
    return {**alert.labels, "severity": alert.severity.value}


def rule_files(args: ObservabilityArgs) -> dict[str, str]:
    """Return file → text, one group a file: the ConfigMap prometheus-rules.

    One rule a line keeps the promises of 500 services far below a ConfigMap's 1 MiB, and diffs readable.
    """
    return {f"{group.name}.yaml": _text(args, group) for group in rule_groups(args)}


def _text(args: ObservabilityArgs, group: RuleGroup) -> str:
    interval = "" if group.interval is None else f' "interval": {yaml_line(duration_text(group.interval))},'
    rules = ",\n".join(yaml_line(_rule(args, rule)) for rule in group.rules)
    return f'{{"groups": [{{"name": {yaml_line(group.name)},{interval} "rules": [\n{rules}\n]}}]}}\n'


def _rule(args: ObservabilityArgs, rule: RecordingRule | Alert) -> Mapping[str, Any]:
    if isinstance(rule, RecordingRule):
        named = {"labels": dict(rule.labels)} if rule.labels else {}
        return {"record": rule.record, "expr": rule.expression, **named}
    hold = {"for": duration_text(rule.hold)} if rule.hold else {}
    keep = {"keep_firing_for": duration_text(rule.keep_firing_for)} if rule.keep_firing_for else {}
    return {
        "alert": rule.name,
        "expr": rule.expression,
        **hold,
        **keep,
        "labels": labels(rule),
        "annotations": annotations(args, rule),
    }
