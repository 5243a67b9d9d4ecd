"""A platform whose services scale on requests: over HTTP, over gRPC, and a worker on its own metric."""

from __future__ import annotations

from typing import Any

from components.observability.arguments import Interface, MonitoredWorkload, ObservabilityArgs, Role
from components.specs.observability.settings import Observability
from components.specs.scaling import Autoscaling

ISSUER = "cluster-ca"


def service(name: str, *interfaces: Interface, **autoscaling: Any) -> MonitoredWorkload:
    """A service that scales; without words on it, one that does not."""
    scaling = Autoscaling.model_validate({"min": 2, "max": 9, **autoscaling}) if autoscaling else None
    return MonitoredWorkload(name=name, team="shop", role=Role.SERVICE, interfaces=interfaces, autoscaling=scaling)


def scaled_shop(*services: MonitoredWorkload, **metrics: Any) -> ObservabilityArgs:
    """A platform with these services, or with three that scale; further settings are those of its metrics."""
    chosen = services or (
        service("gateway", Interface.HTTP, cpu="70%", **{"requests-per-second": 50, "latency": {"p95": "300ms"}}),
        service("users", Interface.RPC, **{"requests-per-second": 200}),
        service("mailer", Interface.MESSAGING, metrics={"jobs_waiting": 10}),
        service("orders", Interface.RPC, cpu="70%"),
    )
    words = {"retention": "15d", "storage": "10Gi", "request-metrics": {"issuer": ISSUER}, **metrics}
    return ObservabilityArgs(
        settings=Observability.model_validate({"metrics": words, "runbooks": "https://runbooks.example.com"}),
        namespace="shop",
        edge_namespace="istio-ingress",
        part_of="shop",
        workloads={one.name: one for one in chosen},
    )
