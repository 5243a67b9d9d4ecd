"""Hosts as the mesh's objects name them, and what they lead to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .mesh_objects import gateway_api_objects, istio_objects
from .objects import Objects
from .pods import Manifest, name_of, namespace_of

MESH = "mesh"
"""What a VirtualService calls the proxies of all workloads, in the place of a gateway."""

_SERVICE_LABELS = 3
"""Of `users.shop.svc`, which a cluster's domain may follow."""


@dataclass(frozen=True)
class Destination:
    """Where one part of a route leads."""

    route: Manifest
    path: str
    host: str
    port: int | None = None
    subset: str | None = None


@dataclass(frozen=True)
class NamedHost:
    """A host in an object of the mesh."""

    manifest: Manifest
    path: str
    host: str


@dataclass(frozen=True)
class NamedGateway:
    """A Gateway that a route names."""

    route: Manifest
    path: str
    namespace: str
    name: str
    exists: bool


def service_of(host: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of the Service that a host means if it is one: users, users.shop, users.shop.svc.DOMAIN."""
    name, *rest = host.split(".")
    return (rest[0] if rest else namespace), name


def is_full_service_name(host: str) -> bool:
    """Whether the host names a Service and its namespace."""
    labels = host.split(".")
    return len(labels) >= _SERVICE_LABELS and labels[_SERVICE_LABELS - 1] == "svc"


def find_service(objects: Objects, host: str, namespace: str) -> Manifest | None:
    """The rendered Service behind a host, seen from a namespace."""
    if "." in host and not is_full_service_name(host) and host.count(".") > 1:
        return None
    return objects.get("Service", *service_of(host, namespace))


def leads_somewhere(objects: Objects, host: str, namespace: str) -> bool:
    """Whether a host is a Service or ServiceEntry of the render, or a Service of a namespace that is not rendered."""
    if find_service(objects, host, namespace) is not None:
        return True
    if is_full_service_name(host) and objects.get("Namespace", "", service_of(host, namespace)[0]) is None:
        return service_of(host, namespace)[0] != namespace
    return any(
        host == known or (known.startswith("*.") and host.endswith(known[1:]))
        for entry in istio_objects(objects, "ServiceEntry")
        for known in (entry.get("spec") or {}).get("hosts") or []
    )


def destinations(objects: Objects) -> Iterator[Destination]:
    """Every destination of every route, copies included, of both APIs."""
    for route in istio_objects(objects, "VirtualService"):
        yield from _of_virtual_service(route)
    for route in gateway_api_objects(objects, "HTTPRoute", "GRPCRoute"):
        yield from _of_gateway_api(route)


def _of_virtual_service(route: Manifest) -> Iterator[Destination]:
    spec = route.get("spec") or {}
    for protocol in ("http", "tcp", "tls"):
        for position, rule in enumerate(spec.get(protocol) or []):
            path = f"spec.{protocol}[{position}]"
            for index, entry in enumerate(rule.get("route") or []):
                yield _destination(route, f"{path}.route[{index}].destination", entry.get("destination") or {})
            if rule.get("mirror"):
                yield _destination(route, f"{path}.mirror", rule["mirror"])
            for index, entry in enumerate(rule.get("mirrors") or []):
                yield _destination(route, f"{path}.mirrors[{index}].destination", entry.get("destination") or {})


def _destination(route: Manifest, path: str, destination: Mapping[str, Any]) -> Destination:
    port = (destination.get("port") or {}).get("number")
    return Destination(route, path, destination.get("host") or "", port, destination.get("subset"))


def _of_gateway_api(route: Manifest) -> Iterator[Destination]:
    for position, rule in enumerate((route.get("spec") or {}).get("rules") or []):
        path = f"spec.rules[{position}]"
        backends = {f"{path}.backendRefs[{index}]": one for index, one in enumerate(rule.get("backendRefs") or [])}
        for index, entry in enumerate(rule.get("filters") or []):
            if entry.get("requestMirror"):
                backends[f"{path}.filters[{index}].requestMirror.backendRef"] = entry["requestMirror"]["backendRef"]
        for where, backend in backends.items():
            if backend.get("kind") in (None, "Service"):
                namespace = backend.get("namespace") or namespace_of(route)
                yield Destination(route, where, f"{backend.get('name')}.{namespace}.svc", backend.get("port"))


def rules_for(objects: Objects, service: Manifest) -> Iterator[Manifest]:
    """The DestinationRules of a Service."""
    for rule in istio_objects(objects, "DestinationRule"):
        host = (rule.get("spec") or {}).get("host") or ""
        found = find_service(objects, host, namespace_of(rule))
        if found is not None and (namespace_of(found), name_of(found)) == (namespace_of(service), name_of(service)):
            yield rule


def named_hosts(objects: Objects) -> Iterator[NamedHost]:
    """Every host by which an object means a destination of the mesh."""
    for rule in istio_objects(objects, "DestinationRule"):
        yield NamedHost(rule, "spec.host", (rule.get("spec") or {}).get("host") or "")
    for destination in destinations(objects):
        yield NamedHost(destination.route, destination.path, destination.host)
    yield from _hosts_of_routes(objects)
    for sidecar in istio_objects(objects, "Sidecar"):
        for index, listener in enumerate((sidecar.get("spec") or {}).get("egress") or []):
            for position, host in enumerate(listener.get("hosts") or []):
                if "*" not in host:
                    yield NamedHost(sidecar, f"spec.egress[{index}].hosts[{position}]", host.partition("/")[2])


def _hosts_of_routes(objects: Objects) -> Iterator[NamedHost]:
    for route in istio_objects(objects, "VirtualService"):
        spec = route.get("spec") or {}
        # At a gateway a host is the outside's name for it.
        if MESH in (spec.get("gateways") or [MESH]):
            for index, host in enumerate(spec.get("hosts") or []):
                yield NamedHost(route, f"spec.hosts[{index}]", host)
    for route, path, parent in _parents(objects):
        if parent.get("kind") == "Service":
            host = f"{parent.get('name')}.{parent.get('namespace') or namespace_of(route)}.svc"
            yield NamedHost(route, path, host)


def named_gateways(objects: Objects) -> Iterator[NamedGateway]:
    """Every Gateway by which a route takes requests in, of both APIs."""
    rendered = {(namespace_of(one), name_of(one)) for one in istio_objects(objects, "Gateway")}
    for route in istio_objects(objects, "VirtualService"):
        for index, gateway in enumerate((route.get("spec") or {}).get("gateways") or []):
            space, _, name = gateway.rpartition("/")
            space = space or namespace_of(route)
            if gateway != MESH:
                yield NamedGateway(route, f"spec.gateways[{index}]", space, name, (space, name) in rendered)
    rendered = {(namespace_of(one), name_of(one)) for one in gateway_api_objects(objects, "Gateway")}
    for route, path, parent in _parents(objects):
        space, name = parent.get("namespace") or namespace_of(route), parent.get("name") or ""
        if parent.get("kind") in (None, "Gateway"):
            yield NamedGateway(route, path, space, name, (space, name) in rendered)


def _parents(objects: Objects) -> Iterator[tuple[Manifest, str, Mapping[str, Any]]]:
    for route in gateway_api_objects(objects, "HTTPRoute", "GRPCRoute"):
        for index, parent in enumerate((route.get("spec") or {}).get("parentRefs") or []):
            yield route, f"spec.parentRefs[{index}]", parent
