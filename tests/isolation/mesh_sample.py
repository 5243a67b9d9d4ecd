"""The sample in a mesh that meets every rule: by sidecars and Istio's routes, or ambient by the Gateway API."""

from __future__ import annotations

from typing import Any

from tests.isolation.sample import NAMESPACE, Body, an_object, find, sample

EDGE = "edge"
USERS = f"users.{NAMESPACE}.svc.cluster.local"
_SECURITY = "security.istio.io/v1"
_NETWORKING = "networking.istio.io/v1"
_GATEWAY_API = "gateway.networking.k8s.io/v1"


def meshed(manifests: list[Body]) -> None:
    """Bring the sample into a mesh with sidecars."""
    find(manifests, "Namespace", NAMESPACE)["metadata"]["labels"]["istio-injection"] = "enabled"
    manifests += [*_identity(), *_rules(), *_routes(), *_scopes(), *_edge()]


def ambient(manifests: list[Body]) -> None:
    """Bring the sample into a mesh in ambient mode, with a waypoint."""
    find(manifests, "Namespace", NAMESPACE)["metadata"]["labels"]["istio.io/dataplane-mode"] = "ambient"
    manifests += [*_identity(), *_rules(), *_http_routes(), *_waypoint()]


def a_meshed_sample() -> list[Body]:
    """A new copy of the sample with sidecars."""
    manifests = sample()
    meshed(manifests)
    return manifests


def an_ambient_sample() -> list[Body]:
    """A new copy of the sample in ambient mode."""
    manifests = sample()
    ambient(manifests)
    return manifests


def principals(*accounts: str) -> list[Body]:
    """Who calls, as a rule names it."""
    return [{"source": {"principals": [f"cluster.local/ns/{NAMESPACE}/sa/{account}" for account in accounts]}}]


def at_edge(kind: str, name: str, api_version: str, **body: Any) -> Body:
    """An object of the gateway's namespace."""
    made = an_object(kind, name, api_version, **body)
    made["metadata"]["namespace"] = EDGE
    return made


def _identity() -> list[Body]:
    selector = {"matchLabels": {"app": "users-db"}}
    allowed = {"from": principals("report"), "to": [{"operation": {"ports": ["50051"]}}]}
    return [
        an_object("PeerAuthentication", "default", _SECURITY, spec={"mtls": {"mode": "STRICT"}}),
        an_object("PeerAuthentication", "users-db", _SECURITY, spec={"selector": selector, "mtls": {"mode": "UNSET"}}),
        an_object("AuthorizationPolicy", "deny-all", _SECURITY, spec={}),
        an_object(
            "AuthorizationPolicy",
            "users",
            _SECURITY,
            spec={"selector": {"matchLabels": {"app": "users"}}, "action": "ALLOW", "rules": [allowed]},
        ),
    ]


def _rules() -> list[Body]:
    policy = {
        "connectionPool": {"tcp": {"maxConnections": 100}},
        "outlierDetection": {"consecutiveGatewayErrors": 5},
        "tls": {"mode": "ISTIO_MUTUAL"},
    }
    subset = {"name": "canary", "labels": {"track": "canary"}}
    spec = {"host": USERS, "trafficPolicy": policy, "subsets": [subset]}
    external = {"portLevelSettings": [{"port": {"number": 80}, "tls": {"mode": "SIMPLE", "sni": "pay.example.com"}}]}
    entry = {
        "hosts": ["pay.example.com"],
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        "resolution": "DNS",
    }
    return [
        an_object("DestinationRule", "users", _NETWORKING, spec=spec),
        an_object("DestinationRule", "pay", _NETWORKING, spec={"host": "pay.example.com", "trafficPolicy": external}),
        an_object("ServiceEntry", "pay", _NETWORKING, spec=entry),
    ]


def _routes() -> list[Body]:
    destination = {"host": USERS, "port": {"number": 50051}}
    retried = {"attempts": 2, "perTryTimeout": "1s", "retryOn": "gateway-error,connect-failure"}
    careful = {"attempts": 2, "retryOn": "connect-failure, refused-stream"}
    http = [
        {
            "route": [{"destination": {**destination, "subset": "canary"}}],
            "timeout": "3s",
            "retries": retried,
            "mirrors": [{"destination": {"host": "users"}}],
        },
        {"route": [{"destination": destination}], "timeout": "1m500ms", "retries": careful},
        {"redirect": {"uri": "/"}},
    ]
    return [an_object("VirtualService", "users", _NETWORKING, spec={"hosts": [USERS], "http": http})]


def _scopes() -> list[Body]:
    def scope(app: str, *hosts: str) -> Body:
        egress = [{"hosts": [*hosts, "istio-system/*"]}]
        spec = {
            "workloadSelector": {"labels": {"app": app}},
            "egress": egress,
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        }
        return an_object("Sidecar", app, _NETWORKING, spec=spec)

    database = f"{NAMESPACE}/users-db.{NAMESPACE}.svc.cluster.local"
    return [
        scope("users", database, "./pay.example.com"),
        scope("users-db"),
        scope("report", f"./{USERS}", "./other.elsewhere.svc.cluster.local"),
    ]


def _edge() -> list[Body]:
    selector = {"istio": "ingressgateway"}
    operation = {"hosts": ["shop.example.com"], "paths": ["/public/*"]}
    public = {
        "selector": {"matchLabels": selector},
        "action": "ALLOW",
        "rules": [{"to": [{"operation": operation}]}],
    }
    http = [{"route": [{"destination": {"host": USERS}}], "timeout": "5s", "retries": {"attempts": 0}}]
    spec = {"hosts": ["shop.example.com"], "gateways": [f"{EDGE}/shop"], "http": http}
    return [
        at_edge("Gateway", "shop", _NETWORKING, spec={"selector": selector, "servers": []}),
        at_edge("AuthorizationPolicy", "open", _SECURITY, spec=public),
        an_object("VirtualService", "shop.example.com", _NETWORKING, spec=spec),
    ]


def _http_routes() -> list[Body]:
    backend = {"name": "users", "port": 50051}
    again = {
        "backendRefs": [backend],
        "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": backend}}],
        # Three tries fill the timeout to the millisecond: in floating-point numbers they would not fit.
        "timeouts": {"request": "10s665ms", "backendRequest": "3s555ms"},
        "retry": {"attempts": 2, "codes": [502, 503, 504]},
    }
    once = {"backendRefs": [backend], "timeouts": {"request": "3s"}, "retry": {"attempts": 0}}
    inside = {"parentRefs": [{"group": "", "kind": "Service", "name": "users", "port": 50051}], "rules": [again, once]}
    outside = {"parentRefs": [{"name": "shop", "namespace": EDGE}], "rules": [once]}
    redirect = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}
    plain = {"parentRefs": [{"name": "shop"}], "rules": [redirect]}
    plain_listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    return [
        at_edge("Gateway", "shop", _GATEWAY_API, spec={"gatewayClassName": "istio", "listeners": [plain_listener]}),
        an_object("HTTPRoute", "users", _GATEWAY_API, spec=inside),
        an_object("HTTPRoute", "shop.example.com", _GATEWAY_API, spec=outside),
        at_edge("HTTPRoute", "to-https", _GATEWAY_API, spec=plain),
    ]


def _waypoint() -> list[Body]:
    def target(name: str) -> Body:
        return {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name}

    operation = {"hosts": ["shop.example.com"], "paths": ["/"]}
    tunnel = {"name": "mesh", "port": 15008, "protocol": "HBONE"}
    return [
        an_object(
            "Gateway", "waypoint", _GATEWAY_API, spec={"gatewayClassName": "istio-waypoint", "listeners": [tunnel]}
        ),
        an_object("AuthorizationPolicy", "waypoint", _SECURITY, spec={"targetRefs": [target("waypoint")]}),
        at_edge(
            "AuthorizationPolicy",
            "open",
            _SECURITY,
            spec={"targetRefs": [target("shop")], "rules": [{"to": [{"operation": operation}]}]},
        ),
    ]
