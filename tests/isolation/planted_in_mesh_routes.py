"""Planted violations of rules 19 to 21: hosts, TLS and routes of the mesh."""

from __future__ import annotations

from components.hardening import HardenedDefault
from tests.isolation.changes import adding, drop, put, spec
from tests.isolation.changes_in_mesh import in_ambient, listener, planted
from tests.isolation.sample import Body, an_object, find


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
ROUTES = (
    planted(
        19,
        "a rule for nobody",
        adding(an_object("DestinationRule", "nobody", "networking.istio.io/v1", spec={"host": _NOBODY})),
        "spec.host",
    ),
    planted(19, "a route to nobody", put(_destination, host=_NOBODY), "spec.http[0].route[0].destination"),
    planted(19, "a copy for nobody", put(_route, mirror={"host": "nobody"}), "spec.http[0].mirror"),
    planted(19, "a route of nobody", put(spec("VirtualService", "users"), hosts=["nobody"]), "spec.hosts[0]"),
    planted(19, "no such port", put(_destination, port={"number": 1}), "spec.http[0].route[0].destination.port"),
    planted(19, "no such subset", put(_destination, subset="blue"), "spec.http[0].route[0].destination.subset"),
    planted(
        19, "no such gateway", put(spec("VirtualService", "shop.example.com"), gateways=["shop"]), "spec.gateways[0]"
    ),
    planted(19, "a call of nobody", put(listener, hosts=[f"./{_NOBODY}"]), "spec.egress[0].hosts[0]"),
    in_ambient(
        19, "no such backend", put(_http_rule, backendRefs=[{"name": "nobody"}]), "spec.rules[0].backendRefs[0]"
    ),
    in_ambient(
        19, "no such parent", put(spec("HTTPRoute", "users"), parentRefs=[{"name": "none"}]), "spec.parentRefs[0]"
    ),
    planted(20, "no TLS", put(_policy, tls={"mode": "DISABLE"}), "spec.trafficPolicy.tls.mode"),
    planted(
        20,
        "no TLS for a version",
        put(_subset, trafficPolicy={"tls": {"mode": "DISABLE"}}),
        "spec.subsets[0].trafficPolicy.tls.mode",
    ),
    planted(
        20,
        "any certificate",
        put(_external_port, tls={"mode": "SIMPLE", "insecureSkipVerify": True}),
        "spec.trafficPolicy.portLevelSettings[0].tls.insecureSkipVerify",
    ),
    planted(21, "no timeout", drop(_route, "timeout"), "spec.http[0].timeout"),
    planted(21, "a timeout of nothing", put(_route, timeout="0s"), "spec.http[0].timeout"),
    planted(21, "the mesh's own retries", drop(_route, "retries"), "spec.http[0].retries"),
    planted(21, "tries without a deadline", drop(_retries, "perTryTimeout"), "spec.http[0].retries"),
    planted(21, "one try too many", put(_retries, attempts=3), "spec.http[0].retries"),
    in_ambient(21, "the mesh's own retries in an HTTPRoute", drop(_http_rule, "retry"), "spec.rules[0].retry"),
    in_ambient(
        21,
        "tries that are too long",
        put(_http_rule, retry={"attempts": 3, "codes": [503]}),
        "spec.rules[0].retry",
    ),
    in_ambient(
        21,
        "tries without a deadline in an HTTPRoute",
        put(_http_rule, timeouts={"request": "3s"}),
        "spec.rules[0].retry",
    ),
    in_ambient(21, "a route of gRPC's own kind", adding(_GRPC), "spec.rules[0].timeouts.request"),
    planted(
        21,
        "requests that fail on purpose",
        put(_route, fault={"abort": {"httpStatus": 503, "percentage": {"value": 1}}}),
        "metadata.annotations",
        HardenedDefault.FAULT_INJECTION,
    ),
    planted(21, "no bulkhead", drop(_policy, "connectionPool"), "spec.http[0].route[0].destination"),
    in_ambient(21, "no ejection", drop(_policy, "outlierDetection"), "spec.rules[0].backendRefs[0]"),
)
