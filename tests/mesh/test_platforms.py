"""Who may call whom on whole platforms, NetworkPolicies included: the committed stacks, and catalogues drawn at random.

What is declared is read from the documents here, by other code than the program's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given

from components.manifests import Manifest
from stacks.assembly import render
from stacks.loader import CATALOGUE, PROJECT, environment_file, validate
from stacks.schema.environment import ROOT
from tests.mesh import watching
from tests.mesh.authorization import Call, Http
from tests.mesh.evaluator import Evaluator
from tests.mesh.watching import Way
from tests.stacks.network import Pod, outsider
from tests.stacks.random_catalogues import PROPERTY, declared, platform, services

DOCUMENT: dict[str, Any] = yaml.safe_load((PROJECT / CATALOGUE).read_text())
STACKS = {"dev": "sidecar", "prod": "ambient"}
"""Each committed stack with a mesh, and its data plane."""
EVERY_METHOD = ("GetUser", "CreateUser", "CreateOrder", "GetOrder", "ListRecommendations")
MESHES: dict[str, dict[str, Any]] = {
    data_plane: {
        "data-plane": data_plane,
        "routing-api": routing_api,
        "edge": {"domain": "example.com", "gateway": "istio", "tls": {"secret": "shop-tls"}},
        "telemetry": {"sampling": "5%"},
    }
    for data_plane, routing_api in (("sidecar", "istio"), ("ambient", "gateway"))
}
TUNNEL, PROXY_METRICS = 15008, 15020
each_stack = pytest.mark.parametrize("stack", STACKS)


def environment(stack: str) -> dict[str, Any]:
    return yaml.safe_load((PROJECT / environment_file(stack)).read_text())[ROOT[0]][ROOT[1]]


def declared_ways(stack: str) -> dict[Way, tuple[str, ...]]:
    """Every way that the documents declare inside the cluster, with the methods where they are limited."""
    here, found = environment(stack), dict[Way, tuple[str, ...]]()
    for name, service in DOCUMENT["services"].items():
        for callee, call in service.get("calls", {}).items():
            methods = call if isinstance(call, list) else call.get("methods", [])
            found[name, callee, "grpc"] = tuple(methods)
        for store in service.get("uses", []):
            if "storage" in here["stores"].get(store, {}):
                found[name, store, DOCUMENT["stores"][store]["engine"]] = ()
        if {"publishes", "consumes"} & service.keys() and "storage" in here["broker"]:
            found[name, "nats", "nats"] = ()
    return found | dict.fromkeys(watching.calls(here, DOCUMENT), ())


def declared_scrapes(stack: str) -> set[Way]:
    """Every way of Prometheus to the Pods themselves. With sidecars it ends at their port: no Service knows of it.

    Who pushes metrics to a pair of Prometheus goes to each of the two.
    """
    here = environment(stack)
    if STACKS[stack] == "sidecar":
        return watching.pushes(here)
    return {("prometheus", name, "metrics") for name in watching.scraped(here, DOCUMENT)} | watching.pushes(here)


def questions(mesh: Evaluator) -> Iterator[tuple[Way, int, Http | None]]:
    """Every call that a Pod could try: each port of each Service, for gRPC each method of any contract."""
    for body in mesh.bodies:
        if body["kind"] == "Service":
            name = body["metadata"]["name"]
            contract = DOCUMENT["services"].get(name, {}).get("contract")
            for port in body["spec"]["ports"]:
                paths = [f"/{contract}/{method}" for method in EVERY_METHOD] if port["name"] == "grpc" else []
                asked = [Http(path) for path in paths] or [None]
                for source in mesh.pods:
                    for http in asked:
                        yield (source.name, name, port["name"]), port["port"], http


def mistakes(stack: str, bodies: list[Manifest]) -> list[str]:
    """Where a layer lets through what the documents don't declare, or stops what they do."""
    mesh, ways, scrapes, found = Evaluator(bodies), declared_ways(stack), declared_scrapes(stack), []
    headless = {body["metadata"]["name"] for body in bodies if body.get("spec", {}).get("clusterIP") == "None"}
    for (source, target, port), number, http in questions(mesh):
        # A canary has the rights of its service, and a StatefulSet's second Service leads to the same Pods.
        way = source.removesuffix("-canary"), target.removesuffix("-pods"), port
        # Past the waypoint come who scrapes, and callers of a Service that has none: not those of the other Service.
        past_waypoint = mesh.is_ambient("shop") and target in headless
        is_way = (way in ways and (way[1] == target or not past_waypoint)) or (way in scrapes and past_waypoint)
        is_call = is_way and (http is None or not ways[way] or http.path.rpartition("/")[2] in ways[way])
        verdict = mesh.verdict(source, target, number, http)
        # A scope lets in hosts, whatever their ports; in ambient mode there is none.
        knows = mesh.is_ambient("shop") or any(one[:2] == (way[0], target) for one in ways)
        expected = {"network": way in ways or way in scrapes, "authorization": is_call, "scope": knows}
        found += [
            f"{layer}: {source} -> {target}:{port} {http.path if http else ''}"
            for layer, wanted in expected.items()
            if getattr(verdict, layer) is not wanted
        ]
    return found


@each_stack
def test_each_layer_of_a_committed_stack_allows_exactly_what_is_declared(stack: str) -> None:
    assert mistakes(stack, render(validate(stack))) == []


@each_stack
def test_the_committed_stacks_declare_enough_to_be_worth_asking(stack: str) -> None:
    ways = declared_ways(stack)
    assert ways["gateway", "orders", "grpc"] == ("CreateOrder", "GetOrder")
    assert (("orders", "orders-db", "postgres") in ways) is (stack == "dev")


@each_stack
def test_the_edges_gateway_reaches_the_service_that_is_offered_and_who_takes_its_spans(stack: str) -> None:
    mesh = Evaluator(render(validate(stack)))
    account = "istio-ingressgateway" if STACKS[stack] == "sidecar" else "shop-istio"
    gateway = f"cluster.local/ns/istio-ingress/sa/{account}"
    envoy = outsider("envoy", "istio-ingress")
    addresses = {pod.name: pod for pod in mesh.network.pods}
    for pods in mesh.pods:
        for name, number in pods.ports.items():
            call = Call(gateway, number, Http("/api/users/1", "GET") if name == "http" else None)
            reached = mesh.takes(pods, call) and mesh.network.lets_through(envoy, addresses[pods.name], number)
            is_offered = (pods.name, name) in {("gateway", "http"), ("otel-collector", "otlp")}
            assert reached is is_offered, f"{pods.name}:{name}"


@each_stack
def test_nobody_without_an_identity_gets_in_anywhere_but_the_api_server_at_the_adapter(stack: str) -> None:
    """It is no member of the mesh; a NetworkPolicy opens the port to its addresses alone."""
    mesh = Evaluator(render(validate(stack)))
    found = {
        f"{pods.name}:{name}"
        for pods in mesh.pods
        for name, number in pods.ports.items()
        if mesh.takes(pods, Call(None, number))
    }
    assert found == ({"prometheus-adapter:https"} if stack == "prod" else set())


def waypoint() -> Pod:
    labels = {"gateway.networking.k8s.io/gateway-name": "waypoint"}
    return outsider("waypoint", "shop", labels, address="10.245.0.9")


def test_calls_in_ambient_mode_run_through_the_waypoint_and_network_policies_know_it() -> None:
    network = Evaluator(render(validate("prod"))).network
    pods = {pod.name: pod for pod in network.pods}
    for source, target, _ in declared_ways("prod"):
        if target in ("alertmanager", "otel-sampler"):  # headless: their callers go to the Pods
            continue
        assert network.lets_through(pods[source], waypoint(), TUNNEL), f"{source} -> {target}"
        assert network.lets_through(waypoint(), pods[target], TUNNEL)
    assert not network.lets_through(waypoint(), pods["fulfilment"], TUNNEL), "nobody calls it"
    assert not network.lets_through(pods["kube-state-metrics"], waypoint(), TUNNEL), "it calls nobody"
    assert not network.lets_through(waypoint(), pods["users"], 50051), "past its tunnel there is no identity"
    assert network.lets_out(waypoint(), "10.40.0.7", 5432), "the stores' hosts are called through it"
    assert network.lets_out(waypoint(), "198.51.100.7", 443), "so are the receivers of alerts"
    assert not network.lets_out(waypoint(), "198.51.100.7", 5432)
    assert network.lets_through(pods["prometheus"], waypoint(), PROXY_METRICS), "it tells of itself"
    assert not network.lets_through(pods["gateway"], waypoint(), PROXY_METRICS)


@each_stack
def test_proxies_reach_istiod_and_pods_without_one_do_not(stack: str) -> None:
    network = Evaluator(render(validate(stack))).network
    istiod = outsider("istiod", "istio-system", {"app": "istiod"})
    other = outsider("grafana", "istio-system", {"app": "grafana"})
    with_proxies = network.pods if STACKS[stack] == "sidecar" else [waypoint()]
    for pod in [*network.pods, waypoint()]:
        reached = network.lets_through(pod, istiod, 15012)
        assert reached is (pod in with_proxies or (pod.name == "waypoint" and stack == "prod")), pod.name
        assert not network.lets_through(pod, other, 15012)


def test_the_kubelets_probes_reach_pods_in_ambient_mode() -> None:
    """It comes from an address of its own there; without the opening no Pod would ever be ready."""
    network = Evaluator(render(validate("prod"))).network
    kubelet = outsider("kubelet", "", address="169.254.7.127")
    for pod in network.pods:
        for number, protocol in pod.ports:
            assert network.lets_through(kubelet, pod, number, protocol)
            assert not network.lets_through(outsider("node", "", address="169.254.7.1"), pod, number, protocol)


@pytest.mark.parametrize("data_plane", MESHES)
@PROPERTY
@given(drawn=services())
def test_each_layer_of_a_random_platform_allows_exactly_what_is_declared(
    data_plane: str, drawn: dict[str, dict[str, Any]]
) -> None:
    mesh = Evaluator(render(platform(drawn, mesh=MESHES[data_plane])))
    ways = declared(drawn)
    behind = {body["metadata"]["name"]: body for body in mesh.bodies if body["kind"] == "Service"}
    for name, body in behind.items():
        owner = name.removesuffix("-svc")
        for port in body["spec"]["ports"]:
            number = port.get("targetPort")
            container = mesh.pods_named(owner).ports[number] if isinstance(number, str) else port["port"]
            for source in mesh.pods:
                if port["protocol"] == "TCP":
                    is_way = (source.name, owner, container, "TCP") in ways
                    verdict = mesh.verdict(
                        source.name, name, port["port"], Http("/") if port.get("appProtocol") else None
                    )
                    assert (verdict.network, verdict.authorization) == (is_way, is_way), f"{source.name} -> {owner}"
                    assert bool(verdict) is is_way


def no_network_policies(bodies: list[Manifest]) -> None:
    bodies[:] = [body for body in bodies if body["kind"] != "NetworkPolicy"]


def one_principal_too_many(bodies: list[Manifest]) -> None:
    (policy,) = [
        body for body in bodies if (body["kind"], body["metadata"]["name"]) == ("AuthorizationPolicy", "users")
    ]
    source = policy["spec"]["rules"][0]["from"][0]["source"]
    source["principals"].append("cluster.local/ns/shop/sa/fulfilment")


def open_scopes(bodies: list[Manifest]) -> None:
    for body in bodies:
        if body["kind"] == "Sidecar":
            body["spec"]["outboundTrafficPolicy"]["mode"] = "ALLOW_ANY"


@pytest.mark.parametrize(
    ("spoil", "layer"),
    [(no_network_policies, "network"), (one_principal_too_many, "authorization"), (open_scopes, "scope")],
)
def test_a_layer_that_opens_too_much_is_seen(spoil: Callable[[list[Manifest]], None], layer: str) -> None:
    """The check itself can fail, for each layer by itself."""
    bodies = deepcopy(render(validate("dev")))
    spoil(bodies)
    found = mistakes("dev", bodies)
    assert f"{layer}: fulfilment -> users:grpc /shop.users.v1.UserService/GetUser" in found
    assert {mistake.partition(":")[0] for mistake in found} == {layer}
