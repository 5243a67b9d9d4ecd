"""What holds for every route of every mesh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from components.manifests import Manifest
from components.mesh.arguments import MeshArgs
from tests.components.mesh.random_shops import shops
from tests.components.mesh.routed import accepted, everything, route_facts
from tests.components.mesh.whole_shop import whole_shop


def broken(bodies: list[Manifest], args: MeshArgs) -> list[str]:
    """Which of the properties don't hold, in words."""
    return [*broken_routes(bodies), *unresolved_hosts(bodies, args), *hosts_of_two_apis(bodies)]


def broken_routes(bodies: list[Manifest]) -> list[str]:
    found = []
    for route in route_facts(bodies):
        if sum(route.weights.values()) != 100:
            found.append(f"{route.where}: weights {dict(route.weights)} don't sum to 100")
        if route.timeout <= 0:
            found.append(f"{route.where}: no timeout")
        if route.per_try is not None and (route.attempts + 1) * route.per_try > route.timeout:
            found.append(f"{route.where}: the tries don't fit into the timeout")
        if route.attempts and route.may_have_been_served and route.per_try is None:
            found.append(f"{route.where}: a try without a deadline may use up the whole timeout")
    return found


def unresolved_hosts(bodies: list[Manifest], args: MeshArgs) -> list[str]:
    """Hosts and backends that are neither a service of the mesh nor a version's Service that was built."""
    services = {workload.service for workload in args.workloads.values() if workload.service}
    built = {body["metadata"]["name"] for body in bodies if body["kind"] == "Service"}
    known = {args.host(service) for service in services | built}
    subsets = {
        (body["spec"]["host"], subset["name"])
        for body in bodies
        if body["kind"] == "DestinationRule"
        for subset in body["spec"].get("subsets", [])
    }
    found = []
    for body in bodies:
        for target in targets(body):
            host = target.get("host") or args.host(target["name"])
            if host not in known:
                found.append(f"{body['kind']} {body['metadata']['name']}: nobody is {host}")
            if "subset" in target and (host, target["subset"]) not in subsets:
                found.append(f"{body['kind']} {body['metadata']['name']}: {host} has no subset {target['subset']}")
    return found


def targets(body: Manifest) -> list[dict[str, Any]]:
    """Every reference to a service within the mesh."""
    spec = body["spec"]
    if body["kind"] == "DestinationRule":
        return [{"host": spec["host"]}]
    if body["kind"] == "VirtualService":
        inside = [] if "gateways" in spec else [{"host": host} for host in spec["hosts"]]
        routes = [entry["destination"] for route in spec["http"] for entry in route["route"]]
        return [*inside, *routes, *(one["destination"] for route in spec["http"] for one in route.get("mirrors", []))]
    if body["kind"] == "HTTPRoute":
        parents = [parent for parent in spec["parentRefs"] if parent.get("kind") == "Service"]
        backends = [backend for rule in spec["rules"] for backend in rule.get("backendRefs", [])]
        filters = [entry for rule in spec["rules"] for entry in rule.get("filters", [])]
        return [*parents, *backends, *(one["requestMirror"]["backendRef"] for one in filters if "requestMirror" in one)]
    return []


def hosts_of_two_apis(bodies: list[Manifest]) -> list[str]:
    istio: set[str] = set()
    gateway: set[str] = set()
    for body in bodies:
        spec = body["spec"]
        if body["kind"] == "VirtualService":
            istio.update(host.partition(".")[0] if host.endswith(".local") else host for host in spec["hosts"])
        if body["kind"] == "HTTPRoute":
            gateway.update(parent["name"] for parent in spec["parentRefs"] if parent.get("kind") == "Service")
            gateway.update(spec.get("hostnames", []))
    return [f"{host} is claimed by both APIs" for host in sorted(istio & gateway)]


@given(shops())
def test_every_route_ends_in_time_and_leads_to_a_service_of_the_mesh(args: MeshArgs) -> None:
    assert broken(everything(args), args) == []


@given(shops())
def test_the_definitions_accept_every_object(args: MeshArgs) -> None:
    accepted(everything(args))


@given(shops())
def test_every_object_and_every_route_has_a_name_of_its_own(args: MeshArgs) -> None:
    bodies = everything(args)
    found = [(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]) for body in bodies]
    assert len(set(found)) == len(found), "the later object would overwrite the earlier one"
    for body in bodies:
        if body["kind"] == "VirtualService":
            names = [route["name"] for route in body["spec"]["http"]]
            assert len(set(names)) == len(names), "access logs could not tell the routes apart"


def _claim_by_the_other_api(bodies: list[Manifest], _: dict[str, Any]) -> None:
    parent = {"kind": "Service", "name": "orders", "group": ""}
    spec = {"parentRefs": [parent], "rules": []}
    bodies.append({"kind": "HTTPRoute", "metadata": {"name": "orders.grpc"}, "spec": spec})


def _set(place: str, key: str, value: object) -> Callable[[list[Manifest], dict[str, Any]], None]:
    def plant(_: list[Manifest], route: dict[str, Any]) -> None:
        destination = route["route"][0]
        {
            "route": route,
            "retries": route["retries"],
            "share": destination,
            "destination": destination["destination"],
        }[place].update({key: value})

    return plant


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (_set("share", "weight", 91), "don't sum to 100"),
        (_set("route", "timeout", "0ms"), "no timeout"),
        (_set("retries", "perTryTimeout", "2s"), "don't fit"),
        (lambda _, route: route["retries"].pop("perTryTimeout"), "without a deadline"),
        (_set("destination", "host", "order.shop.svc.cluster.local"), "nobody is order.shop"),
        (_set("destination", "subset", "canari"), "no subset canari"),
        (_claim_by_the_other_api, "claimed by both APIs"),
    ],
)
def test_a_planted_violation_is_seen(plant: Callable[[list[Manifest], dict[str, Any]], object], seen: str) -> None:
    args = whole_shop()
    bodies = everything(args)
    assert broken(bodies, args) == []
    names = {(body["kind"], body["metadata"]["name"]): body for body in bodies}
    plant(bodies, names["VirtualService", "orders"]["spec"]["http"][2])
    assert any(seen in finding for finding in broken(bodies, args)), "the property can't fail"
