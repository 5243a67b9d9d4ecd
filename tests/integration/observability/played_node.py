"""A cluster with the platform's Pods on it: real objects and controllers, and a node that is played.

Each Pod says where its metrics are: the annotations name a port of a process on this machine, and the Pod's address is
loopback. So discovery, relabelling, joins with kube-state-metrics and what kube-state-metrics says are the real thing.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import requests

from components.manifests import Manifest, resource_token
from launcher.standin.kubernetes.kinds import BUILT_IN
from localcluster import control_plane
from localcluster.control_plane import ControlPlane
from localcluster.custom_resources import definitions
from tests.apiserver import controllers
from tests.apiserver.cluster import MERGE, Cluster, path_of
from tests.apiserver.controllers import NODE, Node
from tests.apiserver.definitions import CustomResources
from tests.integration.servers.processes import LOOPBACK
from tests.localcluster.api import eventually

_APPLY: Final = "application/apply-patch+yaml"
_CERTIFICATES: Final = "certificates.cert-manager.io"
_VALID: Final = timedelta(days=90)
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")


ADDRESS: Final = "tests/address"
"""The annotation of a Pod that is to have another address of loopback than all others."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a Pod's metrics are on this machine."""

    port: int
    path: str = "/metrics"


class LoopbackNode(Node):
    """A node whose Pods are bound to it, and have the address of this machine."""

    def _report(self, plural: str, body: Manifest, status: Manifest | None) -> None:
        if plural == "pods" and status is not None:
            address = body["metadata"].get("annotations", {}).get(ADDRESS, LOOPBACK)
            status |= {"podIP": address, "podIPs": [{"ip": address}], "hostIP": LOOPBACK}
            for container in status["containerStatuses"] or ():
                container |= {"imageID": f"{container['image']}@sha256:{'0' * 64}", "containerID": "containerd://0"}
            self._bind(body)
        super()._report(plural, body, status)

    def _bind(self, pod: Manifest) -> None:
        if not pod["spec"].get("nodeName"):
            metadata = pod["metadata"]
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
            body = {"metadata": {"name": metadata["name"]}, "target": {"kind": "Node", "name": NODE}}
            answer = self.cluster.request("POST", path, body)
            if answer.status_code not in {requests.codes.not_found, requests.codes.conflict}:
                answer.raise_for_status()


@dataclass(frozen=True)
class PlayedCluster:
    """A control plane, its controllers, and the node."""

    server: ControlPlane
    cluster: Cluster
    node: Node

    def apply(self, bodies: Sequence[Manifest], endpoints: Mapping[str, Endpoint]) -> None:
        """Put the objects there, with the metrics of each workload where `endpoints` says, and wait for their Pods.

        A workload without such an endpoint isn't scraped. Of custom resources there are Certificates, issued as if for
        90 days; nobody is here to read others.
        """
        for name in {body["metadata"]["namespace"] for body in bodies if "namespace" in body["metadata"]}:
            # The edge's is there before the platform, which doesn't make it.
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self._apply(f"/api/v1/namespaces/{name}", namespace)
        known = [copy.deepcopy(body) for body in bodies if resource_token(body) in BUILT_IN]
        for body in known:
            if body["kind"] in _WORKLOADS:
                _redirect(body["spec"]["template"]["metadata"], endpoints.get(body["metadata"]["name"]))
            self._apply(path_of(body), body)
        for body in bodies:
            if body["kind"] == "Certificate":
                self._issue(body)
        for body in known:
            if body["kind"] in _WORKLOADS:
                name = body["metadata"]["name"]
                eventually(lambda body=body: self._is_complete(body), f"the Pods of {name} are ready")

    def run(self, pod: Manifest) -> None:
        """Put a Pod there that no workload makes, and wait until it runs."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        self._apply(path, {"apiVersion": "v1", "kind": "Pod", **pod})
        eventually(lambda: self._phase(path) == "Running", f"{metadata['name']} runs")

    def _phase(self, path: str) -> str:
        return (self.cluster.get(path) or {}).get("status", {}).get("phase", "")

    def _issue(self, certificate: Manifest) -> None:
        metadata = certificate["metadata"]
        path = f"/apis/cert-manager.io/v1/namespaces/{metadata['namespace']}/certificates/{metadata['name']}"
        self._apply(path, certificate)
        self.set_status(path, {"notAfter": (datetime.now(UTC) + _VALID).strftime("%Y-%m-%dT%H:%M:%SZ")})

    def _apply(self, path: str, body: Manifest) -> None:
        answer = self.cluster.request(
            "PATCH", path, body, _APPLY, fieldManager="tests", force="true", fieldValidation="Strict"
        )
        assert answer.ok, f"{body['kind']} {body['metadata']['name']}: {answer.text}"

    def pods(self, namespace: str) -> list[Manifest]:
        return self.cluster.items(f"/api/v1/namespaces/{namespace}/pods")

    def set_status(self, path: str, status: Manifest) -> None:
        """Say something of an object that a controller or a node would."""
        answer = self.cluster.request("PATCH", f"{path}/status", {"status": status}, MERGE, fieldManager="tests")
        assert answer.ok, f"{path}: {answer.text}"

    def rest(self) -> None:
        """Let the node look no longer for Pods that are to be started: it would all the time."""
        self.node.stop()

    def serve_kubelet(self, port: int) -> None:
        """Say that the node's kubelet answers at a port of this machine."""
        status = {
            "addresses": [{"type": "InternalIP", "address": LOOPBACK}, {"type": "Hostname", "address": NODE}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        self.set_status(f"/api/v1/nodes/{NODE}", status)

    def _is_complete(self, body: Manifest) -> bool:
        found = self.cluster.get(path_of(body)) or {}
        status: dict[str, Any] = found.get("status", {})
        if body["kind"] == "DaemonSet":
            return status.get("numberReady", 0) == status.get("desiredNumberScheduled") == 1
        wanted = found["spec"].get("replicas", 1)
        return status.get("readyReplicas", 0) == wanted == status.get("updatedReplicas", 0)


@contextmanager
def running(folder: Path) -> Generator[PlayedCluster]:
    """Run a control plane, the controllers and the node, and stop them at the end."""
    with control_plane.running(folder / "control-plane") as server:
        cluster = Cluster.of(server, folder)
        CustomResources.installed(cluster, (one for one in definitions() if one["metadata"]["name"] == _CERTIFICATES))
        node = LoopbackNode(cluster)
        with controllers.running(server, node, folder):
            yield PlayedCluster(server, cluster, node)


def _redirect(metadata: Manifest, endpoint: Endpoint | None) -> None:
    annotations = metadata.setdefault("annotations", {})
    for name in [name for name in annotations if name.startswith("prometheus.io/")]:
        del annotations[name]
    if endpoint is not None:
        annotations |= {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(endpoint.port),
            "prometheus.io/path": endpoint.path,
        }
