"""The real kube-state-metrics at a real API server: it tells what it is asked for, by its own rights alone."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from components.manifests import Manifest
from components.observability.arguments import MeshReporter
from components.observability.exporters.certificate_metrics import CERTIFICATES, EXPIRATION
from components.observability.exporters.kube_state_metrics import KINDS, kube_state_metrics_workload
from components.observability.names import KUBE_STATE_METRICS, access_name
from components.observability.prometheus.config import CONFIG_FILE, prometheus_config
from components.observability.prometheus.scrape_access import scrape_access_objects
from localcluster.control_plane import ControlPlane
from localcluster.custom_resources import definitions
from tests.apiserver.cluster import MERGE, Cluster
from tests.apiserver.definitions import CustomResources
from tests.components.workload import build, template
from tests.integration.observability.accounts import Account, apply, make_namespace, rights
from tests.integration.servers import exporters, prometheus
from tests.integration.servers.exporters import Exporter
from tests.integration.servers.processes import eventually
from tests.observability.parts import part_objects
from tests.observability.scraped import scraped

HOME: Final = "told"
EDGE: Final = "told-edge"
FOREIGN: Final = "told-foreign"
ARGS: Final = scraped(mesh=MeshReporter.SIDECAR, namespace=HOME, edge_namespace=EDGE, certificates=True)
SERVICE: Final = "{language: go, ports: {grpc: 50051, metrics: 8081}, autoscaling: {min: 2, max: 5, cpu: '70%'}}"
STORE: Final = "{kind: statefulset, replicas: 1, ports: {tcp: 5432}, probes: {readiness: {tcp: true}}}"
ENDS: Final = "2027-03-01T00:00:00+00:00"
_CERTIFICATES: Final = "cert-manager.io/v1"


@dataclass(frozen=True, kw_only=True)
class Told:
    """The two programs of the Pod, and where they log."""

    cluster: Cluster
    folder: Path
    state: Exporter
    certificates: Exporter

    @property
    def log(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*/kube-state-metrics.err"))


@pytest.fixture(scope="module")
def told(api_server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Generator[Told]:
    folder = tmp_path_factory.mktemp("told")
    cluster = Cluster.of(api_server, folder)
    spec = kube_state_metrics_workload(ARGS)
    try:
        CustomResources.installed(
            cluster, [one for one in definitions() if one["metadata"]["name"] == "certificates.cert-manager.io"]
        )
        for namespace in (HOME, EDGE, FOREIGN):
            _filled_namespace(cluster, namespace)
        apply(cluster, rights([*part_objects(KUBE_STATE_METRICS, spec, namespace=HOME), *scrape_access_objects(ARGS)]))
        kubeconfig = Account.of(api_server, cluster, HOME, KUBE_STATE_METRICS).write_kubeconfig(folder)
        for name in ("state", "certificates"):
            (folder / name).mkdir()
        with (
            exporters.kube_state_metrics(folder / "state", kubeconfig, spec.args) as state,
            exporters.kube_state_metrics(
                folder / "certificates", kubeconfig, spec.containers[CERTIFICATES].args
            ) as certificates,
        ):
            yield Told(cluster=cluster, folder=folder, state=state, certificates=certificates)
    finally:
        for namespace in (HOME, EDGE, FOREIGN):
            cluster.request("DELETE", f"/api/v1/namespaces/{namespace}")
        for kind in ("clusterroles", "clusterrolebindings"):
            name = access_name(ARGS, KUBE_STATE_METRICS)
            cluster.request("DELETE", f"/apis/rbac.authorization.k8s.io/v1/{kind}/{name}")


def _filled_namespace(cluster: Cluster, namespace: str) -> None:
    make_namespace(cluster, namespace)
    apply(cluster, _workloads(namespace))
    for name, part_of in ((f"{namespace}-edge", "shop"), (f"{namespace}-other", "market")):
        _certify(cluster, namespace, name, part_of)


def _workloads(namespace: str) -> list[Manifest]:
    """A service that scales and one of its Pods, and a store, as the platform makes them."""
    kinds = {"Deployment", "StatefulSet", "HorizontalPodAutoscaler"}
    service, store = build(SERVICE, "orders", team="store"), build(STORE, "orders-db", team="store")
    chosen = [body for body in (*service, *store) if body["kind"] in kinds]
    made = template(service)
    pod: Manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {**made["metadata"], "name": "orders-1"}}
    pod["spec"] = {**made["spec"], "serviceAccountName": "default"}
    return [{**body, "metadata": {**body["metadata"], "namespace": namespace}} for body in (*chosen, pod)]


def _certify(cluster: Cluster, namespace: str, name: str, part_of: str) -> None:
    """A certificate that cert-manager has issued."""
    path = f"/apis/{_CERTIFICATES}/namespaces/{namespace}/certificates"
    metadata = {"name": name, "labels": {"app.kubernetes.io/part-of": part_of}}
    spec = {"secretName": name, "issuerRef": {"name": "ca"}, "dnsNames": ["shop.example.com"]}
    body = {"apiVersion": _CERTIFICATES, "kind": "Certificate", "metadata": metadata, "spec": spec}
    for answer in (
        cluster.request("POST", path, body),
        cluster.request("PATCH", f"{path}/{name}/status", {"status": {"notAfter": ENDS}}, MERGE),
    ):
        assert answer.ok, answer.text


def samples(exporter: Exporter, name: str) -> list[dict[str, str]]:
    """The labels of the series of one name."""
    return [one.labels for family in exporter.metrics().values() for one in family.samples if one.name == name]


def until_certificates_are_told(told: Told) -> None:
    """Wait for those of both namespaces, each of which is looked at by itself."""
    eventually(lambda: len(samples(told.certificates, EXPIRATION)) >= 2, "certificates are told")


def test_it_tells_exactly_the_metrics_that_rules_and_dashboards_use(told: Told) -> None:
    families = {line.split()[2] for line in told.state.text().splitlines() if line.startswith("# HELP")}
    assert families == {name for kind in KINDS.values() for name in kind.metrics}


@pytest.mark.parametrize(
    ("metric", "of"),
    [
        ("kube_deployment_labels", {"deployment": "orders"}),
        ("kube_horizontalpodautoscaler_labels", {"horizontalpodautoscaler": "orders"}),
        ("kube_pod_labels", {"pod": "orders-1"}),
        ("kube_statefulset_labels", {"statefulset": "orders-db"}),
    ],
)
def test_it_tells_of_its_namespace_alone_whose_each_object_is(told: Told, metric: str, of: dict[str, str]) -> None:
    found = eventually(lambda: samples(told.state, metric), f"there is {metric}")
    assert {labels["namespace"] for labels in found} == {HOME}
    (labels,) = (one for one in found if of.items() <= one.items())
    ((_, name),) = of.items()
    assert labels["label_app_kubernetes_io_name"] == name.removesuffix("-1")
    assert labels["label_polyglot_dev_team"] == "store"


def test_certificates_expire_under_the_name_that_cert_manager_gives_it(told: Told, tmp_path: Path) -> None:
    until_certificates_are_told(told)
    config = json.loads(prometheus_config(ARGS)[CONFIG_FILE])
    (job,) = (one for one in config["scrape_configs"] if one["job_name"] == KUBE_STATE_METRICS)
    job["static_configs"][0]["targets"] = [told.state.address, told.certificates.address]
    files = {prometheus.CONFIG: json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [job]})}
    with prometheus.running(tmp_path, files) as server:
        found = server.until(lambda: server.query(EXPIRATION), "certificates are scraped")
        assert {(one.labels["namespace"], one.labels["name"]) for one in found} == {
            (HOME, "told-edge"),
            (EDGE, "told-edge-edge"),
        }, "another platform's certificates are another team's, and of a foreign namespace nothing is known"
        assert {one.value for one in found} == {datetime.fromisoformat(ENDS).timestamp()}
        assert set(found[0].labels) == {"__name__", "job", "instance", "namespace", "name"}
        (labelled,) = server.until(lambda: server.query("kube_statefulset_labels"), "the other program is scraped")
        assert not {"service", "team"} & set(labelled.labels), "a store is not kube-state-metrics' own"
        assert {one.labels["service"] for one in server.query("up")} == {KUBE_STATE_METRICS}


def test_its_rights_are_enough_for_what_it_looks_at(told: Told) -> None:
    until_certificates_are_told(told)
    assert "forbidden" not in told.log


def test_its_account_may_list_and_watch_these_kinds_and_nothing_else(told: Told, api_server: ControlPlane) -> None:
    account = Account.of(api_server, told.cluster, HOME, KUBE_STATE_METRICS)
    for kind, group, namespace in (
        ("secrets", "", HOME),
        ("configmaps", "", HOME),
        ("pods", "", EDGE),
        ("pods", "", FOREIGN),
        ("deployments", "apps", EDGE),
        ("certificates", "cert-manager.io", FOREIGN),
    ):
        assert not account.may("list", kind, group=group, namespace=namespace), f"{kind} in {namespace}"
    for kind, group, namespace in (("pods", "", HOME), ("certificates", "cert-manager.io", EDGE)):
        assert account.may("list", kind, group=group, namespace=namespace)
        assert not any(
            account.may(verb, kind, group=group, namespace=namespace) for verb in ("get", "create", "delete")
        )
