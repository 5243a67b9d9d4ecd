"""Prometheus finds its targets through a real API server, by its own service account's rights and by no others.

The Pods are those that the platform's workloads have, their status written as a node would write it. What Istio's
injector does to annotations is played: it can't be had here
(https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging).
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from components import identity
from components.manifests import Manifest
from components.observability.arguments import MeshReporter
from components.observability.names import PROMETHEUS, access_name
from components.observability.prometheus.config import CONFIG_FILE, prometheus_config
from components.observability.prometheus.scrape_access import scrape_access_objects
from components.observability.prometheus.scrape_jobs import SERVICE_ACCOUNT
from components.observability.prometheus.workload import prometheus_workload
from components.specs.workload import WorkloadSpec
from components.workloads.arguments import WorkloadArgs
from components.workloads.objects import workload_objects
from localcluster.control_plane import ControlPlane
from tests.apiserver.cluster import MERGE, Cluster
from tests.components.workload import template
from tests.integration.observability.accounts import Account, apply, make_namespace, rights
from tests.integration.servers import prometheus
from tests.integration.servers.prometheus import Prometheus
from tests.observability.parts import part_objects
from tests.observability.scraped import scraped

HOME: Final = "scraped"
EDGE: Final = "scraped-edge"
FOREIGN: Final = "scraped-foreign"
NODE: Final = "scraped-node"
NODE_ADDRESS: Final = "127.0.0.9"
ARGS: Final = scraped(mesh=MeshReporter.SIDECAR, namespace=HOME, edge_namespace=EDGE)
SIDECAR: Final = {"prometheus.io/port": "15020", "prometheus.io/path": "/stats/prometheus"}
"""What Istio's injector makes of the annotations of a Pod with metrics."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A Pod, and what the node says of it."""

    name: str
    spec: dict[str, Any]
    namespace: str = HOME
    address: str | None = None
    """None while the node has not given it one."""
    phase: str = "Running"
    team: str | None = "store"
    labels: dict[str, str | None]
    """Beside those of the workload; None takes one away."""
    annotations: dict[str, str]

    def manifest(self) -> Manifest:
        """The Pod that a controller would make of the workload's template."""
        spec = WorkloadSpec.model_validate({"image": "example.com/shop/app:1", **self.spec})
        service = self.name.partition("-")[0]
        args = WorkloadArgs(spec=spec, namespace=self.namespace, part_of="shop", team=self.team)
        made = template(workload_objects(service, args))
        labels = {**made["metadata"]["labels"], **self.labels}
        made["metadata"]["labels"] = {key: value for key, value in labels.items() if value is not None}
        made["metadata"].setdefault("annotations", {}).update(self.annotations)
        metadata = {"name": self.name, "namespace": self.namespace, **made["metadata"]}
        # Its account needs no rights here, so it is the one that each namespace has.
        body = {**made["spec"], "serviceAccountName": "default", "nodeName": NODE}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body}


def pod(name: str, address: str | None, **settings: Any) -> Pod:
    defaults: dict[str, Any] = {"spec": SERVICE, "labels": {}, "annotations": {}}
    return Pod(name=name, address=address, **(defaults | settings))


SERVICE: Final[dict[str, Any]] = {"language": "go", "ports": {"grpc": 50051, "metrics": 8081}}
JAVA: Final = {
    "language": "java",
    "ports": {"grpc": 50051, "metrics": {"number": 8081, "path": "/actuator/prometheus"}},
}
WAYPOINT: Final = {
    "gateway.networking.k8s.io/gateway-name": "waypoint",
    **dict.fromkeys((identity.NAME, identity.TEAM, identity.LANGUAGE, identity.TRACK)),
}
"""What Istio starts has none of the platform's own labels."""
PODS: Final = (
    pod("orders-1", "127.0.1.1"),
    pod("users-1", "127.0.1.2", spec=JAVA, labels={"polyglot.dev/track": "canary"}, team="accounts"),
    pod("catalogue-1", "127.0.1.3", annotations=SIDECAR),
    pod("basket-1", "fd00::4"),
    pod("silent-1", "127.0.1.5", spec={"language": "go", "ports": {"grpc": 50051}}),
    pod("ended-1", "127.0.1.6", phase="Succeeded"),
    pod("pending-1", None, phase="Pending"),
    pod("portless-1", "127.0.1.7", annotations={"prometheus.io/port": ""}),
    pod("waypoint-1", "127.0.1.8", annotations=SIDECAR, labels=WAYPOINT),
    pod("ingress-1", "127.0.1.9", namespace=EDGE, annotations=SIDECAR),
    pod("neighbour-1", "127.0.1.10", namespace=EDGE),
    pod("foreign-1", "127.0.1.11", namespace=FOREIGN),
)


def labelled(name: str, namespace: str = HOME, **labels: str) -> dict[str, str]:
    """The labels of a target, but for what Prometheus adds itself."""
    service = name.partition("-")[0]
    common = {"namespace": namespace, "pod": name, "node": NODE, "service": service}
    return {**common, "team": "store", "language": "go", "track": "stable", **labels}


EXPECTED: Final = {
    "http://127.0.1.1:8081/metrics": labelled("orders-1"),
    "http://127.0.1.2:8081/actuator/prometheus": labelled("users-1", language="java", track="canary", team="accounts"),
    "http://127.0.1.3:15020/stats/prometheus": labelled("catalogue-1"),
    "http://[fd00::4]:8081/metrics": labelled("basket-1"),
    "http://127.0.1.8:15020/stats/prometheus": {
        key: value for key, value in labelled("waypoint-1").items() if key not in ("team", "language")
    },
    "http://127.0.1.9:15020/stats/prometheus": labelled("ingress-1", EDGE),
}
"""URL → labels: neither Pods that serve none, nor ended ones, nor those of others."""


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """The cluster with its Pods, Prometheus' account there, and Prometheus."""

    cluster: Cluster
    account: Account
    server: Prometheus

    def targets(self, job: str) -> dict[str, dict[str, str]]:
        return {
            target.url: {key: value for key, value in target.labels.items() if key not in ("job", "instance")}
            for target in self.server.targets()
            if target.labels["job"] == job
        }


@pytest.fixture(scope="module")
def discovery(api_server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Generator[Discovery]:
    folder = tmp_path_factory.mktemp("discovery")
    cluster = Cluster.of(api_server, folder)
    granted = [*part_objects(PROMETHEUS, prometheus_workload(ARGS), namespace=HOME), *scrape_access_objects(ARGS)]
    try:
        _make(cluster, granted)
        account = Account.of(api_server, cluster, HOME, PROMETHEUS)
        account.write_files(folder / "account")
        files = {prometheus.CONFIG: _local(prometheus_config(ARGS)[CONFIG_FILE], api_server.url, folder / "account")}
        with prometheus.running(folder, files, prometheus_workload(ARGS).args) as server:
            yield Discovery(cluster=cluster, account=account, server=server)
    finally:
        _delete(cluster)


def _make(cluster: Cluster, granted: list[Manifest]) -> None:
    for namespace in (HOME, EDGE, FOREIGN):
        make_namespace(cluster, namespace)
    apply(cluster, rights(granted))
    cluster.request("POST", "/api/v1/nodes", {"metadata": {"name": NODE}}).raise_for_status()
    status = {
        "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    }
    _set_status(cluster, f"/api/v1/nodes/{NODE}", status)
    for one in PODS:
        path = f"/api/v1/namespaces/{one.namespace}/pods"
        answer = cluster.request("POST", path, one.manifest(), fieldValidation="Strict")
        assert answer.ok, f"{one.name}: {answer.text}"
        addresses = {"podIP": one.address, "podIPs": [{"ip": one.address}]} if one.address else {}
        _set_status(cluster, f"{path}/{one.name}", {"phase": one.phase, **addresses})


def _set_status(cluster: Cluster, path: str, status: Manifest) -> None:
    answer = cluster.request("PATCH", f"{path}/status", {"status": status}, MERGE, fieldManager="kubelet")
    assert answer.ok, f"{path}: {answer.text}"


def _delete(cluster: Cluster) -> None:
    """No node is here to let its Pods end."""
    for one in PODS:
        path = f"/api/v1/namespaces/{one.namespace}/pods/{one.name}"
        cluster.request("DELETE", path, {"gracePeriodSeconds": 0})
    for namespace in (HOME, EDGE, FOREIGN):
        cluster.request("DELETE", f"/api/v1/namespaces/{namespace}")
    cluster.request("DELETE", f"/api/v1/nodes/{NODE}")
    for kind in ("clusterroles", "clusterrolebindings"):
        cluster.request("DELETE", f"/apis/rbac.authorization.k8s.io/v1/{kind}/{access_name(ARGS, PROMETHEUS)}")


def _local(text: str, url: str, account: Path) -> str:
    """The configuration outside a Pod: the API server's address and the account's files stand in it."""
    config = json.loads(text.replace(SERVICE_ACCOUNT, str(account)))
    for job in config["scrape_configs"]:
        for found in job.get("kubernetes_sd_configs", ()):
            found["api_server"] = url
            found["authorization"] = {"credentials_file": str(account / "token")}
            found["tls_config"] = {"ca_file": str(account / "ca.crt")}
    return json.dumps(config)


def test_each_pod_that_serves_metrics_is_one_target_with_the_labels_of_its_service(discovery: Discovery) -> None:
    discovery.server.until(lambda: discovery.targets("pods").keys() == EXPECTED.keys(), "every Pod is found")
    assert discovery.targets("pods") == EXPECTED


def test_a_pod_that_comes_later_is_found_and_one_that_goes_is_lost(discovery: Discovery) -> None:
    late, url = pod("late-1", "127.0.1.20"), "http://127.0.1.20:8081/metrics"
    path = f"/api/v1/namespaces/{HOME}/pods"
    assert discovery.cluster.request("POST", path, late.manifest()).ok
    _set_status(discovery.cluster, f"{path}/late-1", {"phase": "Running", "podIP": late.address})
    discovery.server.until(lambda: url in discovery.targets("pods"), "the right to watch shows it the new Pod")
    discovery.cluster.request("DELETE", f"{path}/late-1", {"gracePeriodSeconds": 0})
    discovery.server.until(lambda: url not in discovery.targets("pods"), "nobody waits for a Pod that is gone")


def test_kubelets_are_asked_for_their_own_metrics_and_for_cadvisors(discovery: Discovery) -> None:
    at = f"https://{NODE_ADDRESS}:10250/metrics"
    for job, url in (("kubelet", at), ("cadvisor", f"{at}/cadvisor")):
        discovery.server.until(lambda job=job, url=url: url in discovery.targets(job), "the node is found")
        assert discovery.targets(job)[url] == {"node": NODE}


def test_kube_state_metrics_is_asked_through_its_service(discovery: Discovery) -> None:
    assert discovery.server.until(lambda: discovery.targets("kube-state-metrics"), "it is found") == {
        "http://kube-state-metrics:8080/metrics": {"service": "kube-state-metrics", "team": "platform"}
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/api/v1/namespaces/{HOME}/pods", 200),
        ("GET", f"/api/v1/namespaces/{EDGE}/pods", 200),
        ("GET", "/api/v1/nodes", 200),
        ("GET", "/api/v1/pods", 403),
        ("GET", f"/api/v1/namespaces/{FOREIGN}/pods", 403),
        ("GET", f"/api/v1/namespaces/{HOME}/secrets", 403),
        ("GET", f"/api/v1/namespaces/{HOME}/configmaps", 403),
        ("GET", f"/api/v1/namespaces/{HOME}/pods/orders-1/log", 403),
        ("DELETE", f"/api/v1/namespaces/{HOME}/pods/orders-1", 403),
        ("GET", f"/api/v1/nodes/{NODE}/proxy/metrics", 403),
    ],
)
def test_its_account_may_find_targets_and_nothing_else(
    discovery: Discovery, method: str, path: str, status: int
) -> None:
    assert discovery.account.status(method, path) == status


def test_its_account_may_read_kubelets_metrics_and_run_nothing_there(discovery: Discovery) -> None:
    allowed = {
        part: discovery.account.may("get", "nodes", subresource=part) for part in ("metrics", "proxy", "stats", "log")
    }
    assert allowed == {"metrics": True, "proxy": False, "stats": False, "log": False}


def test_without_its_role_it_finds_nothing(discovery: Discovery, api_server: ControlPlane, tmp_path: Path) -> None:
    """Else the rights above would prove nothing: it might have got in some other way."""
    account = Account.of(api_server, discovery.cluster, HOME, "default")
    account.write_files(tmp_path / "account")
    files = {prometheus.CONFIG: _local(prometheus_config(ARGS)[CONFIG_FILE], api_server.url, tmp_path / "account")}
    with prometheus.running(tmp_path, files, prometheus_workload(ARGS).args) as server:
        log = tmp_path / "prometheus.err"
        server.until(lambda: "is forbidden" in log.read_text(), "the API server refuses it")
        found = server.until(server.targets, "what needs no discovery is scraped all the same")
        assert {target.labels["job"] for target in found} == {"kube-state-metrics"}
