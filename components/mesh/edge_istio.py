"""The edge as Istio's Gateway and VirtualServices. Pure."""

import re

from components.mesh.arguments import MeshArgs
from components.mesh.edge_routes import (
    REMOVED_HEADERS,
    SECURITY_HEADERS,
    EdgePath,
    edge_hosts,
    edge_metadata,
    edge_paths,
    edge_secret,
)
from components.mesh.names import edge_gateway, edge_labels, object_metadata
from components.mesh.resources.gateway import Gateway
from components.mesh.resources.virtual_service import CorsPolicy, HttpRoute, RegexRewrite, StringMatch, VirtualService
from components.mesh.routes import Route
from components.mesh.routing_istio import istio_route, request_matches
from components.quantities import duration_text
from components.specs.mesh.edge import Cors


def gateway(args: MeshArgs) -> Gateway:
    """Build the listeners: HTTPS with TLS 1.2 at least, and HTTP, which sends everybody there.

    Only routes of the platform's own namespace can claim its hosts.
    """
    hosts = [f"{args.namespace}/{host}" for host in edge_hosts(args)]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": edge_metadata(args, edge_gateway(args)),
        "spec": {
            "selector": edge_labels(args),
            "servers": [
                {
                    "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                    "hosts": hosts,
                    "tls": {
                        "mode": "SIMPLE",
                        "credentialName": edge_secret(args),
                        "minProtocolVersion": "TLSV1_2",
                    },
                },
                {
                    "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                    "hosts": hosts,
                    "tls": {"httpsRedirect": True},
                },
            ],
        },
    }


def edge_virtual_services(args: MeshArgs) -> list[VirtualService]:
    """Build the routes of each host: one object a host, as only within one the order of paths is certain.

    A service that is called from outside and from inside has its weights here and in its own VirtualService: Istio
    knows no route that leads to another.
    """
    paths = edge_paths(args)
    return [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": object_metadata(args, host),
            "spec": {
                "hosts": [host],
                "gateways": [f"{args.edge_namespace}/{edge_gateway(args)}"],
                "http": [_route(path, route) for path in paths if path.edge.host == host for route in path.routes],
            },
        }
        for host in edge_hosts(args)
    ]


def edge_route_name(path: EdgePath, route: Route) -> str:
    """Return the name of a route: ``gateway/api:canary:idempotent``. Envoy's route has it too."""
    return f"{path.service.service}{path.path}:{route.name}"


def _route(path: EdgePath, route: Route) -> HttpRoute:
    built = istio_route(
        path.service,
        path.edge.port,
        route,
        called=edge_route_name(path, route),
        match=request_matches(route, _by_segments(path.path)),
    )
    built["headers"] = {"response": {"set": {**SECURITY_HEADERS}, "remove": [*REMOVED_HEADERS]}}
    if path.policy.rewrite:
        built["rewrite"] = {"uriRegexRewrite": _rewrite(path.path, path.policy.rewrite)}
    if path.policy.cors:
        built["corsPolicy"] = _cors(path.policy.cors)
    return built


def _by_segments(path: str) -> list[StringMatch]:
    """Return the matches of a path and all below it; Istio's prefix ``/api`` would take in ``/apis`` as well."""
    return [{"prefix": "/"}] if path == "/" else [{"exact": path}, {"prefix": f"{path}/"}]


def _rewrite(path: str, rewrite: str) -> RegexRewrite:
    """Return how the prefix is replaced, so that neither a slash is doubled nor one is missing."""
    replacement = rewrite.rstrip("/").replace("\\", r"\\")
    if path == "/":
        return {"match": "^/", "rewrite": f"{replacement}/"}
    if not replacement:
        return {"match": f"^{re.escape(path)}/?", "rewrite": "/"}
    return {"match": f"^{re.escape(path)}", "rewrite": replacement}


def _cors(cors: Cors) -> CorsPolicy:
    return {
        "allowOrigins": [{"exact": origin} for origin in cors.origins],
        "allowMethods": [*cors.methods],
        "allowHeaders": [*cors.headers],
        "allowCredentials": cors.credentials,
        "maxAge": duration_text(cors.max_age),
        "unmatchedPreflights": "IGNORE",
    }
