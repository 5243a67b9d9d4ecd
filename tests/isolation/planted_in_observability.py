"""Planted violations of rules 32 to 35: promises, alerts, routes and scrapes."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.isolation.changes import Change, Planted, deployment, in_turn, put, spec
from tests.isolation.mesh_sample import meshed
from tests.isolation.observed_sample import CONFIG, ROUTES, RULES, observed, operated
from tests.isolation.sample import Body, find

_RULES_PATH = f"data.{RULES}.groups[0]"
_FIRST_ALERT, _WATCHDOG = 8, 12
_LABELS = "spec.template.metadata.labels"


def _planted(rule: int, what: str, change: Change, path: str) -> Planted:
    return Planted(rule, what, in_turn(observed, change), path)


def _operated(rule: int, what: str, change: Change, path: str) -> Planted:
    return Planted(rule, what, in_turn(operated, change), path)


def _in(config_map: str, key: str, change: Callable[[Body], object]) -> Change:
    """A change of the document that stands in a ConfigMap."""

    def changed(manifests: list[Body]) -> None:
        data = find(manifests, "ConfigMap", config_map)["data"]
        document = json.loads(data[key])
        change(document)
        data[key] = json.dumps(document)

    return changed


def _rules(change: Callable[[list[Body]], object]) -> Change:
    return _in("prometheus-rules", RULES, lambda document: change(document["groups"][0]["rules"]))


def _replaced(position: int, old: str, new: str) -> Change:
    def change(rules: list[Body]) -> None:
        assert old in rules[position]["expr"], rules[position]
        rules[position]["expr"] = rules[position]["expr"].replace(old, new)

    return _rules(change)


def _without_annotation(name: str) -> Change:
    return _rules(lambda rules: rules[_FIRST_ALERT]["annotations"].pop(name))


OBSERVABILITY = (
    _planted(32, "three burn rates of four", _rules(lambda rules: rules.pop(_FIRST_ALERT)), f"{_RULES_PATH}.rules[0]"),
    _planted(32, "another number", _replaced(_FIRST_ALERT, "5m > 14.4", "5m > 144"), f"{_RULES_PATH}.rules[0]"),
    _planted(32, "no short window", _replaced(_FIRST_ALERT + 1, "30m", "6h"), f"{_RULES_PATH}.rules[0]"),
    _planted(32, "either window", _replaced(_FIRST_ALERT + 2, "and on", "or on"), f"{_RULES_PATH}.rules[0]"),
    _planted(
        32,
        "alerts for another service",
        _replaced(_FIRST_ALERT + 3, "slo:burn_rate:6h", 'slo:burn_rate:6h{service=~"ord.*"}'),
        f"{_RULES_PATH}.rules[0]",
    ),
    _planted(32, "a window that nobody records", _rules(lambda rules: rules.pop(1)), f"{_RULES_PATH}.rules[0]"),
    _planted(
        33,
        "a severity that nobody routes",
        _rules(lambda rules: rules[_FIRST_ALERT]["labels"].update(severity="critical")),
        f"{_RULES_PATH}.rules[{_FIRST_ALERT}].labels.severity",
    ),
    _planted(
        33, "no summary", _without_annotation("summary"), f"{_RULES_PATH}.rules[{_FIRST_ALERT}].annotations.summary"
    ),
    _planted(
        33,
        "no runbook",
        _without_annotation("runbook_url"),
        f"{_RULES_PATH}.rules[{_FIRST_ALERT}].annotations.runbook_url",
    ),
    _operated(
        33,
        "no severity, for an operator",
        lambda manifests: find(manifests, "PrometheusRule", "shop")["spec"]["groups"][0]["rules"][_FIRST_ALERT].pop(
            "labels"
        ),
        f"spec.groups[0].rules[{_FIRST_ALERT}].labels.severity",
    ),
    _planted(34, "no watchdog", _rules(lambda rules: rules.pop(_WATCHDOG)), f"data.{RULES}"),
    _planted(
        34,
        "a watchdog that tells nobody",
        _in("alertmanager", ROUTES, lambda document: document["route"].pop("routes")),
        f"data.{ROUTES}.route",
    ),
    _planted(
        34,
        "a watchdog of another name",
        _in("alertmanager", ROUTES, lambda document: document["route"]["routes"][0].update(matchers=["alertname=Dog"])),
        f"data.{ROUTES}.route",
    ),
    _planted(
        35,
        "metrics that nothing speaks of",
        lambda manifests: deployment(manifests)["spec"]["template"]["metadata"].pop("annotations"),
        "spec.template.metadata.annotations",
    ),
    _planted(
        35,
        "metrics on another port than is said",
        lambda manifests: deployment(manifests)["spec"]["template"]["metadata"]["annotations"].update(
            {"prometheus.io/port": "8080"}
        ),
        "spec.template.metadata.annotations",
    ),
    _planted(
        35,
        "a job for other namespaces",
        _in(
            "prometheus",
            CONFIG,
            lambda document: document["scrape_configs"][0]["kubernetes_sd_configs"][0].update(
                namespaces={"names": ["elsewhere"]}
            ),
        ),
        _LABELS,
    ),
    _planted(
        35,
        "a closed way in",
        lambda manifests: find(manifests, "NetworkPolicy", "users")["spec"]["ingress"].pop(),
        _LABELS,
    ),
    _planted(35, "a closed way out", put(spec("NetworkPolicy", "prometheus"), egress=[]), _LABELS),
    # The sample's mesh gives its Prometheus no Sidecar, which is rule 22's.
    Planted(35, "a sidecar whose port is closed", in_turn(observed, meshed), _LABELS, also=(22,)),
    _operated(
        35,
        "a monitor of other Pods",
        put(spec("PodMonitor", "shop"), selector={"matchLabels": {"app": "orders"}}),
        _LABELS,
    ),
    _operated(
        35,
        "a way in that is closed to an operator's Prometheus",
        lambda manifests: find(manifests, "NetworkPolicy", "users")["spec"]["ingress"].pop(),
        _LABELS,
    ),
)
