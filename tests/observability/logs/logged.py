"""A platform with logs, as its environments may want them."""

from __future__ import annotations

from typing import Any, Final

from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.specs.observability.settings import Observability

AGENTS: Final = "shop-agents"
EDGE: Final = "istio-ingress"
IN_LOKI: Final = {"loki": "20Gi", "retention": "14d"}
IN_ELASTICSEARCH: Final = {
    "elasticsearch": {
        "url": "https://es.example.com:9200",
        "index-prefix": "shop-",
        "login": {"username": "logs", "password": "elasticsearch-password"},
    }
}
IN_KAFKA: Final = {
    "kafka": {
        "brokers": ["kafka-0.example.com", "kafka-1.example.com"],
        "topic": "shop-logs",
        "login": {"username": "logs", "password": "kafka-password"},
    }
}


def logged(
    storage: dict[str, Any] | None = None,
    *,
    mesh: MeshReporter | None = None,
    metrics: dict[str, Any] | None = None,
    namespace: str = "shop",
    edge_namespace: str = EDGE,
    agents: str = AGENTS,
    **logs: Any,
) -> ObservabilityArgs:
    """A platform with these settings of its logs, in Loki unless they say otherwise."""
    settings = {
        "metrics": metrics or {"retention": "15d", "storage": "50Gi"},
        "runbooks": "https://runbooks.example.com",
        "logs": {"namespace": agents, "storage": storage or IN_LOKI, **logs},
    }
    return ObservabilityArgs(
        settings=Observability.model_validate(settings),
        namespace=namespace,
        edge_namespace=edge_namespace,
        part_of="shop",
        workloads={},
        mesh=mesh,
    )


VARIANTS: Final[dict[str, ObservabilityArgs]] = {
    "loki": logged(),
    "mesh": logged(mesh=MeshReporter.SIDECAR),
    "elasticsearch": logged(IN_ELASTICSEARCH),
    "kafka": logged(IN_KAFKA),
    "kafka without a login": logged({"kafka": {"brokers": ["kafka.example.com"]}}),
    "own redaction": logged(redact=[{"pattern": r"\bDE\d{20}\b"}, {"pattern": "costs $${amount}$"}]),
    "no node metrics": logged(**{"node-metrics": False}),
    "two Prometheus": logged(metrics={"retention": "15d", "storage": "50Gi", "replicas": 2}),
    "under an operator": logged(metrics={"run-by": "operator", "operator-namespace": "monitoring"}),
}
"""What environments may say of logs."""
