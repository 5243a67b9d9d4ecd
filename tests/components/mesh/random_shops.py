"""Meshes that nobody would think of: random services, versions, edges and settings, in each API and data plane."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from components.mesh.arguments import Caller, EdgeRoute, MeshArgs, MeshedWorkload, MeshPort, ReleaseVersion
from components.mesh.unsupported import unsupported
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.resilience import Resilience, Retries
from components.specs.mesh.settings import Mesh
from components.specs.mesh.traffic import Fault, Match, Mirror
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, ISTIO
from tests.components.mesh.whole_shop import shop

NAMES = ("gateway", "users", "orders", "rules", "mail")
TRACKS = ("stable", "canary", "beta")
METHODS = st.lists(st.sampled_from(["GetUser", "ListUsers", "POST", "Delete"]), max_size=3, unique=True)
WORDS = st.text("abAB01.*+?|(){}[]^$-_~", min_size=1, max_size=5)
PORTS = {
    "grpc": MeshPort(number=50051, service_port=50051, protocol="grpc"),
    "http": MeshPort(number=8080, service_port=80, protocol="http"),
    "redis": MeshPort(number=6379, service_port=6379, protocol="tcp"),
}
HASHES: tuple[Any, ...] = ("least-request", "random", {"header": "x-user"}, {"cookie": "a"}, {"source-ip": True})
POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"rewrite": "/"},
    {"rewrite": "/v1", "cors": {"origins": ["https://a.example"]}},
    {"max-body": "8Mi"},
)


@st.composite
def resiliences(draw: st.DrawFn) -> Resilience:
    """Tries that fit into the timeout, as validation sees to."""
    attempts = draw(st.integers(0, 5))
    timeout = draw(st.integers(attempts + 1, 200_000))
    per_try = draw(st.none() | st.integers(1, timeout // (attempts + 1)))
    return Resilience(
        timeout=timedelta(milliseconds=timeout),
        retries=Retries(
            attempts=attempts,
            per_try=None if per_try is None else timedelta(milliseconds=per_try),
            idempotent=tuple(draw(METHODS)),
        ),
        load_balancing=Resilience.model_validate({"load-balancing": draw(st.sampled_from(HASHES))}).load_balancing,
    )


@st.composite
def matches(draw: st.DrawFn) -> Match | None:
    some = {kind: draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), WORDS, max_size=3)) for kind in KINDS}
    return Match(**some) if any(some.values()) else None


KINDS = ("headers", "cookies", "baggage")


@st.composite
def versions(draw: st.DrawFn) -> dict[str, ReleaseVersion]:
    """Versions whose weights sum to 100, as validation sees to; none at all, or at least two."""
    tracks = TRACKS[: draw(st.sampled_from([0, 2, 3]))]
    cuts = [0, *sorted(draw(st.integers(0, 100)) for _ in tracks[1:]), 100]
    return {
        track: ReleaseVersion(weight=float(cuts[index + 1] - cuts[index]), match=draw(matches()))
        for index, track in enumerate(tracks)
    }


@st.composite
def edges(draw: st.DrawFn, ports: dict[str, MeshPort]) -> EdgeRoute | None:
    routed = [name for name, port in ports.items() if port.is_routed]
    if not routed or draw(st.booleans()):
        return None
    return EdgeRoute(
        host=draw(st.sampled_from(["shop.example.com", "admin.example.com"])),
        paths=tuple(draw(st.lists(st.sampled_from(["/", "/api", "/api/v1/"]), min_size=1, unique=True))),
        port=draw(st.sampled_from(routed)),
        policy=EdgePolicy.model_validate(draw(st.sampled_from(POLICIES))),
    )


@st.composite
def workloads(draw: st.DrawFn, name: str, mesh: Mesh) -> MeshedWorkload:
    ports = {key: PORTS[key] for key in draw(st.lists(st.sampled_from(sorted(PORTS)), unique=True))}
    found = draw(versions())
    is_called = draw(st.booleans()) and ports
    callers = (Caller(service_account="orders", namespace="shop", port=next(iter(ports))),) if is_called else ()
    share = draw(st.sampled_from(["1%", "12.5%", "100%"]))
    fault = Fault.model_validate({"abort": {"status": 503, "share": "1%"}})
    workload = MeshedWorkload(
        name=name,
        service_account=name,
        service=f"{name}-svc" if ports else None,
        ports=ports,
        contract=draw(st.sampled_from([None, "shop.v1.Service"])),
        callers=callers,
        resilience=draw(resiliences()),
        versions=found,
        mirror=Mirror.model_validate({"version": max(found), "share": share})
        if found and draw(st.booleans())
        else None,
        fault=fault if mesh.routing_api.value == "istio" and draw(st.booleans()) else None,
        edge=draw(edges(ports)),
    )
    if workload.edge and ("edge", "paths") in [place for place, _ in unsupported(mesh, workload)]:
        # Validation refuses more rules than an HTTPRoute takes; one path's always fit.
        return dataclasses.replace(
            workload, edge=dataclasses.replace(workload.edge, paths=workload.edge.paths[:1], policy=EdgePolicy())
        )
    return workload


@st.composite
def shops(draw: st.DrawFn) -> MeshArgs:
    mesh = draw(st.sampled_from([ISTIO, GATEWAY_API, AMBIENT]))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=4))
    return shop(*(draw(workloads(name, mesh)) for name in names), mesh=mesh)
