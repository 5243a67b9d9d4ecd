"""Platforms whose traces and logs are kept in each way that there is."""

from __future__ import annotations

from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.jaeger.workload import jaeger_builders
from components.specs.observability.settings import Observability
from components.specs.workload import WorkloadSpec

METRICS: Final[dict[str, Any]] = {"retention": "15d", "storage": "50Gi"}
OPERATED: Final[dict[str, Any]] = {"run-by": "operator", "operator-namespace": "monitoring"}
LOGIN: Final[dict[str, str]] = {"username": "jaeger", "password": "storage-password"}
SEARCH: Final[dict[str, Any]] = {
    "url": "https://es.example.com:9200",
    "login": LOGIN,
    "index-prefix": "shop",
    "replicas": 2,
}
CASSANDRA: Final[dict[str, Any]] = {
    "hosts": ["cassandra-1.example.com", "cassandra-2.example.com"],
    "datacentre": "dc1",
    "login": LOGIN,
}


def watched(*, metrics: dict[str, Any] | None = None, **settings: Any) -> ObservabilityArgs:
    """A platform with these settings of its traces or logs."""
    return ObservabilityArgs(
        settings=Observability.model_validate(
            {"metrics": metrics or METRICS, "runbooks": "https://runbooks.example.com", **settings}
        ),
        namespace="shop",
        edge_namespace="istio-ingress",
        part_of="shop",
        workloads={},
    )


def traced(
    storage: dict[str, Any],
    *,
    retention: str | None = "7d",
    metrics: dict[str, Any] | None = None,
    **tracing: Any,
) -> ObservabilityArgs:
    """A platform that keeps its traces there."""
    kept = {} if retention is None else {"retention": retention}
    return watched(metrics=metrics, tracing={"storage": storage, **kept, **tracing})


def logged(loki: str = "50Gi", *, retention: str = "14d", **storage: Any) -> ObservabilityArgs:
    """A platform with a Loki of its own."""
    return watched(logs={"namespace": "logs", "storage": {"loki": loki, "retention": retention, **storage}})


def jaeger_workloads(args: ObservabilityArgs) -> dict[str, WorkloadSpec]:
    """All of Jaeger's workloads by name."""
    tracing = args.settings.tracing
    return {name: build(args) for name, build in jaeger_builders(tracing)} if tracing else {}


INSIDE: Final[dict[str, ObservabilityArgs]] = {
    "memory": traced({"memory": 10_000}, retention=None),
    "badger": traced({"badger": "10Gi", "storage-class": "fast"}),
    "badger-beside-an-operator": traced({"badger": "10Gi"}, metrics=OPERATED),
}
OUTSIDE: Final[dict[str, ObservabilityArgs]] = {
    "elasticsearch": traced({"elasticsearch": SEARCH}, replicas=2),
    "open-elasticsearch": traced({"elasticsearch": {"url": "http://es.example.com:9200/"}}, retention="12h"),
    "opensearch": traced({"opensearch": SEARCH}, replicas=3, metrics=OPERATED),
    "cassandra": traced({"cassandra": CASSANDRA}, replicas=2),
    "open-cassandra": traced({"cassandra": {**CASSANDRA, "login": None, "keyspace": "traces", "port": 9142}}),
}
VARIANTS: Final = INSIDE | OUTSIDE
"""Every way to keep traces in a Jaeger of the platform's own."""
AT_VENDOR: Final = traced({"otlp": {"url": "https://otlp.example.com"}}, retention=None)
