"""Who may reach whom: exactly what the catalogue declares, worked out from the rendered objects."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from stacks.assembly import render
from stacks.loader import validate
from stacks.schema.graph import Kind
from tests.kubernetes_schema import schema_problems
from tests.stacks.network import Network, outsider
from tests.stacks.random_catalogues import PROPERTY, declared, platform, services

KUBE_DNS = outsider("coredns", "kube-system", {"k8s-app": "kube-dns"})
STRANGER = outsider("stranger", "elsewhere", {"app.kubernetes.io/name": "gateway"})


def service(**settings: Any) -> dict[str, Any]:
    base = {"image": "example.com/x:1", "exceptions": {"probes": "probes are another test's"}, "ports": {}}
    return base | {"sidecars": {}, "uses": [], "publishes": [], "consumes": {}, "calls": {}} | settings


@PROPERTY
@given(services())
def test_a_connection_is_open_if_and_only_if_the_catalogue_declares_it(drawn: dict[str, dict[str, Any]]) -> None:
    bodies = render(platform(drawn))
    assert set(Network(bodies).openings()) == declared(drawn)


@PROPERTY
@given(services())
def test_every_address_that_is_told_leads_to_a_service_and_a_port_that_exist(drawn: dict[str, dict[str, Any]]) -> None:
    bodies = render(platform(drawn))
    known = {
        f"{body['metadata']['name']}:{port['port']}"
        for body in bodies
        if body["kind"] == "Service"
        for port in body["spec"].get("ports", ())
    } | {"payments.example.com:8443", "archive.example.com:5432"}
    for body in bodies:
        if body["kind"] == "Deployment":
            (variables,) = [one.get("env", []) for one in body["spec"]["template"]["spec"]["containers"]]
            addresses = {one["name"]: one["value"] for one in variables if one["name"].endswith("_ADDR")}
            expected = {*drawn[body["metadata"]["name"]]["calls"], *drawn[body["metadata"]["name"]]["uses"]}
            assert set(addresses) == {f"{name.upper()}_ADDR" for name in expected}
            assert set(addresses.values()) <= known


@PROPERTY
@given(services())
def test_a_random_platform_satisfies_the_schemas_and_starts_in_order(drawn: dict[str, dict[str, Any]]) -> None:
    resolved = platform(drawn)
    assert [problem for body in render(resolved) for problem in schema_problems(body)] == []
    names = list(resolved.workloads)
    for name, workload in resolved.workloads.items():
        assert all(names.index(other) < names.index(name) for other in workload.after), f"{name} starts too early"
        for callee, call in drawn.get(name, service())["calls"].items():
            assert (callee in workload.after) is not call.get("optional", False)


@PROPERTY
@given(services())
def test_the_graph_shows_every_declared_connection(drawn: dict[str, dict[str, Any]]) -> None:
    graph = platform(drawn).graph
    between = {(edge.source, edge.target) for edge in graph.edges}
    for name, one in drawn.items():
        assert {(name, callee) for callee in (*one["calls"], *one["uses"])} <= between
        assert {(name, subject.split("/")[0]) for subject in one["publishes"]} <= between
        assert {(subject.split("/")[0], name) for subject in one["consumes"]} <= between
    kinds = {node.name: node.kind for node in graph.nodes}
    assert {kinds[name] for name in drawn} <= {Kind.SERVICE, Kind.WORKER}


def test_a_pod_may_ask_dns_and_nothing_else_of_other_namespaces() -> None:
    network = Network(render(platform({"users": service(ports={"grpc": 50051})})))
    users = next(pod for pod in network.pods if pod.name == "users")
    assert network.lets_through(users, KUBE_DNS, 53, "UDP")
    assert network.lets_through(users, KUBE_DNS, 53, "TCP")
    assert not network.lets_through(users, KUBE_DNS, 9153)
    assert not network.lets_through(users, STRANGER, 53, "UDP")


def test_a_pod_of_another_namespace_is_kept_out_whatever_its_labels() -> None:
    network = Network(render(platform({"gateway": service(calls={"users": {}}), "users": service(ports={"http": 80})})))
    users = next(pod for pod in network.pods if pod.name == "users")
    assert not network.lets_through(STRANGER, users, 80)


def test_the_edge_reaches_its_port_and_no_other() -> None:
    edge = outsider("envoy", "edge")
    gateway = service(ports={"http": 8080, "metrics": 9090}, edge={"host": "shop", "paths": ["/"]})
    network = Network(render(platform({"gateway": gateway})))
    pod = next(pod for pod in network.pods if pod.name == "gateway")
    assert network.lets_through(edge, pod, 8080)
    assert not network.lets_through(edge, pod, 9090)
    assert not network.lets_through(STRANGER, pod, 8080)


def test_external_hosts_and_stores_are_reached_at_their_addresses_and_ports_only() -> None:
    network = Network(render(platform({"users": service(uses=["payments", "archive"]), "mail": service()})))
    pods = {pod.name: pod for pod in network.pods}
    assert network.lets_out(pods["users"], "198.51.100.7", 8443)
    assert network.lets_out(pods["users"], "203.0.113.9", 5432)
    assert not network.lets_out(pods["users"], "198.51.100.7", 443)
    assert not network.lets_out(pods["users"], "203.0.113.9", 8443)
    assert not network.lets_out(pods["mail"], "198.51.100.7", 8443)


def test_a_load_balancer_is_reached_from_its_source_ranges() -> None:
    public = service(ports={"http": 8080}, service={"type": "LoadBalancer", "source-ranges": ["192.0.2.0/24"]})
    network = Network(render(platform({"gateway": public})))
    pod = next(pod for pod in network.pods if pod.name == "gateway")
    assert network.lets_through(outsider("client", "", address="192.0.2.7"), pod, 8080)
    assert not network.lets_through(outsider("client", "", address="198.51.100.7"), pod, 8080)


def test_servers_of_a_broker_reach_each_other() -> None:
    network = Network(render(platform({"users": service()}, broker={"storage": "1Gi", "replicas": 3})))
    nats = next(pod for pod in network.pods if pod.name == "nats")
    assert network.lets_through(nats, nats, 6222), "they could form no cluster"
    users = next(pod for pod in network.pods if pod.name == "users")
    assert not network.lets_through(users, nats, 6222)


def test_versions_of_a_service_are_reached_alike() -> None:
    versions = {"stable": {"weight": "50%"}, "canary": {"weight": "50%"}}
    users = service(ports={"grpc": 50051}, versions=versions, replicas=2)
    network = Network(render(platform({"users": users, "gateway": service(calls={"users": {}})})))
    assert set(network.openings()) == {("gateway", name, 50051, "TCP") for name in ("users", "users-canary")}


def test_a_workload_that_uses_the_kubernetes_api_may_reach_it() -> None:
    """Its Role is of no use behind a policy that denies it the way; the API server is no Pod, so it is an address."""
    watcher = service(
        **{"api-access": [{"resources": ["pods"], "verbs": ["get"]}]},
        exceptions={"service-account-token": "it watches the Pods of its namespace"},
    )
    network = Network(render(platform({"watcher": watcher})))
    pod = next(pod for pod in network.pods if pod.name == "watcher")
    assert any(network.lets_out(pod, "192.168.0.10", port) for port in (443, 6443))


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_nobody_but_prometheus_reaches_the_metrics_port_of_the_sample(stack: str) -> None:
    """Beside sidecars not even Prometheus does: it asks the proxies, on a port that no container declares."""
    openings = set(Network(render(validate(stack))).openings())
    assert ("gateway", "users", 50051, "TCP") in openings
    services = {"gateway", "users", "orders", "recommendations", "fulfilment"}
    found = {(source, target) for source, target, port, _ in openings if port == 8081 and target in services}
    assert found == (set() if stack == "dev" else {("prometheus", name) for name in services})


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_policy_that_forgets_a_direction_is_seen(direction: str) -> None:
    """The check itself can fail: one rule taken away closes a connection, one made wider opens others."""
    drawn = {"users": service(ports={"grpc": 50051}), "gateway": service(calls={"users": {}})}
    bodies = deepcopy(render(platform(drawn)))
    wanted = {("gateway", "users", 50051, "TCP")}
    assert set(Network(bodies).openings()) == wanted
    owner = "users" if direction == "ingress" else "gateway"
    policy = next(body for body in bodies if body["kind"] == "NetworkPolicy" and body["metadata"]["name"] == owner)
    rules = policy["spec"].pop(direction)
    assert set(Network(bodies).openings()) == set()
    policy["spec"][direction] = [{key: rule[key] for key in rule if key == "ports"} for rule in rules]
    assert set(Network(bodies).openings()) >= wanted
