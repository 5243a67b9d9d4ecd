"""The edge in the Gateway API."""

from __future__ import annotations

from typing import Any

import pytest

from components.specs.mesh.resilience import HTTP_IDEMPOTENT
from components.specs.mesh.settings import Mesh
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, at, edge, rules
from tests.components.workload import every, the

CORS = {"origins": ["https://www.example.com"], "max-age": "1500ms"}


@pytest.mark.parametrize("mesh", [GATEWAY_API, AMBIENT])
def test_each_host_has_a_listener_that_only_the_platforms_namespace_may_use(mesh: Mesh) -> None:
    body = the(edge(at("/api"), at("/", host="admin.example.com", name="admin"), mesh=mesh), "Gateway")
    assert (body["metadata"]["name"], body["metadata"]["namespace"]) == ("shop", "shop-edge")
    own = {"from": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
    tls = {"mode": "Terminate", "certificateRefs": [{"name": "shop-tls"}]}
    assert body["spec"] == {
        "gatewayClassName": "ingressgateway",
        "listeners": [
            *(
                {
                    "name": host,
                    "hostname": host,
                    "port": 443,
                    "protocol": "HTTPS",
                    "tls": tls,
                    "allowedRoutes": {"namespaces": own},
                }
                for host in ("admin.example.com", "shop.example.com")
            ),
            {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}},
        ],
    }


def test_plain_http_is_sent_to_https() -> None:
    routes = every(edge(at("/api"), mesh=GATEWAY_API), "HTTPRoute")
    (redirect,) = [body for body in routes if body["metadata"]["namespace"] == "shop-edge"]
    assert redirect["metadata"]["name"] == "https.shop.example.com"
    assert redirect["spec"] == {
        "parentRefs": [{"name": "shop", "sectionName": "http"}],
        "hostnames": ["shop.example.com"],
        "rules": [
            {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}
        ],
    }


def test_a_path_leads_to_its_service_with_a_timeout_and_security_headers() -> None:
    routes = every(edge(at("/api"), mesh=GATEWAY_API), "HTTPRoute")
    (route,) = [body for body in routes if body["metadata"]["namespace"] == "shop"]
    assert route["metadata"]["name"] == "gateway.shop.example.com"
    under_api = {"path": {"type": "PathPrefix", "value": "/api"}}
    security = {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {
            "set": [
                {"name": "strict-transport-security", "value": "max-age=31536000; includeSubDomains"},
                {"name": "x-content-type-options", "value": "nosniff"},
                {"name": "x-frame-options", "value": "DENY"},
                {"name": "content-security-policy", "value": "frame-ancestors 'none'"},
                {"name": "referrer-policy", "value": "no-referrer"},
            ],
            "remove": ["x-powered-by", "x-envoy-upstream-service-time"],
        },
    }
    assert route["spec"] == {
        "parentRefs": [{"name": "shop", "namespace": "shop-edge", "sectionName": "shop.example.com"}],
        "hostnames": ["shop.example.com"],
        "rules": [
            {
                "matches": [{**under_api, "method": method} for method in HTTP_IDEMPOTENT],
                "filters": [security],
                "backendRefs": [{"name": "gateway", "port": 80}],
                "timeouts": {"request": "3s", "backendRequest": "1s"},
                "retry": {"attempts": 2, "codes": [502, 503, 504]},
            },
            {
                "matches": [under_api],
                "filters": [security],
                "backendRefs": [{"name": "gateway", "port": 80}],
                "timeouts": {"request": "3s"},
                "retry": {"attempts": 2},
            },
        ],
    }


def filters(policy: dict[str, Any]) -> dict[str, Any]:
    """What is done to every request under the path."""
    found = [rule["filters"] for rule in rules(edge(at("/api", policy=policy), mesh=GATEWAY_API))]
    assert all(one == found[0] for one in found), "one method would be treated otherwise than another"
    return {entry["type"]: entry for entry in found[0]}


@pytest.mark.parametrize(("rewrite", "written"), [("/", "/"), ("/v1", "/v1"), ("/v1/", "/v1")])
def test_a_rewrite_replaces_the_prefix(rewrite: str, written: str) -> None:
    assert filters({"rewrite": rewrite})["URLRewrite"] == {
        "type": "URLRewrite",
        "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": written}},
    }


def test_each_rule_that_rewrites_has_one_match() -> None:
    found = rules(edge(at("/api", policy={"rewrite": "/"}), mesh=GATEWAY_API))
    methods = [match.get("method") for rule in found for match in rule["matches"]]
    assert methods == [*HTTP_IDEMPOTENT, None]
    assert len(found) == len(methods), "Kubernetes refuses a prefix to replace where there are several matches"


def test_pages_of_other_origins_may_call_where_the_service_says_so() -> None:
    assert filters({"cors": CORS})["CORS"] == {
        "type": "CORS",
        "cors": {
            "allowOrigins": ["https://www.example.com"],
            "allowMethods": ["GET", "POST"],
            "allowHeaders": ["authorization", "content-type"],
            "allowCredentials": False,
            "maxAge": 2,
        },
    }
    assert "CORS" not in filters({})


def test_nothing_of_istios_own_is_at_the_edge() -> None:
    kinds = {(body["apiVersion"], body["kind"]) for body in edge(at("/api"), mesh=AMBIENT)}
    assert kinds == {
        ("cert-manager.io/v1", "Certificate"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    }, "a host that two APIs claim has routes that nobody can foresee"
