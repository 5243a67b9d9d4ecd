"""Routes as HTTPRoutes of the Gateway API, standard channel. Pure.

gRPC has HTTPRoutes too: a GRPCRoute has neither timeouts nor retries, and a route without a timeout is none of ours
(docs/adr/http-routes-for-grpc.md). What the API can't say, faults among it, `unsupported` names.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from components import identity
from components.mesh.matching import HeaderPattern
from components.mesh.resources.gateway_api import (
    Backend,
    HeaderMatch,
    HttpRoute,
    ParentReference,
    PathMatch,
    RequestMirror,
    Retry,
    RouteFilter,
    RouteMatch,
    RouteRule,
    Timeouts,
    WeightedBackend,
)
from components.mesh.routes import Requests, Route, RoutedService, Share
from components.specs.mesh.traffic import Mirror

RETRIED_CODES: Final = (502, 503, 504)
"""Answers after which a request that may be sent twice is sent again: Envoy's ``gateway-error``."""


def http_routes(service: RoutedService) -> list[HttpRoute]:
    """Build the routes of a service inside the mesh: one object a port, since a rule can't match on the port.

    None where the proxies see only connections, and where only the edge calls the service.
    """
    if not service.is_called_inside:
        return []
    return [
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            # Neither services nor ports have dots, so no two routes can have one name.
            "metadata": service.metadata(f"{service.service}.{name}"),
            "spec": {
                "parentRefs": [_callers_of(service, port.service_port)],
                "rules": [{**route_rule(service, name, route), "matches": route_matches(route)} for route in routes],
            },
        }
        for name, port in service.routed_ports.items()
        for routes in [service.routes(name)]
    ]


def route_rule(service: RoutedService, port: str, route: Route) -> RouteRule:
    """Build one rule, without its matches."""
    number = service.workload.ports[port].service_port
    built: RouteRule = {
        "backendRefs": [_backend(service, share, number) for share in route.shares],
        "timeouts": _timeouts(service, route.requests),
        "retry": _retry(service, port, route.requests),
    }
    if route.mirror:
        copies: RouteFilter = {"type": "RequestMirror", "requestMirror": _mirror(service, route.mirror, number)}
        built["filters"] = [copies]
    return built


def route_matches(route: Route, paths: Sequence[PathMatch] = ()) -> list[RouteMatch]:
    """Build the matches of a route: one for each of its methods and paths, its own paths or else those given."""
    common: RouteMatch = {}
    if route.headers:
        common["headers"] = [_header(name, pattern) for name, pattern in route.headers.items()]
    exact: list[PathMatch] = [{"type": "Exact", "value": path} for path in route.requests.paths]
    everything: PathMatch = {"type": "PathPrefix", "value": "/"}
    by_path: list[RouteMatch] = [{"path": path, **common} for path in exact or paths or [everything]]
    methods = route.requests.methods
    return [{**match, "method": method} for match in by_path for method in methods] if methods else by_path


def gateway_duration(duration: timedelta) -> str:
    """Write a duration as the Gateway API reads it: no more than five digits a unit (GEP-2257), e.g. ``1m40s500ms``."""
    rest = round(duration.total_seconds() * 1000)
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _callers_of(service: RoutedService, port: int) -> ParentReference:
    return {"group": "", "kind": "Service", "name": service.service, "port": port}


def _timeouts(service: RoutedService, requests: Requests) -> Timeouts:
    """Build the deadlines; what may not be sent twice has no deadline of a try, as in `istio_retries`."""
    built: Timeouts = {"request": gateway_duration(service.resilience.timeout)}
    if requests.is_idempotent:
        built["backendRequest"] = gateway_duration(service.resilience.per_try)
    return built


def _retry(service: RoutedService, port: str, requests: Requests) -> Retry:
    """Build how often requests are sent again. Without it the mesh's default would hold: two, whatever the method.

    The API sends again what the service has not processed, and what was answered with one of the codes. Istio adds
    gRPC's UNAVAILABLE and CANCELLED, which a service may answer after all its work. So gRPC methods that may not be
    sent twice never are, not even where the connection failed. A try that ran out of time is not sent again in Istio
    (https://github.com/istio/istio/blob/master/pilot/pkg/config/kube/gateway/conversion.go, convertHTTPRoute). The
    pause before a try is the proxy's own, as in a VirtualService: random, from 25ms, growing up to 250ms.
    """
    attempts = service.resilience.retries.attempts
    if requests.is_idempotent:
        return {"attempts": attempts, "codes": [*RETRIED_CODES]}
    return {"attempts": 0 if service.workload.ports[port].protocol == "grpc" else attempts}


def _backend(service: RoutedService, share: Share, port: int) -> WeightedBackend:
    built: WeightedBackend = {**_service_of(service, share.version, port)}
    if share.weight is not None:
        built["weight"] = share.weight
    return built


def _service_of(service: RoutedService, version: str | None, port: int) -> Backend:
    name = service.service if version is None else identity.version_service_name(service.service, version)
    return {"name": name, "port": port}


def _mirror(service: RoutedService, mirror: Mirror, port: int) -> RequestMirror:
    built: RequestMirror = {"backendRef": _service_of(service, mirror.version, port)}
    if mirror.share == int(mirror.share):
        built["percent"] = int(mirror.share)
    else:
        built["fraction"] = {"numerator": round(mirror.share * 1000), "denominator": 100_000}
    return built


def _header(name: str, pattern: HeaderPattern) -> HeaderMatch:
    return {"type": "RegularExpression" if pattern.is_regex else "Exact", "name": name, "value": pattern.text}
