"""Routing as tests ask for it: objects that the pinned definitions accept, and routes as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.manifests import Manifest
from components.mesh.arguments import EdgeRoute, MeshArgs, MeshedWorkload
from components.mesh.edge import edge_objects
from components.mesh.routing import service_routing_objects
from components.quantities import DURATION
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.settings import Mesh
from tests.components.mesh.whole_shop import gateway, settings, shop
from tests.object_schema import object_problems

ISTIO = settings(locality=None)
GATEWAY_API = settings(**{"routing-api": "gateway", "locality": None})
AMBIENT = settings(**{"routing-api": "gateway", "data-plane": "ambient", "locality": None, "permissive-ports": {}})


def at(
    *paths: str, host: str = "shop.example.com", name: str = "gateway", policy: dict[str, Any] | None = None
) -> MeshedWorkload:
    """The gateway service, or another one like it, behind the paths of a host."""
    route = EdgeRoute(host=host, paths=paths, port="http", policy=EdgePolicy.model_validate(policy or {}))
    return gateway(name=name, service=name, service_account=name, edge=route)


def routing(workload: MeshedWorkload, mesh: Mesh = ISTIO) -> list[Manifest]:
    """The objects of one workload's routing. Each must satisfy the schema of its kind."""
    return accepted(service_routing_objects(workload.name, shop(workload, mesh=mesh)))


def edge(*workloads: MeshedWorkload, mesh: Mesh = ISTIO) -> list[Manifest]:
    """The objects of the edge. Each must satisfy the schema of its kind."""
    return accepted(edge_objects(shop(*workloads, mesh=mesh)))


def everything(args: MeshArgs) -> list[Manifest]:
    """All objects of routing and edge."""
    return [*(body for name in args.workloads for body in service_routing_objects(name, args)), *edge_objects(args)]


def accepted(bodies: list[Manifest]) -> list[Manifest]:
    """Return the objects, each of which must satisfy the schema of its kind."""
    problems = [
        f"{body['kind']} {body['metadata']['name']}: {text}" for body in bodies for text in object_problems(body)
    ]
    assert not problems, problems
    return bodies


def http(bodies: list[Manifest]) -> list[dict[str, Any]]:
    """The routes of the one VirtualService, in order."""
    (found,) = (body["spec"]["http"] for body in bodies if body["kind"] == "VirtualService")
    return found


def rules(bodies: list[Manifest]) -> list[dict[str, Any]]:
    """The rules of the one HTTPRoute that leads to Services."""
    (found,) = (
        body["spec"]["rules"]
        for body in bodies
        if body["kind"] == "HTTPRoute" and any("backendRefs" in rule for rule in body["spec"]["rules"])
    )
    return found


@dataclass(frozen=True)
class RouteFacts:
    """What every route of either API has."""

    where: str
    weights: Mapping[str, int]
    """Destination → share."""
    timeout: int
    attempts: int
    per_try: int | None
    may_have_been_served: bool
    """Whether requests are sent again that the service may have seen."""


def route_facts(bodies: list[Manifest]) -> Iterator[RouteFacts]:
    """Read every route that leads somewhere; times in milliseconds."""
    for body in bodies:
        name = f"{body['kind']} {body['metadata']['name']}"
        if body["kind"] == "VirtualService":
            for route in body["spec"]["http"]:
                yield _of_istio(f"{name} {route['name']}", route)
        if body["kind"] == "HTTPRoute":
            for index, rule in enumerate(body["spec"]["rules"]):
                if "backendRefs" in rule:
                    yield _of_gateway_api(f"{name} rule {index}", rule)


def _of_istio(where: str, route: Mapping[str, Any]) -> RouteFacts:
    targets = [(entry["destination"], entry.get("weight", 100)) for entry in route["route"]]
    retries = route["retries"]
    return RouteFacts(
        where,
        {f"{target['host']}|{target.get('subset')}": weight for target, weight in targets},
        milliseconds(route["timeout"]),
        retries["attempts"],
        milliseconds(retries["perTryTimeout"]) if "perTryTimeout" in retries else None,
        "gateway-error" in retries.get("retryOn", ""),
    )


def _of_gateway_api(where: str, rule: Mapping[str, Any]) -> RouteFacts:
    timeouts, retry = rule["timeouts"], rule["retry"]
    return RouteFacts(
        where,
        {entry["name"]: entry.get("weight", 100) for entry in rule["backendRefs"]},
        milliseconds(timeouts["request"]),
        retry["attempts"],
        milliseconds(timeouts["backendRequest"]) if "backendRequest" in timeouts else None,
        bool(retry.get("codes")),
    )


def milliseconds(text: str) -> int:
    """Read a duration as both APIs write it."""
    match = DURATION.fullmatch(text)
    assert match and text, f"{text!r} is no duration"
    days, hours, minutes, seconds, rest = (float(part or 0) for part in match.groups())
    assert not days, f"{text!r} has days, which neither API knows"
    return round((hours * 3600 + minutes * 60 + seconds) * 1000 + rest)
