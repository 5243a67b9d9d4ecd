"""Tokens and the role table at the edge: the objects. What they mean together, tests/mesh/test_edge_access.py shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.manifests import Manifest
from components.mesh.arguments import EdgeRoute, MeshArgs
from components.mesh.security import security_objects
from components.specs.mesh.edge import EdgePolicy, JwtIssuer
from tests.components.mesh.routed import GATEWAY_API, accepted
from tests.components.mesh.whole_shop import EDGE, gateway, settings, shop

HOSTS = ["shop.example.com", "shop.example.com:*"]


def edge(*paths: str, **policy: Any) -> EdgeRoute:
    return EdgeRoute(
        host="shop.example.com", paths=paths, port="http", policy=EdgePolicy.model_validate({"auth": None, **policy})
    )


def of_edge(args: MeshArgs) -> dict[tuple[str, str], Manifest]:
    bodies = [body for body in accepted(security_objects(args)) if body["metadata"]["namespace"] == EDGE]
    return {(body["kind"], body["metadata"]["name"]): body for body in bodies}


def rules(args: MeshArgs, name: str) -> Any:
    return of_edge(args)["AuthorizationPolicy", name]["spec"]["rules"]


def test_a_token_is_believed_by_issuer_audience_and_key() -> None:
    (authentication,) = [
        body for (kind, _), body in of_edge(shop(gateway())).items() if kind == "RequestAuthentication"
    ]
    assert authentication["spec"] == {
        "selector": {"matchLabels": {"istio": "ingressgateway"}},
        "jwtRules": [
            {
                "issuer": "https://id.example.com",
                "audiences": ["shop"],
                "forwardOriginalToken": True,
                "jwks": '{"keys":[]}',
            }
        ],
    }


def test_an_issuer_that_no_path_asks_for_is_not_believed() -> None:
    assert {kind for kind, _ in of_edge(shop(gateway(edge=edge("/"))))} == {"AuthorizationPolicy"}


def test_keys_may_come_from_a_url() -> None:
    issuer = JwtIssuer(
        issuer="https://id.example.com",
        audiences=("shop",),
        jwks_uri="https://id.example.com/keys",
        forward=False,
    )
    bodies = of_edge(replace(shop(gateway()), issuers={"shop": issuer}))
    (rule,) = bodies["RequestAuthentication", "shop"]["spec"]["jwtRules"]
    assert rule["jwksUri"] == "https://id.example.com/keys"
    assert "jwks" not in rule
    assert rule["forwardOriginalToken"] is False


def test_policies_hold_for_the_platforms_own_gateway() -> None:
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "shop"}
    for body in of_edge(shop(gateway(), mesh=GATEWAY_API)).values():
        assert body["spec"]["targetRefs"] == [target]
        assert "selector" not in body["spec"]
    for body in of_edge(shop(gateway(), mesh=settings())).values():
        assert body["spec"]["selector"] == {"matchLabels": {"istio": "ingressgateway"}}


def test_a_role_is_a_claim_of_its_issuer() -> None:
    roles = {"guest": ("GET /api/public",), "user": ("GET, POST /api/users/*/orders/**", "* /api/me")}
    assert rules(replace(shop(gateway(edge=edge("/api", auth="shop"))), roles=roles), "shop-roles") == [
        {"to": [{"operation": {"hosts": HOSTS, "paths": ["/api/public"], "methods": ["GET"]}}]},
        {
            "to": [
                {
                    "operation": {
                        "hosts": HOSTS,
                        "paths": ["/api/users/{*}/orders/{**}"],
                        "methods": ["GET", "POST"],
                    }
                },
                {"operation": {"hosts": HOSTS, "paths": ["/api/me"]}},
            ],
            "when": [
                {"key": "request.auth.claims[iss]", "values": ["https://id.example.com"]},
                {"key": "request.auth.claims[roles]", "values": ["user"]},
            ],
        },
    ]


def test_a_claim_may_be_nested() -> None:
    issuer = JwtIssuer(issuer="https://id.example.com", audiences=("shop",), jwks="{}", role_claim="realm_access.roles")
    args = replace(shop(gateway()), issuers={"shop": issuer}, roles={"user": ("* /api/**",)})
    (rule,) = rules(args, "shop-roles")
    assert rule["when"][1]["key"] == "request.auth.claims[realm_access][roles]"


def test_a_path_without_authentication_is_open_but_for_protected_ones_in_it() -> None:
    open_one = gateway(name="web", edge=edge("/", "/about/"))
    protected = gateway(edge=edge("/api", "/about/us", auth="shop"))
    assert rules(shop(open_one, protected), "shop-open") == [
        {
            "to": [
                {
                    "operation": {
                        "hosts": HOSTS,
                        "paths": ["/*"],
                        "notPaths": ["/api", "/api/*", "/about/us", "/about/us/*"],
                    }
                },
                {
                    "operation": {
                        "hosts": HOSTS,
                        "paths": ["/about", "/about/*"],
                        "notPaths": ["/about/us", "/about/us/*"],
                    }
                },
            ]
        }
    ]


@pytest.mark.parametrize("roles", [{}, {"user": ("GET /elsewhere/**",)}])
def test_a_protected_path_without_rules_lets_nobody_in(roles: dict[str, tuple[str, ...]]) -> None:
    """Without any policy the gateway would let everybody in."""
    bodies = of_edge(replace(shop(gateway(edge=edge("/api", auth="shop"))), roles=roles))
    assert bodies["AuthorizationPolicy", "shop-roles"]["spec"] == {
        "action": "ALLOW",
        "selector": {"matchLabels": {"istio": "ingressgateway"}},
    }


def test_a_platform_that_offers_nothing_leaves_the_gateway_alone() -> None:
    assert of_edge(shop(gateway(edge=None))) == {}
