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
    return found | traces(environment, catalogue) | logs(environment) | _pushes(environment, is_pair=False)


def traces(environment: dict[str, Any], catalogue: dict[str, Any]) -> set[Way]:
    """Who sends spans to whom, and who looks for them."""
    tracing = environment["observability"].get("tracing")
    if tracing is None:
        return set()
    found = {(name, "otel-collector", "otlp-http") for name in catalogue["services"]}
    if environment.get("mesh", {}).get("data-plane") == "sidecar":
        found |= {(name, "otel-collector", "otlp") for name in catalogue["services"]}
    if "tail" in tracing.get("sampling", {}):
        found.add(("otel-collector", "otel-sampler", "otlp"))
    found.add((_sender(tracing), _storing(tracing), "otlp"))
    return found | {("grafana", "jaeger", "search"), ("jaeger", "prometheus", "metrics")}


def logs(environment: dict[str, Any]) -> set[Way]:
    """Who sends logs to whom, and who looks for them."""
    is_kept_here = "loki" in environment["observability"].get("logs", {}).get("storage", {})
    return {("otel-agent", "loki", "metrics"), ("grafana", "loki", "metrics")} if is_kept_here else set()


def pushes(environment: dict[str, Any]) -> set[Way]:
    """Who sends metrics to each Prometheus of a pair, past any waypoint."""
    return _pushes(environment, is_pair=True)


def _pushes(environment: dict[str, Any], *, is_pair: bool) -> set[Way]:
    watching = environment["observability"]
    if (watching["metrics"].get("replicas", 1) > 1) is not is_pair:
        return set()
    senders = [_sender(watching["tracing"])] if "tracing" in watching else []
    agents = ["otel-agent"] if "logs" in watching else []
    return {(source, "prometheus", "metrics") for source in (*senders, *agents)}


def _sender(tracing: dict[str, Any]) -> str:
    return "otel-sampler" if "tail" in tracing.get("sampling", {}) else "otel-collector"


def _storing(tracing: dict[str, Any]) -> str:
    return "jaeger" if {"memory", "badger"} & tracing["storage"].keys() else "jaeger-collector"


def scraped(environment: dict[str, Any], catalogue: dict[str, Any]) -> set[str]:
    """The workloads that serve metrics."""
    watching = environment.get("observability")
    if watching is None:
        return set()
    stores = [f"{store}-exporter" for store in catalogue["stores"]]
    broker = ["nats-exporter"] if "storage" in environment["broker"] else []
    servers = [name for part, name in (("alerts", "alertmanager"), ("dashboards", "grafana")) if part in watching]
    services = [name for name, service in catalogue["services"].items() if "metrics" in service.get("ports", {})]
    tracing, parts = watching.get("tracing"), ["loki", "otel-agent"] if "logs" in watching else []
    if tracing is not None:
        parts += ["otel-collector", _sender(tracing), "jaeger", _storing(tracing)]
    return {*services, *stores, *broker, *servers, *parts, "prometheus", "kube-state-metrics"}
