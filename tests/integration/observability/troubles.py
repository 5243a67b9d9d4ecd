"""Troubles of Pods and autoscalers, as a node and controllers would report them, for the alerts on such."""

from __future__ import annotations

from typing import Any, Final

from components.manifests import Manifest
from tests.integration.observability.played_node import PlayedCluster

TROUBLED: Final = "recommendations"
"""The service whose Pod has them; to the scraper it is well."""
SCALED: Final = "gateway"
_KILLED: Final = {"exitCode": 137, "reason": "OOMKilled"}


def show_troubles(cluster: PlayedCluster, namespace: str) -> None:
    """Say that a Pod was killed for want of memory, restarts and isn't ready, and that an autoscaler is at its end."""
    for pod in cluster.pods(namespace):
        if pod["metadata"]["labels"]["app.kubernetes.io/name"] == TROUBLED:
            cluster.set_status(f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}", _troubled(pod))
    autoscaler = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{SCALED}"
    limit = (cluster.cluster.get(autoscaler) or {})["spec"]["maxReplicas"]
    cluster.set_status(autoscaler, {"currentReplicas": limit, "desiredReplicas": limit, "conditions": []})


def _troubled(pod: Manifest) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}
    statuses = [
        {
            **status,
            "ready": False,
            "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": _KILLED},
        }
        for status in pod["status"]["containerStatuses"]
    ]
    return {"conditions": [condition], "containerStatuses": statuses}
