"""The agents on the nodes: a namespace of their own, less strict, and no more open than it must be."""

from __future__ import annotations

import pytest

from components.specs.namespace import PodSecurityLevel
from stacks.assembly import render
from stacks.loader import validate
from tests.stacks.meshed import args
from tests.stacks.network import Network, Pod, outsider
from tests.stacks.test_observability_network import TUNNEL, pods
from tests.stacks.traced import (
    LOGS,
    MESHES,
    agents,
    each_mesh,
    running,
    traced,
    violations,
)


@each_mesh
@pytest.mark.parametrize("agent", ["collector", "fluent-bit"])
@pytest.mark.parametrize("storage", LOGS)
def test_agents_keep_to_the_checklist_in_their_own_namespace(storage: str, agent: str, mesh: str) -> None:
    settings = traced(logs=storage)
    resolved = running(mesh, settings | {"logs": settings["logs"] | {"agent": agent}})
    assert violations(resolved) == []
    assert ("loki" in resolved.workloads) is (storage == "loki")


def test_a_nodes_files_are_opened_in_the_agents_namespace_alone_and_with_a_reason() -> None:
    for stack in ("dev", "prod"):
        resolved = validate(stack)
        assert resolved.namespace.pod_security is PodSecurityLevel.RESTRICTED
        there = agents(resolved).namespace
        assert (there.name, there.pod_security) == ("shop-nodes", PodSecurityLevel.PRIVILEGED)
        assert any("logs are files of the node" in reason for reason in there.relaxed_for)
        assert {body["metadata"]["namespace"] for body in render(resolved) if body["kind"] == "DaemonSet"} == {
            "shop-nodes"
        }


def test_there_is_room_for_an_agent_on_each_node_and_for_the_meshs_proxies() -> None:
    quotas = {mesh: agents(running(mesh, traced(logs="loki"))).namespace.quota for mesh in MESHES}
    assert {mesh: (quota.cpu, quota.memory, quota.pods) for mesh, quota in quotas.items()} == {
        "none": ("300m", "768Mi", 3),
        "sidecar": ("600m", "1152Mi", 3),
        "ambient": ("400m", "896Mi", 4),
    }


@each_mesh
def test_agents_reach_loki_and_prometheus_in_the_platforms_namespace_and_nothing_else_there(mesh: str) -> None:
    resolved = running(mesh, traced(logs="loki"), **{"api-server": ["10.0.0.1/32"]})
    network = Network(render(resolved))
    agent, port = pods(network)["otel-agent"], {"ambient": TUNNEL}
    assert agent.namespace == "nodes"
    reached = {
        pod.name
        for pod in network.pods
        for number in {number for number, _ in pod.ports} | {port.get(mesh, 0)}
        if pod is not agent and network.lets_through(agent, pod, number)
    }
    assert reached == {"loki", "prometheus"}
    impostor = outsider("otel-agent", "elsewhere", dict(agent.labels))
    assert not network.lets_through(impostor, pods(network)["loki"], 3100)
    if mesh == "ambient":
        waypoint = Pod(
            "waypoint", "shop", (("gateway.networking.k8s.io/gateway-name", "waypoint"),), frozenset(), "10.245.0.9"
        )
        assert network.lets_through(agent, waypoint, TUNNEL), "Loki's Service is reached through it"
        assert not network.lets_through(impostor, waypoint, TUNNEL)


def test_where_logs_are_sent_is_reached_by_way_of_the_agents_own_waypoint_alone() -> None:
    resolved = running("ambient", traced(logs="kafka"))
    here, there = resolved.waypoint, agents(resolved).waypoint
    assert here is not None and there is not None
    opened = [{port.number for way in one.egress if way.peer.cidrs for port in way.ports} for one in (here, there)]
    assert 9093 in opened[1]
    assert 9093 not in opened[0], "nobody in the platform's namespace sends logs"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_agents_namespace_is_in_the_mesh_as_the_platforms_is(stack: str) -> None:
    resolved = validate(stack)
    here, there = args(resolved), agents(resolved).mesh
    assert there is not None
    assert agents(resolved).namespace.labels == resolved.namespace.labels
    loki = {(one.service_account, one.namespace) for one in here.workloads["loki"].callers}
    assert {("otel-agent", "shop-nodes"), ("grafana", "shop")} <= loki
    (agent,) = there.workloads.values()
    assert f"shop/{here.host('loki')}" in agent.elsewhere
    assert not agent.calls, "it calls nobody in its own namespace"
