"""What a cluster has and the local control plane lacks: workload controllers, and a node on which Pods run.

The controllers are the real ones, of a second kube-controller-manager. So the Pods are really created, counted by the
quota and judged by Pod Security admission, rollouts really proceed, budgets and progress deadlines really hold, and
every status that the program awaits is written by whom it is written on any cluster. (Deleted namespaces are finalized
by the first one, which the control plane runs itself.)

The node is played: a thread says of each Pod that it runs and is ready, of a Job's Pod that it has succeeded, and of
each claim that a volume is bound to it. Nothing is pulled, scheduled or started. So this proves that the objects reach
the cluster and roll out as far as the API goes; it proves nothing about images, probes, traffic, NetworkPolicies or
storage.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from components.manifests import Manifest
from localcluster.binaries import Binaries
from localcluster.control_plane import ControlPlane
from localcluster.processes import serving
from tests.apiserver.cluster import MERGE, Cluster
from tests.localcluster.api import eventually

CONTROLLERS = (
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "job-controller",
    "persistentvolumeclaim-protection-controller",
    "replicaset-controller",
    "statefulset-controller",
)
NODE = "played"
INTERVAL = 0.1
"""Seconds between two looks at the Pods."""
PULL_FAILURE = "Back-off pulling image: the registry has no such tag"


class Node:
    """Runs every Pod, unless its image is not to be had."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._missing: set[str] = set()
        self._stopped = threading.Event()

    @contextmanager
    def without(self, image: str) -> Generator[None]:
        """While the context lasts, the registry lacks the image; after that, Pods that waited for it start."""
        self._missing.add(image)
        try:
            yield
        finally:
            self._missing.discard(image)

    def run(self) -> None:
        """Look at Pods and claims again and again, until `stop`."""
        self._stopped.clear()
        while not self._stopped.wait(INTERVAL):
            for pod in self.cluster.items("/api/v1/pods"):
                self._report("pods", pod, self._pod_status(pod))
            for claim in self.cluster.items("/api/v1/persistentvolumeclaims"):
                bound = claim.get("status", {}).get("phase") == "Bound"
                self._report("persistentvolumeclaims", claim, None if bound else {"phase": "Bound"})

    def stop(self) -> None:
        """End `run`, for this time."""
        self._stopped.set()

    def _report(self, plural: str, body: Manifest, status: Manifest | None) -> None:
        metadata = body["metadata"]
        if status is None or metadata.get("deletionTimestamp"):
            return
        path = f"/api/v1/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}/status"
        answer = self.cluster.request("PATCH", path, {"status": status}, MERGE, fieldManager="kubelet")
        if answer.status_code != requests.codes.not_found:  # deleted since it was listed
            answer.raise_for_status()

    def _pod_status(self, pod: Manifest) -> Manifest | None:
        """Return what is to be said of a Pod, or None where all is said."""
        now = pod.get("status", {})
        if now.get("phase") in ("Running", "Succeeded"):
            return None
        containers = pod["spec"]["containers"]
        if any(container["image"] in self._missing for container in containers):
            status = {"phase": "Pending", "containerStatuses": [_container(each, waits=True) for each in containers]}
            return None if now.get("containerStatuses") else status
        owners = [owner["kind"] for owner in pod["metadata"].get("ownerReferences", ())]
        if "Job" in owners:
            return {"phase": "Succeeded", "containerStatuses": None}
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}],
            "containerStatuses": [_container(each, waits=False) for each in containers],
        }


def _container(container: Manifest, *, waits: bool) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "restartCount": 0,
        "ready": not waits,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": PULL_FAILURE}} if waits else {"running": {}},
    }


@contextmanager
def running(control_plane: ControlPlane, node: Node, folder: Path) -> Generator[None]:
    """Run the controllers and the node beside a control plane. An error of the node's thread is raised at the end."""
    command = [
        str(Binaries.built().kube_controller_manager),
        f"--kubeconfig={control_plane.kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        "--secure-port=0",  # it serves nothing
        "--leader-elect=false",
    ]
    with (
        # It serves nothing that could be asked whether it is ready: `_await_controllers` sees it work.
        serving("workload-controllers", command, folder=folder, ready=lambda: True),
        _registered_node(node.cluster),
        ThreadPoolExecutor(1, thread_name_prefix="node") as executor,
    ):
        ended = executor.submit(node.run)
        try:
            _await_controllers(node.cluster)
            yield
        finally:
            node.stop()
        ended.result()


@contextmanager
def _registered_node(cluster: Cluster) -> Generator[None]:
    """A Node object without the taint of a new one, since a DaemonSet runs on nodes that are ready."""
    cluster.request("POST", "/api/v1/nodes", {"metadata": {"name": NODE}}).raise_for_status()
    try:
        cluster.request("PATCH", f"/api/v1/nodes/{NODE}", {"spec": {"taints": None}}, MERGE).raise_for_status()
        yield
    finally:
        cluster.request("DELETE", f"/api/v1/nodes/{NODE}")


def _await_controllers(cluster: Cluster) -> None:
    """Return once the controllers are at work: they have looked at a Deployment that wants no Pods."""
    path, labels = "/apis/apps/v1/namespaces/default/deployments", {"app": "first-work"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    cluster.request("POST", path, {"metadata": {"name": "first-work"}, "spec": spec}).raise_for_status()

    def observed() -> bool:
        return bool((cluster.get(f"{path}/first-work") or {}).get("status", {}).get("observedGeneration"))

    eventually(observed, "the workload controllers start; their log is beside the tests' temporary files")
    cluster.request("DELETE", f"{path}/first-work").raise_for_status()
