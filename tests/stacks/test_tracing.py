"""Traces and logs of a platform: what runs for each storage, what services are told, and who reaches whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from components.mesh.control_plane import ControlPlane
from components.specs.variables import SecretReference
from stacks.assembly import compose, render
from stacks.loader import validate
from stacks.schema.platform import Platform
from tests.stacks.meshed import SERVICE, args, changed, meshed
from tests.stacks.network import Network, outsider
from tests.stacks.project import REMOVED, STACKS, Project
from tests.stacks.random_catalogues import PROPERTY, declared, platform, services
from tests.stacks.test_observability import OPERATOR
from tests.stacks.test_observability_network import WATCHED, pods, watching
from tests.stacks.traced import (
    HOSTS,
    MESHES,
    PARTS,
    STORAGES,
    agents,
    each_mesh,
    each_storage,
    running,
    traced,
    violations,
)


@each_mesh
@each_storage
@pytest.mark.parametrize("tail", [False, True], ids=["all", "tail"])
def test_each_storage_has_its_parts_and_the_whole_keeps_to_the_checklist(storage: str, mesh: str, tail: bool) -> None:
    resolved = running(mesh, traced(storage, tail=tail, logs="loki"))
    tiers = {"otel-collector", *(["otel-sampler"] if tail else [])}
    tracing = {name for name in resolved.workloads if name.startswith(("jaeger", "otel"))}
    assert tracing == PARTS[storage] | tiers
    assert violations(resolved) == []


@pytest.mark.parametrize("stack", STACKS)
def test_an_environment_without_traces_or_logs_runs_nothing_for_them(tmp_path: Path, stack: str) -> None:
    nothing = {"observability tracing": REMOVED, "observability logs": REMOVED}
    written = Project(tmp_path, stack).environment.get("observability", {})
    here = {path: value for path, value in nothing.items() if path.split()[1] in written}
    (folder := tmp_path / "changed").mkdir()
    resolved = changed(folder, here, stack)
    assert not [name for name in resolved.workloads if name.startswith(("jaeger", "otel", "loki"))]
    assert resolved.node_agents is None
    assert not [key for key in resolved.workloads["users"].environment if key.startswith("OTEL_EXPORTER")]


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_every_service_is_told_where_its_spans_go_and_waits_for_nobody_there(stack: str) -> None:
    resolved = validate(stack)
    for name in ("gateway", "users", "orders", "recommendations", "fulfilment"):
        workload = resolved.workloads[name]
        assert workload.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel-collector:4318"
        assert workload.environment["OTEL_EXPORTER_OTLP_PROTOCOL"] == "http/protobuf"
    tracing = {name for name in resolved.workloads if name.startswith(("jaeger", "otel", "loki"))}
    for name, workload in resolved.workloads.items():
        assert not tracing & set(workload.after), f"{name} would start late for want of a Collector"
        assert name not in tracing or not workload.after


def test_what_a_service_says_itself_of_its_traces_wins() -> None:
    spec = SERVICE | {"env": {"OTEL_TRACES_SAMPLER": "always_off"}}
    resolved = platform({"users": spec}, observability=traced())
    (main,) = (
        body["spec"]["template"]["spec"]["containers"][0]
        for body in render(resolved)
        if (body["kind"], body["metadata"]["name"]) == ("Deployment", "users")
    )
    values = [one["value"] for one in main["env"] if one["name"] == "OTEL_TRACES_SAMPLER"]
    assert values == ["always_off"]


def test_each_version_of_a_service_tells_its_own_version() -> None:
    templates = {
        body["metadata"]["name"]: body["spec"]["template"]["metadata"]["annotations"]
        for body in render(validate("dev"))
        if body["kind"] == "Deployment" and body["metadata"]["name"].startswith("users")
    }
    assert templates["users-canary"]["polyglot.dev/version"] == "0.2.0-rc.1"
    assert templates["users"]["polyglot.dev/version"] != "0.2.0-rc.1"


def test_a_jvms_agent_comes_from_an_image_and_into_the_main_container_alone() -> None:
    spec = SERVICE | {"language": "java", "instrumentation": {"java-agent": True}}
    own = {"java-agent": "example.com/agent:1"}
    resolved = platform(
        {"users": spec | {"sidecars": {"proxy": {"image": "example.com/y:1"}}}},
        observability=traced() | {"images": own},
    )
    found = resolved.workloads["users"].spec
    assert found.init["java-agent"].image == "example.com/agent:1"
    assert "-javaagent:" in str(found.env["JAVA_TOOL_OPTIONS"])
    assert not found.sidecars["proxy"].env and not found.sidecars["proxy"].mounts
    untraced = platform({"users": spec}, observability=WATCHED).workloads["users"].spec
    assert not untraced.init, "where nothing is traced nothing is added"


@each_mesh
def test_a_collector_beside_a_service_holds_its_spans(mesh: str) -> None:
    own = {"otel-collector": "example.com/otelcol:1"}
    environment = {"mesh": MESHES[mesh] | {"telemetry": {"sampling": "100%"}}} if MESHES[mesh] else {}
    beside = {"users": SERVICE | {"instrumentation": {"collector": "sidecar"}}}
    resolved = platform(beside, observability=traced() | {"images": own}, **environment)
    users = resolved.workloads["users"]
    assert users.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    assert users.spec.sidecars["otel-sidecar"].image == "example.com/otelcol:1"
    assert "otel-sidecar" in resolved.config_maps
    assert violations(resolved) == []
    network = Network(render(resolved))
    assert network.lets_through(pods(network)["users"], pods(network)["otel-collector"], 4317)
    assert not network.lets_through(pods(network)["users"], pods(network)["otel-collector"], 4318)


@PROPERTY
@given(services())
def test_tracing_a_platform_opens_what_tracing_needs_and_nothing_else(drawn: dict[str, dict[str, Any]]) -> None:
    resolved = platform(drawn, observability=traced("badger", tail=True, logs="loki"))
    found = set(Network(render(resolved)).openings())
    spans = {(name, "otel-collector", 4318, "TCP") for name in drawn}
    own = {(name, 8888) for name in ("otel-collector", "otel-sampler", "jaeger", "otel-agent")} | {("loki", 3100)}
    scrapes = {("prometheus", name, number, "TCP") for name, number in own}
    between = {
        ("otel-collector", "otel-sampler", 4317, "TCP"),
        ("otel-sampler", "jaeger", 4317, "TCP"),
        ("otel-sampler", "prometheus", 9090, "TCP"),
        ("otel-agent", "prometheus", 9090, "TCP"),
        ("otel-agent", "loki", 3100, "TCP"),
        ("jaeger", "prometheus", 9090, "TCP"),
        ("grafana", "jaeger", 16686, "TCP"),
        ("grafana", "loki", 3100, "TCP"),
    }
    assert found == declared(drawn) | watching() | spans | scrapes | between


@each_mesh
@pytest.mark.parametrize("storage", HOSTS)
def test_a_storage_outside_is_reached_by_those_that_use_it_alone(storage: str, mesh: str) -> None:
    resolved = running(mesh, traced(storage, tail=True), **{"api-server": ["10.0.0.1/32"]})
    network, port = Network(render(resolved)), {"cassandra": 9042, "vendor": 443}.get(storage, 9200)
    used = {"otel-sampler"} if storage == "vendor" else PARTS[storage]
    receivers = {"alertmanager"} if port == 443 else set[str]()
    assert {pod.name for pod in network.pods if network.lets_out(pod, "198.51.100.7", port)} == used | receivers
    if mesh != "none":
        known = args(resolved)
        assert HOSTS[storage] <= {one.host for one in known.external.values()}
        assert {name for name, one in known.workloads.items() if HOSTS[storage] <= set(one.external)} == used


def test_a_storages_login_and_a_vendors_headers_are_secrets_that_somebody_supplies() -> None:
    keys = {name: running("none", traced(name)).secrets for name in STORAGES}
    assert {name: found["jaeger"].keys for name, found in keys.items() if "jaeger" in found} == dict.fromkeys(
        ("elasticsearch", "opensearch", "cassandra"), ("storage-password",)
    )
    assert keys["vendor"]["otel-collector"].keys == ("vendor-key",)
    kafka = agents(running("none", traced(logs="kafka")))
    assert {name: one.keys for name, one in kafka.secrets.items()} == {"logs": ("storage-password",)}
    (workload,) = kafka.workloads.values()
    assert SecretReference(secret="logs", key="storage-password") in workload.spec.env.values()


def test_each_prometheus_of_a_pair_is_told_what_is_counted() -> None:
    """Their Service would lead to one of the two."""
    prod = args(validate("prod")).workloads
    pushing = {one.service_account for one in prod["prometheus"].callers if one.direct}
    assert pushing == {"prometheus", "otel-sampler", "otel-agent"}
    assert "prometheus-pods" in prod["otel-sampler"].calls
    assert "prometheus-pods" not in args(validate("dev")).workloads["otel-collector"].calls


@each_mesh
def test_beside_an_operators_prometheus_spans_and_logs_go_their_way_and_nothing_is_pushed(mesh: str) -> None:
    """Nobody knows where its receiver would be."""
    settings = traced("badger", logs="loki")
    resolved = running(mesh, OPERATOR | {"tracing": settings["tracing"], "logs": settings["logs"]})
    network = Network(render(resolved))
    assert {"jaeger", "otel-collector", "loki"} <= resolved.workloads.keys()
    assert network.lets_through(pods(network)["otel-collector"], pods(network)["jaeger"], 4317)
    monitor = next(body for body in render(resolved) if body["kind"] == "PodMonitor")
    assert "nodes" in monitor["spec"]["namespaceSelector"]["matchNames"]
    assert violations(resolved) == []


def page(tmp_path: Path, stack: str) -> Platform:
    project = Project(tmp_path, stack)
    project.change(
        {"roles developer": ["GET /**"]},
        {"observability tracing search": {"host": "traces", "auth": "customers"}},
    )
    return project.validate()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_jaegers_page_stands_behind_the_edge_and_asks_for_a_role(tmp_path: Path, stack: str) -> None:
    resolved = page(tmp_path, stack)
    edge = args(resolved).workloads["jaeger"].edge
    assert edge is not None
    assert edge.host.startswith("traces.")
    (roles,) = (body for body in render(resolved) if body["metadata"]["name"] == "shop-roles")
    operations = [one["operation"] for rule in roles["spec"]["rules"] for one in rule["to"]]
    assert any(edge.host in operation["hosts"] for operation in operations)
    envoy, network = outsider("envoy", "istio-ingress"), Network(render(resolved))
    assert network.lets_through(envoy, pods(network)["jaeger"], 16686)
    before = Network(render(validate(stack)))
    assert not before.lets_through(envoy, pods(before)["jaeger"], 16686), "only where somebody asked for it"
    assert violations(resolved) == []


def test_proxies_of_a_mesh_that_is_installed_here_send_their_spans_to_the_collectors(tmp_path: Path) -> None:
    values = {
        part.args.collector["service"]
        for part in compose(changed(tmp_path, {"mesh control-plane": "install"}, "prod"), {})
        if part.component is ControlPlane
    }
    assert values == {"otel-collector.shop.svc.cluster.local"}
    assert ControlPlane not in {part.component for part in compose(meshed({"users": {}}), {})}
