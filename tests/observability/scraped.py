"""A platform as its environments may have it scraped, and the objects of one of its servers."""

from __future__ import annotations

from typing import Any, Final

from components.observability.arguments import MeshReporter, MonitoredWorkload, ObservabilityArgs, Role
from components.observability.names import KUBE_STATE_METRICS
from components.specs.observability.settings import Observability

EDGE: Final = "istio-ingress"
REMOTE: Final = [
    {"host": "mimir.example.com", "path": "/api/v1/push", "username": "shop", "password": "mimir-password"},
    {"host": "samples.example.net", "port": 9443, "password": "samples-token"},
    {"host": "open.example.org"},
]


def scraped(
    *,
    mesh: MeshReporter | None = None,
    alerts: dict[str, Any] | None = None,
    namespace: str = "shop",
    edge_namespace: str = EDGE,
    certificates: bool = False,
    **metrics: Any,
) -> ObservabilityArgs:
    """A platform with these settings of its metrics; None stands for one that is left out."""
    words = {
        key: value for key, value in {"retention": "15d", "storage": "50Gi", **metrics}.items() if value is not None
    }
    settings = {"metrics": words, "runbooks": "https://runbooks.example.com", "alerts": alerts}
    state = MonitoredWorkload(name=KUBE_STATE_METRICS, team="platform", role=Role.PLATFORM)
    return ObservabilityArgs(
        settings=Observability.model_validate(settings),
        namespace=namespace,
        edge_namespace=edge_namespace,
        part_of="shop",
        workloads={state.name: state},
        mesh=mesh,
        certificates=certificates,
    )


VARIANTS: Final[dict[str, ObservabilityArgs]] = {
    "smallest": scraped(nodes=False),
    "nodes": scraped(),
    "nodes-with-own-certificates": scraped(**{"verify-nodes": False}),
    "sidecars": scraped(mesh=MeshReporter.SIDECAR, alerts={}),
    "ambient": scraped(mesh=MeshReporter.WAYPOINT, alerts={}),
    "pair": scraped(replicas=2, alerts={"replicas": 3}),
    "remote": scraped(**{"remote-write": REMOTE}),
    "everything": scraped(
        mesh=MeshReporter.SIDECAR,
        alerts={"replicas": 3},
        certificates=True,
        replicas=2,
        **{"remote-write": REMOTE, "scrape-interval": "5s", "storage-class": "fast"},
    ),
}
"""What environments may say of metrics."""
