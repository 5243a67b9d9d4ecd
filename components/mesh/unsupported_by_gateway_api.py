"""What the Gateway API's standard channel can't say. Pure."""

from collections.abc import Iterator

from pydantic_core import PydanticCustomError

from components import identity
from components.faults import fault
from components.mesh.arguments import EdgeRoute, MeshedWorkload, MeshPort
from components.mesh.edge_routes import edge_route_paths, requests_under
from components.mesh.resources.gateway_api import MAX_MATCHES, MAX_MATCHES_IN_ALL, MAX_RULES
from components.mesh.routes import Requests, request_kinds
from components.specs.base import Finding

_ISTIO = "set routing-api: istio"


def gateway_api_findings(workload: MeshedWorkload) -> Iterator[Finding]:
    """Yield what would have no effect in HTTPRoutes, and what is more than their schema takes.

    What is only weaker there, no finding says: gRPC methods that may not be sent twice are not sent again even where
    the connection failed, without ``max-body`` bodies have no limit, and the gateway's oldest TLS version is Istio's
    default.
    """
    if workload.fault:
        yield (
            ("fault",),
            fault(
                "does not go with the Gateway API, which has no faults",
                consequence="nothing would be injected",
                fix=f"drop it, or {_ISTIO} where the data plane is sidecar",
            ),
        )
    edge, port = workload.edge, workload.edge_port
    is_grpc = port is not None and port.protocol == "grpc"
    if edge and not is_grpc and "max_body" in edge.policy.model_fields_set:
        yield (
            ("edge", "max-body"),
            fault(
                "does not go with the Gateway API, which has no limit for bodies",
                consequence="requests of any size would get through",
                fix=f"drop it and bound bodies in the service, or {_ISTIO} where the data plane is sidecar",
            ),
        )
    yield from _too_many(workload)
    yield from _long_names(workload)


def _too_many(workload: MeshedWorkload) -> Iterator[Finding]:
    inside = [_inside(workload, port) for port in workload.ports.values() if port.is_routed]
    port = workload.edge_port
    edge = _at_the_edge(workload, workload.edge, port) if workload.edge and port else []
    rules = max(map(len, inside), default=0)
    if rules > MAX_RULES:
        yield ("versions",), _too_many_rules(rules, "give fewer versions a match")
    if len(edge) > MAX_RULES:
        rewritten = " or drop 'rewrite', with which each method needs a rule" if _is_rewritten(workload) else ""
        yield ("edge", "paths"), _too_many_rules(len(edge), f"name fewer paths{rewritten}")
    if any(max(route, default=0) > MAX_MATCHES or sum(route) > MAX_MATCHES_IN_ALL for route in [*inside, edge]):
        yield (
            ("resilience", "retries", "idempotent"),
            fault(
                f"makes an HTTPRoute with over {MAX_MATCHES} matches in a rule, or over {MAX_MATCHES_IN_ALL} in all",
                consequence="Kubernetes refuses the HTTPRoute",
                fix=f"name fewer methods, or {_ISTIO} where the data plane is sidecar",
            ),
        )


def _inside(workload: MeshedWorkload, port: MeshPort) -> list[int]:
    """Return the matches of each rule that leads to a port."""
    return [_matches(requests) for requests in request_kinds(workload, port)] * _requests_apart(workload)


def _at_the_edge(workload: MeshedWorkload, edge: EdgeRoute, port: MeshPort) -> list[int]:
    """Return the matches of each rule that leads from the edge to the workload."""
    kinds = list(request_kinds(workload, port))
    found = (requests_under(path, requests) for path in edge_route_paths(edge) for requests in kinds)
    matches = [_matches(requests) for requests in found if requests is not None] * _requests_apart(workload)
    return [1] * sum(matches) if _is_rewritten(workload) else matches


def _requests_apart(workload: MeshedWorkload) -> int:
    """Return how many kinds of requests the versions tell apart: each match, and all others."""
    return 1 + sum(version.match is not None for version in workload.versions.values())


def _matches(requests: Requests) -> int:
    return max(len(requests.paths), 1) * max(len(requests.methods), 1)


def _is_rewritten(workload: MeshedWorkload) -> bool:
    return workload.edge is not None and workload.edge.policy.rewrite is not None


def _too_many_rules(count: int, fix: str) -> PydanticCustomError:
    return fault(
        f"makes {count} rules, and an HTTPRoute has at most {MAX_RULES}",
        consequence="Kubernetes refuses the HTTPRoute",
        fix=f"{fix}, or {_ISTIO} where the data plane is sidecar",
    )


def _long_names(workload: MeshedWorkload) -> Iterator[Finding]:
    for track in workload.versions if workload.service else ():
        name = identity.version_service_name(workload.service or "", track)
        if len(name) > 63:
            yield (
                ("versions", track),
                fault(
                    f"needs a Service of the name {name}, which has {len(name)} characters",
                    consequence="Kubernetes refuses a name of more than 63",
                    fix="shorten the version's name",
                ),
            )
