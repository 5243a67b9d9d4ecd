"""How large a request's body may be at the edge, for each service. Pure."""

from typing import Final

from components.identity import DOMAIN
from components.mesh.arguments import MeshArgs
from components.mesh.edge_istio import edge_route_name
from components.mesh.edge_routes import EdgePath, edge_metadata, edge_paths
from components.mesh.names import edge_gateway, edge_labels
from components.mesh.resources.body_limit import BodyLimit, FilterPatch, RoutePatch
from components.mesh.resources.envoy_filter import API_VERSION, CONNECTION_MANAGER, ROUTER, NamedFilter
from components.mesh.routes import Route
from components.quantities import byte_count

_BUFFER: Final = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3"


def body_limits(args: MeshArgs) -> list[BodyLimit]:
    """Build the limits, as Istio's own API has none: an EnvoyFilter on the routes that `edge_istio` names.

    The gateway holds a request back until it has the whole body. That would stop streams of gRPC, whose servers bound
    each message themselves; so routes of gRPC have no limit here.
    """
    limited = [path for path in edge_paths(args) if path.service.workload.ports[path.edge.port].protocol != "grpc"]
    if not limited:
        return []
    routes = [_route_patch(args, path, route) for path in limited for route in path.routes]
    return [
        {
            "apiVersion": API_VERSION,
            "kind": "EnvoyFilter",
            "metadata": edge_metadata(args, f"{edge_gateway(args)}-body-limits"),
            "spec": {
                "workloadSelector": {"labels": edge_labels(args)},
                "configPatches": [_filter_patch(args), *routes],
            },
        }
    ]


def _filter_name(args: MeshArgs) -> str:
    """Return the filter's name; another platform behind the same Pods has one of its own."""
    return f"{DOMAIN}.{args.namespace}.body-limit"


def _filter_patch(args: MeshArgs) -> FilterPatch:
    manager: NamedFilter = {"name": CONNECTION_MANAGER, "subFilter": {"name": ROUTER}}
    return {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "GATEWAY", "listener": {"filterChain": {"filter": manager}}},
        "patch": {
            "operation": "INSERT_BEFORE",
            "value": {
                "name": _filter_name(args),
                "disabled": True,
                # Envoy wants a number; the routes' own ones take its place.
                "typed_config": {"@type": f"{_BUFFER}.Buffer", "max_request_bytes": 1},
            },
        },
    }


def _route_patch(args: MeshArgs, path: EdgePath, route: Route) -> RoutePatch:
    limit = byte_count(path.policy.max_body)
    return {
        "applyTo": "HTTP_ROUTE",
        "match": {
            "context": "GATEWAY",
            "routeConfiguration": {
                "gateway": f"{args.edge_namespace}/{edge_gateway(args)}",
                "vhost": {"domainName": path.edge.host, "route": {"name": edge_route_name(path, route)}},
            },
        },
        "patch": {
            "operation": "MERGE",
            "value": {
                "typed_per_filter_config": {
                    _filter_name(args): {"@type": f"{_BUFFER}.BufferPerRoute", "buffer": {"max_request_bytes": limit}}
                }
            },
        },
    }
