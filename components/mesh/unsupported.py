"""What a service asks for that the chosen API or data plane can't give, so that nothing is dropped silently. Pure."""

from collections.abc import Iterator

from components.faults import fault
from components.mesh.arguments import MeshedWorkload
from components.mesh.routes import HTTP_METHODS
from components.mesh.unsupported_by_gateway_api import gateway_api_findings
from components.mesh.unsupported_matches import match_findings
from components.specs.base import Finding
from components.specs.mesh.resilience import HashCookie, HashHeader
from components.specs.mesh.settings import Mesh, RoutingApi


def unsupported(settings: Mesh, workload: MeshedWorkload) -> list[Finding]:
    """Return each thing that would have no effect, or another one than it says, as place and fault.

    Places are seen from the service, spelt as in YAML: ``("versions", "canary", "match", "cookies")``. Rate limits are
    left to `rate_limit_findings`.
    """
    findings = [
        *_without_requests(workload),
        *_idempotent_methods(workload),
        *_zeros(workload),
        *_weights(workload),
        *_grpc_at_the_edge(workload),
        *match_findings(workload),
    ]
    if settings.routing_api is RoutingApi.GATEWAY:
        findings += gateway_api_findings(workload)
    return findings


def _without_requests(workload: MeshedWorkload) -> Iterator[Finding]:
    """Yield what is about requests, where the proxies see only connections."""
    if any(port.is_routed for port in workload.ports.values()):
        return
    by_request = isinstance(workload.resilience.load_balancing, HashHeader | HashCookie)
    asked: dict[tuple[str, ...], object] = {
        ("versions",): workload.versions,
        ("mirror",): workload.mirror,
        ("fault",): workload.fault,
        ("edge",): workload.edge,
        ("resilience", "load-balancing"): by_request,
    }
    for place, present in asked.items():
        if present:
            yield (
                place,
                fault(
                    "is about requests, and no port of this workload speaks HTTP or gRPC",
                    consequence="the proxies see only connections, and it would have no effect",
                    fix="drop it, or give the port the name or the app-protocol http or grpc",
                ),
            )


def _idempotent_methods(workload: MeshedWorkload) -> Iterator[Finding]:
    """Yield methods that no request could have."""
    named = workload.resilience.retries.idempotent
    place = ("resilience", "retries", "idempotent")
    protocols = {port.protocol for port in workload.ports.values() if port.is_routed}
    if named and "grpc" in protocols and workload.contract is None:
        yield (
            place,
            fault(
                "names gRPC methods, and the service names no contract",
                consequence="nobody knows the methods' paths, and none of them would be sent again",
                fix="add 'contract', e.g. shop.users.v1.UserService",
            ),
        )
    if protocols == {"http"}:
        for index, method in enumerate(named):
            if method not in HTTP_METHODS:
                yield (
                    (*place, index),
                    fault(
                        "is no method of HTTP, and the service has no port for gRPC",
                        consequence="it would have no effect",
                        fix="drop it; what can be added here is POST and PATCH",
                    ),
                )


def _zeros(workload: MeshedWorkload) -> Iterator[Finding]:
    """Yield zeros that Istio reads as 'not set', and ejected shares that it can't write."""
    ejected = workload.resilience.outlier_detection.max_ejected
    if ejected < 1 or ejected != int(ejected):
        yield (
            ("resilience", "outlier-detection", "max-ejected"),
            fault(
                "is not a whole percentage of at least 1%",
                consequence="Istio would round it, and read zero as its own default",
                fix="make it a whole percentage",
            ),
        )
    if workload.resilience.connection_pool.retries == 0:
        yield (
            ("resilience", "connection-pool", "retries"),
            fault(
                "is zero, which Istio reads as no limit at all",
                consequence="retries could multiply an outage",
                fix="make it 1 or more, or set retries.attempts to 0",
            ),
        )


def _weights(workload: MeshedWorkload) -> Iterator[Finding]:
    for track, version in workload.versions.items():
        if version.weight != int(version.weight):
            yield (
                ("versions", track, "weight"),
                fault(
                    "is not a whole percentage",
                    consequence="routes know only whole ones, and the weights would not sum to 100",
                    fix="round it, so that all weights sum to 100%",
                ),
            )


def _grpc_at_the_edge(workload: MeshedWorkload) -> Iterator[Finding]:
    """Yield what the edge does to requests of HTTP alone."""
    edge, port = workload.edge, workload.edge_port
    if edge is None or port is None or port.protocol != "grpc":
        return
    if edge.policy.rewrite:
        yield (
            ("edge", "rewrite"),
            fault(
                "changes the path of gRPC requests, which names service and method",
                consequence="the service would not know the method",
                fix="drop it, and let 'paths' name the gRPC service: /shop.users.v1.UserService",
            ),
        )
    if "max_body" in edge.policy.model_fields_set:
        yield (
            ("edge", "max-body"),
            fault(
                "bounds requests of gRPC, which may be streams without an end",
                consequence="it would not be applied",
                fix="drop it; gRPC servers bound each message by themselves",
            ),
        )
