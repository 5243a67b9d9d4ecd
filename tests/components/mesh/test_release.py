"""Versions side by side: canaries, blue and green, mirrors."""

from __future__ import annotations

from typing import Any

import pytest

from components.manifests import Manifest
from components.mesh.arguments import MeshedWorkload, ReleaseVersion
from components.mesh.matching import baggage_pattern, cookie_pattern
from components.specs.mesh.settings import Mesh
from components.specs.mesh.traffic import Match, Mirror
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, ISTIO, edge, http, routing, rules
from tests.components.mesh.whole_shop import gateway, orders

HOST = "orders.shop.svc.cluster.local"


def released(match: dict[str, Any] | None = None, **weights: float) -> MeshedWorkload:
    """Orders in versions of the given weights; requests that match go to the canary."""
    fits = Match.model_validate(match) if match else None
    return orders(
        versions={
            track: ReleaseVersion(weight=weight, match=fits if track == "canary" else None)
            for track, weight in weights.items()
        }
    )


def subset(track: str, weight: int | None = None) -> dict[str, Any]:
    target: dict[str, Any] = {"destination": {"host": HOST, "port": {"number": 50051}, "subset": track}}
    return target if weight is None else target | {"weight": weight}


def changed(before: list[Manifest], after: list[Manifest]) -> list[tuple[str, str]]:
    """Kind and name of each object that differs."""
    both = zip(before, after, strict=True)
    return [(old["kind"], old["metadata"]["name"]) for old, new in both if old != new]


def test_a_canary_gets_its_weight_of_every_route() -> None:
    found = http(routing(released(stable=90, canary=10)))
    assert [route["name"] for route in found] == ["grpc:idempotent", "grpc:other"]
    for route in found:
        assert route["route"] == [subset("stable", 90), subset("canary", 10)]
    for mesh in (GATEWAY_API, AMBIENT):
        for rule in rules(routing(released(stable=90, canary=10), mesh)):
            assert rule["backendRefs"] == [
                {"name": "orders-stable", "port": 50051, "weight": 90},
                {"name": "orders-canary", "port": 50051, "weight": 10},
            ]


def test_requests_with_a_header_go_to_the_canary_whatever_its_weight() -> None:
    workload = released({"headers": {"X-Canary": "1.0"}}, stable=100, canary=0)
    found = http(routing(workload))
    assert [route["name"] for route in found] == [
        *("grpc:canary:idempotent", "grpc:canary:other", "grpc:idempotent", "grpc:other"),
    ]
    headers = {"x-canary": {"exact": "1.0"}}
    assert found[0]["match"] == [
        {"port": 50051, "uri": {"exact": "/shop.orders.v1.OrderService/GetOrder"}, "headers": headers}
    ]
    assert found[1]["match"] == [{"port": 50051, "headers": headers}], "Istio takes names in lower case only"
    assert found[0]["route"] == found[1]["route"] == [subset("canary")]
    assert found[3]["route"] == [subset("stable", 100), subset("canary", 0)]


def test_in_the_gateway_api_the_header_makes_a_rule_more_specific() -> None:
    found = rules(routing(released({"headers": {"X-Canary": "1.0"}}, stable=100, canary=0), GATEWAY_API))
    assert found[1]["matches"] == [
        {
            "path": {"type": "PathPrefix", "value": "/"},
            "headers": [{"type": "Exact", "name": "x-canary", "value": "1.0"}],
        }
    ]
    assert found[1]["backendRefs"] == [{"name": "orders-canary", "port": 50051}]


@pytest.mark.parametrize(
    ("match", "header", "expression"),
    [
        ({"cookies": {"group": "beta"}}, "cookie", cookie_pattern({"group": "beta"})),
        ({"baggage": {"flag": "new"}}, "baggage", baggage_pattern({"flag": "new"})),
    ],
)
def test_a_cookie_or_a_member_of_baggage_is_found_in_its_header(
    match: dict[str, Any], header: str, expression: str
) -> None:
    workload = released(match, stable=100, canary=0)
    (fits,) = http(routing(workload))[1]["match"]
    assert fits["headers"] == {header: {"regex": expression}}
    (fits,) = rules(routing(workload, GATEWAY_API))[1]["matches"]
    assert fits["headers"] == [{"type": "RegularExpression", "name": header, "value": expression}]


def test_the_match_with_more_headers_comes_first_as_in_the_gateway_api() -> None:
    workload = orders(
        versions={
            "stable": ReleaseVersion(weight=100),
            "beta": ReleaseVersion(weight=0, match=Match(headers={"x-beta": "1"})),
            "insider": ReleaseVersion(weight=0, match=Match(headers={"x-beta": "1"}, cookies={"insider": "1"})),
        }
    )
    names = [route["name"] for route in http(routing(workload))]
    assert names[:3] == ["grpc:insider:idempotent", "grpc:insider:other", "grpc:beta:idempotent"]


@pytest.mark.parametrize(
    ("mesh", "touched"),
    [
        (ISTIO, ("VirtualService", "orders")),
        (GATEWAY_API, ("HTTPRoute", "orders.grpc")),
        (AMBIENT, ("HTTPRoute", "orders.grpc")),
    ],
)
@pytest.mark.parametrize("match", [None, {"headers": {"x-canary": "1"}}])
def test_a_flip_from_blue_to_green_touches_exactly_one_object(
    mesh: Mesh, touched: tuple[str, str], match: dict[str, Any] | None
) -> None:
    blue = routing(released(match, blue=100, green=0), mesh)
    green = routing(released(match, blue=0, green=100), mesh)
    assert changed(blue, green) == [touched], "the way back is the same one object"


@pytest.mark.parametrize(
    ("mesh", "touched"),
    [(ISTIO, ("VirtualService", "shop.example.com")), (GATEWAY_API, ("HTTPRoute", "gateway.shop.example.com"))],
)
def test_a_flip_at_the_edge_touches_exactly_one_object(mesh: Mesh, touched: tuple[str, str]) -> None:
    def everything(blue: float) -> list[Manifest]:
        versions = {"blue": ReleaseVersion(weight=blue), "green": ReleaseVersion(weight=100 - blue)}
        workload = gateway(versions=versions)
        return [*routing(workload, mesh), *edge(workload, mesh=mesh)]

    assert changed(everything(100), everything(0)) == [touched]


def test_a_mirror_gets_copies_of_what_the_weights_share_out() -> None:
    workload = released({"headers": {"x-canary": "1"}}, stable=100, canary=0)
    mirrored = orders(versions=workload.versions, mirror=Mirror.model_validate({"version": "canary", "share": "12.5%"}))
    found = http(routing(mirrored))
    assert [route.get("mirrors") for route in found] == [
        None,
        None,
        [{**subset("canary"), "percentage": {"value": 12.5}}],
        [{**subset("canary"), "percentage": {"value": 12.5}}],
    ], "what goes to the canary anyway needs no copy"


@pytest.mark.parametrize(
    ("share", "written"),
    [
        ("100%", {"percent": 100}),
        ("25%", {"percent": 25}),
        ("0.5%", {"fraction": {"numerator": 500, "denominator": 100_000}}),
    ],
)
def test_the_gateway_api_has_mirrors_too(share: str, written: dict[str, Any]) -> None:
    mirror = Mirror.model_validate({"version": "canary", "share": share})
    workload = orders(versions=released(stable=100, canary=0).versions, mirror=mirror)
    for rule in rules(routing(workload, GATEWAY_API)):
        assert rule["filters"] == [
            {
                "type": "RequestMirror",
                "requestMirror": {"backendRef": {"name": "orders-canary", "port": 50051}, **written},
            }
        ]
