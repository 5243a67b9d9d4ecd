"""Rate limits: what is counted where, and by what."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from components import identity
from components.mesh.arguments import MeshArgs, MeshedWorkload
from components.mesh.rate_limit_filters import rate_limit_filters
from components.mesh.rate_limit_findings import rate_limit_findings
from components.mesh.rate_limit_rules import edge_paths, path_expression
from components.specs.mesh.edge import EdgePolicy
from tests.components.mesh.rate_limited import GLOBAL, LOCAL, configs, limit
from tests.components.mesh.whole_shop import EDGE, NAMESPACE, gateway, orders, settings, shop, users, whole_shop
from tests.istio_schema import custom_resource_problems

ORDERS_CALLER = "spiffe://cluster.local/ns/shop/sa/orders"
GATEWAY_CALLER = "spiffe://cluster.local/ns/shop/sa/gateway"


def local(args: MeshArgs, name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    return configs(args, name, namespace)[LOCAL]


def findings(workload: MeshedWorkload, **changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    return [(place, str(error)) for place, error in rate_limit_findings(settings(**changes), workload)]


def test_a_workload_without_limits_has_no_filter() -> None:
    assert rate_limit_filters(shop(gateway(), orders(), users())) == [], "proxies are left as Istio makes them"


def test_a_filter_reaches_exactly_the_pods_of_its_workload() -> None:
    (body,) = rate_limit_filters(shop(users(), orders(limit())))
    assert body["spec"]["workloadSelector"]["labels"] == identity.selector("orders")
    assert body["metadata"]["labels"] == identity.labels("orders", part_of="shop")
    (patch,) = body["spec"]["configPatches"]
    assert patch["match"]["context"] == "SIDECAR_INBOUND", "the callee counts; a caller could count for itself at will"
    assert patch["patch"]["operation"] == "INSERT_BEFORE"
    assert patch["match"]["listener"]["filterChain"]["filter"]["subFilter"] == {"name": "envoy.filters.http.router"}, (
        "behind the policies, so that a refused request takes nothing from those let in"
    )


@pytest.mark.parametrize(("per", "interval"), [("second", "1s"), ("minute", "60s"), ("hour", "3600s")])
def test_a_bucket_holds_the_requests_of_one_period(per: str, interval: str) -> None:
    config = local(shop(orders(limit(per=per, requests=7))), "orders-rate-limits")
    assert config["rate_limits"] == [
        {"actions": [{"generic_key": {"descriptor_key": "limit", "descriptor_value": f"orders:/:{per}:service"}}]}
    ]
    assert config["descriptors"] == [
        {
            "entries": [{"key": "limit", "value": f"orders:/:{per}:service"}],
            "token_bucket": {"max_tokens": 7, "tokens_per_fill": 7, "fill_interval": interval},
        }
    ]


def test_the_filter_is_on_for_every_request() -> None:
    config = local(shop(orders(limit())), "orders-rate-limits")
    everything = {"default_value": {"numerator": 100}}
    assert config["filter_enabled"] == everything and config["filter_enforced"] == everything, "Envoy's default is off"


def test_grpc_callers_are_not_told_to_try_again_at_once() -> None:
    for config in configs(shop(orders(limit(), limit(scope="global"))), "orders-rate-limits").values():
        assert config["rate_limited_as_resource_exhausted"] is True, "UNAVAILABLE is what routes retry"


def test_each_declared_caller_counts_for_itself_by_its_certificate() -> None:
    config = local(shop(users(limit(by="caller"), permissive_ports={})), "users-rate-limits")
    (rule,) = config["rate_limits"]
    extension = rule["actions"][1]["extension"]["typed_config"]
    assert extension["descriptor_key"] == "caller"
    assert "connection.uri_san_peer_certificate" in extension["text"], "headers can be forged, a certificate can't"
    counted = [bucket["entries"][1] for bucket in config["descriptors"]]
    assert counted == [{"key": "caller", "value": GATEWAY_CALLER}, {"key": "caller", "value": ORDERS_CALLER}]


def test_callers_in_plain_text_share_one_count_where_such_are_let_in() -> None:
    config = local(shop(users(limit(by="caller"))), "users-rate-limits")
    assert config["descriptors"][-1]["entries"][1] == {"key": "caller", "value": "plain-text"}


def test_at_the_edge_each_client_address_counts_for_itself() -> None:
    args = shop(gateway(limit(by="caller", path="/api/user")))
    config = local(args, "shop-gateway-rate-limits", EDGE)
    (rule,), (bucket,) = config["rate_limits"], config["descriptors"]
    assert rule["actions"][1] == {"masked_remote_address": {"v6_prefix_mask_len": 64}}
    assert bucket["entries"][1] == {"key": "masked_remote_address"}, "without a value: each address has its own bucket"
    assert config["max_dynamic_descriptors"] >= 1000, "Envoy's default is 20: too few to remember clients by"
    headers = {one["name"]: one["string_match"] for one in rule["actions"][0]["header_value_match"]["headers"]}
    host, path = (re.compile(headers[name]["safe_regex"]["regex"]) for name in (":authority", ":path"))
    assert all(
        map(host.fullmatch, ("shop.example.com", "SHOP.example.com", "shop.example.com:443", "shop.example.com."))
    )
    assert not any(map(host.fullmatch, ("shopXexample.com", "shop.example.com.evil.net", "other.example.com")))
    assert path.fullmatch("/api/user?x=1") and not path.fullmatch("/api/users")


def test_the_edge_limits_in_front_of_authentication() -> None:
    edge = [body for body in rate_limit_filters(whole_shop()) if body["metadata"]["namespace"] == EDGE]
    operations = [patch["patch"]["operation"] for body in edge for patch in body["spec"]["configPatches"]]
    names = [patch["patch"]["value"]["name"] for body in edge for patch in body["spec"]["configPatches"]]
    assert set(operations) == {"INSERT_FIRST"}, "trying out tokens is limited too"
    assert names == [GLOBAL, LOCAL], "each goes to the front, so the local one, inserted last, comes first"


def test_the_gateway_is_no_caller_of_its_own_where_clients_count_at_the_edge() -> None:
    args = shop(gateway(limit(by="caller")))
    filters = [(body["metadata"]["namespace"], body["metadata"]["name"]) for body in rate_limit_filters(args)]
    assert filters == [(EDGE, "shop-gateway-rate-limits")], "all clients together would have one caller's share"


@pytest.mark.parametrize("api", ["istio", "gateway"])
def test_the_edge_filter_finds_the_gateway_of_either_api(api: str) -> None:
    args = shop(gateway(limit(by="caller")), mesh=settings(**{"routing-api": api}))
    (body,) = rate_limit_filters(args)
    chosen = {key: value for key, value in body["spec"].items() if key != "configPatches"}
    assert chosen == (
        {"workloadSelector": {"labels": {"istio": "ingressgateway"}}}
        if api == "istio"
        else {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "shop"}]}
    )
    assert custom_resource_problems(body) == []


@pytest.mark.parametrize(
    ("rewrite", "path", "outside"),
    [
        (None, None, ["/api"]),
        (None, "/api/user", ["/api/user"]),
        (None, "/", ["/api"]),
        (None, "/metrics", []),
        ("/", "/user", ["/api/user"]),
        ("/v1", "/v1/user", ["/api/user"]),
        ("/v1", "/v1", ["/api"]),
        ("/v1", "/api", []),
        ("/v1/shop", "/v1", ["/api"]),
    ],
)
def test_a_limit_names_paths_as_the_service_sees_them(
    rewrite: str | None, path: str | None, outside: list[str]
) -> None:
    edge = gateway().edge
    assert edge is not None
    rewritten = dataclasses.replace(edge, policy=EdgePolicy(rewrite=rewrite))
    assert edge_paths(rewritten, path) == outside, f"{path} behind a rewrite of /api to {rewrite}"


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("/api", True),
        ("/api/", True),
        ("/api/x", True),
        ("/api?x", True),
        ("/apis", False),
        ("/ap", False),
        ("/", False),
    ],
)
def test_a_path_covers_itself_and_what_is_below_it(path: str, *, fits: bool) -> None:
    assert bool(re.fullmatch(path_expression("/api"), path)) is fits


def test_a_path_is_taken_literally() -> None:
    assert not re.fullmatch(path_expression("/shop.orders.v1.OrderService"), "/shopXordersXv1XOrderService/Get")


def test_filters_of_every_kind_are_valid() -> None:
    filters = rate_limit_filters(whole_shop())
    assert {name for body in filters for name in configs(whole_shop(), *_key(body))} == {LOCAL, GLOBAL}
    assert [problem for body in filters for problem in custom_resource_problems(body)] == []


def _key(body: dict[str, Any]) -> tuple[str, str]:
    return body["metadata"]["name"], body["metadata"]["namespace"]


def test_a_limit_that_goes_with_everything_has_no_finding() -> None:
    args = whole_shop()
    assert [finding for one in args.workloads.values() for finding in rate_limit_findings(args.settings, one)] == []


@pytest.mark.parametrize(
    ("workload", "changes", "place", "said"),
    [
        (orders(limit()), {"data-plane": "ambient", "routing-api": "gateway"}, (), "ambient"),
        (orders(limit(), ports={}), {}, (), "neither HTTP nor gRPC"),
        (orders(limit(scope="global")), {"rate-limit-store": None}, (0, "scope"), "rate-limit-store"),
        (orders(limit(by="caller"), callers=()), {}, (0, "by"), "nobody calls"),
        (orders(limit(), limit(requests=5)), {}, (1,), "counts what the one of 100 a minute counts"),
    ],
)
def test_a_limit_that_nothing_could_enforce_is_found(
    workload: MeshedWorkload, changes: dict[str, Any], place: tuple[str | int, ...], said: str
) -> None:
    ((found, message),) = findings(workload, **changes)
    assert found == place
    assert said in message
