"""Prometheus' rights outside its namespace: none that it does not need."""

from __future__ import annotations

from components.manifests import Manifest
from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.prometheus.scrape_access import ScrapeAccess
from tests.components.workload import the, valid
from tests.observability.scraped import EDGE, scraped


def access(args: ObservabilityArgs) -> list[Manifest]:
    return valid(ScrapeAccess.manifests("shop", args))


def test_whoever_reads_neither_nodes_nor_an_edge_has_no_further_rights() -> None:
    assert access(scraped(nodes=False)) == []


def test_of_nodes_it_may_find_them_and_read_their_metrics() -> None:
    bodies = access(scraped())
    assert {body["kind"] for body in bodies} == {"ClusterRole", "ClusterRoleBinding"}
    assert the(bodies, "ClusterRole")["rules"] == [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
    ], "nodes/proxy would let it run commands in every container"


def test_of_the_edge_it_may_find_pods() -> None:
    bodies = access(scraped(mesh=MeshReporter.SIDECAR, nodes=False))
    role, binding = the(bodies, "Role"), the(bodies, "RoleBinding")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == EDGE
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]


def test_a_platform_whose_edge_is_its_own_namespace_needs_no_second_role() -> None:
    assert access(scraped(mesh=MeshReporter.SIDECAR, nodes=False, edge_namespace="shop")) == []


def test_certificates_are_read_by_kube_state_metrics_alone() -> None:
    bodies = access(scraped(mesh=MeshReporter.SIDECAR, nodes=False, certificates=True))
    role = the([body for body in bodies if body["metadata"]["name"] == "shop-shop-kube-state-metrics"], "Role")
    assert role["rules"] == [
        {"apiGroups": ["cert-manager.io"], "resources": ["certificates"], "verbs": ["list", "watch"]}
    ], "what is secret in a certificate stands in a Secret"
    assert the(bodies, "ClusterRole")["rules"] == [
        {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["list", "watch"]}
    ]


def test_every_binding_gives_a_role_to_the_one_that_it_is_called_after() -> None:
    bodies = access(scraped(mesh=MeshReporter.WAYPOINT, certificates=True))
    bindings = [body for body in bodies if body["kind"].endswith("Binding")]
    assert len(bindings) == len(bodies) / 2
    for body in bindings:
        (subject,) = body["subjects"]
        assert body["metadata"]["name"] == body["roleRef"]["name"] == f"shop-shop-{subject['name']}"
        assert (subject["kind"], subject["namespace"]) == ("ServiceAccount", "shop")
        assert body["roleRef"]["kind"] == body["kind"].removesuffix("Binding")


def test_two_platforms_of_one_cluster_have_roles_of_their_own() -> None:
    here, there = (access(scraped(mesh=MeshReporter.SIDECAR, namespace=name)) for name in ("shop", "shop-staging"))
    cluster_wide_and_shared = [
        {(body["kind"], body["metadata"]["name"]) for body in bodies} for bodies in (here, there)
    ]
    assert not cluster_wide_and_shared[0] & cluster_wide_and_shared[1], "the later one would take over the earlier's"
