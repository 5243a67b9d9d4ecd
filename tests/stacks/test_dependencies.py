"""What follows from the one list of dependencies: variables, openings, the order of starting, the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.specs.network import OpenPort, Peer
from components.specs.variables import SecretReference
from stacks.loader import validate
from stacks.problems import InvalidConfiguration
from stacks.schema.dependencies import variable_prefix
from stacks.schema.graph import Edge, Graph, Kind, Node
from stacks.schema.platform import Platform, ResolvedWorkload
from stacks.schema.references import subject_matches
from tests.stacks.project import Project
from tests.stacks.random_catalogues import platform

EVERY_SERVICE = {
    *("K8S_POD_NAME", "SERVICE_VERSION", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "DRAIN_TIMEOUT"),
    *("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
}
"""What each service is told of itself, whatever it depends on."""


def workload(resolved: Platform, name: str) -> ResolvedWorkload:
    return resolved.workloads[name]


def of_others(resolved: Platform, name: str) -> dict[str, object]:
    found = workload(resolved, name).environment
    return {key: value for key, value in found.items() if key not in EVERY_SERVICE}


@pytest.fixture(scope="module")
def local() -> Platform:
    return validate("local")


def test_a_caller_is_told_the_address_of_whom_it_calls(local: Platform) -> None:
    gateway = workload(local, "gateway").environment
    assert gateway["USERS_ADDR"] == "users:50051"
    assert gateway["ORDERS_ADDR"] == "orders:50051"
    assert gateway["RECOMMENDATIONS_ADDR"] == "recommendations:50051"


def test_a_user_of_a_store_is_told_its_address_its_database_and_its_credentials(local: Platform) -> None:
    assert of_others(local, "users") == {
        "USERS_DB_HOST": "users-db",
        "USERS_DB_PORT": "5432",
        "USERS_DB_ADDR": "users-db:5432",
        "USERS_DB_DATABASE": "users_db",
        "USERS_DB_USERNAME": SecretReference(secret="users-db", key="username"),
        "USERS_DB_PASSWORD": SecretReference(secret="users-db", key="password"),
    }


def test_a_managed_store_has_the_same_variables_with_other_values() -> None:
    """A program must not know whether its store is managed (REQUIREMENTS D2)."""
    outside, inside = workload(validate("prod"), "users").environment, workload(validate("local"), "users").environment
    assert set(outside) == set(inside)
    assert outside["USERS_DB_ADDR"] == "users.db.example.com:5432"
    assert outside["USERS_DB_PASSWORD"] == inside["USERS_DB_PASSWORD"]


def test_a_publisher_is_told_the_broker_and_what_the_stream_keeps(local: Platform) -> None:
    found = workload(local, "orders").environment
    assert found["NATS_URL"] == "nats://nats:4222"
    assert found["NATS_PASSWORD"] == SecretReference(secret="nats", key="password")
    assert found["STREAM_ORDERS_SUBJECTS"] == "order.*"
    assert found["STREAM_ORDERS_MAX_AGE"] == "72h"
    assert found["STREAM_ORDERS_STORAGE"] == "file"


def test_a_consumer_is_told_how_to_consume(local: Platform) -> None:
    found = workload(local, "fulfilment").environment
    assert found["CONSUMER_ORDERS_ORDER_CREATED_SUBJECT"] == "order.created"
    assert found["CONSUMER_ORDERS_ORDER_CREATED_ACK_WAIT"] == "30s"
    assert found["CONSUMER_ORDERS_ORDER_CREATED_MAX_DELIVER"] == "3"


def test_nobody_is_told_what_it_does_not_use(local: Platform) -> None:
    assert of_others(local, "recommendations") == {}


@pytest.mark.parametrize(
    ("name", "prefix"), [("users", "USERS"), ("users-db", "USERS_DB"), ("ORDERS/order.*", "ORDERS_ORDER_ANY")]
)
def test_a_name_becomes_a_prefix_that_a_shell_can_read(name: str, prefix: str) -> None:
    assert variable_prefix(name) == prefix


CALLEE: dict[str, Any] = {"image": "example.com/x:1", "exceptions": {"probes": "probes are another test's"}}


def address(callee: dict[str, Any], call: dict[str, Any] | None = None) -> str:
    caller = CALLEE | {"calls": {"users": call or {}}}
    return str(workload(platform({"users": CALLEE | callee, "gateway": caller}), "gateway").environment["USERS_ADDR"])


@pytest.mark.parametrize(
    ("callee", "call", "expected"),
    [
        ({"ports": {"metrics": 9090, "http": 8080, "grpc": 50051}}, {}, "users:50051"),
        ({"ports": {"metrics": 9090, "http": 8080}}, {}, "users:8080"),
        ({"ports": {"metrics": 9090}}, {}, "users:9090"),
        ({"ports": {"metrics": 9090, "grpc": 50051}}, {"port": "metrics"}, "users:9090"),
        ({"ports": {"http": {"number": 8080, "service-port": 80}}}, {}, "users:80"),
        ({"ports": {"http": 8080}, "service": {"name": "accounts"}}, {}, "accounts:8080"),
        ({"ports": {"admin": {"number": 1, "exposed": False}, "web": 2}}, {}, "users:2"),
        ({"sidecars": {"proxy": {"image": "example.com/p:1", "ports": {"http": 15001}}}}, {}, "users:15001"),
    ],
)
def test_an_address_is_that_of_the_service(callee: dict[str, Any], call: dict[str, Any], expected: str) -> None:
    assert address(callee, call) == expected


def test_a_headless_service_is_called_at_the_containers_own_port() -> None:
    """DNS answers with the Pods' addresses, and nothing on the way translates the Service's port."""
    callee = {"ports": {"grpc": {"number": 50051, "service-port": 80}}, "service": {"headless": True}}
    assert address(callee) == "users:50051"


def test_a_policy_opens_the_containers_port_where_the_service_has_another() -> None:
    """A NetworkPolicy sees packets after the Service's translation."""
    callee = CALLEE | {"ports": {"http": {"number": 8080, "service-port": 80}}}
    resolved = platform({"users": callee, "gateway": CALLEE | {"calls": ["users"]}})
    users = Peer(pod_labels=(("app.kubernetes.io/name", "users"),))
    assert [(opening.peer, opening.ports) for opening in workload(resolved, "gateway").connections.egress] == [
        (users, (OpenPort(8080),))
    ]


def test_a_plain_list_of_calls_or_methods_will_do() -> None:
    users = CALLEE | {"ports": {"grpc": 50051}, "contract": "shop.users.v1.UserService"}
    for calls in (["users"], {"users": None}, {"users": ["GetUser"]}, {"users": {"methods": ["GetUser"]}}):
        resolved = platform({"users": users, "gateway": CALLEE | {"calls": calls}})
        assert workload(resolved, "gateway").environment["USERS_ADDR"] == "users:50051"


def test_whatever_is_needed_starts_first(local: Platform) -> None:
    names = list(local.workloads)
    assert workload(local, "orders").after == ("users", "orders-db", "nats")
    for name, one in local.workloads.items():
        assert all(names.index(other) < names.index(name) for other in one.after)


def test_nobody_waits_for_what_is_optional_or_outside() -> None:
    assert "recommendations" not in workload(validate("local"), "gateway").after
    assert workload(validate("prod"), "users").after == ()


def test_an_optional_call_breaks_a_circle(tmp_path: Path) -> None:
    project = Project(tmp_path, "local").change({"services users calls": {"gateway": {"optional": True}}})
    assert project.validate().workloads["users"].environment["GATEWAY_ADDR"] == "gateway:8080"


def test_the_graph_shows_services_workers_stores_streams_and_the_edge(local: Platform) -> None:
    kinds = {node.name: node.kind for node in local.graph.nodes}
    assert kinds == {
        "edge shop": Kind.EDGE,
        **dict.fromkeys(("gateway", "users", "orders", "recommendations"), Kind.SERVICE),
        "fulfilment": Kind.WORKER,
        **dict.fromkeys(("users-db", "orders-db", "cache"), Kind.STORE),
        "ORDERS": Kind.STREAM,
    }
    edges = set(local.graph.edges)
    assert Edge("gateway", "orders", "CreateOrder, GetOrder") in edges
    assert Edge("gateway", "recommendations", "ListRecommendations", optional=True) in edges
    assert Edge("orders", "ORDERS", "order.created") in edges
    assert Edge("ORDERS", "fulfilment", "order.created") in edges
    assert Edge("edge shop", "gateway", "/api") in edges


def test_a_graph_refuses_edges_that_lead_nowhere_and_names_that_are_taken() -> None:
    with pytest.raises(ValueError, match="not in the graph: b"):
        Graph([Node("a", Kind.SERVICE)], [Edge("a", "b")])
    with pytest.raises(ValueError, match="one name: a"):
        Graph([Node("a", Kind.SERVICE), Node("a", Kind.STORE)])


@pytest.mark.parametrize(
    ("pattern", "subject", "matches"),
    [
        ("order.*", "order.created", True),
        ("order.*", "order", False),
        ("order.*", "order.a.b", False),
        ("order.>", "order.a.b", True),
        ("order.>", "order", False),
        ("order.*", "order.*", True),
        ("order.created", "order.*", False),
        ("order.*", "order.>", False),
        ("order.>", "order.>", True),
        ("*.created", "order.created", True),
        ("*", "order", True),
        ("order.>", "order.*.b", True),
    ],
)
def test_a_stream_keeps_what_its_subjects_cover(pattern: str, subject: str, *, matches: bool) -> None:
    assert subject_matches(pattern, subject) is matches


def test_a_stream_may_keep_everything(tmp_path: Path) -> None:
    """``>`` and ``*.created`` are subjects too (https://docs.nats.io/nats-concepts/subjects)."""
    for subjects in ([">"], ["*.created"]):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        project = Project(folder)
        project.change({"streams ORDERS subjects": subjects})
        try:
            project.validate()
        except InvalidConfiguration as error:
            pytest.fail(str(error))
