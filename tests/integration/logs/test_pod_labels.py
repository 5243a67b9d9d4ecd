"""Labels of Pods come from a real API server, by the agent's own rights alone, of its node's Pods alone."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

import pytest

from components.manifests import Manifest
from components.observability.arguments import MeshReporter
from components.observability.log_agents.access import node_agent_access_objects
from components.observability.log_agents.workload import log_agent_workload
from components.observability.names import OTEL_AGENT
from localcluster.control_plane import ControlPlane
from tests.apiserver.cluster import Cluster
from tests.components.workload import build, template
from tests.integration.logs import agents
from tests.integration.logs.agents import NODE, Node
from tests.integration.logs.entries import found, line
from tests.integration.logs.played_node import Container
from tests.integration.observability.accounts import Account, apply, make_namespace, rights
from tests.integration.servers.loki import Loki
from tests.observability.logs.logged import logged
from tests.observability.parts import part_objects

HOME: Final = "logged"
EDGE: Final = "logged-edge"
AGENTS: Final = "logged-agents"
FOREIGN: Final = "logged-foreign"
NAMESPACES: Final = (HOME, EDGE, AGENTS, FOREIGN)


@dataclass(frozen=True, kw_only=True)
class Labelled:
    node: Node
    account: Account
    cluster: Cluster

    def container(self, namespace: str, pod: str, name: str) -> Container:
        """The container of a Pod that is at the API server, or of one that is not."""
        body = self.cluster.get(f"/api/v1/namespaces/{namespace}/pods/{pod}")
        uid = {"uid": body["metadata"]["uid"]} if body else {}
        return Container(pods=self.node.pods, namespace=namespace, pod=pod, name=name, **uid)


@pytest.fixture(scope="module")
def labelled(api_server: ControlPlane, loki: Loki, tmp_path_factory: pytest.TempPathFactory) -> Generator[Labelled]:
    folder = tmp_path_factory.mktemp("labelled")
    cluster = Cluster.of(api_server, folder)
    args = logged(mesh=MeshReporter.SIDECAR, namespace=HOME, edge_namespace=EDGE, agents=AGENTS)
    try:
        for namespace in NAMESPACES:
            make_namespace(cluster, namespace)
        apply(cluster, rights(part_objects(OTEL_AGENT, log_agent_workload(args), namespace=AGENTS)))
        apply(cluster, rights(node_agent_access_objects(args)))
        apply(cluster, [_pod(HOME, "orders-1", NODE), _pod(EDGE, "edge-1", NODE), _pod(HOME, "orders-2", "node-2")])
        account = Account.of(api_server, cluster, AGENTS, OTEL_AGENT)
        with agents.running(folder, args, loki.url, account.write_kubeconfig(folder)) as node:
            yield Labelled(node=node, account=account, cluster=cluster)
    finally:
        for namespace in NAMESPACES:
            cluster.request("DELETE", f"/api/v1/namespaces/{namespace}")


def _pod(namespace: str, name: str, node: str) -> Manifest:
    """A Pod as the platform makes it, on a node."""
    made = template(build("{language: go, ports: {grpc: 50051}}", name.partition("-")[0], team="store"))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**made["metadata"], "name": name, "namespace": namespace},
        "spec": {**made["spec"], "serviceAccountName": "default", "nodeName": node},
    }


@pytest.mark.parametrize(("namespace", "service"), [(HOME, "orders"), (EDGE, "edge")])
def test_a_record_has_its_pod_s_service_and_team(labelled: Labelled, loki: Loki, namespace: str, service: str) -> None:
    labelled.container(namespace, f"{service}-1", "a-sidecar").write(line())
    (entry,) = found(loki, f'{{service_name="{service}", k8s_namespace_name="{namespace}"}}')
    assert entry.labels["team"] == "store"
    assert entry.labels["k8s_container_name"] == "a-sidecar", "a sidecar's lines are its service's"


def test_a_pod_that_is_gone_is_known_by_its_container(labelled: Labelled, loki: Loki) -> None:
    labelled.container(HOME, "gone-1", "gone").write(line())
    (entry,) = found(loki, f'{{service_name="gone", k8s_namespace_name="{HOME}"}}')
    assert "team" not in entry.labels


def test_it_looks_up_the_pods_of_its_node_alone(labelled: Labelled, loki: Loki) -> None:
    labelled.container(HOME, "orders-2", "elsewhere").write(line())
    (entry,) = found(loki, f'{{service_name="elsewhere", k8s_namespace_name="{HOME}"}}')
    assert "team" not in entry.labels


def test_its_account_may_read_pods_where_it_reads_logs_and_nothing_else(labelled: Labelled) -> None:
    account = labelled.account
    for namespace in (HOME, EDGE):
        assert all(account.may(verb, "pods", namespace=namespace) for verb in ("get", "list", "watch"))
        assert not account.may("list", "secrets", namespace=namespace)
        assert not account.may("delete", "pods", namespace=namespace)
        assert not account.may("get", "pods", namespace=namespace, subresource="log")
    for namespace in (FOREIGN, AGENTS, ""):
        assert not account.may("list", "pods", namespace=namespace)
    assert not account.may("list", "nodes")
