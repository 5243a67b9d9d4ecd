"""The sample with a Prometheus that meets every rule: a service that it scrapes, a promise, alerts, a watchdog."""

from __future__ import annotations

import json
from typing import Any

from tests.isolation.sample import NAMESPACE, Body, a_container, a_pod, an_object, find, sample

BURN_RATES = (
    (14.4, "1h", "5m", "page"),
    (6, "6h", "30m", "page"),
    (3, "1d", "2h", "ticket"),
    (1, "3d", "6h", "ticket"),
)
RULES = "rules.yaml"
CONFIG = "prometheus.yml"
ROUTES = "alertmanager.yml"
_PORT = 8081


def observed(manifests: list[Body]) -> None:
    """Let a Prometheus of the platform's own watch the sample."""
    _with_metrics(manifests)
    find(manifests, "NetworkPolicy", "users")["spec"]["ingress"].append(
        {"from": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}], "ports": [{"port": _PORT}]}
    )
    manifests += [
        an_object("ConfigMap", "prometheus", data={CONFIG: json.dumps(_config())}),
        an_object("ConfigMap", "prometheus-rules", data={RULES: json.dumps(rule_file())}),
        an_object("ConfigMap", "alertmanager", data={ROUTES: json.dumps(_routes())}),
        *_prometheus(),
    ]


def operated(manifests: list[Body]) -> None:
    """Let the Prometheus of another namespace watch the sample, through an operator."""
    _with_metrics(manifests)
    theirs = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    find(manifests, "NetworkPolicy", "users")["spec"]["ingress"].append({"from": [theirs], "ports": [{"port": _PORT}]})
    monitor = {
        "selector": {},
        "namespaceSelector": {"matchNames": [NAMESPACE]},
        "podMetricsEndpoints": [{"interval": "30s"}],
    }
    manifests += [
        an_object("PodMonitor", "shop", "monitoring.coreos.com/v1", spec=monitor),
        an_object("PrometheusRule", "shop", "monitoring.coreos.com/v1", spec=rule_file()),
    ]


def an_observed_sample() -> list[Body]:
    """A new copy of the sample with a Prometheus of its own."""
    manifests = sample()
    observed(manifests)
    return manifests


def an_operated_sample() -> list[Body]:
    """A new copy of the sample with an operator's Prometheus."""
    manifests = sample()
    operated(manifests)
    return manifests


def rule_file() -> Body:
    """A promise, how fast its budget is spent, and the alerts."""
    records = [
        {
            "record": "slo:objective:ratio",
            "expr": "vector(0.999)",
            "labels": {"service": "users", "slo": "availability"},
        },
        *(
            {"record": f"slo:burn_rate:{window}", "expr": "vector(1)"}
            for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
        ),
    ]
    alerts = [
        an_alert(
            "SloBudgetBurns",
            f"slo:burn_rate:{long} > {factor} and on (service, slo) slo:burn_rate:{short} > {factor}",
            severity,
        )
        for factor, long, short, severity in BURN_RATES
    ]
    return {"groups": [{"name": "all", "rules": [*records, *alerts, an_alert("Watchdog", "vector(1)", "info")]}]}


def an_alert(name: str, expression: str, severity: str) -> Body:
    """An alert with all that an alert needs."""
    link = f"https://docs.example.com/runbooks/{name}.md"
    annotations = {"summary": "{{ $value }} times too fast", "runbook_url": link}
    return {"alert": name, "expr": expression, "labels": {"severity": severity}, "annotations": annotations}


def _with_metrics(manifests: list[Body]) -> None:
    template = find(manifests, "Deployment", "users")["spec"]["template"]
    template["metadata"]["annotations"] = {"prometheus.io/scrape": "true", "prometheus.io/port": str(_PORT)}
    template["spec"]["containers"][0]["ports"].append({"name": "metrics", "containerPort": _PORT})


def _config() -> Body:
    discovery = {"role": "pod", "namespaces": {"names": [NAMESPACE]}}
    return {"scrape_configs": [{"job_name": "pods", "kubernetes_sd_configs": [discovery]}]}


def _routes() -> Body:
    watchdog = {"receiver": "dead-man", "matchers": ['alertname="Watchdog"']}
    return {
        "route": {"receiver": "nobody", "routes": [watchdog]},
        "receivers": [{"name": "nobody"}, {"name": "dead-man", "webhook_configs": [{"url_file": "/etc/url"}]}],
    }


def _prometheus() -> list[Body]:
    probes: dict[str, Any] = {
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": "http"}},
        "livenessProbe": {"httpGet": {"path": "/-/healthy", "port": "http"}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }
    pod = a_pod(
        "prometheus",
        a_container("prometheus", ports=[{"name": "http", "containerPort": 9090}], **probes),
        terminationGracePeriodSeconds=60,
        topologySpreadConstraints=[
            {
                "maxSkew": 1,
                "topologyKey": topology,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": "prometheus"}},
            }
            for topology in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
        ],
        volumes=[{"name": "config", "configMap": {"name": "prometheus"}}],
    )
    labels = {"matchLabels": {"app": "prometheus"}}
    egress = [{"to": [{"podSelector": {"matchLabels": {"app": "users"}}}], "ports": [{"port": _PORT}]}]
    return [
        an_object("ServiceAccount", "prometheus"),
        an_object(
            "StatefulSet",
            "prometheus",
            "apps/v1",
            spec={"replicas": 2, "serviceName": "prometheus", "selector": labels, "template": pod},
        ),
        an_object(
            "Service",
            "prometheus",
            spec={"clusterIP": "None", "selector": {"app": "prometheus"}, "ports": [{"port": 9090}]},
        ),
        an_object("PodDisruptionBudget", "prometheus", "policy/v1", spec={"maxUnavailable": 1, "selector": labels}),
        an_object(
            "NetworkPolicy",
            "prometheus",
            "networking.k8s.io/v1",
            spec={"podSelector": labels, "policyTypes": ["Ingress", "Egress"], "egress": egress},
        ),
    ]
