"""Who may call whom in the mesh: exactly what is declared, worked out from the objects by each layer alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest
from hypothesis import given

from components.manifests import Manifest
from tests.mesh.authorization import Call, Http
from tests.mesh.evaluator import Evaluator
from tests.mesh.random_meshes import (
    DATA_PLANES,
    EXTERNAL,
    METHODS,
    PROPERTY,
    DeclaredCall,
    DeclaredGraph,
    contract,
    graphs,
    platform_objects,
)
from tests.mesh.random_meshes import PORTS as SOME_PORTS

UNKNOWN = ANY = "Unknown"
"""A method that no call names: only who may call all of them may call it."""
each_data_plane = pytest.mark.parametrize("data_plane", DATA_PLANES)

GRPC, SQL = SOME_PORTS["grpc"][1], SOME_PORTS["sql"][0]
SMALL = DeclaredGraph(
    ports={"gateway": {}, "users": {"grpc": GRPC, "sql": SQL}, "mail": {"grpc": GRPC}, "search": {"grpc": GRPC}},
    calls=[DeclaredCall("gateway", "users", "grpc", ("Get",)), DeclaredCall("users", "mail", "grpc")],
    uses={"mail": ("payments",)},
)


def questions(graph: DeclaredGraph) -> Iterator[tuple[str, str, str, str | None]]:
    """Every call that anybody could try: from each service, to each port of each, for gRPC by method."""
    for source in graph.ports:
        for target, ports in graph.ports.items():
            for port in ports:
                for method in (*METHODS, UNKNOWN) if port == "grpc" else (None,):
                    yield source, target, port, method


def request(target: str, port: str, method: str | None) -> Http | None:
    """What the proxies read of a call: nothing on a port without HTTP."""
    if port == "sql":
        return None
    return Http(f"/{contract(target)}/{method}") if method else Http("/", "GET")


def mistakes(graph: DeclaredGraph, bodies: list[Manifest]) -> list[str]:
    """Where the layers and the graph disagree. In ambient mode only policies are asked: there is no scope, and the
    tunnels' NetworkPolicies are not part of these objects.
    """
    mesh, found = Evaluator(bodies), []
    for source, target, port, method in questions(graph):
        number = graph.ports[target][port].service_port
        verdict = mesh.verdict(source, target, number, request(target, port, method))
        expected = {"authorization": graph.allows(source, target, port, method)}
        if not mesh.is_ambient("shop"):
            expected["scope"] = target in graph.targets(source)
            expected["network"] = any(
                (call.source, call.target, call.port) == (source, target, port) for call in graph.calls
            )
            if verdict and not expected["authorization"]:
                found.append(f"all layers: {source} -> {target}:{port} {method} gets through")
        found += [
            f"{layer}: {source} -> {target}:{port} {method} is {'declared' if wanted else 'not declared'}"
            for layer, wanted in expected.items()
            if getattr(verdict, layer) is not wanted
        ]
    return found


@each_data_plane
@PROPERTY
@given(graph=graphs())
def test_a_call_is_allowed_if_and_only_if_it_is_declared(data_plane: str, graph: DeclaredGraph) -> None:
    assert mistakes(graph, platform_objects(graph, data_plane)) == []


@each_data_plane
@PROPERTY
@given(graph=graphs())
def test_an_external_host_is_reached_by_those_that_declare_it(data_plane: str, graph: DeclaredGraph) -> None:
    mesh = Evaluator(platform_objects(graph, data_plane))
    for source in graph.ports:
        reached = {name for name in EXTERNAL if mesh.may_leave(source, name)}
        assert reached == set(graph.uses[source]), f"{source} declares something else"


@each_data_plane
@PROPERTY
@given(graph=graphs())
def test_plain_text_is_taken_in_on_the_ports_that_say_so(data_plane: str, graph: DeclaredGraph) -> None:
    mesh = Evaluator(platform_objects(graph, data_plane))
    for name, ports in graph.ports.items():
        taken = {key for key, port in ports.items() if mesh.takes(mesh.pods_named(name), Call(None, port.number))}
        assert taken == set(graph.plain_text[name])


@PROPERTY
@given(graph=graphs())
def test_nobody_goes_around_the_waypoint(graph: DeclaredGraph) -> None:
    """A call to a Pod's address meets no waypoint, so methods would not count: only Pods of the same workload may."""
    mesh = Evaluator(platform_objects(graph, "ambient"))
    for source, target, port, _ in questions(graph):
        call = Call(mesh.pods_named(source).principal, graph.ports[target][port].number)
        itself = source == target and graph.allows(source, target, port, ANY)
        assert mesh.takes(mesh.pods_named(target), call) is itself


@each_data_plane
def test_a_stranger_may_call_nobody(data_plane: str) -> None:
    mesh = Evaluator(platform_objects(SMALL, data_plane))
    for principal in (None, "cluster.local/ns/elsewhere/sa/gateway-account", "other.domain/ns/shop/sa/gateway-account"):
        for pods in mesh.pods:
            for port in pods.ports.values():
                assert not mesh.takes(pods, Call(principal, port, Http(f"/{contract(pods.name)}/Get")))


def policy(bodies: list[Manifest], name: str) -> Manifest:
    return next(body for body in bodies if (body["kind"], body["metadata"]["name"]) == ("AuthorizationPolicy", name))


def one_principal_too_many(bodies: list[Manifest]) -> None:
    (source,) = [entry["source"] for entry in policy(bodies, "users")["spec"]["rules"][0]["from"]]
    source["principals"].append("cluster.local/ns/shop/sa/mail-account")


def one_method_too_many(bodies: list[Manifest]) -> None:
    policy(bodies, "users")["spec"]["rules"][0]["to"][0]["operation"]["paths"].append(f"/{contract('users')}/Delete")


def no_methods(bodies: list[Manifest]) -> None:
    del policy(bodies, "users")["spec"]["rules"][0]["to"][0]["operation"]["paths"]


def the_wrong_port(bodies: list[Manifest]) -> None:
    policy(bodies, "users")["spec"]["rules"][0]["to"][0]["operation"]["ports"] = ["1"]


def no_denial(bodies: list[Manifest]) -> None:
    bodies[:] = [body for body in bodies if not body["metadata"]["name"].startswith("deny-all")]


def a_denial_too_many(bodies: list[Manifest]) -> None:
    spec = {"selector": {"matchLabels": {"app.kubernetes.io/name": "users"}}, "action": "DENY", "rules": [{}]}
    bodies.append({**deepcopy(policy(bodies, "deny-all")), "spec": spec})


@each_data_plane
@pytest.mark.parametrize(
    "spoil",
    [one_principal_too_many, one_method_too_many, no_methods, the_wrong_port, no_denial, a_denial_too_many],
    ids=lambda spoil: spoil.__name__,
)
def test_a_spoilt_policy_is_seen(data_plane: str, spoil: Callable[[list[Manifest]], None]) -> None:
    """The check itself can fail, for each way in which a policy can be wrong."""
    bodies = platform_objects(SMALL, data_plane)
    assert mistakes(SMALL, bodies) == []
    spoil(bodies)
    found = mistakes(SMALL, bodies)
    assert {mistake.partition(":")[0] for mistake in found} - {"all layers"} == {"authorization"}


def test_a_missing_denial_of_the_waypoint_is_seen() -> None:
    """An external host that nobody declares has no policy of its own."""
    bodies = platform_objects(SMALL, "ambient")
    assert not Evaluator(bodies).may_leave("gateway", "archive")
    bodies.remove(policy(bodies, "deny-all-waypoint"))
    assert Evaluator(bodies).may_leave("gateway", "archive")


@pytest.mark.parametrize("hosts", [["./*"], ["*/*"], ["shop/*.shop.svc.cluster.local"]])
def test_a_scope_that_is_too_wide_is_seen(hosts: list[str]) -> None:
    bodies = platform_objects(SMALL, "sidecar")
    sidecar = next(body for body in bodies if (body["kind"], body["metadata"]["name"]) == ("Sidecar", "mail"))
    sidecar["spec"]["egress"][0]["hosts"] = hosts
    assert any(mistake.startswith("scope: mail -> users") for mistake in mistakes(SMALL, bodies))


def test_a_scope_that_lets_everything_out_is_seen() -> None:
    bodies = platform_objects(SMALL, "sidecar")
    sidecar = next(body for body in bodies if (body["kind"], body["metadata"]["name"]) == ("Sidecar", "mail"))
    sidecar["spec"]["outboundTrafficPolicy"]["mode"] = "ALLOW_ANY"
    assert any(mistake.startswith("scope: mail -> users") for mistake in mistakes(SMALL, bodies))


def test_a_network_policy_that_is_missing_is_seen() -> None:
    bodies = [body for body in platform_objects(SMALL, "sidecar") if body["kind"] != "NetworkPolicy"]
    assert any(mistake.startswith("network: mail -> users") for mistake in mistakes(SMALL, bodies))


def test_a_port_that_takes_in_plain_text_needs_both_an_exception_and_a_policy() -> None:
    bodies = platform_objects(DeclaredGraph(SMALL.ports, plain_text={"users": {"grpc": "a reason"}}), "sidecar")
    strict = next(
        body for body in bodies if (body["kind"], body["metadata"]["name"]) == ("PeerAuthentication", "users")
    )
    users = Evaluator(bodies).pods_named("users")
    assert Evaluator(bodies).takes(users, Call(None, GRPC.number))
    strict["spec"]["portLevelMtls"] = {}
    assert not Evaluator(bodies).takes(users, Call(None, GRPC.number)), "STRICT counts, whatever policies allow"
