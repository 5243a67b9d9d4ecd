"""Routes as a VirtualService. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from components.mesh.arguments import MeshPort
from components.mesh.resources.virtual_service import (
    Destination,
    FaultInjection,
    HttpRoute,
    RequestMatch,
    Retries,
    StringMatch,
    VirtualService,
    WeightedDestination,
)
from components.mesh.routes import Requests, Route, RoutedService, Share
from components.quantities import duration_text
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.traffic import Fault

BEFORE_THE_SERVICE: Final = "connect-failure,refused-stream"
"""Failures of which the service has seen nothing, so that anything may be sent again
(https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on)."""
AFTER_THE_SERVICE: Final = f"gateway-error,{BEFORE_THE_SERVICE},unavailable"
"""Failures of what may be sent twice: also 502, 503, 504, a try that ran out of time, and gRPC's UNAVAILABLE."""


def virtual_services(service: RoutedService) -> list[VirtualService]:
    """Build the routes of a service inside the mesh: one object for all its ports, so that a weight moves in one place.

    None where the proxies see only connections, and where only the edge calls the service.
    """
    if not (service.routed_ports and service.is_called_inside):
        return []
    http = [
        istio_route(service, name, route, called=f"{name}:{route.name}", match=_on_port(port, request_matches(route)))
        for name, port in service.routed_ports.items()
        for route in service.routes(name)
    ]
    return [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": service.metadata(service.service),
            "spec": {"hosts": [service.host], "http": http},
        }
    ]


def istio_route(
    service: RoutedService, port: str, route: Route, *, called: str, match: list[RequestMatch]
) -> HttpRoute:
    """Build one route, to a port of the service, for the requests that match.

    Where a fault is injected, Istio applies neither timeout nor retries to the requests that it hits
    (https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute, fault).
    """
    number = service.workload.ports[port].service_port
    built: HttpRoute = {
        "name": called,
        "match": match,
        "route": [_destination(service, share, number) for share in route.shares],
        "timeout": duration_text(service.resilience.timeout),
        "retries": istio_retries(service.resilience, route.requests),
    }
    if route.mirror:
        copy = _target(service, route.mirror.version, number)
        built["mirrors"] = [{"destination": copy, "percentage": {"value": route.mirror.share}}]
    if service.workload.fault:
        built["fault"] = _faults(service.workload.fault)
    return built


def request_matches(route: Route, paths: Sequence[StringMatch] = ()) -> list[RequestMatch]:
    """Build the matches of a route: one for each path, its own ones or else those given, or one for any path."""
    common: RequestMatch = {}
    if route.requests.methods:
        common["method"] = {"regex": "|".join(route.requests.methods)}
    if route.headers:
        common["headers"] = {
            name: {"regex": pattern.text} if pattern.is_regex else {"exact": pattern.text}
            for name, pattern in route.headers.items()
        }
    exact: list[StringMatch] = [{"exact": path} for path in route.requests.paths]
    return [{"uri": uri, **common} for uri in exact or paths] or [common]


def istio_retries(resilience: Resilience, requests: Requests) -> Retries:
    """Build how often requests are sent again.

    Those that may not be sent twice have no deadline for a try: it would cut off what is not going to be tried again.
    All tries together have the route's timeout.
    """
    attempts = resilience.retries.attempts
    if not attempts:
        return {"attempts": 0}
    if requests.is_idempotent:
        per_try = duration_text(resilience.per_try)
        return {"attempts": attempts, "perTryTimeout": per_try, "retryOn": AFTER_THE_SERVICE}
    return {"attempts": attempts, "retryOn": BEFORE_THE_SERVICE}


def _on_port(port: MeshPort, matches: Iterable[RequestMatch]) -> list[RequestMatch]:
    return [{"port": port.service_port, **match} for match in matches]


def _destination(service: RoutedService, share: Share, port: int) -> WeightedDestination:
    built: WeightedDestination = {"destination": _target(service, share.version, port)}
    if share.weight is not None:
        built["weight"] = share.weight
    return built


def _target(service: RoutedService, version: str | None, port: int) -> Destination:
    built: Destination = {"host": service.host, "port": {"number": port}}
    if version is not None:
        built["subset"] = version
    return built


def _faults(fault: Fault) -> FaultInjection:
    built: FaultInjection = {}
    if fault.delay:
        built["delay"] = {
            "percentage": {"value": fault.delay.share},
            "fixedDelay": duration_text(fault.delay.duration),
        }
    if fault.abort:
        built["abort"] = {"percentage": {"value": fault.abort.share}, "httpStatus": fault.abort.status}
    return built
