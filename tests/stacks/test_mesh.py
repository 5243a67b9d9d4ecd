"""The platform as the mesh sees it: what follows from the two documents, and what stays as it is without a mesh."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.mesh.arguments import Caller, ExternalService
from components.specs.mesh.resilience import Resilience
from stacks.assembly import render
from stacks.loader import validate
from tests.stacks.meshed import AMBIENT, args, changed, difference, meshed
from tests.stacks.network import Network, outsider
from tests.stacks.project import REMOVED, Project


@pytest.mark.parametrize("stack", ["local", "ci"])
def test_a_stack_without_a_mesh_knows_nothing_of_it(stack: str) -> None:
    resolved = validate(stack)
    assert resolved.mesh is None
    assert resolved.waypoint is None
    assert not [body for body in render(resolved) if "istio" in body["apiVersion"]]
    assert "istio" not in str(resolved.namespace.labels)


def test_callers_are_named_by_port_and_method() -> None:
    orders = args(validate("dev")).workloads["orders"]
    assert orders.contract == "shop.orders.v1.OrderService"
    assert orders.callers == (
        Caller(service_account="gateway", namespace="shop", port="grpc", methods=("CreateOrder", "GetOrder")),
    )
    assert orders.calls == ("users", "orders-db", "nats", "otel-collector")


def test_a_service_of_another_name_is_called_by_that_name() -> None:
    users = {"ports": {"grpc": {"number": 9000, "service-port": 50051}}, "service": {"name": "people"}}
    found = args(meshed({"users": users, "gateway": {"calls": {"users": {}}}})).workloads
    assert found["users"].service == "people"
    assert found["gateway"].calls == ("people",)
    assert (found["users"].ports["grpc"].number, found["users"].ports["grpc"].service_port) == (9000, 50051)


def test_ports_that_no_service_carries_are_bare_connections() -> None:
    worker = {"ports": {"http": {"number": 8081, "exposed": False}, "dns": {"number": 53, "protocol": "UDP"}}}
    found = args(meshed({"worker": worker})).workloads["worker"]
    assert {name: port.protocol for name, port in found.ports.items()} == {"http": "tcp"}, "the mesh carries no UDP"


def test_an_edge_has_the_environments_domain() -> None:
    dev, prod = (args(validate(stack)).workloads["gateway"].edge for stack in ("dev", "prod"))
    assert dev and prod
    assert (dev.host, prod.host) == ("shop.dev.example.com", "shop.example.com")
    assert (dev.paths, dev.policy.auth) == (("/api",), "customers")


def test_managed_stores_are_external_hosts_by_tcp() -> None:
    mesh = args(validate("prod"))
    assert mesh.external["users-db"] == ExternalService(
        name="users-db", host="users.db.example.com", port=5432, protocol="tcp"
    )
    assert mesh.workloads["orders"].external == ("orders-db", "nats")
    assert mesh.workloads["orders"].calls == ("users", "otel-collector"), "what is outside is no Service"


def test_two_names_of_one_host_are_one_host(tmp_path: Path) -> None:
    """Istio would give each ServiceEntry of a host addresses of its own."""
    mesh = args(changed(tmp_path, {"stores orders-db host": "users.db.example.com"}, "prod"))
    assert {name for name, external in mesh.external.items() if external.port == 5432} == {"users-db"}
    assert mesh.workloads["orders"].external == ("users-db", "nats")


def test_a_service_speaks_plain_http_to_a_host_for_which_its_proxy_adds_tls(tmp_path: Path) -> None:
    catalogue = {
        "external payments": {"host": "pay.example.net", "originate-tls": True},
        "services users uses": ["payments"],
    }
    found = {}
    for stack in ("local", "dev"):
        (folder := tmp_path / stack).mkdir()
        resolved = Project(folder, stack).change(catalogue).validate()
        environment = resolved.workloads["users"].environment
        found[stack] = (environment["PAYMENTS_ADDR"], environment["PAYMENTS_URL"])
        ways = [one for one in resolved.workloads["users"].connections.egress if one.peer.cidrs]
        assert [port.number for way in ways for port in way.ports] == [443], "that is where the connection leads"
    assert found == {
        "local": ("pay.example.net:443", "https://pay.example.net:443"),
        "dev": ("pay.example.net:80", "http://pay.example.net:80"),
    }


def test_an_override_replaces_the_catalogues_resilience_and_limits(tmp_path: Path) -> None:
    limit = {"requests": 5, "per": "second"}
    changes = {
        "services orders": {
            "resilience": {"timeout": "4s"},
            "rate-limits": [limit],
            "fault": {"delay": {"duration": "1s", "share": "1%"}},
        }
    }
    orders = args(changed(tmp_path, changes)).workloads["orders"]
    assert orders.resilience == Resilience.model_validate({"timeout": "4s"})
    assert [one.requests for one in orders.rate_limits] == [5]
    assert orders.fault is not None


def test_what_is_null_in_an_override_is_the_catalogues(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("resilience", "rate-limits", "versions", "resources", "image"))
    assert changed(tmp_path, {"services orders": nothing}) == validate("dev")


def test_the_quota_counts_the_proxies(tmp_path: Path) -> None:
    """A sidecar asks for as much as a small service; without it in the sum the last Pods would not be admitted."""
    problems = (
        Project(tmp_path)
        .change(environment={"quota memory": "4990Mi", "observability": REMOVED, "mesh": REMOVED, "services": {}})
        .problems()
    )
    assert problems == ()
    (folder := tmp_path / "meshed").mkdir()
    (problem,) = Project(folder).change(environment={"quota memory": "4990Mi", "observability": REMOVED}).problems()
    assert "with the mesh's proxies" in problem.message


LIMITED = {
    "ports": {"grpc": 50051},
    "contract": "shop.users.v1.UserService",
    "rate-limits": [{"requests": 10, "per": "second", "scope": "global"}],
}


def test_global_limits_bring_the_service_that_counts_and_open_its_ways() -> None:
    resolved = meshed({"users": LIMITED, "mail": {"calls": {"users": {}}}})
    counting, mesh = resolved.workloads["ratelimit"], args(resolved)
    assert counting.after == ("cache",)
    assert mesh.workloads["ratelimit"].callers == (Caller(service_account="users", namespace="shop", port="grpc"),)
    assert mesh.workloads["users"].calls == ("ratelimit",)
    assert "ratelimit" not in mesh.workloads["mail"].calls
    assert "users:/:second:service" in resolved.config_maps["ratelimit"]["limits.yaml"]
    assert "ratelimit" not in resolved.workloads["users"].after, "limits must be no outage"
    assert "ratelimit" not in {node.name for node in resolved.graph.nodes}, "the graph is the shop's"


def test_limits_by_caller_at_the_edge_are_counted_by_the_edge_too() -> None:
    gateway = {
        "ports": {"http": 8080},
        "edge": {"host": "shop"},
        "rate-limits": [{"requests": 10, "per": "second", "by": "caller", "scope": "global"}],
    }
    callers = args(meshed({"gateway": gateway})).workloads["ratelimit"].callers
    assert callers == (Caller(service_account="istio-ingressgateway", namespace="edge", port="grpc"),)


@pytest.mark.parametrize("by", ["caller", "service"])
def test_the_edges_gateway_reaches_the_service_that_counts_where_it_asks_it(by: str) -> None:
    """Requests pass where nobody counts, so that a closed way would go unseen."""
    limit = {"requests": 10, "per": "second", "by": by, "scope": "global"}
    resolved = meshed({"gateway": {"ports": {"http": 8080}, "edge": {"host": "shop"}, "rate-limits": [limit]}})
    network = Network(render(resolved))
    counting = next(pod for pod in network.pods if pod.name == "ratelimit")
    assert network.lets_through(outsider("envoy", "edge"), counting, 8081) is (by == "caller")


def test_local_limits_need_no_further_service() -> None:
    limit = {"requests": 10, "per": "second"}
    assert "ratelimit" not in meshed({"users": LIMITED | {"rate-limits": [limit]}}).workloads


def test_a_changed_global_limit_rolls_the_service_that_counts() -> None:
    other = LIMITED | {"rate-limits": [{"requests": 20, "per": "second", "scope": "global"}]}
    found = difference(meshed({"users": LIMITED}), meshed({"users": other}))
    assert found == {("ConfigMap", "ratelimit"), ("Deployment", "ratelimit")}


def test_the_servers_of_a_broker_call_each_other_in_the_mesh() -> None:
    nats = args(meshed({"users": {}}, broker={"storage": "1Gi", "replicas": 3})).workloads["nats"]
    assert Caller(service_account="nats", namespace="shop", port="cluster") in nats.callers
    assert nats.calls == ("nats",)


def test_a_headless_service_is_called_past_the_waypoint() -> None:
    resolved = meshed({"users": {"uses": ["ledger"]}}, mesh=AMBIENT)
    assert args(resolved).workloads["ledger"].is_headless
    policies = {
        body["metadata"]["name"]: body["spec"] for body in render(resolved) if body["kind"] == "AuthorizationPolicy"
    }
    (rule,) = policies["ledger"]["rules"]
    assert "selector" in policies["ledger"], "no waypoint would ask a policy of its Service"
    assert rule["from"] == [{"source": {"principals": ["cluster.local/ns/shop/sa/users"]}}]
    assert resolved.waypoint is not None
    assert resolved.waypoint.ingress == ()


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_headless_service_may_number_its_ports_as_it_likes_where_no_sidecar_reads_them(
    tmp_path: Path, stack: str
) -> None:
    changes = {
        "services orders service": {"headless": True},
        "services orders ports grpc": {"number": 50051, "service-port": 80},
        "services gateway calls orders": {},
    }
    assert Project(tmp_path, stack).change(changes).problems() == ()


def test_plain_text_is_taken_in_where_the_environment_gives_a_reason(tmp_path: Path) -> None:
    reason = "the old agents have no identity"
    mesh = args(changed(tmp_path, {"mesh permissive-ports": {"users": {"metrics": reason}}}))
    assert mesh.workloads["users"].permissive_ports == {"metrics": reason}
    assert mesh.workloads["orders"].permissive_ports == {}
