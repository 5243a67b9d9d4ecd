"""Where does a request go? Answered from VirtualServices and HTTPRoutes alone, as Istio's proxies would.

A VirtualService's routes are tried in their order
(https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService); of an HTTPRoute's rules the
most specific one counts (https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.mesh.authorization import Body, Http


@dataclass(frozen=True)
class Target:
    """What answers: a Service's port, or a subset of its Pods."""

    service: str
    port: int
    subset: str | None = None


@dataclass(frozen=True)
class Entrance:
    """Where requests come from: callers inside the mesh, of one port of a Service, or a Gateway for outsiders."""

    host: str
    """As the request asks for it; inside, the Service's full name."""
    port: int | None = None
    gateway: tuple[str, str] | None = None
    """Namespace and name; None inside the mesh."""


def destinations(bodies: Sequence[Body], entrance: Entrance, http: Http) -> dict[Target, int]:
    """Who answers a request, and in how many percent of the cases; empty where no route fits.

    Raises AssertionError where two objects of different APIs claim the same entrance, or a field is not understood.
    """
    virtual = [body for body in bodies if body["kind"] == "VirtualService" and _is_for(body, entrance)]
    of_gateway_api = [body for body in bodies if body["kind"] == "HTTPRoute" and _is_attached(body, entrance)]
    assert not (virtual and of_gateway_api), f"two APIs claim {entrance}"
    assert len(virtual) <= 1, f"several VirtualServices claim {entrance}"
    if virtual:
        return _of_virtual_service(virtual[0], entrance, http)
    return _of_http_routes(of_gateway_api, http)


def _is_for(body: Body, entrance: Entrance) -> bool:
    names = {"mesh"} if entrance.gateway is None else {"/".join(entrance.gateway)}
    return entrance.host in body["spec"]["hosts"] and bool(names & set(body["spec"].get("gateways", ["mesh"])))


def _of_virtual_service(body: Body, entrance: Entrance, http: Http) -> dict[Target, int]:
    for route in body["spec"]["http"]:
        if any(_fits(match, entrance, http) for match in route.get("match", [{}])):
            only = len(route["route"]) == 1
            return {
                Target(
                    one["destination"]["host"].partition(".")[0],
                    one["destination"]["port"]["number"],
                    one["destination"].get("subset"),
                ): one.get("weight", 100 if only else 0)
                for one in route["route"]
                if one.get("weight", 100)
            }
    return {}


def _fits(match: Mapping[str, Any], entrance: Entrance, http: Http) -> bool:
    assert set(match) <= {"port", "uri", "method", "headers"}, f"a match that is not understood here: {match}"
    headers = dict(http.headers)
    return (
        ("port" not in match or match["port"] == entrance.port)
        and ("uri" not in match or _is(match["uri"], http.path.partition("?")[0]))
        and ("method" not in match or _is(match["method"], http.method))
        and all(name in headers and _is(wanted, headers[name]) for name, wanted in match.get("headers", {}).items())
    )


def _is(wanted: Mapping[str, str], value: str) -> bool:
    ((kind, text),) = wanted.items()
    match kind:
        case "exact":
            return value == text
        case "prefix":
            return value.startswith(text)
        case "regex":
            return re.fullmatch(text, value) is not None
    raise AssertionError(f"a match that is not understood here: {wanted}")


def _is_attached(body: Body, entrance: Entrance) -> bool:
    spec, namespace = body["spec"], body["metadata"]["namespace"]
    for parent in spec["parentRefs"]:
        kind, space = parent.get("kind", "Gateway"), parent.get("namespace", namespace)
        if entrance.gateway is None:
            name = f"{parent['name']}.{space}.svc."
            if kind == "Service" and entrance.host.startswith(name) and parent.get("port") in (None, entrance.port):
                return True
        elif kind == "Gateway" and (space, parent["name"]) == entrance.gateway and entrance.host in spec["hostnames"]:
            # A listener that only redirects is none of the ways to a service.
            return any(rule.get("backendRefs") for rule in spec["rules"])
    return False


def _of_http_routes(bodies: Sequence[Body], http: Http) -> dict[Target, int]:
    fitting = [
        (_precedence(match), rule) for body in bodies for rule, match in _matches(body) if _fits_http_route(match, http)
    ]
    if not fitting:
        return {}
    # max keeps the first of equals, as the API asks for.
    _, rule = max(fitting, key=lambda entry: entry[0])
    backends = rule["backendRefs"]
    only = len(backends) == 1
    return {
        Target(one["name"], one["port"]): 100 if only else one.get("weight", 1)
        for one in backends
        if one.get("weight", 1)
    }


def _matches(body: Body) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for rule in body["spec"]["rules"]:
        for match in rule.get("matches") or [{}]:
            yield rule, match


def _precedence(match: Mapping[str, Any]) -> tuple[int, int, int, int]:
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    exact = path["type"] == "Exact"
    return exact, 0 if exact else len(path["value"]), "method" in match, len(match.get("headers", ()))


def _fits_http_route(match: Mapping[str, Any], http: Http) -> bool:
    assert set(match) <= {"path", "method", "headers"}, f"a match that is not understood here: {match}"
    path, headers = match.get("path", {"type": "PathPrefix", "value": "/"}), dict(http.headers)
    asked = http.path.partition("?")[0]
    stem = path["value"].rstrip("/")
    is_path = asked == path["value"] if path["type"] == "Exact" else asked == stem or asked.startswith(f"{stem}/")
    return (
        is_path
        and match.get("method", http.method) == http.method
        and all(
            one["name"].lower() in headers
            and _is(
                {"regex" if one["type"] == "RegularExpression" else "exact": one["value"]}, headers[one["name"].lower()]
            )
            for one in match.get("headers", ())
        )
    )
