"""A span says from which node and team it comes: the Collector asks a real API server, by its own account's rights."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from components import identity
from components.manifests import Manifest
from components.observability.collector.config import collector_config
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.collector.parts.processors import K8S_ATTRIBUTES
from components.observability.collector.workload import collector_workload
from components.observability.names import OTEL_COLLECTOR
from components.workloads.arguments import WorkloadArgs
from components.workloads.objects import workload_objects
from localcluster.control_plane import ControlPlane
from tests.apiserver.cluster import Cluster
from tests.integration.observability.accounts import Account, apply, make_namespace, rights
from tests.integration.servers.collector import Collector
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.processes import eventually
from tests.integration.servers.spans import OverGrpc, Shape, made, requests
from tests.integration.tracing import tiers
from tests.observability.tracing.traced import traced

HOME: Final = "traced"
FOREIGN: Final = "traced-foreign"
NODE: Final = "traced-node"
ARGS: Final = replace(traced(replicas=1), namespace=HOME)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The cluster, the Collector's account there, and the Collector."""

    cluster: Cluster
    account: Account
    collector: Collector
    jaeger: Jaeger

    def told(self, namespace: str, pod: str) -> Mapping[str, Any]:
        """What a span of this Pod says of where it comes from, once it is with Jaeger."""
        (trace,) = made(1, Shape(services=("users",)))
        (request,) = requests([trace])
        of = {"k8s.namespace.name": namespace, "k8s.pod.name": pod}
        pairs = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in of.items()]
        request.resource_spans[0].resource.attributes.extend(pairs)
        assert not OverGrpc(self.collector.otlp).send(request)
        (span,) = self.jaeger.until_found(trace.id).spans
        return span.resource


def running_pod(namespace: str) -> Manifest:
    labels = {identity.NAME: "users", identity.TEAM: "accounts"}
    spec = {"nodeName": NODE, "containers": [{"name": "users", "image": "example.com/shop/users:1"}]}
    return {"metadata": {"name": "users-1", "namespace": namespace, "labels": labels}, "spec": spec}


@pytest.fixture(scope="module")
def cluster(api_server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Generator[Cluster]:
    """Two namespaces with a Pod each; in one of them the Collector's account."""
    found = Cluster.of(api_server, tmp_path_factory.mktemp("cluster"))
    workload = WorkloadArgs(spec=collector_workload(ARGS), namespace=HOME, part_of="shop")
    try:
        for namespace in (HOME, FOREIGN):
            make_namespace(found, namespace)
        found.request("POST", "/api/v1/nodes", {"metadata": {"name": NODE}}).raise_for_status()
        apply(found, rights(workload_objects(OTEL_COLLECTOR, workload)))
        for namespace in (HOME, FOREIGN):
            path = f"/api/v1/namespaces/{namespace}/pods"
            answer = found.request("POST", path, running_pod(namespace))
            assert answer.ok, answer.text
        yield found
    finally:
        for namespace in (HOME, FOREIGN):
            path = f"/api/v1/namespaces/{namespace}"
            found.request("DELETE", f"{path}/pods/users-1", {"gracePeriodSeconds": 0})
            found.request("DELETE", path)
        found.request("DELETE", f"/api/v1/nodes/{NODE}")


def started(folder: Path, jaeger: Jaeger, account: Account) -> Collector:
    """The platform's Collector outside of a Pod: its account's login stands in a file."""
    document = json.loads(collector_config(ARGS)[CONFIG_FILE])
    document["processors"][K8S_ATTRIBUTES]["auth_type"] = "kubeConfig"
    here = {"jaeger:4317": jaeger.otlp, tiers.PROMETHEUS: tiers.NOBODY}
    collector = tiers.collector(folder, json.dumps(document), "otel-collector-0", here)
    collector.environment = {**collector.environment, "KUBECONFIG": str(account.write_kubeconfig(folder))}
    try:
        collector.start()
    except AssertionError:
        collector.stop()
        raise
    return collector


@pytest.fixture(scope="module")
def asking(
    api_server: ControlPlane, cluster: Cluster, minimal_jaeger: Jaeger, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Asking]:
    account = Account.of(api_server, cluster, HOME, OTEL_COLLECTOR)
    collector = started(tmp_path_factory.mktemp("asking") / "collector", minimal_jaeger, account)
    try:
        yield Asking(cluster=cluster, account=account, collector=collector, jaeger=minimal_jaeger)
    finally:
        collector.stop()


def test_a_span_says_on_which_node_it_was_made_and_whose_it_is(asking: Asking) -> None:
    found = eventually(lambda: _known(asking.told(HOME, "users-1")), "the Collector knows the Pod")
    pod = asking.cluster.get(f"/api/v1/namespaces/{HOME}/pods/users-1")
    assert found and pod
    assert (found["k8s.node.name"], found["team"]) == (NODE, "accounts")
    assert found["k8s.pod.uid"] == pod["metadata"]["uid"]


def _known(resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return resource if "k8s.node.name" in resource else None


def test_of_another_namespace_it_knows_nothing_and_may_ask_nothing(asking: Asking) -> None:
    eventually(lambda: _known(asking.told(HOME, "users-1")), "the Collector knows the Pods that it may know")
    assert not _known(asking.told(FOREIGN, "users-1"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/v1/namespaces/{HOME}/pods", 200),
        (f"/api/v1/namespaces/{FOREIGN}/pods", 403),
        ("/api/v1/pods", 403),
        ("/api/v1/nodes", 403),
        (f"/api/v1/namespaces/{HOME}/secrets", 403),
        (f"/api/v1/namespaces/{HOME}/pods/users-1/log", 403),
    ],
)
def test_its_account_may_read_pods_of_its_namespace_and_nothing_else(asking: Asking, path: str, status: int) -> None:
    assert asking.account.status("GET", path) == status


def test_without_its_role_spans_come_through_and_say_less(
    api_server: ControlPlane, cluster: Cluster, minimal_jaeger: Jaeger, tmp_path: Path
) -> None:
    """Else the rights above would prove nothing; and an API server that is away must not cost traces."""
    account = Account.of(api_server, cluster, HOME, "default")
    collector = started(tmp_path / "collector", minimal_jaeger, account)
    try:
        asking = Asking(cluster=cluster, account=account, collector=collector, jaeger=minimal_jaeger)
        collector.until(lambda: "forbidden" in (tmp_path / "collector" / "otelcol.err").read_text(), "it is refused")
        assert not _known(asking.told(HOME, "users-1"))
    finally:
        collector.stop()
