"""The ways that watching a platform opens: to metrics, to those who are told, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from components.mesh.arguments import Caller
from stacks.assembly import render
from stacks.loader import validate
from stacks.schema.platform import Platform
from tests.stacks.meshed import AMBIENT, MESH, args, changed
from tests.stacks.network import Network, Pod, outsider
from tests.stacks.random_catalogues import PROPERTY, declared, platform, services
from tests.stacks.test_observability import OPERATOR

RECEIVER = {"webhook": "url", "host": "hooks.example.com"}
WATCHED: dict[str, Any] = {
    "metrics": {"retention": "30d", "storage": "5Gi"},
    "runbooks": "https://docs.example.com/runbooks",
    "alerts": {"page": RECEIVER, "ticket": RECEIVER, "info": RECEIVER, "replicas": 3},
    "dashboards": {},
}
EXPORTERS = {"ledger": ("postgres", 5432, 9187), "cache": ("redis", 6379, 9121), "nats": ("monitor", 8222, 7777)}
TUNNEL, PROXY_METRICS = 15008, 15020
METRICS = {"prometheus": 9090, "alertmanager": 9093, "grafana": 3000, "kube-state-metrics": 8081}
MONITORING = outsider("prometheus-0", "monitoring", {"app.kubernetes.io/name": "prometheus"})
NEIGHBOUR = outsider("grafana", "monitoring", {"app.kubernetes.io/name": "grafana"})
IMPOSTOR = outsider("prometheus", "elsewhere", {"app.kubernetes.io/name": "prometheus"})


def watching() -> set[tuple[str, str, int, str]]:
    """Every connection that the parts need among themselves and to stores; ``archive`` runs elsewhere."""
    found = {("prometheus", name, number, "TCP") for name, number in METRICS.items()}
    found |= {("prometheus", f"{store}-exporter", ports[2], "TCP") for store, ports in EXPORTERS.items()}
    found |= {(f"{store}-exporter", store, ports[1], "TCP") for store, ports in EXPORTERS.items()}
    found |= {("alertmanager", "alertmanager", 9094, protocol) for protocol in ("TCP", "UDP")}
    return found | {
        ("prometheus", "archive-exporter", 9187, "TCP"),
        ("prometheus", "kube-state-metrics", 8080, "TCP"),
        ("grafana", "prometheus", 9090, "TCP"),
    }


def pods(network: Network) -> dict[str, Pod]:
    return {pod.name: pod for pod in network.pods}


@PROPERTY
@given(services())
def test_watching_a_platform_opens_what_watching_needs_and_nothing_else(drawn: dict[str, dict[str, Any]]) -> None:
    bodies = render(platform(drawn, observability=WATCHED))
    assert set(Network(bodies).openings()) == declared(drawn) | watching()


def test_a_worker_without_a_service_is_scraped_too() -> None:
    worker = {"image": "example.com/x:1", "ports": {"metrics": {"number": 9000, "exposed": False}}}
    drawn = {"worker": worker | {"probes": {"readiness": {"tcp": True, "port": "metrics"}}}}
    network = Network(render(platform(drawn, observability=WATCHED)))
    assert {opening[0] for opening in network.openings() if opening[1] == "worker"} == {"prometheus"}


def test_receivers_are_reached_by_alertmanager_alone() -> None:
    network = Network(render(platform({"users": {"image": "example.com/x:1"}}, observability=WATCHED)))
    reached = {name for name, pod in pods(network).items() if network.lets_out(pod, "198.51.100.7", 443)}
    assert reached == {"alertmanager", "prometheus", "kube-state-metrics"}, "the last two ask the API server"
    narrow = platform({"users": {"image": "example.com/x:1"}}, observability=WATCHED, **{"api-server": ["10.0.0.1/32"]})
    network = Network(render(narrow))
    reached = {name for name, pod in pods(network).items() if network.lets_out(pod, "198.51.100.7", 443)}
    assert reached == {"alertmanager"}


@pytest.mark.parametrize("nodes", [True, False])
def test_kubelets_are_asked_by_prometheus_where_nodes_are_watched(nodes: bool) -> None:
    metrics = WATCHED["metrics"] | {"nodes": nodes}
    drawn = {"users": {"image": "example.com/x:1"}}
    network = Network(render(platform(drawn, observability=WATCHED | {"metrics": metrics})))
    reached = {name for name, pod in pods(network).items() if network.lets_out(pod, "192.168.0.7", 10250)}
    assert reached == ({"prometheus"} if nodes else set())


def test_the_api_server_alone_reaches_the_adapter() -> None:
    network = Network(render(validate("prod")))
    adapter = pods(network)["prometheus-adapter"]
    assert network.lets_through(outsider("apiserver", "", address="10.30.0.3"), adapter, 6443)
    assert not network.lets_through(outsider("node", "", address="10.31.0.3"), adapter, 6443)
    assert not [name for name, pod in pods(network).items() if network.lets_through(pod, adapter, 6443)]


def test_hosts_are_known_to_the_mesh_and_each_to_those_that_use_it() -> None:
    prod = args(validate("prod"))
    used = {name: workload.external for name, workload in prod.workloads.items()}
    hosts = {"events.pagerduty.com", "qyapi.weixin.qq.com", "smtp.example.com", "deadman.example.com"}
    assert set(used["alertmanager"]) == hosts
    assert used["grafana"] == ("id.example.com",)
    assert prod.external["smtp.example.com"].protocol == "tcp", "STARTTLS begins in plain text"
    assert prod.external["deadman.example.com"].protocol == "tls"


def test_a_host_with_two_uses_is_one_host(tmp_path: Path) -> None:
    webhook = {"webhook": "other-url", "host": "hooks.example.com"}
    mesh = args(changed(tmp_path, {"observability alerts info": webhook}))
    assert [name for name, one in mesh.external.items() if one.host == "hooks.example.com"] == ["hooks.example.com"]


def test_a_proxy_lets_out_what_asks_the_kubernetes_api() -> None:
    """Its scope would otherwise not know the API server, and refuse it."""
    scopes = {
        body["metadata"]["name"]: body["spec"]["egress"][0]["hosts"]
        for body in render(validate("dev"))
        if body["kind"] == "Sidecar"
    }
    host = "default/kubernetes.default.svc.cluster.local"
    asking = {"prometheus", "kube-state-metrics", "otel-collector", "otel-agent"}
    assert {name for name, hosts in scopes.items() if host in hosts} == asking
    assert "./alertmanager.shop.svc.cluster.local" in scopes["prometheus"]


def service(**ports: int) -> dict[str, Any]:
    return {"image": "example.com/x:1", "exceptions": {"probes": "probes are another test's"}, "ports": ports}


def operated(**environment: Any) -> Platform:
    drawn = {"users": service(grpc=50051, metrics=8081), "mail": service(http=8080)}
    return platform(drawn, observability=OPERATOR, **environment)


def test_an_operators_prometheus_is_let_in_at_the_metrics_and_nowhere_else() -> None:
    network = Network(render(operated()))
    for name, pod in pods(network).items():
        for number, protocol in pod.ports:
            expected = (name, number) in {("users", 8081), *((f"{n}-exporter", p[2]) for n, p in EXPORTERS.items())}
            expected |= (name, number) == ("archive-exporter", 9187)
            assert network.lets_through(MONITORING, pod, number, protocol) is expected, f"{name}:{number}"
            assert not network.lets_through(NEIGHBOUR, pod, number, protocol)
            assert not network.lets_through(IMPOSTOR, pod, number, protocol)


def test_beside_sidecars_an_operators_prometheus_is_let_in_at_the_proxies() -> None:
    network = Network(render(operated(mesh=MESH)))
    for pod in network.pods:
        assert network.lets_through(MONITORING, pod, PROXY_METRICS)
        assert not network.lets_through(NEIGHBOUR, pod, PROXY_METRICS)
        assert not [number for number, _ in pod.ports if network.lets_through(MONITORING, pod, number)]


def test_in_ambient_mode_an_operators_prometheus_comes_through_the_tunnel_as_itself() -> None:
    resolved = operated(mesh=AMBIENT)
    network = Network(render(resolved))
    reached = {name for name, pod in pods(network).items() if network.lets_through(MONITORING, pod, TUNNEL)}
    assert reached == {"users", "archive-exporter", *(f"{name}-exporter" for name in EXPORTERS)}
    assert args(resolved).workloads["users"].callers == (
        Caller(service_account="prometheus-k8s", namespace="monitoring", port="metrics", direct=True),
    )


def test_in_ambient_mode_prometheus_comes_past_the_waypoint_as_itself() -> None:
    drawn = {"users": service(grpc=50051, metrics=8081)}
    mesh = args(platform(drawn, observability=WATCHED, mesh=AMBIENT))
    assert mesh.workloads["users"].callers == (
        Caller(service_account="prometheus", namespace="shop", port="metrics", direct=True),
    )
    assert "users" not in mesh.workloads["prometheus"].calls


def test_beside_sidecars_a_scrape_is_no_call_in_the_mesh() -> None:
    drawn = {"users": service(grpc=50051, metrics=8081)}
    mesh = args(platform(drawn, observability=WATCHED, mesh=MESH))
    assert mesh.workloads["users"].callers == ()
    assert mesh.workloads["prometheus"].calls == ("alertmanager", "kube-state-metrics")
