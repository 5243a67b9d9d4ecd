"""What workloads may reach: scopes of proxies, and declared external hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.manifests import Manifest
from components.mesh.arguments import ExternalService, MeshedWorkload
from components.mesh.egress import egress_objects
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, accepted
from tests.components.mesh.whole_shop import gateway, orders, settings, shop, users
from tests.components.workload import every, the

PAYMENTS = ExternalService(name="payments", host="pay.example.net", port=8443, originate_tls=True)
SYSTEM = "istio-system/*"


def built(*workloads: MeshedWorkload, mesh: Any = None, external: ExternalService = PAYMENTS) -> list[Manifest]:
    args = shop(*workloads, mesh=mesh or settings())
    return accepted(egress_objects(replace(args, external={external.name: external})))


def hosts(bodies: list[Manifest], name: str) -> list[str]:
    (sidecar,) = [body for body in every(bodies, "Sidecar") if body["metadata"]["name"] == name]
    (listener,) = sidecar["spec"]["egress"]
    return listener["hosts"]


def test_a_proxy_knows_what_its_workload_calls_and_nothing_else() -> None:
    bodies = built(gateway(), orders(), users())
    ours = [f"./{name}.shop.svc.cluster.local" for name in ("users", "orders")]
    assert hosts(bodies, "gateway") == [*ours, "./pay.example.net", SYSTEM]
    assert hosts(bodies, "orders") == [ours[0], SYSTEM]
    assert hosts(bodies, "users") == [SYSTEM], "it calls nobody"


def test_a_proxy_knows_services_of_other_namespaces_by_their_namespace() -> None:
    api_server = "default/kubernetes.default.svc.cluster.local"
    assert hosts(built(users(elsewhere=(api_server,))), "users") == [api_server, SYSTEM]


def test_what_is_not_declared_is_not_let_out() -> None:
    for sidecar in every(built(gateway(), orders(), users()), "Sidecar"):
        assert sidecar["spec"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
        assert sidecar["spec"]["workloadSelector"] == {
            "labels": {"app.kubernetes.io/name": sidecar["metadata"]["name"]}
        }


def test_a_callers_proxy_knows_the_services_of_versions_where_routes_lead_to_them() -> None:
    bodies = built(gateway(calls=("orders",)), orders(), mesh=GATEWAY_API)
    assert hosts(bodies, "gateway") == [
        "./orders.shop.svc.cluster.local",
        "./orders-stable.shop.svc.cluster.local",
        "./orders-canary.shop.svc.cluster.local",
        "./pay.example.net",
        SYSTEM,
    ]


def test_tls_is_added_to_plain_http_and_the_certificate_is_checked() -> None:
    bodies = built(gateway())
    assert the(bodies, "ServiceEntry")["spec"] == {
        "hosts": ["pay.example.net"],
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 8443}],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "exportTo": ["."],
    }
    (port,) = the(bodies, "DestinationRule")["spec"]["trafficPolicy"]["portLevelSettings"]
    assert port == {
        "port": {"number": 80},
        "tls": {"mode": "SIMPLE", "sni": "pay.example.net", "subjectAltNames": ["pay.example.net"]},
    }


@pytest.mark.parametrize(("protocol", "spoken"), [("tls", "TLS"), ("tcp", "TCP")])
def test_a_host_to_which_services_speak_themselves_is_let_through_as_it_is(protocol: Any, spoken: str) -> None:
    external = replace(PAYMENTS, originate_tls=False, protocol=protocol)
    bodies = built(gateway(), external=external)
    assert the(bodies, "ServiceEntry")["spec"]["ports"] == [{"number": 8443, "name": protocol, "protocol": spoken}]
    assert not every(bodies, "DestinationRule")


def test_in_ambient_mode_the_waypoint_decides_who_may_leave() -> None:
    bodies = built(gateway(), orders(), mesh=AMBIENT)
    assert not every(bodies, "Sidecar"), "they are of no use to a ztunnel"
    assert the(bodies, "AuthorizationPolicy")["spec"] == {
        "targetRefs": [{"group": "networking.istio.io", "kind": "ServiceEntry", "name": "payments"}],
        "action": "ALLOW",
        "rules": [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/gateway"]}}]}],
    }
    assert not every(built(orders(), mesh=AMBIENT), "AuthorizationPolicy"), "nobody uses it, and the waypoint denies"
