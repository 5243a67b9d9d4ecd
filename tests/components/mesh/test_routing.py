"""Routes of a service inside the mesh, in both APIs."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from components.mesh.arguments import Caller, MeshedWorkload, MeshPort
from components.mesh.routing_gateway_api import gateway_duration
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.traffic import Fault
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, ISTIO, http, routing, rules
from tests.components.mesh.whole_shop import gateway, orders, users
from tests.components.workload import every, the

HOST = "orders.shop.svc.cluster.local"
GRPC_TARGET = {"destination": {"host": HOST, "port": {"number": 50051}}}
BEFORE = "connect-failure,refused-stream"
AFTER = "gateway-error,connect-failure,refused-stream,unavailable"


def plain(**resilience: Any) -> MeshedWorkload:
    """A gRPC service in one version; GetOrder and ListOrders may be sent twice."""
    told = {"retries": {"idempotent": ["GetOrder", "ListOrders"]}} | resilience
    return orders(versions={}, resilience=Resilience.model_validate(told))


def web(**resilience: Any) -> MeshedWorkload:
    """An HTTP service that is called inside the mesh."""
    port = MeshPort(number=8080, service_port=80, protocol="http")
    return orders(
        ports={"http": port},
        callers=(Caller(service_account="gateway", namespace="shop", port="http"),),
        versions={},
        contract=None,
        resilience=Resilience.model_validate(resilience),
    )


def test_a_grpc_service_retries_what_may_be_sent_twice_and_else_only_failed_connections() -> None:
    assert the(routing(plain()), "VirtualService") == {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {
            "name": "orders",
            "namespace": "shop",
            "labels": {
                "app.kubernetes.io/name": "orders",
                "app.kubernetes.io/part-of": "shop",
                "app.kubernetes.io/managed-by": "polyglot",
            },
        },
        "spec": {
            "hosts": [HOST],
            "http": [
                {
                    "name": "grpc:idempotent",
                    "match": [
                        {"port": 50051, "uri": {"exact": "/shop.orders.v1.OrderService/GetOrder"}},
                        {"port": 50051, "uri": {"exact": "/shop.orders.v1.OrderService/ListOrders"}},
                    ],
                    "route": [GRPC_TARGET],
                    "timeout": "3s",
                    "retries": {"attempts": 2, "perTryTimeout": "1s", "retryOn": AFTER},
                },
                {
                    "name": "grpc:other",
                    "match": [{"port": 50051}],
                    "route": [GRPC_TARGET],
                    "timeout": "3s",
                    "retries": {"attempts": 2, "retryOn": BEFORE},
                },
            ],
        },
    }


def test_in_the_gateway_api_grpc_has_an_http_route() -> None:
    for mesh in (GATEWAY_API, AMBIENT):
        bodies = routing(plain(), mesh)
        assert not every(bodies, "VirtualService"), "a host has one routing API"
        route = the(bodies, "HTTPRoute")
        assert route["metadata"]["name"] == "orders.grpc"
        assert route["spec"] == {
            "parentRefs": [{"group": "", "kind": "Service", "name": "orders", "port": 50051}],
            "rules": [
                {
                    "matches": [
                        {"path": {"type": "Exact", "value": "/shop.orders.v1.OrderService/GetOrder"}},
                        {"path": {"type": "Exact", "value": "/shop.orders.v1.OrderService/ListOrders"}},
                    ],
                    "backendRefs": [{"name": "orders", "port": 50051}],
                    "timeouts": {"request": "3s", "backendRequest": "1s"},
                    "retry": {"attempts": 2, "codes": [502, 503, 504]},
                },
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [{"name": "orders", "port": 50051}],
                    "timeouts": {"request": "3s"},
                    # Istio would also send again what was answered with UNAVAILABLE.
                    "retry": {"attempts": 0},
                },
            ],
        }


def test_an_http_service_retries_the_methods_of_rfc_9110() -> None:
    idempotent, other = http(routing(web()))
    assert idempotent["match"] == [{"port": 80, "method": {"regex": "GET|HEAD|OPTIONS|PUT|DELETE|TRACE"}}]
    assert idempotent["retries"] == {"attempts": 2, "perTryTimeout": "1s", "retryOn": AFTER}
    assert other["match"] == [{"port": 80}]
    assert other["retries"] == {"attempts": 2, "retryOn": BEFORE}, "a POST may have been served"


def test_an_http_service_may_add_methods() -> None:
    found = http(routing(web(retries={"idempotent": ["POST"]})))
    assert found[0]["match"][0]["method"] == {"regex": "GET|HEAD|OPTIONS|PUT|DELETE|TRACE|POST"}


def test_in_the_gateway_api_each_method_is_a_match() -> None:
    idempotent, other = rules(routing(web(), GATEWAY_API))
    assert [match["method"] for match in idempotent["matches"]] == ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]
    assert idempotent["retry"] == {"attempts": 2, "codes": [502, 503, 504]}
    assert other["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert other["retry"] == {"attempts": 2}, "without codes only what the service has not processed is sent again"
    assert "backendRequest" not in other["timeouts"], "it would cut off what is not going to be tried again"


def test_in_the_gateway_api_durations_are_those_of_gep_2257() -> None:
    for rule in rules(routing(web(timeout="90s500ms"), GATEWAY_API)):
        assert rule["timeouts"]["request"] == "1m30s500ms"


@pytest.mark.parametrize("workload", [plain(retries={"attempts": 0}), web(retries={"attempts": 0})])
def test_without_retries_there_is_one_route_that_says_so(workload: MeshedWorkload) -> None:
    (route,) = http(routing(workload))
    assert route["retries"] == {"attempts": 0}, "where nothing is said, the mesh retries twice"
    for mesh in (GATEWAY_API, AMBIENT):
        (rule,) = rules(routing(workload, mesh))
        assert rule["retry"] == {"attempts": 0}
        assert "backendRequest" not in rule["timeouts"]


def test_a_try_gets_the_deadline_that_the_service_names() -> None:
    workload = plain(timeout="2s", retries={"per-try": "800ms", "attempts": 1, "idempotent": ["A"]})
    idempotent, _ = http(routing(workload))
    assert (idempotent["timeout"], idempotent["retries"]["perTryTimeout"]) == ("2s", "800ms")
    idempotent, _ = rules(routing(workload, GATEWAY_API))
    assert idempotent["timeouts"] == {"request": "2s", "backendRequest": "800ms"}


def test_what_may_not_be_sent_twice_is_given_the_whole_timeout() -> None:
    _, other = http(routing(plain()))
    assert "perTryTimeout" not in other["retries"], "it would cut off what is not going to be tried again"


def test_each_port_has_its_own_routes_in_one_virtual_service() -> None:
    names = [(route["name"], route["match"][0]["port"]) for route in http(routing(users()))]
    assert names == [("grpc:other", 50051), ("metrics:idempotent", 8081), ("metrics:other", 8081)]


def test_in_the_gateway_api_each_port_has_its_own_object() -> None:
    found = every(routing(users(), GATEWAY_API), "HTTPRoute")
    assert [(body["metadata"]["name"], body["spec"]["parentRefs"][0]["port"]) for body in found] == [
        ("users.grpc", 50051),
        ("users.metrics", 8081),
    ]


def test_idempotent_methods_are_nothing_without_the_contract_that_makes_their_paths() -> None:
    (route,) = http(routing(dataclasses.replace(plain(), contract=None)))
    assert route["name"] == "grpc:other"


def test_a_service_that_only_the_edge_calls_has_no_route_inside() -> None:
    for mesh in (ISTIO, GATEWAY_API, AMBIENT):
        bodies = routing(gateway(), mesh)
        assert {body["kind"] for body in bodies} == {"DestinationRule"}, "its weights stand at the edge, and only there"


def test_a_service_that_the_edge_and_others_call_has_both() -> None:
    caller = Caller(service_account="orders", namespace="shop", port="http")
    assert http(routing(gateway(callers=(caller,))))


def test_faults_hit_every_route() -> None:
    fault = Fault.model_validate(
        {"delay": {"duration": "2s", "share": "12.5%"}, "abort": {"status": 503, "share": "1%"}}
    )
    for route in http(routing(orders(fault=fault))):
        assert route["fault"] == {
            "delay": {"percentage": {"value": 12.5}, "fixedDelay": "2s"},
            "abort": {"percentage": {"value": 1.0}, "httpStatus": 503},
        }


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(milliseconds=300), "300ms"),
        (timedelta(seconds=3), "3s"),
        (timedelta(seconds=100, milliseconds=500), "1m40s500ms"),
        (timedelta(hours=72), "72h"),
    ],
)
def test_the_gateway_api_takes_at_most_five_digits_a_unit(duration: timedelta, text: str) -> None:
    assert gateway_duration(duration) == text
