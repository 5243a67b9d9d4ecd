"""Planted violations of rules 16 to 23: identity, hosts, TLS, routes and egress of the mesh; and of its network."""

from __future__ import annotations

from components.hardening import HardenedDefault, MeshDefault
from components.isolation import Relaxation
from tests.isolation.changes import Change, Planted, adding, deployment, drop, in_turn, put, spec, without
from tests.isolation.mesh_sample import ambient, meshed, principals
from tests.isolation.sample import Body, an_object, find

_PLAIN = MeshDefault.PLAIN_TEXT


def _planted(rule: int, what: str, change: Change, path: str, excuse: Relaxation | None = None) -> Planted:
    return Planted(rule, what, in_turn(meshed, change), path, excuse)


def _in_ambient(rule: int, what: str, change: Change, path: str) -> Planted:
    return Planted(rule, what, in_turn(ambient, change), path)


def _namespace_labels(manifests: list[Body]) -> Body:
    return find(manifests, "Namespace", "shop")["metadata"]["labels"]


def _pod_labels(manifests: list[Body]) -> Body:
    return deployment(manifests)["spec"]["template"]["metadata"]["labels"]


def _rule(manifests: list[Body]) -> Body:
    return find(manifests, "AuthorizationPolicy", "users")["spec"]["rules"][0]


def _edge_operation(manifests: list[Body]) -> Body:
    return find(manifests, "AuthorizationPolicy", "open")["spec"]["rules"][0]["to"][0]["operation"]


def _route(manifests: list[Body]) -> Body:
    return find(manifests, "VirtualService", "users")["spec"]["http"][0]


def _retries(manifests: list[Body]) -> Body:
    return _route(manifests)["retries"]


def _destination(manifests: list[Body]) -> Body:
    return _route(manifests)["route"][0]["destination"]


def _policy(manifests: list[Body]) -> Body:
    return find(manifests, "DestinationRule", "users")["spec"]["trafficPolicy"]


def _external_port(manifests: list[Body]) -> Body:
    return find(manifests, "DestinationRule", "pay")["spec"]["trafficPolicy"]["portLevelSettings"][0]


def _subset(manifests: list[Body]) -> Body:
    return find(manifests, "DestinationRule", "users")["spec"]["subsets"][0]


def _http_rule(manifests: list[Body]) -> Body:
    return find(manifests, "HTTPRoute", "users")["spec"]["rules"][0]


def _listener(manifests: list[Body]) -> Body:
    return find(manifests, "Sidecar", "users")["spec"]["egress"][0]


def _pods_of(gateway: str) -> Body:
    return {"matchLabels": {"gateway.networking.k8s.io/gateway-name": gateway}}


_NOBODY = "nobody.shop.svc.cluster.local"
_GRPC = an_object(
    "GRPCRoute",
    "users",
    "gateway.networking.k8s.io/v1",
    spec={
        "parentRefs": [{"group": "", "kind": "Service", "name": "users"}],
        "rules": [{"backendRefs": [{"name": "users", "port": 50051}]}],
    },
)
_OPEN = an_object("AuthorizationPolicy", "report", "security.istio.io/v1", spec={"rules": [{}]})

IDENTITY = (
    _planted(16, "nothing asks for mutual TLS", without("PeerAuthentication", "default"), "metadata.name"),
    _planted(
        16,
        "a port that takes in plain text",
        put(spec("PeerAuthentication", "users-db"), portLevelMtls={"5432": {"mode": "PERMISSIVE"}}),
        "spec.portLevelMtls.5432.mode",
        _PLAIN,
    ),
    _planted(
        16,
        "a workload without TLS",
        put(spec("PeerAuthentication", "users-db"), mtls={"mode": "DISABLE"}),
        "spec.mtls.mode",
        _PLAIN,
    ),
    _planted(17, "no default denial", without("AuthorizationPolicy", "deny-all"), "metadata.name"),
    _planted(
        17,
        "a denial for some workloads only",
        put(spec("AuthorizationPolicy", "deny-all"), selector={"matchLabels": {"app": "users"}}),
        "metadata.name",
    ),
    _in_ambient(17, "no denial at the waypoint", without("AuthorizationPolicy", "waypoint"), "metadata.name"),
    _planted(18, "everybody allowed", adding(_OPEN), "spec.rules[0]"),
    _planted(18, "no caller named", drop(_rule, "from"), "spec.rules[0]", _PLAIN),
    _planted(
        18,
        "a namespace as a caller",
        put(_rule, **{"from": [*principals("report"), {"source": {"namespaces": ["shop"]}}]}),
        "spec.rules[0].from[1].source",
        _PLAIN,
    ),
    _planted(
        18,
        "a wildcard as a caller",
        put(_rule, **{"from": principals("*")}),
        "spec.rules[0].from[0].source.principals",
        _PLAIN,
    ),
    _planted(18, "every host at the edge", drop(_edge_operation, "hosts"), "spec.rules[0].to[0].operation"),
    _planted(18, "every path at the edge", put(_edge_operation, paths=[]), "spec.rules[0].to[0].operation"),
    _planted(
        18,
        "a rule of the edge elsewhere",
        put(spec("Gateway", "shop"), selector={"istio": "other"}),
        "spec.rules[0]",
        _PLAIN,
    ),
    _in_ambient(18, "every request at the edge", put(spec("AuthorizationPolicy", "open"), rules=[{}]), "spec.rules[0]"),
    _planted(23, "no label", drop(_namespace_labels, "istio-injection"), "metadata.labels"),
    _planted(
        23,
        "Pods that opt out",
        put(_pod_labels, **{"sidecar.istio.io/inject": "false"}),
        "spec.template.metadata.labels",
    ),
    _in_ambient(
        23,
        "two data planes",
        put(_namespace_labels, **{"istio-injection": "enabled"}),
        "metadata.labels.istio-injection",
    ),
)

ROUTES = (
    _planted(
        19,
        "a rule for nobody",
        adding(an_object("DestinationRule", "nobody", "networking.istio.io/v1", spec={"host": _NOBODY})),
        "spec.host",
    ),
    _planted(19, "a route to nobody", put(_destination, host=_NOBODY), "spec.http[0].route[0].destination"),
    _planted(19, "a copy for nobody", put(_route, mirror={"host": "nobody"}), "spec.http[0].mirror"),
    _planted(19, "a route of nobody", put(spec("VirtualService", "users"), hosts=["nobody"]), "spec.hosts[0]"),
    _planted(19, "no such port", put(_destination, port={"number": 1}), "spec.http[0].route[0].destination.port"),
    _planted(19, "no such subset", put(_destination, subset="blue"), "spec.http[0].route[0].destination.subset"),
    _planted(
        19, "no such gateway", put(spec("VirtualService", "shop.example.com"), gateways=["shop"]), "spec.gateways[0]"
    ),
    _planted(19, "a call of nobody", put(_listener, hosts=[f"./{_NOBODY}"]), "spec.egress[0].hosts[0]"),
    _in_ambient(
        19, "no such backend", put(_http_rule, backendRefs=[{"name": "nobody"}]), "spec.rules[0].backendRefs[0]"
    ),
    _in_ambient(
        19, "no such parent", put(spec("HTTPRoute", "users"), parentRefs=[{"name": "none"}]), "spec.parentRefs[0]"
    ),
    _planted(20, "no TLS", put(_policy, tls={"mode": "DISABLE"}), "spec.trafficPolicy.tls.mode"),
    _planted(
        20,
        "no TLS for a version",
        put(_subset, trafficPolicy={"tls": {"mode": "DISABLE"}}),
        "spec.subsets[0].trafficPolicy.tls.mode",
    ),
    _planted(
        20,
        "any certificate",
        put(_external_port, tls={"mode": "SIMPLE", "insecureSkipVerify": True}),
        "spec.trafficPolicy.portLevelSettings[0].tls.insecureSkipVerify",
    ),
    _planted(21, "no timeout", drop(_route, "timeout"), "spec.http[0].timeout"),
    _planted(21, "a timeout of nothing", put(_route, timeout="0s"), "spec.http[0].timeout"),
    _planted(21, "the mesh's own retries", drop(_route, "retries"), "spec.http[0].retries"),
    _planted(21, "tries without a deadline", drop(_retries, "perTryTimeout"), "spec.http[0].retries"),
    _planted(21, "one try too many", put(_retries, attempts=3), "spec.http[0].retries"),
    _in_ambient(21, "the mesh's own retries in an HTTPRoute", drop(_http_rule, "retry"), "spec.rules[0].retry"),
    _in_ambient(
        21,
        "tries that are too long",
        put(_http_rule, retry={"attempts": 3, "codes": [503]}),
        "spec.rules[0].retry",
    ),
    _in_ambient(
        21,
        "tries without a deadline in an HTTPRoute",
        put(_http_rule, timeouts={"request": "3s"}),
        "spec.rules[0].retry",
    ),
    _in_ambient(21, "a route of gRPC's own kind", adding(_GRPC), "spec.rules[0].timeouts.request"),
    _planted(
        21,
        "requests that fail on purpose",
        put(_route, fault={"abort": {"httpStatus": 503, "percentage": {"value": 1}}}),
        "metadata.annotations",
        HardenedDefault.FAULT_INJECTION,
    ),
    _planted(21, "no bulkhead", drop(_policy, "connectionPool"), "spec.http[0].route[0].destination"),
    _in_ambient(21, "no ejection", drop(_policy, "outlierDetection"), "spec.rules[0].backendRefs[0]"),
)

NETWORK = (
    _in_ambient(
        30,
        "a policy for the Pods of a Gateway that is not there",
        adding(an_object("NetworkPolicy", "gone", "networking.k8s.io/v1", spec={"podSelector": _pods_of("gone")})),
        "spec.podSelector",
    ),
    _in_ambient(
        30,
        "a way to the Pods of a Gateway that is not there",
        put(spec("NetworkPolicy", "users"), egress=[{"to": [{"podSelector": _pods_of("gone")}]}]),
        "spec.egress[0].to[0].podSelector",
    ),
)

EGRESS = (
    _planted(22, "no scope", without("Sidecar", "users"), "spec.template.metadata.labels"),
    _planted(
        22,
        "any host",
        put(spec("Sidecar", "users"), outboundTrafficPolicy={"mode": "ALLOW_ANY"}),
        "spec.outboundTrafficPolicy.mode",
    ),
    _planted(
        22,
        "a mode left open",
        drop(spec("Sidecar", "users"), "outboundTrafficPolicy"),
        "spec.outboundTrafficPolicy.mode",
    ),
    _planted(22, "the whole namespace", put(_listener, hosts=["./*"]), "spec.egress[0].hosts[0]"),
    _planted(
        22,
        "a whole domain",
        put(spec("ServiceEntry", "pay"), hosts=["pay.example.com", "*.example.com"]),
        "spec.hosts[1]",
    ),
)

MESH = (*IDENTITY, *ROUTES, *NETWORK, *EGRESS)
