"""Platforms that rules are made for: one that has everything, and others that lack this or that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from components.observability.arguments import (
    Interface,
    MeshReporter,
    MetricsEndpoint,
    MonitoredWorkload,
    ObservabilityArgs,
    Role,
    StreamConsumer,
)
from components.observability.names import ALERTMANAGER, GRAFANA, KUBE_STATE_METRICS, PROMETHEUS, exporter_name
from components.specs.container import Language
from components.specs.observability.objectives import Objective
from components.specs.observability.own_alerts import OwnAlert
from components.specs.observability.settings import Observability
from components.specs.scaling import Autoscaling

RUNBOOKS: Final = "https://runbooks.example.com"
METRICS: Final = MetricsEndpoint(port=8081, path="/metrics")
USUAL: Final = Objective.model_validate({"availability": "99.9%", "latency": {"p99": "500ms"}})
SHORT: Final = Objective.model_validate(
    {"availability": "99%", "latency": {"p95": "1s", "p99": "2.5s"}, "window": "7d"}
)
OWN: Final = OwnAlert.model_validate(
    {
        "expression": "increase(outbox_failures_total[15m]) > 5",
        "severity": "ticket",
        "summary": "{{ $value | humanize }} attempts to empty the outbox have failed",
        "runbook": "https://runbooks.example.com/orders/outbox",
    }
)


def service(name: str, language: Language, *interfaces: Interface, **more: Any) -> MonitoredWorkload:
    usual = MonitoredWorkload(
        name=name,
        team="shop",
        role=Role.SERVICE,
        language=language,
        endpoint=METRICS,
        interfaces=interfaces,
        objective=USUAL,
    )
    return replace(usual, **more)


def part(name: str) -> MonitoredWorkload:
    return MonitoredWorkload(name=name, team="platform", role=Role.PLATFORM, language=Language.GO, endpoint=METRICS)


def exporter(speaks_for: str, engine: str) -> MonitoredWorkload:
    return MonitoredWorkload(
        name=exporter_name(speaks_for),
        team="shop",
        role=Role.EXPORTER,
        engine=engine,
        speaks_for=speaks_for,
        endpoint=METRICS,
    )


SERVICES: Final = (
    service(
        "gateway",
        Language.GO,
        Interface.HTTP,
        autoscaling=Autoscaling.model_validate({"min": 2, "max": 6, "cpu": "70%"}),
        calls=("users", "orders"),
        is_meshed_service=True,
    ),
    service("users", Language.JAVA, Interface.RPC, stores=("users-db",), is_meshed_service=True),
    service("orders", Language.GO, Interface.RPC, objective=SHORT, alerts={"OutboxFails": OWN}, is_meshed_service=True),
    service("recommendations", Language.PYTHON, Interface.RPC, objective=None, is_meshed_service=True),
    service(
        "fulfilment",
        Language.JAVA,
        Interface.MESSAGING,
        consumers=(StreamConsumer(stream="ORDERS", name="fulfilment", subject="order.created", max_deliver=3),),
    ),
)
EXPORTERS: Final = (exporter("users-db", "postgres"), exporter("cache", "redis"), exporter("nats", "nats"))


def platform(
    *workloads: MonitoredWorkload,
    alerts: dict[str, Any] | None = None,
    mesh: MeshReporter | None = None,
    certificates: bool = False,
    tracing: dict[str, Any] | None = None,
    logs: dict[str, Any] | None = None,
    **metrics: Any,
) -> ObservabilityArgs:
    words: dict[str, Any] = {"retention": "35d", "storage": "50Gi", **metrics}
    settings = {
        "metrics": words,
        "runbooks": RUNBOOKS,
        "alerts": alerts,
        "tracing": tracing,
        "logs": logs,
    }
    return ObservabilityArgs(
        settings=Observability.model_validate(settings),
        namespace="shop",
        edge_namespace="edge",
        part_of="shop",
        workloads={one.name: one for one in workloads},
        mesh=mesh,
        streams=("ORDERS",),
        certificates=certificates,
    )


OWN_PARTS: Final = tuple(map(part, (PROMETHEUS, ALERTMANAGER, GRAFANA, KUBE_STATE_METRICS)))
EVERYTHING: Final = platform(
    *SERVICES,
    *EXPORTERS,
    *OWN_PARTS,
    alerts={"replicas": 3},
    mesh=MeshReporter.SIDECAR,
    certificates=True,
    tracing={"storage": {"memory": 10_000}, "sampling": {"tail": {"rest": "10%"}}},
    logs={"namespace": "shop-nodes", "storage": {"loki": "20Gi", "retention": "7d"}},
    **{"remote-write": [{"host": "mimir.example.com"}]},
)
"""Every rule there is applies to it."""
OPERATOR: Final = replace(
    EVERYTHING,
    settings=Observability.model_validate(
        {"metrics": {"run-by": "operator", "operator-namespace": "monitoring"}, "runbooks": RUNBOOKS}
    ),
    workloads={one.name: one for one in (*SERVICES, *EXPORTERS)},
)
PLATFORMS: Final[dict[str, ObservabilityArgs]] = {
    "everything": EVERYTHING,
    "ambient": replace(EVERYTHING, mesh=MeshReporter.WAYPOINT),
    "no-mesh": platform(*SERVICES, *EXPORTERS, *OWN_PARTS, alerts={}),
    "one-service": platform(service("hello", Language.GO, Interface.HTTP), part(PROMETHEUS)),
    "no-service": platform(part(PROMETHEUS), part(KUBE_STATE_METRICS), nodes=False),
    "operator": OPERATOR,
}
