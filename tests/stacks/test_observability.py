"""The platform as it is watched: what follows from the two documents for metrics, rules, alerts and dashboards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.observability.arguments import Interface, MeshReporter, MonitoredWorkload, ObservabilityArgs, Role
from components.specs.container import Language
from components.specs.observability.objectives import Objective
from stacks.assembly import compose, render
from stacks.loader import validate
from stacks.schema.platform import Platform
from tests.stacks.project import REMOVED, STACKS, Project

PARTS = {"prometheus", "kube-state-metrics", "alertmanager", "grafana", "prometheus-adapter"}
WATCHED = ("local", "dev", "prod")
OPERATED: dict[str, Any] = {
    "run-by": "operator",
    "operator-namespace": "monitoring",
    "operator-labels": {"release": "kube-prometheus-stack"},
}
OPERATOR: dict[str, Any] = {"metrics": OPERATED, "runbooks": "https://docs.example.com/runbooks"}


def watched(platform: Platform) -> ObservabilityArgs:
    assert platform.observability is not None
    return platform.observability


def workload(platform: Platform, name: str) -> MonitoredWorkload:
    return watched(platform).workloads[name]


def changed(tmp_path: Path, catalogue: dict[str, Any], environment: dict[str, Any], stack: str = "local") -> Platform:
    return Project(tmp_path, stack).change(catalogue, environment).validate()


def test_an_environment_that_watches_nothing_runs_and_writes_nothing_for_it(tmp_path: Path) -> None:
    assert validate("ci").observability is None
    resolved = changed(tmp_path, {}, {"observability": REMOVED}, "dev")
    assert not [name for name in resolved.workloads if name in PARTS or name.endswith("-exporter")]
    assert not {"ClusterRole", "PodMonitor"} & {body["kind"] for body in render(resolved)}
    assert resolved.config_maps == {}


@pytest.mark.parametrize("stack", WATCHED)
def test_every_workload_is_watched_with_its_team_its_language_and_its_endpoint(stack: str) -> None:
    resolved = validate(stack)
    assert watched(resolved).workloads.keys() == resolved.workloads.keys()
    for name, one in watched(resolved).workloads.items():
        spec = resolved.workloads[name].spec
        assert (one.team, one.language) == (resolved.workloads[name].team, spec.language)
        ports = {port for part in spec.every_container for port in part.ports}
        assert (one.endpoint is not None) is ("metrics" in ports)


def test_what_a_workload_is_to_the_platform_follows_from_where_it_is_declared() -> None:
    roles = {name: one.role for name, one in watched(validate("local")).workloads.items()}
    assert roles["orders"] is Role.SERVICE
    assert (roles["orders-db"], roles["nats"]) == (Role.STORE, Role.BROKER)
    assert {roles["orders-db-exporter"], roles["nats-exporter"]} == {Role.EXPORTER}
    assert {roles["prometheus"], roles["grafana"]} == {Role.PLATFORM}


def test_requests_are_counted_by_what_a_service_answers() -> None:
    found = {one.name: one.interfaces for one in watched(validate("local")).services}
    assert found == {
        "gateway": (Interface.HTTP,),
        "users": (Interface.RPC,),
        "orders": (Interface.RPC,),
        "recommendations": (Interface.RPC,),
        "fulfilment": (Interface.MESSAGING,),
    }


def test_a_service_is_seen_with_what_it_depends_on() -> None:
    local = validate("local")
    orders, fulfilment = workload(local, "orders"), workload(local, "fulfilment")
    assert (orders.calls, orders.stores, orders.consumers) == (("users",), ("orders-db",), ())
    (consumer,) = fulfilment.consumers
    assert (consumer.stream, consumer.name, consumer.subject) == ("ORDERS", "fulfilment", "order.created")
    assert consumer.max_deliver == 3
    assert set(orders.alerts) == {"OutboxStalls"}
    endpoint = workload(local, "users").endpoint
    assert endpoint is not None
    assert (endpoint.port, endpoint.path) == (8081, "/actuator/prometheus")


def test_a_managed_store_is_watched_by_its_exporter_too() -> None:
    prod = watched(validate("prod")).workloads
    assert "users-db" not in prod
    assert (prod["users-db-exporter"].engine, prod["users-db-exporter"].speaks_for) == ("postgres", "users-db")
    assert "nats-exporter" not in prod, "nobody knows where a managed broker's monitoring port is"


LOOSE = {"availability": "99%"}


@pytest.mark.parametrize(
    ("catalogue", "environment", "expected"),
    [
        ({}, {}, "99.9"),
        ({"services orders slo": LOOSE}, {}, "99.0"),
        ({"services orders slo": None}, {}, None),
        ({}, {"services orders": {"slo": LOOSE}}, "99.0"),
        ({"services orders slo": LOOSE}, {"services orders": {"slo": None}}, None),
        ({"services orders slo": LOOSE}, {"services orders": {"env": {"A": "b"}}}, "99.0"),
        ({"team-defaults slo": REMOVED}, {}, None),
        ({"services orders ports metrics": REMOVED}, {}, None),
    ],
    ids=["default", "own", "none", "here", "none here", "unchanged here", "no default", "nothing to count by"],
)
def test_a_promise_is_the_environments_the_services_own_or_the_default(
    tmp_path: Path, catalogue: dict[str, Any], environment: dict[str, Any], expected: str | None
) -> None:
    if "services orders ports metrics" in catalogue:
        # Its own alert is about a metric that it would not serve.
        catalogue = {**catalogue, "services orders alerts": {}}
    found = workload(changed(tmp_path, catalogue, environment), "orders").objective
    assert (None if found is None else str(found.availability)) == expected


def test_a_store_promises_nothing() -> None:
    assert {one.name for one in watched(validate("local")).workloads.values() if one.objective is not None} == {
        "gateway",
        "users",
        "orders",
        "recommendations",
        "fulfilment",
    }
    recommendations = workload(validate("local"), "recommendations").objective
    assert recommendations == Objective.model_validate({"availability": "99.5%", "latency": {"p99": "100ms"}})


def test_the_mesh_counts_the_requests_that_its_proxies_read(tmp_path: Path) -> None:
    reporters = {stack: watched(validate(stack)).mesh for stack in WATCHED}
    assert reporters == {"local": None, "dev": MeshReporter.SIDECAR, "prod": MeshReporter.WAYPOINT}
    counted = {one.name: one.is_meshed_service for one in watched(validate("prod")).services}
    assert counted == dict.fromkeys(counted, True) | {"fulfilment": False}
    headless = {"services recommendations service": {"headless": True}, "services gateway calls": ["recommendations"]}
    for stack, expected in (("dev", True), ("prod", False)):
        (folder := tmp_path / stack).mkdir()
        resolved = changed(folder, headless, {}, stack)
        assert workload(resolved, "recommendations").is_meshed_service is expected, "no waypoint stands before its Pods"


def test_certificates_are_watched_where_some_are_issued(tmp_path: Path) -> None:
    assert {stack: watched(validate(stack)).certificates for stack in WATCHED} == {
        "local": False,
        "dev": True,
        "prod": True,
    }
    by_hand = changed(tmp_path, {}, {"mesh edge tls": {"secret": "shop-tls"}}, "dev")
    assert not watched(by_hand).certificates


def test_an_image_of_the_environment_runs_in_place_of_the_pinned_one(tmp_path: Path) -> None:
    """One entry for each program: both databases' exporters are the same."""
    images = {"grafana": "example.com/grafana:1", "postgres-exporter": "example.com/postgres-exporter:1"}
    before, after = validate("local").workloads, changed(tmp_path, {}, {"observability images": images}).workloads
    differing = {name for name in before if before[name].spec.image != after[name].spec.image}
    assert differing == {"grafana", "users-db-exporter", "orders-db-exporter"}
    assert after["orders-db-exporter"].spec.image == "example.com/postgres-exporter:1"


def test_every_container_of_a_program_runs_the_image_that_is_named(tmp_path: Path) -> None:
    image = "example.com/kube-state-metrics:1"
    resolved = changed(tmp_path, {}, {"observability images": {"kube-state-metrics": image}}, "dev")
    parts = resolved.workloads["kube-state-metrics"].spec.every_container
    assert len(parts) == 2, "the second one tells of certificates"
    assert {part.image for part in parts} == {image}


@pytest.mark.parametrize("stack", WATCHED)
def test_nobody_waits_for_what_watches_and_it_waits_for_nobody(stack: str) -> None:
    """A platform must start, and stay up, without it."""
    workloads = validate(stack).workloads
    watching = {name for name in workloads if name in PARTS or name.endswith("-exporter")}
    assert watching
    for name, one in workloads.items():
        assert not watching & set(one.after), f"{name} waits for what watches it"
        assert name not in watching or not one.after
    assert not watching & {node.name for node in validate(stack).graph.nodes}, "the graph is the shop's"


@pytest.mark.parametrize("stack", STACKS)
def test_every_config_map_of_a_part_is_one_that_it_reads(stack: str) -> None:
    bodies = render(validate(stack))
    made = {body["metadata"]["name"] for body in bodies if body["kind"] == "ConfigMap"}
    kinds = ("Deployment", "StatefulSet", "DaemonSet")
    templates = [body["spec"]["template"]["spec"] for body in bodies if body["kind"] in kinds]
    read = {one["configMap"]["name"] for spec in templates for one in spec.get("volumes", ()) if "configMap" in one}
    assert made == read


def test_a_part_comes_behind_its_rights_and_the_api_behind_who_serves_it() -> None:
    prod = validate("prod")
    parts = {part.key: part for part in compose(prod, {})}
    order = list(parts)
    assert "ScrapeAccess/shop" in parts["Workload/prometheus"].after
    assert "MetricsAdapter/shop" in parts["Workload/prometheus-adapter"].after
    assert "Workload/prometheus-adapter" in parts["MetricsApi/shop"].after
    for part in parts.values():
        known = [key for key in part.after if key in parts]
        assert all(order.index(key) < order.index(part.key) for key in known), part.key


def test_an_operators_prometheus_gets_monitors_and_no_second_one_runs(tmp_path: Path) -> None:
    resolved = changed(tmp_path, {}, {"observability": OPERATOR})
    assert not PARTS & resolved.workloads.keys()
    assert {"users-db-exporter", "nats-exporter"} <= resolved.workloads.keys(), "nobody else has the stores' passwords"
    kinds = {body["kind"] for body in render(resolved)}
    assert {"PodMonitor", "PrometheusRule"} <= kinds
    assert "ClusterRole" not in kinds
    assert "grafana" not in resolved.secrets


def test_a_part_looks_the_same_whoever_stands_beside_it() -> None:
    """It is built before the others are known: its spec must not follow from them."""
    from components.observability.alertmanager.server import alertmanager_workload
    from components.observability.exporters.kube_state_metrics import kube_state_metrics_workload
    from components.observability.grafana.server import grafana_workload
    from components.observability.prometheus.workload import prometheus_workload

    builders = {
        "prometheus": prometheus_workload,
        "kube-state-metrics": kube_state_metrics_workload,
        "alertmanager": alertmanager_workload,
        "grafana": grafana_workload,
    }
    dev = validate("dev")
    for name, build in builders.items():
        assert build(watched(dev)) == dev.workloads[name].spec
    assert workload(dev, "prometheus").language is Language.GO
