"""How callers treat a service: load balancing, bulkhead, ejection, mutual TLS."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from components.mesh.arguments import MeshedWorkload, MeshPort
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.settings import Mesh
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, ISTIO, routing
from tests.components.mesh.whole_shop import orders, settings
from tests.components.workload import every, the

HOST = "orders.shop.svc.cluster.local"
STORE = MeshedWorkload(
    name="cache",
    service_account="cache",
    service="cache",
    ports={"redis": MeshPort(number=6379, service_port=6379, protocol="tcp")},
)


def policy(mesh: Mesh = ISTIO, **resilience: Any) -> dict[str, Any]:
    workload = orders(versions={}, resilience=Resilience.model_validate(resilience))
    return the(routing(workload, mesh), "DestinationRule")["spec"]["trafficPolicy"]


def test_a_service_is_called_with_a_bulkhead_ejection_and_mutual_tls() -> None:
    assert the(routing(orders(versions={})), "DestinationRule") == {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
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
            "host": HOST,
            "trafficPolicy": {
                "loadBalancer": {"simple": "LEAST_REQUEST"},
                "connectionPool": {
                    "tcp": {"maxConnections": 100, "connectTimeout": "1s"},
                    "http": {"http1MaxPendingRequests": 64, "http2MaxRequests": 256, "maxRetries": 16},
                },
                "outlierDetection": {
                    "consecutiveGatewayErrors": 5,
                    "consecutive5xxErrors": 0,
                    "interval": "10s",
                    "baseEjectionTime": "30s",
                    "maxEjectionPercent": 50,
                },
                "tls": {"mode": "ISTIO_MUTUAL"},
            },
        },
    }


def test_what_a_service_says_reaches_its_callers() -> None:
    found = policy(
        **{
            "outlier-detection": {
                "consecutive-errors": 3,
                "interval": "800ms",
                "ejection": "1m",
                "max-ejected": "25%",
            },
            "connection-pool": {
                "connections": 7,
                "connect-timeout": "250ms",
                "pending": 8,
                "requests": 9,
                "requests-per-connection": 10,
                "retries": 2,
            },
        }
    )
    assert found["outlierDetection"] == {
        "consecutiveGatewayErrors": 3,
        "consecutive5xxErrors": 0,
        "interval": "800ms",
        "baseEjectionTime": "1m",
        "maxEjectionPercent": 25,
    }
    assert found["connectionPool"] == {
        "tcp": {"maxConnections": 7, "connectTimeout": "250ms"},
        "http": {
            "http1MaxPendingRequests": 8,
            "http2MaxRequests": 9,
            "maxRetries": 2,
            "maxRequestsPerConnection": 10,
        },
    }


def test_a_plain_500_ejects_nobody() -> None:
    assert policy()["outlierDetection"]["consecutive5xxErrors"] == 0, "one bad request could eject every Pod"


@pytest.mark.parametrize(
    ("asked", "written"),
    [("least-request", "LEAST_REQUEST"), ("round-robin", "ROUND_ROBIN"), ("random", "RANDOM")],
)
def test_a_pod_is_chosen_as_the_service_says(asked: str, written: str) -> None:
    assert policy(**{"load-balancing": asked})["loadBalancer"] == {"simple": written}


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ({"header": "x-user"}, {"httpHeaderName": "x-user"}),
        ({"cookie": "session", "ttl": "90m"}, {"httpCookie": {"name": "session", "ttl": "90m"}}),
        ({"source-ip": True}, {"useSourceIp": True}),
    ],
)
def test_a_hash_leads_to_the_same_pod_from_every_zone(asked: dict[str, Any], written: dict[str, Any]) -> None:
    near = settings(locality={"failover": [{"from": "eu-west", "to": "eu-central"}]})
    for mesh in (ISTIO, near):
        assert policy(mesh, **{"load-balancing": asked})["loadBalancer"] == {
            "consistentHash": written,
            "localityLbSetting": {"enabled": False},
        }, "proxies that see only the Pods nearby disagree on where a value belongs"


def test_a_region_without_healthy_pods_hands_over_to_another() -> None:
    mesh = settings(locality={"failover": [{"from": "eu-west", "to": "eu-central"}, {"from": "us", "to": "eu-west"}]})
    assert policy(mesh)["loadBalancer"] == {
        "simple": "LEAST_REQUEST",
        "localityLbSetting": {
            "enabled": True,
            "failover": [{"from": "eu-west", "to": "eu-central"}, {"from": "us", "to": "eu-west"}],
        },
    }
    assert policy(mesh)["outlierDetection"], "without it Istio never fails over"


def test_requests_are_shared_out_over_localities() -> None:
    mesh = settings(locality={"spread": [{"from": "eu/*", "to": {"eu/a/*": "80%", "eu/b/*": "20%"}}]})
    assert policy(mesh)["loadBalancer"]["localityLbSetting"] == {
        "enabled": True,
        "distribute": [{"from": "eu/*", "to": {"eu/a/*": 80, "eu/b/*": 20}}],
    }


def test_a_store_has_connections_and_no_requests() -> None:
    bodies = routing(STORE)
    assert [body["kind"] for body in bodies] == ["DestinationRule"], "proxies see nothing that a route could match"
    assert the(bodies, "DestinationRule")["spec"]["trafficPolicy"]["connectionPool"] == {
        "tcp": {"maxConnections": 100, "connectTimeout": "1s"}
    }


def test_a_worker_is_not_called() -> None:
    assert routing(dataclasses.replace(STORE, service=None, ports={})) == []


def test_in_ambient_mode_ztunnel_alone_encrypts() -> None:
    assert policy(GATEWAY_API)["tls"] == {"mode": "ISTIO_MUTUAL"}
    assert "tls" not in policy(AMBIENT), "it would be a second TLS within the tunnel"


def test_versions_are_subsets_of_the_service() -> None:
    assert the(routing(orders()), "DestinationRule")["spec"]["subsets"] == [
        {"name": "stable", "labels": {"polyglot.dev/track": "stable"}},
        {"name": "canary", "labels": {"polyglot.dev/track": "canary"}},
    ]


def test_in_the_gateway_api_versions_are_services_of_their_own() -> None:
    bodies = routing(orders(), GATEWAY_API)
    found = {body["metadata"]["name"]: body for body in every(bodies, "Service")}
    assert list(found) == ["orders-stable", "orders-canary"]
    assert found["orders-canary"]["spec"] == {
        "type": "ClusterIP",
        "selector": {"app.kubernetes.io/name": "orders", "polyglot.dev/track": "canary"},
        "ports": [
            {"name": "grpc", "port": 50051, "targetPort": "grpc", "protocol": "TCP", "appProtocol": "grpc"},
        ],
    }
    guarded = [body["spec"] for body in every(bodies, "DestinationRule")]
    assert [spec["host"] for spec in guarded] == [
        HOST,
        "orders-stable.shop.svc.cluster.local",
        "orders-canary.shop.svc.cluster.local",
    ], "a route leads to the versions' Services, and each needs its bulkhead"
    assert guarded[0]["trafficPolicy"] == guarded[1]["trafficPolicy"] == guarded[2]["trafficPolicy"]
    assert not any("subsets" in spec for spec in guarded)
