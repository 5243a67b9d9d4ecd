"""The edge's listeners in Istio's own API: hosts, TLS, certificates."""

from __future__ import annotations

from tests.components.mesh.routed import ISTIO, at, edge
from tests.components.mesh.whole_shop import settings, users
from tests.components.workload import every, the


def test_the_gateway_speaks_tls_and_sends_everybody_there() -> None:
    hosts = ["shop/admin.example.com", "shop/shop.example.com"]
    body = the(edge(at("/api"), at("/", host="admin.example.com", name="admin")), "Gateway")
    assert body == {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {
            "name": "shop",
            "namespace": "shop-edge",
            "labels": {
                "app.kubernetes.io/name": "shop",
                "app.kubernetes.io/part-of": "shop",
                "app.kubernetes.io/managed-by": "polyglot",
            },
        },
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "servers": [
                {
                    "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                    "hosts": hosts,
                    "tls": {"mode": "SIMPLE", "credentialName": "shop-tls", "minProtocolVersion": "TLSV1_2"},
                },
                {
                    "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                    "hosts": hosts,
                    "tls": {"httpsRedirect": True},
                },
            ],
        },
    }


def test_a_certificate_is_issued_for_all_hosts() -> None:
    body = the(edge(at("/api"), at("/", host="admin.example.com", name="admin")), "Certificate")
    assert (body["metadata"]["name"], body["metadata"]["namespace"]) == ("shop-tls", "shop-edge")
    assert body["spec"] == {
        "secretName": "shop-tls",
        "dnsNames": ["admin.example.com", "shop.example.com"],
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "server auth"],
        "renewBefore": "720h",
    }


def test_a_certificate_of_somebody_else_is_only_named() -> None:
    bodies = edge(at("/api"), mesh=settings(edge={"domain": "example.com", "tls": {"secret": "wildcard"}}))
    assert not every(bodies, "Certificate")
    assert the(bodies, "Gateway")["spec"]["servers"][0]["tls"]["credentialName"] == "wildcard"


def test_without_a_service_at_the_edge_there_is_no_edge() -> None:
    assert edge(users(), mesh=ISTIO) == []
