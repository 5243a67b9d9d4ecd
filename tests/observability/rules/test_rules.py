"""What all rules have in common, and that they fit the platform that they are for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import promql_parser
import pytest
from pydantic import TypeAdapter

from components.observability.arguments import Interface, ObservabilityArgs
from components.observability.rules.groups import alerts, rule_files, rule_groups
from components.observability.rules.model import Alert, RecordingRule
from components.observability.rules.own import expression_fault
from components.specs.container import Language
from components.specs.observability.own_alerts import AlertName
from tests.observability.foreign_metrics import labels_by_metric
from tests.observability.promql import metric_names
from tests.observability.rules.platforms import (
    EVERYTHING,
    EXPORTERS,
    OPERATOR,
    OWN_PARTS,
    PLATFORMS,
    SERVICES,
    USUAL,
    platform,
    service,
)

MEBIBYTE = 2**20
WITHOUT_VALUES = {"Watchdog", "NoTargets", "WorkloadDown", "RolloutStuck", "PodNotReady", "ContainerOutOfMemory"}
WITHOUT_VALUES |= {"StoreUnreachable", "BrokerUnreachable", "ConfigurationRefused"}
"""Alerts on what is so or is not so: there is no number to tell."""
BY_FLUENT_BIT = {"agent": "fluent-bit", "namespace": "nodes", "storage": {"loki": "20Gi", "retention": "7d"}}


def rules(args: ObservabilityArgs) -> Iterator[RecordingRule | Alert]:
    for group in rule_groups(args):
        yield from group.rules


def names(args: ObservabilityArgs) -> set[str]:
    return {alert.name for alert in alerts(args)}


def unknown(args: ObservabilityArgs) -> dict[str, set[str]]:
    """Rules that ask for metrics which nobody exports and no rule records."""
    recorded = {rule.record for rule in rules(args) if isinstance(rule, RecordingRule)}
    known = recorded | set(labels_by_metric())
    asked = {
        (rule.record if isinstance(rule, RecordingRule) else rule.name): metric_names(rule.expression) - known
        for rule in rules(args)
    }
    return {name: missing for name, missing in asked.items() if missing}


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_rule_asks_only_for_metrics_that_somebody_exports(name: str) -> None:
    # Of what is recorded, the thresholds of promises that nobody has made may be asked for: then they are not there.
    assert {key: value - {"slo:latency_threshold:seconds"} for key, value in unknown(PLATFORMS[name]).items()} in (
        {},
        {"SlowRequests": set()},
    )


def test_a_metric_that_nobody_exports_is_noticed() -> None:
    gateway = EVERYTHING.workloads["gateway"]
    own = EVERYTHING.workloads["orders"].alerts["OutboxFails"]
    planted = replace(gateway, alerts={"Planted": own.model_copy(update={"expression": "jobs_waitng > 5"})})
    args = replace(EVERYTHING, workloads={**EVERYTHING.workloads, "gateway": planted})
    assert unknown(args) == {"Planted": {"jobs_waitng"}}


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_alert_says_what_is_the_matter_and_where_to_read_on(name: str) -> None:
    for text in rule_files(PLATFORMS[name]).values():
        for rule in json.loads(text)["groups"][0]["rules"]:
            if "alert" in rule:
                TypeAdapter(AlertName).validate_python(rule["alert"])
                assert rule["labels"]["severity"] in {"page", "ticket", "info"}
                assert {"summary", "description", "runbook_url"} <= rule["annotations"].keys()
                assert rule["annotations"]["runbook_url"].startswith("https://runbooks.example.com/")
                assert "{{" not in rule["annotations"]["description"], "values stand in the summary"
                assert "$value" in rule["annotations"]["summary"] or rule["alert"] in WITHOUT_VALUES


def test_alerts_of_one_name_share_what_messages_say_once() -> None:
    for name in names(EVERYTHING):
        alike = [alert for alert in alerts(EVERYTHING) if alert.name == name]
        assert len({(one.description, one.runbook, one.dashboard) for one in alike}) == 1, name
        told = {(one.severity, *sorted(one.labels.items())) for one in alike}
        assert len(told) == len(alike), f"{name}: two alerts that differ in nothing would be told as one"


def test_whoever_gets_an_alert_learns_whose_it_is() -> None:
    """Each keeps the labels of the series, or sets them itself."""
    for alert in alerts(EVERYTHING):
        text = alert.expression
        kept = re.search(r"by \([^)]*\bservice\b", text) or "service:info" in text or "slo:burn_rate" in text
        assert kept or "service" in alert.labels or alert.name == "ErrorSurge", alert.name


def test_only_what_an_environment_has_is_watched() -> None:
    assert names(platform(*OWN_PARTS)) == {
        *("TargetDown", "NoTargets", "GoroutinesLeak", "GoMemoryLimitNear"),
        *("ContainerRestarts", "ContainerOutOfMemory", "PodNotReady", "RolloutStuck", "WorkloadDown"),
        *("CpuThrottled", "MemoryNearLimit", "VolumeFills", "VolumeFull"),
        *("Watchdog", "ConfigurationRefused", "RulesFail", "RulesLate", "PrometheusStorageFails"),
    }
    for absent, args in (
        ({"JvmPausesLong"}, platform(service("hello", Language.GO, Interface.RPC), *OWN_PARTS)),
        ({"ConsumerLags", "BrokerUnreachable"}, platform(*SERVICES, *EXPORTERS[:2], *OWN_PARTS)),
        ({"StoreMemoryFills", "StoreRefusesConnections"}, platform(*SERVICES, EXPORTERS[0], *OWN_PARTS)),
        ({"CpuThrottled", "VolumeFull"}, platform(*SERVICES, *OWN_PARTS, nodes=False)),
        ({"WorkloadDown", "PodNotReady", "Watchdog", "RulesFail", "NoTargets"}, OPERATOR),
        ({"MeshCertificateExpires"}, PLATFORMS["ambient"]),
        ({"SloBudgetBurns"}, platform(service("hello", Language.GO, Interface.RPC, objective=None), *OWN_PARTS)),
        ({"AlertmanagersApart"}, platform(*SERVICES, *OWN_PARTS, alerts={"replicas": 1})),
        ({"SamplerFills", "LogsNotStored"}, platform(*OWN_PARTS, tracing={"storage": {"memory": 10_000}})),
        ({"SpansRefused", "ExportStalls", "TelemetryLost"}, platform(*OWN_PARTS, logs=BY_FLUENT_BIT)),
    ):
        assert absent <= names(EVERYTHING), "a platform that has everything has these"
        assert not absent & names(args)


def test_a_platform_with_everything_has_every_alert() -> None:
    assert set().union(*(names(args) for args in PLATFORMS.values())) == names(EVERYTHING)


def test_rules_are_as_many_for_many_services_as_for_few() -> None:
    many = platform(*(service(f"service-{number}", Language.GO, Interface.RPC) for number in range(500)), *OWN_PARTS)
    few = platform(service("service-0", Language.GO, Interface.RPC), *OWN_PARTS)
    by_group = [{group.name: len(group.rules) for group in rule_groups(args)} for args in (few, many)]
    assert by_group[0].pop("objectives") * 500 == by_group[1].pop("objectives"), "promises are each one's own"
    assert by_group[0] == by_group[1]


def test_the_rules_of_500_services_fit_into_one_config_map() -> None:
    """A ConfigMap holds 1 MiB: https://kubernetes.io/docs/concepts/configuration/configmap/#motivation."""
    name = "a-service-with-quite-a-long-name-{}"
    workloads = (
        replace(one, name=name.format(number), objective=USUAL)
        for number in range(500)
        for one in SERVICES[number % 5 : number % 5 + 1]
    )
    files = rule_files(replace(EVERYTHING, workloads={one.name: one for one in (*workloads, *EXPORTERS, *OWN_PARTS)}))
    size = sum(len(file) + len(text.encode()) for file, text in files.items())
    assert size < MEBIBYTE, f"{size} bytes"


def test_an_own_alert_is_its_services_and_its_teams() -> None:
    (alert,) = (one for one in alerts(EVERYTHING) if one.name == "OutboxFails")
    assert alert.labels == {"service": "orders", "team": "shop"}
    (rule,) = json.loads(rule_files(EVERYTHING)["own.yaml"])["groups"][0]["rules"]
    assert rule["annotations"]["runbook_url"] == "https://runbooks.example.com/orders/outbox"
    assert rule["labels"] == {"service": "orders", "team": "shop", "severity": "ticket"}
    assert rule["for"] == "5m"


@pytest.mark.parametrize(
    "text", ["up == 0", "(vector(1))", "sum by (pod) (rate(a_total[5m])) > on (pod) group_left () b", "time() > bool 5"]
)
def test_an_expression_that_prometheus_would_take_has_no_fault(text: str) -> None:
    assert expression_fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "up ==",
        "rate(up) > 1",
        "nosuch(up)",
        "up[5m]",
        "'text'",
        "('text')",
        "up[1h:5m]",
        "",
        "sum by pod (up)",
        "1 > 2",
    ],
)
def test_an_expression_that_prometheus_would_refuse_has_a_fault(text: str) -> None:
    assert expression_fault(text)


def test_every_expression_reads_the_same_after_it_is_written_anew() -> None:
    """So that a runbook's query, which is laid out in lines, is the rule's."""
    for rule in rules(EVERYTHING):
        pretty = promql_parser.parse(rule.expression).prettify()
        assert promql_parser.parse(pretty).prettify() == pretty
