"""Planted violations of rules 16 to 18, 22 and 23: identity and egress of the mesh; and of its network."""

from __future__ import annotations

from components.hardening import MeshDefault
from tests.isolation.changes import adding, deployment, drop, put, spec, without
from tests.isolation.changes_in_mesh import in_ambient, listener, planted
from tests.isolation.mesh_sample import principals
from tests.isolation.planted_in_mesh_routes import ROUTES
from tests.isolation.sample import Body, an_object, find

_PLAIN = MeshDefault.PLAIN_TEXT


def _namespace_labels(manifests: list[Body]) -> Body:
    return find(manifests, "Namespace", "shop")["metadata"]["labels"]


def _pod_labels(manifests: list[Body]) -> Body:
    return deployment(manifests)["spec"]["template"]["metadata"]["labels"]


def _rule(manifests: list[Body]) -> Body:
    return find(manifests, "AuthorizationPolicy", "users")["spec"]["rules"][0]


def _edge_operation(manifests: list[Body]) -> Body:
    return find(manifests, "AuthorizationPolicy", "open")["spec"]["rules"][0]["to"][0]["operation"]


def _pods_of(gateway: str) -> Body:
    return {"matchLabels": {"gateway.networking.k8s.io/gateway-name": gateway}}


_OPEN = an_object("AuthorizationPolicy", "report", "security.istio.io/v1", spec={"rules": [{}]})
IDENTITY = (
    planted(16, "nothing asks for mutual TLS", without("PeerAuthentication", "default"), "metadata.name"),
    planted(
        16,
        "a port that takes in plain text",
        put(spec("PeerAuthentication", "users-db"), portLevelMtls={"5432": {"mode": "PERMISSIVE"}}),
        "spec.portLevelMtls.5432.mode",
        _PLAIN,
    ),
    planted(
        16,
        "a workload without TLS",
        put(spec("PeerAuthentication", "users-db"), mtls={"mode": "DISABLE"}),
        "spec.mtls.mode",
        _PLAIN,
    ),
    planted(17, "no default denial", without("AuthorizationPolicy", "deny-all"), "metadata.name"),
    planted(
        17,
        "a denial for some workloads only",
        put(spec("AuthorizationPolicy", "deny-all"), selector={"matchLabels": {"app": "users"}}),
        "metadata.name",
    ),
    in_ambient(17, "no denial at the waypoint", without("AuthorizationPolicy", "waypoint"), "metadata.name"),
    planted(18, "everybody allowed", adding(_OPEN), "spec.rules[0]"),
    planted(18, "no caller named", drop(_rule, "from"), "spec.rules[0]", _PLAIN),
    planted(
        18,
        "a namespace as a caller",
        put(_rule, **{"from": [*principals("report"), {"source": {"namespaces": ["shop"]}}]}),
        "spec.rules[0].from[1].source",
        _PLAIN,
    ),
    planted(
        18,
        "a wildcard as a caller",
        put(_rule, **{"from": principals("*")}),
        "spec.rules[0].from[0].source.principals",
        _PLAIN,
    ),
    planted(18, "every host at the edge", drop(_edge_operation, "hosts"), "spec.rules[0].to[0].operation"),
    planted(18, "every path at the edge", put(_edge_operation, paths=[]), "spec.rules[0].to[0].operation"),
    planted(
        18,
        "a rule of the edge elsewhere",
        put(spec("Gateway", "shop"), selector={"istio": "other"}),
        "spec.rules[0]",
        _PLAIN,
    ),
    in_ambient(18, "every request at the edge", put(spec("AuthorizationPolicy", "open"), rules=[{}]), "spec.rules[0]"),
    planted(23, "no label", drop(_namespace_labels, "istio-injection"), "metadata.labels"),
    planted(
        23,
        "Pods that opt out",
        put(_pod_labels, **{"sidecar.istio.io/inject": "false"}),
        "spec.template.metadata.labels",
    ),
    in_ambient(
        23,
        "two data planes",
        put(_namespace_labels, **{"istio-injection": "enabled"}),
        "metadata.labels.istio-injection",
    ),
)
NETWORK = (
    in_ambient(
        30,
        "a policy for the Pods of a Gateway that is not there",
        adding(an_object("NetworkPolicy", "gone", "networking.k8s.io/v1", spec={"podSelector": _pods_of("gone")})),
        "spec.podSelector",
    ),
    in_ambient(
        30,
        "a way to the Pods of a Gateway that is not there",
        put(spec("NetworkPolicy", "users"), egress=[{"to": [{"podSelector": _pods_of("gone")}]}]),
        "spec.egress[0].to[0].podSelector",
    ),
)
EGRESS = (
    planted(22, "no scope", without("Sidecar", "users"), "spec.template.metadata.labels"),
    planted(
        22,
        "any host",
        put(spec("Sidecar", "users"), outboundTrafficPolicy={"mode": "ALLOW_ANY"}),
        "spec.outboundTrafficPolicy.mode",
    ),
    planted(
        22,
        "a mode left open",
        drop(spec("Sidecar", "users"), "outboundTrafficPolicy"),
        "spec.outboundTrafficPolicy.mode",
    ),
    planted(22, "the whole namespace", put(listener, hosts=["./*"]), "spec.egress[0].hosts[0]"),
    planted(
        22,
        "a whole domain",
        put(spec("ServiceEntry", "pay"), hosts=["pay.example.com", "*.example.com"]),
        "spec.hosts[1]",
    ),
)
MESH = (*IDENTITY, *ROUTES, *NETWORK, *EGRESS)
