"""The edge's routes in Istio's own API: paths, what browsers are told, how large bodies may be."""

from __future__ import annotations

import dataclasses
import re

import pytest

from components.mesh.arguments import EdgeRoute, MeshPort, ReleaseVersion
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.traffic import Match
from tests.components.mesh.routed import at, edge, http
from tests.components.mesh.whole_shop import users
from tests.components.workload import every, the

TARGET = {"destination": {"host": "gateway.shop.svc.cluster.local", "port": {"number": 80}}}
HEADERS = {
    "response": {
        "set": {
            "strict-transport-security": "max-age=31536000; includeSubDomains",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "content-security-policy": "frame-ancestors 'none'",
            "referrer-policy": "no-referrer",
        },
        "remove": ["x-powered-by", "x-envoy-upstream-service-time"],
    }
}


def test_a_path_leads_to_its_service_with_timeout_retries_and_security_headers() -> None:
    body = the(edge(at("/api")), "VirtualService")
    assert (body["metadata"]["name"], body["metadata"]["namespace"]) == ("shop.example.com", "shop")
    assert body["spec"]["hosts"] == ["shop.example.com"]
    assert body["spec"]["gateways"] == ["shop-edge/shop"]
    assert body["spec"]["http"] == [
        {
            "name": "gateway/api:idempotent",
            "match": [
                {"uri": {"exact": "/api"}, "method": {"regex": "GET|HEAD|OPTIONS|PUT|DELETE|TRACE"}},
                {"uri": {"prefix": "/api/"}, "method": {"regex": "GET|HEAD|OPTIONS|PUT|DELETE|TRACE"}},
            ],
            "route": [TARGET],
            "timeout": "3s",
            "retries": {
                "attempts": 2,
                "perTryTimeout": "1s",
                "retryOn": "gateway-error,connect-failure,refused-stream,unavailable",
            },
            "headers": HEADERS,
        },
        {
            "name": "gateway/api:other",
            "match": [{"uri": {"exact": "/api"}}, {"uri": {"prefix": "/api/"}}],
            "route": [TARGET],
            "timeout": "3s",
            "retries": {"attempts": 2, "retryOn": "connect-failure,refused-stream"},
            "headers": HEADERS,
        },
    ]


def test_the_closest_path_of_a_host_comes_first_whoever_serves_it() -> None:
    workloads = (at("/", name="site"), at("/api/reviews/", name="reviews"), at("/api", "/login"))
    names = [route["name"] for route in http(edge(*workloads)) if route["name"].endswith(":other")]
    assert names == ["reviews/api/reviews:other", "gateway/login:other", "gateway/api:other", "site/:other"]


def test_hosts_have_routes_of_their_own() -> None:
    found = every(edge(at("/api"), at("/", host="admin.example.com", name="admin")), "VirtualService")
    assert [(body["spec"]["hosts"], len(body["spec"]["http"])) for body in found] == [
        (["admin.example.com"], 2),
        (["shop.example.com"], 2),
    ]


@pytest.mark.parametrize(
    ("path", "rewrite", "requested", "served"),
    [
        ("/api", "/", "/api", "/"),
        ("/api", "/", "/api/users", "/users"),
        ("/api", "/", "/api/api/users", "/api/users"),
        ("/api", "/v1", "/api", "/v1"),
        ("/api", "/v1", "/api/users", "/v1/users"),
        ("/api/", "/v1/", "/api/users", "/v1/users"),
        ("/", "/v1", "/users", "/v1/users"),
        ("/a.b", "/v1", "/a.b/users", "/v1/users"),
        ("/api", r"/\1", "/api/users", r"/\1/users"),
    ],
)
def test_a_rewrite_replaces_the_prefix_without_losing_or_doubling_a_slash(
    path: str, rewrite: str, requested: str, served: str
) -> None:
    for route in http(edge(at(path, policy={"rewrite": rewrite}))):
        change = route["rewrite"]["uriRegexRewrite"]
        assert any(_fits(match["uri"], requested) for match in route["match"])
        assert re.sub(change["match"], change["rewrite"], requested) == served


def _fits(uri: dict[str, str], path: str) -> bool:
    return path == uri["exact"] if "exact" in uri else path.startswith(uri["prefix"])


def test_pages_of_other_origins_may_call_where_the_service_says_so() -> None:
    told = {
        "cors": {
            "origins": ["https://www.example.com"],
            "methods": ["GET", "PUT"],
            "headers": ["x-a"],
            "credentials": True,
            "max-age": "10m",
        }
    }
    for route in http(edge(at("/api", policy=told))):
        assert route["corsPolicy"] == {
            "allowOrigins": [{"exact": "https://www.example.com"}],
            "allowMethods": ["GET", "PUT"],
            "allowHeaders": ["x-a"],
            "allowCredentials": True,
            "maxAge": "10m",
            "unmatchedPreflights": "IGNORE",
        }
    assert not any("corsPolicy" in route for route in http(edge(at("/api"))))


def test_a_canary_at_the_edge_is_chosen_as_inside() -> None:
    fits = Match.model_validate({"cookies": {"group": "beta"}})
    versions = {"stable": ReleaseVersion(weight=95), "canary": ReleaseVersion(weight=5, match=fits)}
    found = http(edge(dataclasses.replace(at("/api"), versions=versions)))
    assert [route["name"].partition(":")[2] for route in found] == [
        *("canary:idempotent", "canary:other", "idempotent", "other"),
    ]
    assert [match["headers"]["cookie"] for match in found[1]["match"]] == [
        {"regex": r"^(?:[^;]*;)*[ \t]*group=beta[ \t]*(?:;.*)?$"}
    ] * 2
    assert [entry["weight"] for entry in found[3]["route"]] == [95, 5]


def test_bodies_are_bounded_for_each_service() -> None:
    bodies = edge(at("/api"), at("/upload", name="upload", policy={"max-body": "64Mi"}))
    body = the(bodies, "EnvoyFilter")
    assert (body["metadata"]["name"], body["metadata"]["namespace"]) == ("shop-body-limits", "shop-edge")
    assert body["spec"]["workloadSelector"] == {"labels": {"istio": "ingressgateway"}}
    inserted, *routes = body["spec"]["configPatches"]
    value = inserted["patch"]["value"]
    assert value["disabled"] is True, "other platforms share the gateway's Pods, and have limits of their own"
    limits = {}
    for patch in routes:
        match = patch["match"]["routeConfiguration"]
        assert patch["applyTo"] == "HTTP_ROUTE"
        assert (match["gateway"], match["vhost"]["domainName"]) == ("shop-edge/shop", "shop.example.com")
        (config,) = patch["patch"]["value"]["typed_per_filter_config"].items()
        assert config[0] == value["name"], "Envoy finds the route's settings by the filter's name"
        limits[match["vhost"]["route"]["name"]] = config[1]["buffer"]["max_request_bytes"]
    assert limits == {
        "upload/upload:idempotent": 64 << 20,
        "upload/upload:other": 64 << 20,
        "gateway/api:idempotent": 1 << 20,
        "gateway/api:other": 1 << 20,
    }
    assert set(limits) == {route["name"] for route in http(bodies)}, "a route without a limit would take anything"


GRPC = EdgeRoute(
    host="shop.example.com", paths=("/shop.users.v1.UserService",), port="grpc", policy=EdgePolicy.model_validate({})
)


def test_grpc_may_stream_through_the_edge() -> None:
    bodies = edge(users(edge=GRPC))
    assert not every(bodies, "EnvoyFilter"), "a stream would be held back until its end"


@pytest.mark.parametrize(
    ("paths", "idempotent"),
    [
        (("/shop.users.v1.UserService",), True),
        (("/",), True),
        (("/shop.users.v1",), False),
        (("/api",), False),
    ],
)
def test_grpc_methods_are_retried_at_the_edge_where_they_lie_under_its_paths(
    paths: tuple[str, ...],
    idempotent: bool,
) -> None:
    resilience = users().resilience.model_validate({"retries": {"idempotent": ["GetUser"]}})
    found = http(edge(users(resilience=resilience, edge=dataclasses.replace(GRPC, paths=paths))))
    uris = [match["uri"] for route in found if route["name"].endswith("idempotent") for match in route["match"]]
    assert uris == ([{"exact": "/shop.users.v1.UserService/GetUser"}] if idempotent else [])


def test_a_port_of_the_service_is_named_by_its_services_number() -> None:
    port = MeshPort(number=8080, service_port=9999, protocol="http")
    for route in http(edge(dataclasses.replace(at("/api"), ports={"http": port}))):
        assert route["route"][0]["destination"]["port"] == {"number": 9999}
        assert all("port" not in match for match in route["match"]), "the gateway's own port is another one"
