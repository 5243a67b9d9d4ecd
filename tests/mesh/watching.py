"""What the documents declare of the parts that watch a platform, read from them by other code than the program's."""

from __future__ import annotations

from typing import Any

Way = tuple[str, str, str]
"""Source, target, and the target's port by name."""


def calls(environment: dict[str, Any], catalogue: dict[str, Any]) -> set[Way]:
    """Who calls whom by a Service: exporters their stores, and the parts each other."""
    watching = environment.get("observability")
    if watching is None:
        return set()
    found = {
        (f"{store}-exporter", store, entry["engine"])
        for store, entry in catalogue["stores"].items()
        if "storage" in environment["stores"][store]
    }
    if "storage" in environment["broker"]:
        found.add(("nats-exporter", "nats", "monitor"))
    found.add(("prometheus", "kube-state-metrics", "state"))
    if "issuer" in environment.get("mesh", {}).get("edge", {}).get("tls", {}):
        found.add(("prometheus", "kube-state-metrics", "certificates"))
    if "alerts" in watching:
        found.add(("prometheus", "alertmanager", "metrics"))
        if watching["alerts"].get("replicas", 1) > 1:
            found.add(("alertmanager", "alertmanager", "cluster"))
    if "dashboards" in watching:
        found.add(("grafana", "prometheus", "metrics"))
    if "request-metrics" in watching["metrics"]:
        found.add(("prometheus-adapter", "prometheus", "metrics"))
    return found


def scraped(environment: dict[str, Any], catalogue: dict[str, Any]) -> set[str]:
    """The workloads that serve metrics."""
    watching = environment.get("observability")
    if watching is None:
        return set()
    stores = [f"{store}-exporter" for store in catalogue["stores"]]
    broker = ["nats-exporter"] if "storage" in environment["broker"] else []
    servers = [name for part, name in (("alerts", "alertmanager"), ("dashboards", "grafana")) if part in watching]
    services = [name for name, service in catalogue["services"].items() if "metrics" in service.get("ports", {})]
    return {*services, *stores, *broker, *servers, "prometheus", "kube-state-metrics"}
