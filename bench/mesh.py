"""What one proxy of the mesh must hold, with the scope that its Sidecar gives it and without one.

Counted from the generated objects, not measured on proxies. istiod sends a proxy what its Sidecar's egress hosts let
in, or everything that the namespace knows where there is no Sidecar. For each such host a proxy holds routes, and a
cluster for each port and version. They are made of the host's Service, DestinationRule, VirtualService and
ServiceEntry: so *objects* counts the last three, *size* is theirs as compact JSON, and *clusters* is what they come to.
Left out is what a scope does not change: the proxy's own inbound side, and the mesh's system namespace.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.catalogue import CALLED_IN_THE_NEXT_GROUP, CALLS, EDGE, GROUP, JOB, WORKER
from bench.table import Row
from components.manifests import Manifest
from components.mesh.arguments import (
    Caller,
    ExternalService,
    MeshArgs,
    MeshedWorkload,
    MeshPort,
    ReleaseVersion,
)
from components.mesh.egress import egress_objects
from components.mesh.routing import service_routing_objects
from components.specs.mesh.settings import Mesh

NAMESPACE = "bench"


@dataclass(frozen=True)
class Held:
    """What one proxy holds for the hosts that it knows."""

    objects: int
    bytes: int
    clusters: int


def scopes(sizes: Sequence[int]) -> list[Row]:
    """Compare the proxies of platforms of these sizes with one that has no scope, and with those of the smallest."""
    rows, means = [], {}
    for size in sizes:
        scoped, unscoped = held_by_each(size)
        means[size] = statistics.fmean(held.bytes for held in scoped) / 1000
        largest = max(scoped, key=lambda held: held.bytes)
        where = f"mesh of {size} services"
        objects, clusters = (statistics.fmean(getattr(one, what) for one in scoped) for what in ("objects", "clusters"))
        rows += [
            Row(f"{where}: a proxy's objects", "objects", objects, unscoped.objects, "flat"),
            Row(f"{where}: a proxy's clusters", "clusters", clusters, unscoped.clusters, "flat"),
            Row(f"{where}: size of a proxy's objects", "kB", means[size], unscoped.bytes / 1000, "flat"),
            Row(f"{where}: the same, largest scope", "kB", largest.bytes / 1000, unscoped.bytes / 1000, "flat"),
        ]
    (smallest, *_), (*_, biggest) = (sorted(means),) * 2
    if smallest != biggest:
        what = f"size of a proxy's objects, {biggest} against {smallest} services"
        rows.append(Row(what, "kB", means[biggest], means[smallest], "about 1"))
    return rows


def held_by_each(services: int) -> tuple[list[Held], Held]:
    """Return what each proxy of such a platform holds, and what it would hold without a scope."""
    args = platform(services)
    egress = egress_objects(args)
    routing = [body for name in args.workloads for body in service_routing_objects(name, args)]
    by_host: dict[str, list[Manifest]] = {}
    for body in [*routing, *egress]:
        for host in _hosts(body):
            by_host.setdefault(host, []).append(body)
    costs = {host: _held(args, host, bodies) for host, bodies in by_host.items()}
    scoped = [_sum(costs[host] for host in _scope(body)) for body in egress if body["kind"] == "Sidecar"]
    return scoped, _sum(costs.values())


def platform(services: int) -> MeshArgs:
    """Return the mesh of the generated catalogue: who calls whom is the same, and so flat for each service."""
    names = [f"service-{number:03}" for number in range(services)]
    calls = {name: tuple(_calls(number, names)) for number, name in enumerate(names)}
    workloads = {name: _workload(number, name, calls) for number, name in enumerate(names)}
    settings = {"data-plane": "sidecar", "routing-api": "istio", "telemetry": {"sampling": "1%"}}
    return MeshArgs(
        settings=Mesh.model_validate({**settings, "edge": {"domain": "example.com", "tls": {"secret": "tls"}}}),
        namespace=NAMESPACE,
        edge_namespace="edge",
        part_of=NAMESPACE,
        workloads=workloads,
        external={"payments": ExternalService(name="payments", host="api.payments.example", port=443)},
    )


def _calls(number: int, names: Sequence[str]) -> Iterator[str]:
    place, start = number % GROUP, number - number % GROUP
    called = [start + other for other in CALLS.get(place, ())]
    if place in CALLED_IN_THE_NEXT_GROUP:
        called.append(start + GROUP + CALLED_IN_THE_NEXT_GROUP[place])
    return (names[other] for other in called if other < len(names))


def _workload(number: int, name: str, calls: dict[str, tuple[str, ...]]) -> MeshedWorkload:
    place = number % GROUP
    served = place not in (WORKER, JOB)
    protocol = "http" if place == EDGE else "grpc"
    callers = [caller for caller, called in calls.items() if name in called]
    return MeshedWorkload(
        name=name,
        service_account=name,
        service=name if served else None,
        ports={protocol: MeshPort(number=8080, service_port=8080, protocol=protocol)} if served else {},
        callers=tuple(Caller(service_account=caller, namespace=NAMESPACE, port=protocol) for caller in callers),
        calls=calls[name],
        external=("payments",) if place == EDGE else (),
        versions={"stable": ReleaseVersion(weight=90.0), "canary": ReleaseVersion(weight=10.0)} if place == 1 else {},
    )


def _hosts(body: Manifest) -> list[str]:
    spec = body["spec"]
    match body["kind"]:
        case "DestinationRule":
            return [spec["host"]]
        case "VirtualService" | "ServiceEntry":
            return spec["hosts"]
        case _:
            return []


def _scope(sidecar: Manifest) -> list[str]:
    hosts = [host for egress in sidecar["spec"]["egress"] for host in egress["hosts"]]
    return [host.removeprefix("./") for host in hosts if not host.endswith("/*")]


def _held(args: MeshArgs, host: str, bodies: Sequence[Manifest]) -> Held:
    versions = sum(len(body["spec"].get("subsets", ())) for body in bodies if body["kind"] == "DestinationRule")
    entries = [body for body in bodies if body["kind"] == "ServiceEntry"]
    service = next((one for one in args.workloads.values() if one.service and args.host(one.service) == host), None)
    ports = len(service.ports) if service else sum(len(body["spec"]["ports"]) for body in entries)
    size = sum(len(json.dumps(body, separators=(",", ":")).encode()) for body in bodies)
    return Held(objects=len(bodies), bytes=size, clusters=ports * (1 + versions))


def _sum(parts: Iterable[Held]) -> Held:
    held = list(parts)
    return Held(*(sum(getattr(one, what) for one in held) for what in ("objects", "bytes", "clusters")))
